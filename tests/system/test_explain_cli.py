"""Heatmaps on the command line."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from builders import encoded, film, write_brightness_model


def test_every_picture_gets_its_heatmap_and_a_bad_one_its_reason(
    vistazo: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    for name in ("a/film.png", "b/film.png"):
        path = tmp_path / "films" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(encoded(film(300, 200)))
    (tmp_path / "films" / "bad.png").write_bytes(b"text")
    run = vistazo("predict", "--explain", "maps/new", "films", cwd=tmp_path)
    assert run.returncode == 1, run.stderr
    maps = sorted((tmp_path / "maps" / "new").iterdir())
    assert [path.name for path in maps] == ["film.png.2.png", "film.png.png"]
    with Image.open(maps[0]) as heatmap:
        assert heatmap.size == (300, 200)
    assert "bad.png" in run.stdout


def test_what_the_model_saw_is_written_for_every_picture_that_can_be_decoded(
    vistazo: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    write_brightness_model(tmp_path / "m.keras")
    (tmp_path / "one.png").write_bytes(encoded(film(300, 200)))
    (tmp_path / "bad.png").write_bytes(b"text")
    said = ("one.png", "bad.png", "--model", "m.keras", "--json")
    run = vistazo("predict", "--show-input", "new/inputs", *said, cwd=tmp_path)
    assert run.returncode == 1, run.stderr
    assert [path.name for path in (tmp_path / "new/inputs").iterdir()] == ["one.png.input.png"]
    with Image.open(tmp_path / "new/inputs/one.png.input.png") as shown:
        assert (shown.size, shown.mode) == ((8, 8), "L")
