"""A virtual environment of its own for a locked set that ours has no room for; kept between runs.

Standard library only: scripts use it too.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from pathlib import Path

_LONGEST_S = 1200
_ERROR = re.compile(r"^(?:ERROR:|error:)\s*(.+)", re.MULTILINE)
_UNUSABLE = "is ignored: it is neither a file nor a directory"


class NotInstalledError(Exception):
    """Says why a set cannot be installed here."""


def interpreter_of(folder: Path, lock_file: Path, when_it_takes_long: Callable[[], None]) -> Path:
    """Python of the environment in ``folder``, which holds the set as it is locked now.

    Several processes may ask at once: one makes it. Raises NotInstalledError.
    """
    digest = hashlib.sha256(lock_file.read_bytes()).hexdigest()
    if _holds(folder, digest):
        return _python(folder)
    with _alone(folder):
        if not _holds(folder, digest):  # another has just made it
            when_it_takes_long()
            _make(folder, lock_file)
            _stamp(folder).write_text(digest, encoding="ascii")
    return _python(folder)


def _python(folder: Path) -> Path:
    return folder / "bin" / "python"


def _stamp(folder: Path) -> Path:
    return folder / "installed.sha256"


def _holds(folder: Path, digest: str) -> bool:
    """With what is locked, and on a Python that is still there."""
    stamp = _stamp(folder)
    return (
        stamp.exists() and stamp.read_text(encoding="ascii") == digest and _python(folder).exists()
    )


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # it ends with its process
        yield


def _make(folder: Path, lock_file: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    try:
        venv.create(folder, with_pip=True)
        _install(_python(folder), lock_file)
    except (OSError, subprocess.SubprocessError) as error:
        raise NotInstalledError(str(error)) from error


def _install(python: Path, lock_file: Path) -> None:
    command = [str(python), "-m", "pip", "install", "--require-hashes", "--only-binary", ":all:"]
    command += ["--no-input", "--disable-pip-version-check", "-q", "-r", str(lock_file)]
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
