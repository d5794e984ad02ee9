"""Several processes of one machine, and one cache of compiled models."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from vistazo.models import one_at_a_time
from vistazo.models.compiled_cache import Entry, cached
from vistazo.models.one_at_a_time import Patience

ROOT = Path(__file__).parents[2]
ENTRY = Entry("a-model", ".onnx")
HOLDER = """
import sys, time
from pathlib import Path
from vistazo.models.one_at_a_time import Patience, one_at_a_time
with one_at_a_time(Path(sys.argv[1]), Patience()):
    print("held", flush=True)
    time.sleep(60)
"""
LOADING = """
import sys
from pathlib import Path
from vistazo.loading import load_model
from vistazo.service.isolation.pool import IsolatedReader
from vistazo.service.settings import Settings
from vistazo.service.telemetry import configure_logging
configure_logging("json", "info")
sys.stdin.read(1)
settings = Settings.from_environment()
reader = IsolatedReader(settings.image_limits, settings.isolation_policy)
load_model(settings.model_source, reader).close()
reader.close()
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that compiles the same model, and does not come to an end."""
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "a-model.lock")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)
    assert process.stdout is not None
    with process, process.stdout:
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


def made(folder: Path, patience: Patience | None = None) -> Path:
    with cached(
        folder, ENTRY, lambda path: path.write_bytes(b"compiled") and None, patience
    ) as path:
        return path


def test_whoever_waits_for_another_finds_what_it_made(tmp_path: Path) -> None:
    is_making, may_end, makes = threading.Event(), threading.Event(), []

    def make(path: Path) -> None:
        makes.append(path)
        is_making.set()
        assert may_end.wait(10)
        path.write_bytes(b"compiled")

    def ask() -> None:
        with cached(tmp_path, ENTRY, make) as path:
            assert path.read_bytes() == b"compiled"

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert is_making.wait(10)
    may_end.set()
    for thread in threads:
        thread.join()
    assert len(makes) == 1
    assert [path.suffix for path in tmp_path.iterdir()] == [".onnx"]


def test_a_compiler_that_is_killed_leaves_nobody_waiting(
    tmp_path: Path, holder: subprocess.Popen[bytes]
) -> None:
    threading.Timer(0.3, holder.send_signal, [signal.SIGKILL]).start()
    began = time.monotonic()
    assert made(tmp_path).read_bytes() == b"compiled"
    assert 0.2 < time.monotonic() - began < 10


def test_nobody_waits_longer_than_reading_a_model_may_take(
    tmp_path: Path, holder: subprocess.Popen[bytes]
) -> None:
    assert made(tmp_path, Patience(0.1)).exists()
    assert holder.poll() is None


def test_a_service_that_is_stopped_does_not_wait(
    tmp_path: Path, holder: subprocess.Popen[bytes]
) -> None:
    began = time.monotonic()
    made(tmp_path, Patience(60, lambda: True))
    assert time.monotonic() - began < 10


def test_a_failure_is_that_of_whoever_asked_and_the_next_one_tries_again(tmp_path: Path) -> None:
    def fail(_: Path) -> None:
        raise ValueError("no model")

    with pytest.raises(ValueError, match="no model"), cached(tmp_path, ENTRY, fail):
        pass
    assert made(tmp_path).exists()


def test_a_file_system_without_locks_is_no_reason_not_to_serve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    def refuse(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    assert made(tmp_path).exists()
    monkeypatch.setattr(one_at_a_time, "_opened", lambda _: None)
    with one_at_a_time.one_at_a_time(tmp_path / "x" / "lock", Patience()):
        pass


@pytest.mark.longer
def test_services_that_start_at_once_compile_their_model_once(tmp_path: Path) -> None:
    environment = {
        **os.environ, "PYTHONPATH": str(ROOT / "src"), "CACHE_DIR": str(tmp_path / "cache")
    }  # fmt: skip
    command = [sys.executable, "-c", LOADING]
    started = [
        subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    lines: list[str] = []
    for process in started:
        assert process.stdin is not None
        process.stdin.write(b"1")
        process.stdin.close()
    for process in started:
        assert process.stderr is not None
        lines += process.stderr.read().decode().splitlines()
        process.stderr.close()
        assert process.wait(60) == 0, lines
    events = [json.loads(line)["event"] for line in lines]
    assert events.count("compiling the model; this is done once") == 1
    assert events.count("opened the model") == 4
    assert len(list((tmp_path / "cache").glob("*.onnx"))) == 1
