"""A virtual environment for each peer: their requirements contradict each other, and ours."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

from contenders import HERE, ROOT

ENVIRONMENTS = ROOT / ".venv-benchmark"
_LONGEST_S = 1200
_ERROR = re.compile(r"^(?:ERROR:|error:)\s*(.+)", re.MULTILINE)
_UNUSABLE = "is ignored: it is neither a file nor a directory"


class NotInstalledError(Exception):
    """Says why a peer cannot be installed here."""


def lock_file(package: str) -> Path:
    """Its pinned set, with hashes, as scripts/lock --peers writes it."""
    return HERE / "requirements" / f"{package}.txt"


def version_of(package: str) -> str:
    """As it is pinned."""
    found = re.search(rf"^{package}(?:\[\w+\])?==([^\s;\\]+)", _text(package), re.MULTILINE)
    return found[1] if found else ""


def interpreter(package: str, say: Callable[[str], None]) -> Path:
    """Of an environment that holds the peer as it is locked. Raises NotInstalledError."""
    folder = ENVIRONMENTS / package
    python, stamp = folder / "bin" / "python", folder / "installed.sha256"
    digest = hashlib.sha256(_text(package).encode()).hexdigest()
    if stamp.exists() and stamp.read_text(encoding="ascii") == digest and python.exists():
        return python
    say(f"Installing {package} {version_of(package)} (the first time only) ...")
    shutil.rmtree(folder, ignore_errors=True)
    try:
        venv.create(folder, with_pip=True)
        _install(python, package)
    except (OSError, subprocess.SubprocessError) as error:
        raise NotInstalledError(str(error)) from error
    stamp.write_text(digest, encoding="ascii")
    return python


def _text(package: str) -> str:
    return lock_file(package).read_text(encoding="utf-8")


def _install(python: Path, package: str) -> None:
    command = [str(python), "-m", "pip", "install", "--require-hashes", "--only-binary", ":all:"]
    command += ["--no-input", "--disable-pip-version-check", "-q", "-r", str(lock_file(package))]
    ended = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=_LONGEST_S,
        check=False,
    )
    if ended.returncode != 0:
        raise NotInstalledError(reason_of(ended.stdout))


def reason_of(output: str) -> str:
    """What pip says last of why it failed, on Python such and such."""
    lines = [line for line in _ERROR.findall(output) if _UNUSABLE not in line]
    said = lines[-1] if lines else (output.strip().splitlines() or ["pip says nothing"])[-1]
    return f"{said} (Python {sys.version_info.major}.{sys.version_info.minor})"
