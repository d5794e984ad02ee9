"""``vistazo`` in a process of its own, which a test stops or kills."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def begun(cwd: Path, cache: Path, *arguments: str, **settings: str) -> subprocess.Popen[str]:
    """With ``mine.keras`` in ``cwd``; compiled models lie in ``cache``."""
    return subprocess.Popen(
        [sys.executable, "-m", "vistazo", *arguments],
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT / "src"),
            "CACHE_DIR": str(cache),
            "MODEL_PATH": "mine.keras",
            **settings,
        },
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Where a shell runs the tests behind, Ctrl-C is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
