"""Layers in one file and weights in another, on the command line."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import model_pairs
from builders import encoded, film
from vistazo.cli.convert import command as convert
from vistazo.cli.inspect import command as inspect
from vistazo.cli.predict import command as predict
from vistazo.cli.setup import command as setup

pytestmark = pytest.mark.longer


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    monkeypatch.setenv("CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("SCALE", "1/255")
    (tmp_path / "labels.txt").write_text("A\nB\n")

    def invoked(command: Any, *arguments: object, expects: int = 0) -> str:
        done = CliRunner().invoke(command, list(map(str, arguments)), catch_exceptions=False)
        assert done.exit_code == expects, done.output
        return str(done.output)

    return invoked


def test_each_command_finds_the_other_part(run: Callable[..., str], tmp_path: Path) -> None:
    layers = model_pairs.write_layers(tmp_path / "fer.json")
    weights = model_pairs.write_legacy(tmp_path / "fer_weights.h5")
    sha256 = hashlib.sha256(layers.read_bytes() + weights.read_bytes()).hexdigest()
    (tmp_path / "film.png").write_bytes(encoded(film()))
    for named in (layers, weights):
        told = run(inspect, named)
        assert "fer.json, fer_weights.h5" in told
        assert sha256 in told
        assert "142 weights" in run(convert, named, tmp_path / "out.onnx")
    run(setup, layers)
    assert sha256 in layers.with_name("fer.card.yaml").read_text()
    answers = [
        json.loads(run(predict, "--model", named, "--json", tmp_path / "film.png"))[0]
        for named in (layers, weights)
    ]
    assert answers[0]["probabilities"] == answers[1]["probabilities"]


def test_an_option_or_a_variable_chooses_among_weights(
    run: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layers = model_pairs.write_layers(tmp_path / "fer.json")
    for name in ("best.h5", "last.h5"):
        model_pairs.write_legacy(tmp_path / name)
    assert "fer.json, last.h5" in run(inspect, layers, "--weights", tmp_path / "last.h5")
    monkeypatch.setenv("MODEL_WEIGHTS", str(tmp_path / "best.h5"))
    assert "fer.json, best.h5" in run(inspect, layers)
    whole = model_pairs.write_legacy(tmp_path / "whole.h5", is_whole=True)
    assert "whole.h5: HDF5" in run(inspect, whole), "the variable is of no use to it"
