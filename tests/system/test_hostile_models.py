"""A service that is given a model made to do harm: it says why not, and ends when it is told to."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hostile_models import RUN, SHOWN

SOURCES = Path(__file__).parents[2] / "src"
SLOW = "two thousand products"

pytestmark = [
    pytest.mark.longer,
    pytest.mark.skipif(sys.platform != "linux", reason="a process is bounded on Linux"),
]


def serving(model: Path, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "vistazo", "serve"],
        env={
            **os.environ,
            "PYTHONPATH": str(SOURCES),
            "MODEL_PATH": str(model),
            "CACHE_DIR": str(model.parent / "cache"),
            "PORT": "0",
            "LOG_FORMAT": "json",
            **environment,
        },
        stderr=subprocess.PIPE,
        text=True,
    )


def children(pid: int) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        if int(fields[1]) == pid:
            found.append(int(status.parent.name))
    return found


@pytest.mark.parametrize("name", ["Loop of 2^62", "UpSampling2D by 140", SLOW])
def test_the_reason_is_in_the_log_and_the_exit_status_is_2(name: str, tmp_path: Path) -> None:
    path = {**SHOWN, **RUN}[name](tmp_path)
    service = serving(path, MODEL_TIMEOUT_S="4")
    log = service.communicate(timeout=60)[1]
    assert service.returncode == 2
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    [error] = [line for line in lines if line["level"] == "error"]
    assert error["event"] == "the model cannot be served"
    assert error["code"] in {"model_hostile", "model_unsupported"}
    assert (
        "ALLOW_CONTROL" in error["reason"]
        or "can be had" in error["reason"]
        or ("longer than 4 s" in error["reason"])
    )
    assert "Traceback" not in log


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_who_ends_the_service_while_it_tries_a_model_ends_the_trial_too(
    number: signal.Signals, tmp_path: Path
) -> None:
    service = serving(RUN[SLOW](tmp_path))
    assert service.stderr is not None
    while '"compiled the model"' not in (line := service.stderr.readline()):
        assert line
    deadline = time.monotonic() + 20
    while not (tried := children(service.pid)):
        assert time.monotonic() < deadline
    time.sleep(0.5)
    told = time.monotonic()
    service.send_signal(number)
    service.communicate(timeout=60)
    assert time.monotonic() - told < 3
    while any(Path(f"/proc/{pid}/cmdline").exists() for pid in tried):
        assert time.monotonic() - told < 5


def test_loops_are_served_where_they_are_allowed(tmp_path: Path) -> None:
    """But one that does not end is ended."""
    service = serving(SHOWN["Loop of 2^62"](tmp_path), MODEL_TIMEOUT_S="3", ALLOW_CONTROL_FLOW="1")
    log = service.communicate(timeout=60)[1]
    assert service.returncode == 2
    assert "longer than 3 s" in log
