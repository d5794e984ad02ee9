"""Which model a deployment is tested for, where nobody says it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from expected_model import ANY_MODEL, blueprint_path, expected_model
from samples import sample_for

ROOT = Path(__file__).parents[2]
DEFAULT = ROOT / "artifacts" / "pneumonia" / "pneumonia.keras"


def expected(**environment: str) -> tuple[str, list[str]]:
    said: list[str] = []
    return expected_model(environment, said.append), said


def test_the_repositorys_is_the_one_that_the_blueprint_names() -> None:
    assert blueprint_path() == "/app/artifacts/pneumonia/pneumonia.keras"
    assert expected() == (hashlib.sha256(DEFAULT.read_bytes()).hexdigest(), [])
    assert expected(MODEL_PATH=" ", MODEL_SHA256="") == expected()


@pytest.mark.parametrize(
    "path",
    ["artifacts/pneumonia/pneumonia.card.yaml", "/app/artifacts/pneumonia/pneumonia.card.yaml"],
)
def test_a_path_of_the_image_is_found_in_the_repository(path: str) -> None:
    card = DEFAULT.with_name("pneumonia.card.yaml").read_bytes()
    assert expected(MODEL_PATH=path) == (hashlib.sha256(card).hexdigest(), [])


@pytest.mark.parametrize(
    "path", ["https://example.com/a.keras", "/models/mine.h5", "artifacts/pneumonia"]
)
def test_of_what_is_no_file_here_nothing_is_expected_but_that_is_said(path: str) -> None:
    sha256, [said] = expected(MODEL_PATH=path)
    assert sha256 == ANY_MODEL
    assert path in said
    assert "--model-sha256" in said


def test_a_given_hash_goes_before_any_file() -> None:
    assert expected(MODEL_SHA256="a" * 64, MODEL_PATH="/models/mine.h5") == ("a" * 64, [])


@pytest.mark.parametrize(
    "line",
    ["value: artifacts/mine/mine.h5", 'value: "artifacts/mine/mine.h5"',
     "value: 'artifacts/mine/mine.h5' # mine"],
)  # fmt: skip
def test_the_blueprint_is_read_however_its_value_is_written(line: str, tmp_path: Path) -> None:
    blueprint = tmp_path / "render.yaml"
    blueprint.write_text(f"    envVars:\n      - key: PORT\n        value: 1\n"
                         f"      - key: MODEL_PATH # of ours\n        {line}\n")  # fmt: skip
    assert blueprint_path(blueprint) == "artifacts/mine/mine.h5"


@pytest.mark.parametrize(
    ("card", "begins"),
    [
        ({"input": {"min_side_px": 32, "max_aspect_ratio": 4.0}}, b"--"),
        ({"task": "text", "input": {}}, b'{"text": '),
        ({"task": "rows", "input": {}}, b'{"row": [1.0, 1.0]}'),
    ],
)
def test_a_made_sample_is_what_the_model_takes(card: dict[str, object], begins: bytes) -> None:
    sample = sample_for({"card": card, "signature": {"n_features": 2}}, None)
    assert sample.body.startswith(begins)
    assert ("json" in sample.content_type) == begins.startswith(b"{")
