"""What a child process is told by its environment, which reads what strangers made."""

from __future__ import annotations

import os

# What Python and the system's loader need: no setting of the service, and no secret.
_INHERITED = (
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "PYTHONDONTWRITEBYTECODE",
    "SYSTEMROOT",
    "TMPDIR",
    "TEMP",
    "TMP",
    "ORT_DISABLE_TELEMETRY",
)


def child_environment(*paths: str) -> dict[str, str]:
    """``paths`` are where it finds modules; empty ones are left out."""
    kept = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    path = os.pathsep.join(filter(None, paths))
    return {**kept, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1", "LC_ALL": "C.UTF-8"}
