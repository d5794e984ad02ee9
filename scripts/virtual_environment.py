"""The virtual environment that the other scripts run in: made, filled and mended on demand.

Standard library only: this is what runs before anything is installed.
"""

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
# The locked sets; each holds all of the one before it, in the same versions (scripts/lock).
REQUIREMENTS = {
    "serving": ROOT / "requirements.txt",
    "evaluation": ROOT / "scripts/requirements/evaluation.txt",
    "training": ROOT / "scripts/requirements/training.txt",
    "test": ROOT / "scripts/requirements/test.txt",
}
# The commands that need more than serving does.
NEEDS = {"evaluate": "evaluation", "train": "training"}
# Lies in the environment while it is being filled: found later, it tells of an interruption.
UNFINISHED = VENV / "vistazo-unfinished"
LAST_LINES = 15


def run_vistazo(*arguments: str) -> int:
    """Run ``vistazo ARGUMENTS`` in the environment, in the caller's folder."""
    return run(["-m", "vistazo", *arguments], needed_by(arguments))


def needed_by(arguments: Sequence[str]) -> str:
    """Name the set that a command needs. To read its help nobody waits for TensorFlow."""
    if {"-h", "--help"}.intersection(arguments):
        return "serving"
    return NEEDS.get(arguments[0], "serving") if arguments else "serving"


def run(arguments: list[str], requirements: str) -> int:
    """Run Python in the environment; on POSIX in place of this process, for signals to reach it."""
    try:
        prepare(requirements)
    except KeyboardInterrupt:
        print("\nInterrupted. The next run goes on.", file=sys.stderr)
        return 130
    path = os.pathsep.join(filter(None, [str(ROOT / "src"), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": path}
    command = [str(PYTHON), *arguments]
    if os.name != "nt":
        sys.stdout.flush()
        os.execve(command[0], command, environment)  # noqa: S606
    return _wait_for(command, environment)


def _wait_for(command: list[str], environment: Mapping[str, str]) -> int:
    with subprocess.Popen(command, env=environment) as child:
        while True:
            with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C reaches the child as well
                return child.wait()


def prepare(requirements: str) -> None:
    """Make sure that the environment holds a locked set. Silent and quick where it does."""
    if _is_current(requirements):
        return
    with _alone():
        if _is_current(requirements):  # another run has just done it
            return
        if UNFINISHED.exists() or not PYTHON.exists():
            shutil.rmtree(VENV, ignore_errors=True)
        if not PYTHON.exists():
            _say("Making the virtual environment .venv ...")
            _create()
        UNFINISHED.touch()
        _install(REQUIREMENTS[requirements], requirements)
        _stamp_of(requirements).write_text(_digest_of(requirements), encoding="ascii")
        UNFINISHED.unlink()


def _is_current(requirements: str) -> bool:
    """Whether the set is there as it is locked now, by itself or within a larger one."""
    if UNFINISHED.exists() or not PYTHON.exists():
        return False
    names = list(REQUIREMENTS)
    larger = names[names.index(requirements) :]
    installed = next((name for name in larger if _stamp_of(name).exists()), None)
    if installed is None:
        return False
    with contextlib.suppress(OSError):  # another run may be making the environment anew
        return _stamp_of(installed).read_text(encoding="ascii") == _digest_of(installed)
    return False


def _stamp_of(requirements: str) -> Path:
    """Says which version of the set was installed."""
    return VENV / f"vistazo-{requirements}.sha256"


def _digest_of(requirements: str) -> str:
    return hashlib.sha256(REQUIREMENTS[requirements].read_bytes()).hexdigest()


def _create() -> None:
    try:
        VENV.mkdir(parents=True, exist_ok=True)
        UNFINISHED.touch()
        venv.create(VENV, with_pip=True, symlinks=os.name != "nt")
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(
            f"The virtual environment {VENV} cannot be made ({error}).\n"
            "Vistazo needs Python 3.11 or newer with venv and pip; on Debian and Ubuntu: "
            "apt install python3-venv python3-pip"
        )


def _install(lock_file: Path, requirements: str) -> None:
    total = sum(1 for line in lock_file.open(encoding="utf-8") if line[:1].isalnum())
    size = "about a minute" if requirements in {"serving", "evaluation"} else "a few minutes"
    _say(f"Installing {total} packages for {requirements}; the first time takes {size} ...")
    command = [str(PYTHON), "-m", "pip", "install", "--require-hashes", "-r", str(lock_file)]
    command += ["--no-input", "--disable-pip-version-check", "--progress-bar", "off"]
    lines: list[str] = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as pip:
        for done, line in _collected(pip.stdout or iter(())):
            lines.append(line)
            _progress(f"  {min(done, total)} of {total}  {line.strip()}")
    _progress("")
    if pip.returncode != 0:
        print("".join(lines[-LAST_LINES:]), file=sys.stderr)
        sys.exit(
            f"The packages of {lock_file.name} could not be installed; pip says why above. "
            "Check the network and the free disk space, then run this again."
        )


def _collected(output: Iterator[str]) -> Iterator[tuple[int, str]]:
    done = 0
    for line in output:
        done += line.startswith(("Collecting", "Requirement already satisfied"))
        yield done, line


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _progress(text: str) -> None:
    """One line that is written over, on a terminal."""
    if sys.stderr.isatty():
        columns = shutil.get_terminal_size().columns - 1
        print(f"\r{text[:columns]:{columns}}\r", end="", file=sys.stderr, flush=True)


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """One set-up at a time, where the platform has file locks that end with their process."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    lock = ROOT / ".cache" / "setup.lock"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
