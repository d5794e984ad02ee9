"""``vistazo predict --output``, stopped by Ctrl-C and killed, as a real process."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

import killed_commands
from builders import encoded, flat, write_brightness_model

ROOT = Path(__file__).parents[2]
_FILMS = 4000


@pytest.fixture
def films(tmp_path: Path) -> Path:
    write_brightness_model(tmp_path / "mine.keras")
    folder = tmp_path / "films"
    folder.mkdir()
    (folder / "0000.png").write_bytes(encoded(flat(200, 300, 300)))
    for number in range(1, _FILMS):
        os.link(folder / "0000.png", folder / f"{number:04}.png")
    return folder


def begun(films: Path, cache: Path) -> subprocess.Popen[str]:
    return killed_commands.begun(
        films.parent, cache, "predict", "--output", "answers.csv", films.name
    )


def lines(output: Path) -> int:
    return output.read_bytes().count(b"\n") if output.exists() else 0


@pytest.mark.longer
def test_a_command_that_was_stopped_and_killed_again_and_again_ends_with_every_answer_once(
    films: Path, cache: Path
) -> None:
    output = films.parent / "answers.csv"
    for number in range(1, 7):
        process, before = begun(films, cache), lines(output)
        while process.poll() is None and lines(output) < before + 300:
            time.sleep(0.005)
        process.send_signal(signal.SIGINT if number % 2 else signal.SIGKILL)
        _, said = process.communicate(timeout=60)
        if number % 2:
            assert process.returncode == 130, said
            assert "The same command goes on from there." in said
            assert "Traceback" not in said
        assert lines(output) < _FILMS
    process = begun(films, cache)
    told, _ = process.communicate(timeout=100)
    assert process.returncode == 0
    assert f"{_FILMS} pictures" in told
    with output.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["file"] for row in rows] == [f"films/{number:04}.png" for number in range(_FILMS)]
    assert {row["predicted_class"] for row in rows} == {"BRIGHT"}
