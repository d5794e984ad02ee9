"""An environment with Ray beside ours, which has none: made on demand, and kept.

``ray_python`` gives its Python, ``ray_variables`` what a process of it needs: our own source on its
path, and a Ray that calls nobody at home. Standard library only: scripts use it too.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable
from pathlib import Path

from locked_environment import NotInstalledError, interpreter_of

__all__ = ["NotInstalledError", "ray_python", "ray_variables"]

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".venv-ray"
LOCK_FILE = ROOT / "scripts" / "requirements" / "ray-test.txt"
OBJECT_STORE_BYTES = 100_000_000  # the least that Ray takes is 78,643,200


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def ray_python(say: Callable[[str], None] = _say) -> Path:
    """Raises NotInstalledError, which says why there is none, such as without a network."""
    wait = "Installing Ray into .venv-ray (the first time only: about two minutes) ..."
    return interpreter_of(FOLDER, LOCK_FILE, lambda: say(wait))


def ray_variables() -> dict[str, str]:
    """This process's, and those of a Ray that is small and keeps to this machine.

    Whoever is to speak to the same Ray needs the same ones: each call makes another token. Without
    one Ray would make one, and write it into the home of whoever runs this.
    """
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT / "src"),
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_DISABLE_IMPORT_WARNING": "1",
        "RAY_DEDUP_LOGS": "0",
        "RAY_OBJECT_STORE_ALLOW_SLOW_STORAGE": "1",  # /dev/shm of a container is small
    }
