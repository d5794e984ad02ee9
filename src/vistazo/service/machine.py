"""What the machine gives, or the container in it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_MOST_THREADS = 4


def available_cpus() -> int:
    """Whole CPUs that this process may use, at least 1: affinity and container limit counted."""
    has_affinity = hasattr(os, "sched_getaffinity")
    cpus = len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1
    return max(1, min(cpus, _MOST_THREADS, int(_container_cpus() or cpus)))


def _container_cpus() -> float | None:
    """The CPU limit of a Linux container ('quota period' of cgroup v2); None without one."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        return max(1.0, int(quota) / int(period))
    except (OSError, ValueError):
        return None


def default_cache_dir() -> Path:
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home())
    else:
        base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "vistazo"
