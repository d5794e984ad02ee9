from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from vistazo.service.log_sink import LogSink
from vistazo.service.telemetry import _JsonFormatter


def sink_into(descriptor: int, monkeypatch: pytest.MonkeyPatch) -> logging.Logger:
    """A logger that writes there, as a service does to its standard error."""
    monkeypatch.setattr(sys, "stderr", os.fdopen(descriptor, "w", closefd=False))
    handler = LogSink()
    handler.setFormatter(_JsonFormatter())
    logger = logging.Logger("test")
    logger.addHandler(handler)
    return logger


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def events(data: bytes) -> list[dict[str, object]]:
    return [json.loads(line) for line in data.splitlines()]


def test_a_reader_who_stopped_holds_up_nobody_and_is_told_what_he_missed(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    reads, writes = pipe
    logger = sink_into(writes, monkeypatch)
    started = time.monotonic()
    for number in range(2_000):
        logger.warning("%d %s", number, "x" * 100)
    assert time.monotonic() - started < 2
    *whole, cut = os.read(reads, 1 << 20).split(b"\n")
    n_read = len(whole)
    assert 0 < n_read < 2_000
    logger.warning("again")
    rest = cut + os.read(reads, 1 << 20)
    last = json.loads(rest.splitlines()[-1])
    assert (last["event"], last["lines_lost"]) == ("again", 2_000 - n_read)
    logger.warning("as ever")
    assert "lines_lost" not in events(os.read(reads, 1 << 20))[0]


def test_a_long_line_comes_whole(pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    reads, writes = pipe
    sink_into(writes, monkeypatch).warning("é" * 20_000)
    assert events(os.read(reads, 1 << 20))[0]["event"] == "é" * 20_000


def test_a_full_disk_and_a_reader_who_has_gone_are_no_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    reads, writes = os.pipe()
    os.close(reads)
    for descriptor in (full, writes):
        sink_into(descriptor, monkeypatch).warning("lost")
        os.close(descriptor)
    monkeypatch.setattr(sys, "stderr", None)
    logger = logging.Logger("test")
    logger.addHandler(LogSink())
    logger.warning("lost")


def test_what_is_opened_next_does_not_become_the_standard_error() -> None:
    """Libraries write there, whatever it is: else into the model, or to a caller."""
    program = (
        "import os; from vistazo.service.log_sink import open_standard_streams as open_them; "
        "[os.close(each) for each in (0, 2)]; open_them(); "
        "raise SystemExit(10 + os.open(os.devnull, os.O_RDONLY))"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    done = subprocess.run([sys.executable, "-c", program], env=environment, check=False)
    assert done.returncode >= 13


def test_into_a_file_every_line_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "log").open("w") as file:
        logger = sink_into(file.fileno(), monkeypatch)
        for number in range(100):
            logger.warning("%d", number)
    assert len(events((tmp_path / "log").read_bytes())) == 100
