"""A real service process, and what it and its children cost: for what attacks it."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).resolve().parents[1]
SMALL_BYTES = 256_000_000
_GROUPS = Path("/sys/fs/cgroup")
_RESET_PEAK = "5"  # man 5 proc, clear_refs
_READY_S, _END_S = 120, 60
_SAMPLE_S = 0.05
_TICKS_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class MeasuredService:
    """``group`` is the memory group that bounds it, where this process may make one."""

    pid: int
    port: int
    log: Path
    group: Path | None

    @property
    def is_up(self) -> bool:
        stat = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii")
        return stat.rsplit(")", 1)[1].split()[0] != "Z"

    def most_mb(self) -> float | None:
        """That the group has held, what the system keeps of files with it; None without a group."""
        if self.group is None:
            return None
        return int((self.group / "memory.max_usage_in_bytes").read_text(encoding="ascii")) / 1e6

    def kills(self) -> int:
        """For want of memory, by the kernel."""
        if self.group is None:
            return 0
        lines = (self.group / "memory.oom_control").read_text(encoding="ascii").splitlines()
        counted = dict(line.split() for line in lines)
        return int(counted.get("oom_kill", 0))

    def cpu_s(self) -> float:
        """Of the service and all its children, those that have ended too."""
        return cpu_s_of(self.pid)

    def resident_mb(self) -> tuple[float, float]:
        """Of the service, and of its children."""
        own, *others = _tree(self.pid)
        return _resident_mb(own), sum(map(_resident_mb, others))

    def open_files(self) -> int:
        """Of the service and its children."""
        return sum(_entries(pid, "fd") for pid in _tree(self.pid))

    def threads(self) -> int:
        """Of the service and its children."""
        return sum(_entries(pid, "task") for pid in _tree(self.pid))

    def proportional_mb(self) -> float:
        """Of the service and its children, what several share divided among them (PSS)."""
        return sum(map(_proportional_mb, _tree(self.pid)))

    def forget_peaks(self) -> None:
        for pid in _tree(self.pid):
            with contextlib.suppress(OSError):
                Path(f"/proc/{pid}/clear_refs").write_text(_RESET_PEAK, encoding="ascii")

    def peaks_mb(self) -> float:
        """The most that each process has held since then, added up."""
        return sum(map(_peak_mb, _tree(self.pid)))


@contextlib.contextmanager
def serving(
    settings: Mapping[str, str],
    most_bytes: int | None = None,
    command: Sequence[str] = (sys.executable, "-m", "vistazo", "serve"),
) -> Iterator[MeasuredService]:
    """A service with the settings, within ``most_bytes`` of memory where that can be enforced.

    Another ``command`` takes its port from the environment too, and answers /health/ready.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    variables = {"PYTHONPATH": str(ROOT / "src"), "PORT": str(port), "LOG_FORMAT": "json"}
    with tempfile.TemporaryDirectory() as folder, _memory_group(most_bytes) as group:
        log = Path(folder) / "log"
        with log.open("wb") as sink:
            process = subprocess.Popen(
                command,
                env={**os.environ, **variables, **settings},
                stderr=sink,
                preexec_fn=lambda: _enter(group),  # noqa: PLW1509 - no threads yet
            )
        try:
            wait_until_ready(process, port)
            yield MeasuredService(process.pid, port, log, group)
        finally:
            process.terminate()
            process.wait(_END_S)


def cpu_s_of(pid: int) -> float:
    """CPU time of a process and all its children, those that have ended too."""
    return sum(map(_cpu_s, _tree(pid)))


def _enter(group: Path | None) -> None:
    if group is not None:
        (group / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")


@contextlib.contextmanager
def _memory_group(most_bytes: int | None) -> Iterator[Path | None]:
    """Below this process's own, in version 1 of cgroups; None where none can be made."""
    group = None if most_bytes is None else _own_group()
    if group is None:
        yield None
        return
    folder = group / f"vistazo-{os.getpid()}"
    try:
        folder.mkdir()
        (folder / "memory.limit_in_bytes").write_text(str(most_bytes), encoding="ascii")
    except OSError:
        yield None
        return
    try:
        yield folder
    finally:
        for _ in range(50):  # the kernel takes a moment to see that it is empty
            with contextlib.suppress(OSError):
                folder.rmdir()
                break
            time.sleep(0.1)


def _own_group() -> Path | None:
    for line in Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines():
        _, controllers, path = line.split(":", 2)
        if "memory" in controllers.split(","):
            return _GROUPS / "memory" / path.lstrip("/")
    return None


def wait_until_ready(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + _READY_S
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_READY_S)
            with contextlib.closing(connection):
                connection.request("GET", "/health/ready")
                if connection.getresponse().status == 200:
                    return
        time.sleep(0.1)
    raise SystemExit("the service did not become ready")


def _tree(pid: int) -> list[int]:
    """A process and all below it that live."""
    found = [pid]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").glob("*"):
            with contextlib.suppress(OSError):  # it has just ended
                children = (task / "children").read_text(encoding="ascii")
                found += [int(child) for child in children.split()]
    return found


def _cpu_s(pid: int) -> float:
    """utime, stime, and those of children that have been waited for: proc(5)."""
    with contextlib.suppress(OSError):
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
        return sum(map(int, stat.rsplit(")", 1)[1].split()[11:15])) / _TICKS_S
    return 0.0


def _resident_mb(pid: int) -> float:
    with contextlib.suppress(OSError):
        pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6
    return 0.0


def _proportional_mb(pid: int) -> float:
    with contextlib.suppress(OSError, IndexError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
        return int(lines.split("\nPss:")[1].split()[0]) * 1024 / 1e6
    return 0.0


def _entries(pid: int, folder: str) -> int:
    with contextlib.suppress(OSError):
        return len(list(Path(f"/proc/{pid}/{folder}").iterdir()))
    return 0


def _peak_mb(pid: int) -> float:
    with contextlib.suppress(OSError):
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
        return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6
    return 0.0


@dataclass
class MemoryWatch:
    """The most that service and children held together, looked at every 50 ms, or oftener."""

    service: MeasuredService
    every_s: float = _SAMPLE_S
    most_mb: float = 0.0
    _stopped: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> MemoryWatch:
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: object, _trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stopped.wait(self.every_s):
            self.most_mb = max(self.most_mb, sum(self.service.resident_mb()))
