"""Heatmaps on the command line."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PIL import Image

from builders import encoded, evenness, film, flat, write_brightness_model
from vistazo.answers.baseline_file import write_baseline
from vistazo.models.file_hash import sha256_of


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


def test_what_the_model_saw_is_written_for_a_picture_that_it_refuses_too(
    vistazo: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    model = write_brightness_model(tmp_path / "m.keras", maps=True)
    write_baseline(replace(evenness(), sha256=sha256_of(model)), tmp_path / "m.baseline.npz")
    with (tmp_path / "m.card.yaml").open() as card:
        document = {**json.load(card), "notice": "For a test, and nothing else."}
    (tmp_path / "m.card.yaml").write_text(json.dumps(document))
    (tmp_path / "even.png").write_bytes(encoded(flat(90)))
    (tmp_path / "strange.png").write_bytes(encoded(film(300, 200)))
    (tmp_path / "bad.png").write_bytes(b"text")
    pictures = ("even.png", "strange.png", "bad.png", "--model", "m.keras")
    run = vistazo(
        "predict", "--show-input", "in", *pictures, cwd=tmp_path, OUT_OF_DISTRIBUTION="reject"
    )
    assert run.stdout.count("cannot be classified") == 2, run.stderr
    assert run.stderr == "For a test, and nothing else.\n"
    written = sorted((tmp_path / "in").iterdir())
    assert [path.name for path in written] == ["even.png.input.png", "strange.png.input.png"]
    with Image.open(written[1]) as shown:
        assert (shown.size, shown.mode) == ((8, 8), "L")
