"""A real Orthanc, as Debian has it, with DICOMweb: on ports and in a folder of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from ports import free_port

_PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
_PATHS = f"/usr/sbin:/usr/local/sbin:{Path('/usr/bin')}"


class Orthanc:
    """``options`` go into its configuration. What it holds outlives ``kill``."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.http_port, self.dicom_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.http_port}"
        self.dicomweb = f"{self.url}/dicom-web"
        folder.mkdir(exist_ok=True)
        self._configuration = folder / "orthanc.json"
        self._log = folder / "orthanc.log"
        self._configuration.write_text(
            json.dumps(
                {
                    "StorageDirectory": str(folder / "storage"),
                    "IndexDirectory": str(folder / "storage"),
                    "HttpPort": self.http_port,
                    "DicomPort": self.dicom_port,
                    "DicomAet": "ORTHANC",
                    "DicomCheckCalledAet": True,
                    "RemoteAccessAllowed": False,
                    "AuthenticationEnabled": False,
                    "Plugins": [str(_PLUGIN)],
                    "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
                    "HttpThreadsCount": 8,
                    "DicomAssociationCloseDelay": 0,
                }
                | options
            )
        )
        self.start()

    def start(self) -> None:
        command = [str(shutil.which("Orthanc", path=_PATHS)), str(self._configuration)]
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + 30
        while not self._answers():
            assert self.process.poll() is None, self._log.read_text()[-2000:]
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def instances(self, modality: str) -> list[dict[str, Any]]:
        """Of a modality, with what Orthanc indexes of them."""
        asked = {"Level": "Instance", "Expand": True, "Query": {"Modality": modality}}
        found = httpx.post(f"{self.url}/tools/find", json=asked, timeout=30)
        return list(found.raise_for_status().json())

    def file(self, identifier: str) -> bytes:
        return httpx.get(f"{self.url}/instances/{identifier}/file").raise_for_status().content

    def put(self, data: bytes) -> None:
        httpx.post(f"{self.url}/instances", content=data).raise_for_status()

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/system", timeout=2).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False


@contextmanager
def orthanc(folder: Path, **options: Any) -> Iterator[Orthanc]:
    if shutil.which("Orthanc", path=_PATHS) is None or not _PLUGIN.exists():
        pytest.skip("there is no Orthanc: apt-get install orthanc orthanc-dicomweb")
    server = Orthanc(folder, **options)
    try:
        yield server
    finally:
        server.kill()
