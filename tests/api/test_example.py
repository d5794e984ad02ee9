"""The picture beside a model, for who has none to try it with."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from access_keys import ENTRIES, KEYS, bearer
from builders import encoded, film
from vistazo.models.card_file import card_path, read_card

Serve = Callable[..., Any]

ARTIFACTS = Path(__file__).parents[2] / "artifacts"


@pytest.mark.parametrize("ending", ["jpeg", "jpg", "png"])
def test_the_picture_beside_the_model_is_offered_and_given(
    serving: Serve, tmp_path: Path, ending: str
) -> None:
    model = tmp_path / "castings.keras"
    data = encoded(film(), "PNG" if ending == "png" else "JPEG")
    (tmp_path / f"castings.example.{ending}").write_bytes(data)
    with serving(model_path=model) as client:
        assert client.get("/model").json()["example"] is True
        given = client.get("/page/example")
        assert (given.status_code, given.content) == (200, data)
        assert given.headers["content-type"] == ("image/png" if ending == "png" else "image/jpeg")
        (tmp_path / f"castings.example.{ending}").unlink()
        assert client.get("/model").json()["example"] is False
        assert client.get("/page/example").status_code == 404


def test_where_keys_are_asked_for_the_picture_is_for_those_who_have_one(
    serving: Serve, tmp_path: Path
) -> None:
    (tmp_path / "castings.example.jpeg").write_bytes(encoded(film(), "JPEG"))
    with serving(model_path=tmp_path / "castings.keras", api_keys=ENTRIES) as client:
        assert client.get("/page/example").status_code == 401
        assert client.get("/page/page.js").status_code == 200
        allowed = client.get("/page/example", headers=bearer(KEYS["ward"]))
        assert allowed.status_code == 200


@pytest.mark.parametrize(
    "name", ["pneumonia/pneumonia", "parts/trained_best_model2", "pictures/finalModel"]
)
def test_the_examples_of_this_repository_are_pictures_and_say_whose(name: str) -> None:
    example = ARTIFACTS / f"{name}.example.jpeg"
    with Image.open(io.BytesIO(example.read_bytes())) as picture:
        assert picture.format == "JPEG"
        assert not picture.getexif()
    credit = read_card(card_path(ARTIFACTS / f"{name}.keras")).page.example_credit
    assert isinstance(credit, dict)
    assert set(credit) == {"en", "es"}
