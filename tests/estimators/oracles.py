"""Virtual environments with one scikit-learn each, which write files and answer for them.

Those in the folder ORACLES (``skl-1.2.2`` and so on) are used where it is set; others are made with
uv in a cache of the user.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

WRITE = Path(__file__).with_name("writing") / "write_files.py"
# A wheel for Python 3.11 of each: scikit-learn, and the numpy and scipy that it was built for.
NEEDED = {
    "1.1.3": ("numpy==1.23.5", "scipy==1.9.3"),
    "1.2.2": ("numpy==1.23.5", "scipy==1.10.1"),
    "1.3.2": ("numpy==1.26.4", "scipy==1.11.4"),
    "1.5.2": ("numpy==2.1.3", "scipy==1.14.1"),
    "1.9.1": ("numpy==2.4.6", "scipy==1.17.1"),
}
_BESIDE = ("joblib", "skops", "lz4")
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


class NoOracleError(Exception):
    """It could not be installed, as without a network."""


def python_of(version: str) -> Path:
    """The Python that has this scikit-learn, installed where it is not. Raises NoOracleError."""
    given = os.environ.get("ORACLES")
    if given:
        return Path(given) / f"skl-{version}" / "bin" / "python"
    folder = _cache() / f"skl-{version}"
    done = folder / "installed"
    if not done.exists():
        _install(version, folder)
        done.touch()
    return folder / "bin" / "python"


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vistazo-tests"


def _install(version: str, folder: Path) -> None:
    wanted = [f"scikit-learn=={version}", *NEEDED[version], *_BESIDE]
    python = str(folder / "bin" / "python")
    _run_uv("venv", "--quiet", "--clear", "--python", "3.11", str(folder))
    _run_uv("pip", "install", "--quiet", "--only-binary", ":all:", "--python", python, *wanted)


def _run_uv(*command: str) -> None:
    uv = Path(sys.executable).with_name("uv")
    done = subprocess.run([uv, *command], check=False, capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise NoOracleError(done.stderr.strip()[-500:])


def write_files(python: Path, folder: Path, *options: str) -> str:
    """Let it write its files into a folder; what it said of them."""
    command = [python, WRITE, folder, *options]
    environment = {**os.environ, **_ONE_THREAD}
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, env=environment, timeout=600
    )
    if done.returncode:
        raise RuntimeError(f"{python} failed:\n{done.stderr[-2000:]}")
    return done.stdout
