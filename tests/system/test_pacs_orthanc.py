"""``vistazo pacs`` beside a real Orthanc: by C-STORE and by DICOMweb, and either is killed."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import killed_commands
from builders import write_brightness_model
from dicom_files import CANARY, dicom_file, shades
from orthanc import Orthanc, orthanc
from ports import free_port, is_open
from vistazo.pacs.destinations import Parcel
from vistazo.pacs.dicomweb import Archive, client_of
from vistazo.pacs.spool import existing_spool

_STORESCU = shutil.which("storescu") or ""
pytestmark = [
    pytest.mark.longer,
    pytest.mark.skipif(_STORESCU == "", reason="there is no storescu: apt-get install dcmtk"),
]
ROOT = Path(__file__).parents[2]
_STUDIES = 50
# What SR and SC are in an index.
_REPORT, _HEATMAP = "SR", "OT"


def study(number: int) -> bytes:
    of = f"1.2.826.0.1.3680043.8.498.77.{number}"
    return dicom_file(
        shades(64, 48, 12),
        bits_stored=12,
        SOPInstanceUID=f"{of}.3",
        SeriesInstanceUID=f"{of}.2",
        StudyInstanceUID=f"{of}.1",
        PatientID=f"{CANARY}{number}",
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pacs")
    write_brightness_model(folder / "mine.keras", maps=True)
    return folder


class Station:
    """``vistazo pacs``, begun again with the same spool after it was killed."""

    def __init__(self, place: Path, spool: Path, *arguments: str) -> None:
        self.port, self.spool = free_port(), spool
        self._place = place
        self._arguments = ("--spool", str(spool), "--port", str(self.port), *arguments)

    def start(self) -> None:
        self.process = killed_commands.begun(
            self._place, self._place / "cache", "pacs", *self._arguments, THREADS="2"
        )

    def start_listening(self) -> None:
        self.start()
        wait_for(lambda: is_open(self.port) or self.process.poll() is not None)
        assert self.process.poll() is None, self.process.communicate()

    def kill(self) -> None:
        """It and what it had begun: as when the machine goes."""
        self.process.kill()
        self.process.communicate()

    def stop(self) -> str:
        """What it has said."""
        self.process.send_signal(signal.SIGTERM)
        _, said = self.process.communicate(timeout=30)
        assert self.process.returncode == 0, said
        return said

    def status(self) -> Counter[str]:
        """How many are in which state; also while it runs."""
        with existing_spool(self.spool) as spool:
            return spool.ledger.counts()


def wait_for(condition: Callable[[], bool], within_s: float = 60.0) -> None:
    deadline_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.2)


@contextmanager
def station(place: Path, spool: Path, *arguments: str) -> Iterator[Station]:
    found = Station(place, spool, *arguments)
    try:
        yield found
    finally:
        if found.process.poll() is None:
            found.kill()


def sending(port: int, folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [_STORESCU, "-aet", "MODALITY", "-aec", "VISTAZO", "+sd", "127.0.0.1", str(port), folder],
        stderr=subprocess.PIPE,
    )


def sent(port: int, folder: Path) -> int:
    """The exit status of what sends all that is in the folder, in one association."""
    process = sending(port, folder)
    process.communicate(timeout=60)
    return process.returncode


def reports_in(server: Orthanc) -> int:
    return len(server.instances(_REPORT))


def check_that_none_is_doubled(server: Orthanc, studies: int) -> None:
    for modality in (_REPORT, _HEATMAP):
        found = server.instances(modality)
        assert len(found) == studies
        assert len({each["ParentSeries"] for each in found}) == studies


def test_fifty_studies_are_sent_both_sides_are_killed_and_there_are_fifty_reports(
    place: Path, tmp_path: Path
) -> None:
    films = tmp_path / "films"
    films.mkdir()
    for number in range(_STUDIES):
        (films / f"{number}.dcm").write_bytes(study(number))
    with orthanc(tmp_path / "orthanc") as server:
        to = f"ORTHANC@127.0.0.1:{server.dicom_port}"
        ways = ("--peer", "MODALITY@127.0.0.1", "--send-to", to)
        with station(place, tmp_path / "spool", *ways) as ours:
            ours.start_listening()
            modality = sending(ours.port, films)
            wait_for(lambda: reports_in(server) >= 5)
            ours.kill()
            modality.communicate(timeout=60)
            ours.start_listening()
            assert sent(ours.port, films) == 0  # all of them, once more
            wait_for(lambda: reports_in(server) >= 20)
            server.kill()
            time.sleep(1)
            ours.kill()
            ours.start_listening()
            server.start()
            wait_for(lambda: reports_in(server) >= _STUDIES)
            assert sent(ours.port, films) == 0
            wait_for(lambda: ours.status()["sent"] == _STUDIES)
            said = ours.stop()
        check_that_none_is_doubled(server, _STUDIES)
        status = ours.status()
        assert (status["waiting"], status["reported"], status["failed"]) == (0, 0, 0)
        assert not list((ours.spool / "work").iterdir())
        assert CANARY not in said
        assert "1.2.826" not in said


def test_an_archive_is_looked_through_by_dicomweb_and_what_is_ours_is_left_alone(
    place: Path, tmp_path: Path
) -> None:
    with orthanc(tmp_path / "orthanc") as server:
        for number in range(6):
            server.put(study(number))
        ways = ("--dicomweb", server.dicomweb, "--since", "2025-03-14", "--every", "0.5")
        with station(place, tmp_path / "spool", *ways) as ours:
            ours.start()
            wait_for(lambda: reports_in(server) >= 2)
            ours.kill()
            ours.start()
            wait_for(lambda: reports_in(server) >= 6)
            server.kill()
            time.sleep(1)
            server.start()
            for number in range(6, 10):
                server.put(study(number))
            wait_for(lambda: reports_in(server) >= 10)
            time.sleep(2)  # a few more looks
            ours.stop()
        check_that_none_is_doubled(server, 10)
        assert ours.status() | {"sent": 10, "refused": 0, "failed": 0} == ours.status()


def test_as_the_documents_set_it_up_orthanc_sends_what_comes_and_gets_its_report(
    place: Path, tmp_path: Path
) -> None:
    text = (ROOT / "docs" / "pacs.md").read_text("utf-8")
    [configured] = re.findall(r"^```json\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    [script] = re.findall(r"^```lua\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    options = json.loads(configured)
    (tmp_path / "vistazo.lua").write_text(script)
    options["LuaScripts"] = [str(tmp_path / "vistazo.lua")]
    port = options["DicomModalities"]["vistazo"]["Port"] = free_port()
    with orthanc(tmp_path / "orthanc", **options) as server:
        to = f"ORTHANC@127.0.0.1:{server.dicom_port}"
        ways = ("--port", str(port), "--peer", "ORTHANC@127.0.0.1", "--send-to", to)
        with station(place, tmp_path / "spool", *ways) as ours:
            ours.start()
            wait_for(lambda: is_open(port))
            server.put(study(1))
            wait_for(lambda: reports_in(server) == 1)
            ours.stop()
        check_that_none_is_doubled(server, 1)
        assert ours.status()["refused"] == 0


def test_an_archive_that_stores_nothing_and_says_success_has_not_taken_it(tmp_path: Path) -> None:
    """Orthanc answers 200 all the same, and names it as stored."""
    report = tmp_path / "report-0.dcm"
    report.write_bytes(study(1))
    script = tmp_path / "none.lua"
    script.write_text("function ReceivedInstanceFilter() return false end")
    with client_of(30.0) as client:
        for scripts, is_taken in (([str(script)], False), ([], True)):
            with orthanc(tmp_path / f"orthanc-{is_taken}", LuaScripts=scripts) as server:
                archive = Archive(server.dicomweb, client, 10_000_000)
                [receipt] = archive.send([Parcel("k", [report])])
                assert bool(receipt.refused) != is_taken, receipt
                assert len(server.instances("CR")) == is_taken
                [again] = archive.send([Parcel("k", [report])])
                assert again == receipt
