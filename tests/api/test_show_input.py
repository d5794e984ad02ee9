"""What the model saw, over HTTP."""

import base64
import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from builders import encoded, film, flat

FILM = {"file": ("film.png", encoded(film(400, 300)))}


def image_of(answer: dict[str, Any]) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(answer["input_image"], validate=True)))


def test_the_input_comes_only_when_it_is_asked_for_and_changes_nothing_else(
    client: TestClient,
) -> None:
    plain = client.post("/predict", files=FILM).json()
    shown = client.post("/predict?show_input=true", files=FILM).json()
    assert not {"input_image", "input_range"} & set(plain)
    image = image_of(shown)
    assert (image.format, image.size, image.mode) == ("PNG", (8, 8), "L")
    assert np.asarray(image)[0].mean() < 30 < 220 < np.asarray(image)[-1].mean()
    assert 0 <= shown["input_range"][0] < 0.1
    assert 0.9 < shown["input_range"][1] <= 1
    new = {"input_image", "input_range", "request_id"}
    assert {k: v for k, v in shown.items() if k not in new} == {
        k: v for k, v in plain.items() if k not in new
    }


def test_it_can_come_with_a_heatmap(client: TestClient) -> None:
    answer = client.post("/predict?show_input=true&explain=true&label=DARK", files=FILM).json()
    assert answer["heatmap"]["label"] == "DARK"
    assert image_of(answer).size == (8, 8)


def test_another_card_shows_another_crop_and_another_range(
    serving: Callable[..., Any],
) -> None:
    # Only the middle third is bright: a crop sees that, a stretch all three.
    pixels = np.zeros((40, 120), np.uint8)
    pixels[:, 40:80] = 200
    files = {"file": ("film.png", encoded(Image.fromarray(pixels)))}
    changes = {"resize": "crop", "scale": "1/127.5-1", "filter": "box"}
    with serving(card={"input": changes}) as client:
        answer = client.post("/predict?show_input=true", files=files).json()
    assert (np.asarray(image_of(answer)) == 200).all()
    assert answer["input_range"] == pytest.approx([200 / 127.5 - 1] * 2)


@pytest.mark.parametrize("data", [b"", b"text", encoded(flat(1, 1, 1))])
def test_a_bad_picture_is_refused_as_without(client: TestClient, data: bytes) -> None:
    files = {"file": ("film.png", data)}
    plain, shown = (
        client.post(path, files=files) for path in ("/predict", "/predict?show_input=1")
    )
    assert plain.status_code == shown.status_code >= 400
    assert plain.json()["code"] == shown.json()["code"]


def test_the_schema_describes_it(client: TestClient) -> None:
    schema = client.get("/openapi.json").json()
    assert "show_input" in {p["name"] for p in schema["paths"]["/predict"]["post"]["parameters"]}
    fields = schema["components"]["schemas"]["Answer"]["properties"]
    assert "PNG" in fields["input_image"]["description"]
    assert fields["input_range"]["description"]


def test_what_is_said_of_every_model_says_nothing_of_medicine(client: TestClient) -> None:
    assert "medical" not in client.get("/openapi.json").text
