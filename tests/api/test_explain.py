"""Heatmaps over HTTP."""

import base64
import io

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from builders import encoded, film, flat

FILM = {"file": ("film.png", encoded(film(400, 300)))}


def test_a_heatmap_comes_only_when_it_is_asked_for(client: TestClient) -> None:
    plain = client.post("/predict", files=FILM).json()
    explained = client.post("/predict?explain=true", files=FILM).json()
    heatmap = explained.pop("heatmap")
    assert "heatmap" not in plain
    assert explained["predictions"] == plain["predictions"]
    assert heatmap["label"] == plain["predicted_class"]
    assert heatmap["method"] == "occlusion"
    assert heatmap["frame"] == [0, 0, 1, 1]
    assert np.array(heatmap["grid"]).shape == (8, 8)
    layer = Image.open(io.BytesIO(base64.b64decode(heatmap["image"])))
    assert layer.format == "PNG"
    assert layer.width / layer.height == pytest.approx(4 / 3, rel=0.03)


def test_the_overlay_is_a_png_of_the_picture(client: TestClient) -> None:
    response = client.post("/explain", files=FILM)
    assert response.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(response.content)).size == (400, 300)


def test_any_label_can_be_explained(client: TestClient) -> None:
    maps = [
        client.post(f"/predict?explain=true&label={label}", files=FILM).json()["heatmap"]
        for label in ("DARK", "BRIGHT")
    ]
    assert [heatmap["label"] for heatmap in maps] == ["DARK", "BRIGHT"]
    assert np.array(maps[0]["grid"]) == pytest.approx(-np.array(maps[1]["grid"]))


@pytest.mark.parametrize("path", ["/explain", "/predict?explain=true"])
def test_a_label_that_the_model_does_not_have_is_refused(client: TestClient, path: str) -> None:
    response = client.post(path, files=FILM, params={"explain": "true", "label": "GREEN"})
    assert response.status_code == 400
    assert response.json()["code"] == "unknown_label"
    assert "DARK, BRIGHT" in response.json()["detail"]


def test_a_question_that_is_neither_yes_nor_no_is_a_problem_document(client: TestClient) -> None:
    response = client.post("/predict?explain=perhaps", files=FILM)
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["detail"] == (
        "The request cannot be used: explain should be true or false."
    )


@pytest.mark.parametrize("data", [b"", b"text", encoded(flat(1, 1, 1))])
def test_a_bad_picture_is_refused_as_without_a_heatmap(client: TestClient, data: bytes) -> None:
    files = {"file": ("film.png", data)}
    plain, explained = (client.post(path, files=files) for path in ("/predict", "/explain"))
    assert plain.status_code == explained.status_code
    assert plain.json()["code"] == explained.json()["code"]


def test_the_schema_describes_the_heatmap(client: TestClient) -> None:
    schema = client.get("/openapi.json").json()
    assert "explain" in {p["name"] for p in schema["paths"]["/predict"]["post"]["parameters"]}
    assert "image/png" in schema["paths"]["/explain"]["post"]["responses"]["200"]["content"]
    assert schema["components"]["schemas"]["Heatmap"]["properties"]["grid"]["description"]
