"""The process and its container: memory, CPU, descriptors, threads. Linux has them all."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from prometheus_client.process_collector import ProcessCollector

from vistazo.service import small_plan
from vistazo.service.metrics.metrics import Metrics

# As version 2 and version 1 of cgroups tell it.
_USED = (
    Path("/sys/fs/cgroup/memory.current"),
    Path("/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)
# A number that stands for none in version 1 is larger.
_NO_LIMIT_BYTES = 1 << 50


def watch_process(metrics: Metrics) -> None:
    metrics.collect(ProcessCollector(registry=None))
    metrics.shows("process_threads", "Threads of the process.", _threads)
    for name, meaning, read in (
        ("memory_limit", "What the container may hold.", small_plan.memory_limit_bytes),
        ("memory", "What the container holds, all its processes.", _used_bytes),
    ):
        if (read() or _NO_LIMIT_BYTES) < _NO_LIMIT_BYTES:
            metrics.shows(f"vistazo_container_{name}_bytes", meaning, _number(read))


def _threads() -> float:
    try:
        return sum(1 for _ in Path("/proc/self/task").iterdir())
    except OSError:  # not Linux: those of Python
        return threading.active_count()


def _used_bytes() -> int | None:
    return small_plan.memory_limit_bytes(_USED)


def _number(read: Callable[[], int | None]) -> Callable[[], float]:
    return lambda: float(read() or 0)
