"""A virtual environment for each peer: their requirements contradict each other, and ours."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

from contenders import HERE, ROOT

sys.path.append(str(ROOT / "tests"))

from locked_environment import NotInstalledError, interpreter_of

__all__ = ["NotInstalledError", "interpreter", "lock_file", "version_of"]

ENVIRONMENTS = ROOT / ".venv-benchmark"


def lock_file(package: str) -> Path:
    """Its pinned set, with hashes, as scripts/lock --peers writes it."""
    return HERE / "requirements" / f"{package}.txt"


def version_of(package: str) -> str:
    """As it is pinned."""
    text = lock_file(package).read_text(encoding="utf-8")
    found = re.search(rf"^{package}(?:\[\w+\])?==([^\s;\\]+)", text, re.MULTILINE)
    return found[1] if found else ""


def interpreter(package: str, say: Callable[[str], None]) -> Path:
    """Of an environment that holds the peer as it is locked. Raises NotInstalledError."""
    wait = f"Installing {package} {version_of(package)} (the first time only) ..."
    return interpreter_of(ENVIRONMENTS / package, lock_file(package), lambda: say(wait))
