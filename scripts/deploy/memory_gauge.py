"""How much memory a container really needs, sampled from its memory group.

The kernel's own high-water mark also counts the page cache, which grows to whatever the limit
leaves and goes when something else needs the room. What cannot go is everything else: what the
processes hold, what lies in a tmpfs, and the kernel's share.
"""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path
from types import TracebackType

INTERVAL_S = 0.01
GROUPS = Path("/sys/fs/cgroup")


class MemoryGauge:
    """``peak_bytes`` is the largest sample; 0 where this host cannot see into the container."""

    def __init__(self, pid: int) -> None:
        self.peak_bytes = 0
        self._folder = _group_of(pid)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> MemoryGauge:
        self._thread.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: object, _trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join()

    def _sample(self) -> None:
        while self._folder is not None and not self._stopped.wait(INTERVAL_S):
            with contextlib.suppress(OSError):  # the container has ended
                self.peak_bytes = max(self.peak_bytes, needed_bytes(self._folder))


def _group_of(pid: int) -> Path | None:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/cgroup").read_text(encoding="ascii").splitlines():
            number, controllers, path = line.split(":", 2)
            if "memory" in controllers.split(","):
                return GROUPS / "memory" / path.lstrip("/")
            if number == "0" and (GROUPS / path.lstrip("/") / "memory.current").exists():
                return GROUPS / path.lstrip("/")
    return None


def needed_bytes(folder: Path) -> int:
    """All but the page cache, which is 'file' without 'shmem' in version 2 of cgroups, and
    'total_cache' without 'total_shmem' in version 1.
    """
    lines = (folder / "memory.stat").read_text(encoding="ascii").splitlines()
    counted = {name: int(value) for name, value in (line.split() for line in lines)}
    if (folder / "memory.current").exists():
        used = int((folder / "memory.current").read_text(encoding="ascii"))
        return used - counted["file"] + counted["shmem"]
    used = int((folder / "memory.usage_in_bytes").read_text(encoding="ascii"))
    return used - counted["total_cache"] + counted["total_shmem"]
