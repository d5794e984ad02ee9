"""What a service says of a picture whose model has several outputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from builders import encoded, flat
from vistazo.models.outputs import OutputSignature

Serve = Callable[..., Any]

FILM = {"file": ("film.png", encoded(flat(204)))}
OTHERS = (
    OutputSignature("age", 1, "linear"),
    OutputSignature("vector", 3, "linear"),
    OutputSignature("smile", 1, "sigmoid"),
)
CARD = {
    "more_outputs": {
        "age": {"kind": "value", "unit": "years", "scale": 100},
        "vector": {"kind": "ignored"},
        "smile": {"kind": "sigmoid", "labels": ["no", "yes"], "uncertain_band": [0.7, 0.9]},
    },
    "output": {"threshold": 0.9},
}
OUTPUTS = {
    "light": {
        "predictions": pytest.approx([0.2, 0.8]),
        "predicted_class": "DARK",
        "confidence": pytest.approx(0.2),
        "probabilities": pytest.approx({"DARK": 0.2, "BRIGHT": 0.8}),
        "warnings": [],
    },
    "age": {"value": pytest.approx(80), "unit": "years"},
    "smile": {
        "predictions": pytest.approx([0.2, 0.8]),
        "predicted_class": "yes",
        "confidence": pytest.approx(0.8),
        "probabilities": pytest.approx({"no": 0.2, "yes": 0.8}),
        "warnings": ["uncertain"],
    },
}


def test_each_output_is_answered_and_the_first_fills_the_usual_fields(serving: Serve) -> None:
    with serving(card=CARD, others=OTHERS) as client:
        answer = client.post("/predict", files=FILM).json()
        assert answer["outputs"] == OUTPUTS
        assert list(answer["outputs"]) == ["light", "age", "smile"]
        usual = {name: answer[name] for name in OUTPUTS["light"]}
        assert usual == OUTPUTS["light"], "no doubt of another output is one of this"
        [one] = client.post("/predict/batch", files=[("file", FILM["file"])]).json()["results"]
        assert one["outputs"] == OUTPUTS
        model = client.get("/model").json()
    assert model["card"]["more_outputs"]["age"]["unit"] == "years"
    assert model["signature"]["output"] == "light"
    assert [other["name"] for other in model["signature"]["others"]] == ["age", "vector", "smile"]


def test_of_a_model_of_one_output_nothing_more_is_said(serving: Serve) -> None:
    with serving() as client:
        assert "outputs" not in client.post("/predict", files=FILM).json()
        assert "more_outputs" not in client.get("/model").json()["card"]
        document = client.get("/openapi.json").json()["components"]["schemas"]
    [each] = [way for way in document["Answer"]["properties"]["outputs"]["anyOf"] if "type" in way][
        :1
    ]
    named = [kind["$ref"].rpartition("/")[2] for kind in each["additionalProperties"]["anyOf"]]
    assert named == ["ClassesAnswer", "NumberAnswer"]
    assert set(document["NumberAnswer"]["required"]) == {"value", "unit"}
