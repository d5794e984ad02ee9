"""``vistazo score`` as a real process: killed, stopped, and with decoders that die."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import killed_commands
from builders import encoded, flat, write_brightness_model
from hostile_boxes import ATTACKS as BOXED_ATTACKS
from hostile_pictures import ATTACKS

pytestmark = [
    pytest.mark.longer,
    pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc"),
]
ROOT = Path(__file__).parents[2]
_FILMS = 2000
Begin = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def films(tmp_path: Path) -> Path:
    write_brightness_model(tmp_path / "mine.keras")
    folder = tmp_path / "films"
    for below in ("0", "1"):
        (folder / below).mkdir(parents=True)
    for grey in range(250):
        (tmp_path / f"{grey}.png").write_bytes(encoded(flat(grey, 300, 300)))
    (tmp_path / "13.png").write_bytes(b"damaged")
    for number in range(_FILMS):
        os.link(tmp_path / f"{number % 250}.png", folder / str(number % 2) / f"{number:04}.png")
    return folder


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of compiled models."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def begin(films: Path, cache: Path) -> Begin:
    def begin(*arguments: str, **settings: str) -> subprocess.Popen[str]:
        return killed_commands.begun(films.parent, cache, "score", *arguments, **settings)

    return begin


def parts(output: Path) -> int:
    return sum(1 for _ in output.with_name(f"{output.name}.work").glob("part-*"))


def decoders_of(pid: int) -> list[int]:
    found = []
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(place.read_text().rpartition(")")[2].split()[1])
            command = (place.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if parent == pid and b"isolation.worker" in command:
            found.append(int(place.parent.name))
    return found


@pytest.mark.parametrize("kind", [".csv", ".parquet"])
def test_a_run_that_is_killed_at_any_moment_ends_with_the_rows_of_one_that_is_not(
    films: Path, begin: Begin, kind: str
) -> None:
    undisturbed, output = films.parent / f"undisturbed{kind}", films.parent / f"killed{kind}"
    begin("films", undisturbed.name, "--shard-files", "20").communicate(timeout=100)
    moments, killed = random.Random(18), 0  # noqa: S311
    for number in range(14):
        process, before = begin("films", output.name, "--shard-files", "20"), parts(output)
        while process.poll() is None and parts(output) < before + 6:
            time.sleep(0.005)
        time.sleep(moments.random() / 10)
        is_stopped = number % 3 == 0
        ending = signal.SIGINT if number % 2 else signal.SIGTERM
        process.send_signal(ending if is_stopped else signal.SIGKILL)
        _, said = process.communicate(timeout=60)
        killed += process.returncode in (130, -signal.SIGKILL)
        if process.returncode == 130:
            assert "The same command goes on from there." in said
        assert "Traceback" not in said
    assert killed > 6
    told, said = begin("films", output.name, "--shard-files", "20").communicate(timeout=100)
    assert f"{_FILMS} pictures, 8 of them without an answer" in told, said
    assert output.read_bytes() == undisturbed.read_bytes()
    left = {path.name for path in films.parent.iterdir() if path.name.startswith("killed")}
    assert left == {output.name, f"{output.name}.manifest.json"}


def test_decoders_that_are_killed_again_and_again_cost_no_row(films: Path, begin: Begin) -> None:
    begin("films", "undisturbed.csv").communicate(timeout=100)
    process, killed = begin("films", "out.csv"), 0
    while process.poll() is None and killed < 6:
        time.sleep(1)
        for pid in decoders_of(process.pid)[:1]:
            os.kill(pid, signal.SIGKILL)
            killed += 1
    assert killed > 1
    assert process.communicate(timeout=100)[0].startswith(f"out.csv: {_FILMS} pictures, 8 of them")
    wanted = (films.parent / "undisturbed.csv").read_bytes()
    assert (films.parent / "out.csv").read_bytes() == wanted


def test_every_hostile_picture_costs_its_own_row_and_no_more(films: Path, begin: Begin) -> None:
    archive, attacks = films.parent / "hostile", {**ATTACKS, **BOXED_ATTACKS}
    archive.mkdir()
    for number, attack in enumerate(attacks.values()):
        (archive / f"{number:03}-attack.jpg").write_bytes(attack(20_000))
        os.link(films / "0" / "0200.png", archive / f"{number:03}-sound.png")
    process = begin("hostile", "out.jsonl", MAX_UPLOAD_BYTES="10000000")
    _, said = process.communicate(timeout=300)
    assert process.returncode == 1, said
    rows = [json.loads(line) for line in (films.parent / "out.jsonl").read_text().splitlines()]
    assert len(rows) == 2 * len(attacks)
    for row in rows:
        if row["file"].endswith("sound.png"):
            assert row["predicted_class"] == "BRIGHT", row
        elif "error" in row:
            assert row["code"] not in ("internal", "file_unreadable"), row


def test_a_picture_that_takes_its_decoder_down_each_time_is_one_row(
    films: Path, begin: Begin
) -> None:
    """The decoder is stopped (as one that spins), until its time is over; then the next one."""
    archive = films.parent / "few"
    archive.mkdir()
    for number in range(40):
        os.link(films.parent / f"{number + 20}.png", archive / f"{number:02}.png")
    process = begin("few", "out.csv", "--shard-files", "1", JOB_TIMEOUT_S="1", THREADS="1")
    while process.poll() is None and not parts(films.parent / "out.csv"):
        time.sleep(0.01)
    [pid] = decoders_of(process.pid)
    os.kill(pid, signal.SIGSTOP)
    told, said = process.communicate(timeout=60)
    assert "out.csv: 40 pictures, 1 of them without an answer" in told, said
    assert "picture_too_costly" in (films.parent / "out.csv").read_text()


def test_a_folder_of_a_hundred_thousand_names_is_gone_through(films: Path, begin: Begin) -> None:
    """Of names that are refused by their size: what is asked is how they are listed."""
    archive = films.parent / "many"
    archive.mkdir()
    (archive / "first.png").write_bytes(b"x" * 2000)
    for number in range(100_000):
        (archive / f"{number:06}.png").symlink_to("first.png")
    process = begin("many", "out.csv", MAX_UPLOAD_BYTES="1000")
    told, said = process.communicate(timeout=300)
    assert "out.csv: 100001 pictures, 100001 of them without an answer" in told, said
