"""Vistazo behind Ray Serve as a process of its own, of which nothing stays behind."""

from __future__ import annotations

import contextlib
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPResponse
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "scripts" / "peers"))

from server_family import descendants, free_ports, orphans_adopted, running

from measured_service import MeasuredService
from ray_environment import ROOT, ray_variables

_READY_S, _WAIT_S = 120.0, 60.0
_PROCESS = ROOT / "tests" / "ray_serve_process.py"


@dataclass(frozen=True)
class RayService:
    """``ray_folder`` is Ray's own, with the logs of each process."""

    process: MeasuredService
    folder: Path
    ray_folder: Path

    @property
    def port(self) -> int:
        return self.process.port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return self.process.log.read_text(encoding="utf-8", errors="replace")

    def replicas(self) -> list[int]:
        """Their processes."""
        return self.named(b"ray::ServeReplica")

    def named(self, name: bytes) -> list[int]:
        """The processes of Ray whose name begins so."""
        return sorted(pid for pid in descendants() if _command(pid).startswith(name))

    def wait_for_ready(self, times: int) -> None:
        """Until replicas have loaded a model so many times since the start, in all."""
        deadline = time.monotonic() + _WAIT_S
        while self.log.count('"event": "ready"') < times:
            assert time.monotonic() < deadline, self.log
            time.sleep(0.1)

    def wait_for_replicas(self, number: int) -> None:
        deadline = time.monotonic() + _WAIT_S
        while len(self.replicas()) != number:
            assert time.monotonic() < deadline, f"{self.replicas()} are not {number}\n{self.log}"
            time.sleep(0.1)

    def deploy(self, **arguments: object) -> None:
        """Again, with these; returns when Ray says that it is done."""
        written = " ".join(f"{name}={value}" for name, value in arguments.items())
        done = self.folder / "done"
        done.unlink(missing_ok=True)
        (self.folder / "part").write_text(written, encoding="ascii")
        (self.folder / "part").rename(self.folder / "wanted")
        deadline = time.monotonic() + _WAIT_S
        while not done.exists():
            assert time.monotonic() < deadline, self.log
            time.sleep(0.05)


@contextlib.contextmanager
def ray_serving(
    python: Path,
    folder: Path,
    settings: Mapping[str, str] | None = None,
    *,
    cpus: int = 4,
    **arguments: object,
) -> Iterator[RayService]:
    """Ready. ``arguments`` are those of ``vistazo.scale.ray:app``; ``cpus`` are what Ray is told
    that there are.
    """
    [port] = free_ports(1)
    environment = {**ray_variables(), "LOG_FORMAT": "json", **(settings or {})}
    with (
        _short_folder() as ray_folder,
        orphans_adopted(),
        running(
            serving_command(python, (port, cpus), (folder, ray_folder), **arguments),
            environment,
            port,
            folder,
        ) as process,
    ):
        service = RayService(process, folder, ray_folder)
        wait_until_ready(process)
        yield service


@contextlib.contextmanager
def _short_folder() -> Iterator[Path]:
    """Sockets of Ray's lie in it, and a socket's path may have 107 characters: unix(7)."""
    with tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp", ignore_cleanup_errors=True) as name:
        yield Path(name)


def serving_command(
    python: Path, port_and_cpus: tuple[int, int], folders: tuple[Path, Path], **arguments: object
) -> list[str]:
    told = [f"{name}={value}" for name, value in arguments.items()]
    return [str(python), str(_PROCESS), *map(str, (*port_and_cpus, *folders)), *told]


def wait_until_ready(process: MeasuredService) -> None:
    """Raises TimeoutError, with what it has logged, where it does not become so."""
    deadline = time.monotonic() + _READY_S
    while True:
        with contextlib.suppress(OSError), _asked(process.port) as answer:
            if answer.status == 200:
                return
        if time.monotonic() > deadline or not process.is_up:
            log = process.log.read_text(encoding="utf-8", errors="replace")
            raise TimeoutError(f"It did not become ready.\n{log}")
        time.sleep(0.1)


def _asked(port: int) -> HTTPResponse:
    url = f"http://127.0.0.1:{port}/health/ready"
    answer: HTTPResponse = urllib.request.urlopen(url, timeout=5)
    return answer


def _command(pid: int) -> bytes:
    with contextlib.suppress(OSError):  # it has just ended
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""
