"""How much memory processes hold, as Linux tells it (man 5 proc); 0 where the machine does not."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_PROCESSES = Path("/proc")


@dataclass(frozen=True)
class Memory:
    """Of one process, bytes. ``shared`` are resident pages of files, such as those of libraries."""

    address_space: int
    resident: int
    shared: int

    @property
    def own(self) -> int:
        return self.resident - self.shared


def memory_of(process: int | str = "self") -> Memory:
    try:
        words = (_PROCESSES / str(process) / "statm").read_text(encoding="ascii").split()
        page = os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):  # no Linux, or it has ended
        return Memory(0, 0, 0)
    return Memory(*(int(word) * page for word in words[:3]))


def resident_bytes() -> int:
    """What this process holds now."""
    return memory_of().resident


def family_bytes() -> int:
    """What this process and its children hold now, libraries counted once."""
    return resident_bytes() + sum(memory_of(child).own for child in _children())


def family_own_bytes() -> int:
    """Of that, what is of no file: the system cannot take it back."""
    return memory_of().own + sum(memory_of(child).own for child in _children())


def peak_bytes() -> int:
    """The most that this process has held; not what it was forked from, as getrusage has it."""
    with contextlib.suppress(OSError):
        for line in (_PROCESSES / "self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


def _children() -> Iterator[int]:
    for folder in _PROCESSES.glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError, ValueError):
            after_its_name = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(after_its_name[1]) == os.getpid():
                yield int(folder.name)
