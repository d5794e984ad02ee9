"""The processes that decode pictures."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Protocol

from vistazo.service.metrics.metrics import Metrics


class Workers(Protocol):
    @property
    def ended(self) -> Mapping[str, int]:
        """How many, by reason."""

    @property
    def pids(self) -> Collection[int]: ...


def watch_workers(metrics: Metrics, workers: Workers) -> None:
    metrics.shows_counts(
        "vistazo_workers_ended",
        "Processes that ended while they decoded, or were ended at a limit.",
        "reason",
        lambda: workers.ended,
    )
    metrics.shows("vistazo_worker_processes", "Processes that decode.", lambda: len(workers.pids))
    metrics.shows(
        "vistazo_worker_memory_bytes",
        "Resident memory of these processes together.",
        lambda: sum(map(_resident_bytes, workers.pids)),
    )


def _resident_bytes(pid: int) -> int:
    """0 where it has just ended, or the system does not say (proc(5): Linux does)."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
