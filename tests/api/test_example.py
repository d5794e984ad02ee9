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


def _led_out(folder: Path) -> None:
    outside = folder.parent / f"{folder.name}-outside.jpeg"
    outside.write_bytes(encoded(film(), "JPEG"))
    (folder / "m.example.jpeg").symlink_to(outside)


NONE_OF_OURS: dict[str, Callable[[Path], object]] = {
    "a link that leads out of the folder": _led_out,
    "a link that leads to itself": lambda f: (f / "m.example.jpeg").symlink_to("m.example.jpeg"),
    "no picture": lambda f: (f / "m.example.jpeg").write_bytes(b"root:x:0:0:root:/root:/bin/sh"),
    "another format": lambda f: (f / "m.example.png").write_bytes(encoded(film(), "BMP")),
    "a folder": lambda f: (f / "m.example.png").mkdir(),
    "empty": lambda f: (f / "m.example.png").write_bytes(b""),
    "too large": lambda f: (f / "m.example.jpeg").write_bytes(b"\xff\xd8\xff" + bytes(100_000)),
}


@pytest.mark.parametrize("lay", NONE_OF_OURS.values(), ids=NONE_OF_OURS)
def test_what_is_no_picture_of_the_model_s_folder_is_neither_offered_nor_given(
    serving: Serve, tmp_path: Path, lay: Callable[[Path], object]
) -> None:
    lay(tmp_path)
    with serving(model_path=tmp_path / "m.keras", max_upload_bytes=100_000) as client:
        assert client.get("/model").json()["example"] is False
        assert client.get("/page/example").status_code == 404


def test_a_name_to_which_no_more_can_be_added_has_none(serving: Serve, tmp_path: Path) -> None:
    with serving(model_path=tmp_path / f"{'x' * 245}.keras") as client:
        assert client.get("/model").json()["example"] is False
        assert client.get("/page/example").status_code == 404


def test_a_folder_of_links_has_one_where_all_lead_to_one_folder(
    serving: Serve, tmp_path: Path
) -> None:
    """As caches and Kubernetes lay them."""
    (store := tmp_path / "store").mkdir()
    data = encoded(film(), "JPEG")
    for name, body in (("m.keras", b""), ("m.example.jpeg", data)):
        (store / name).write_bytes(body)
        (tmp_path / name).symlink_to(store / name)
    with serving(model_path=tmp_path / "m.keras") as client:
        assert client.get("/page/example").content == data


@pytest.mark.parametrize("asked", ["bytes=a-b", "bytes=99999999-", "bytes=0-1"])
def test_it_comes_whole_whatever_part_is_asked_for(
    serving: Serve, tmp_path: Path, asked: str
) -> None:
    """RFC 9110 section 14.2: a server may ignore Range."""
    (tmp_path / "m.example.jpeg").write_bytes(data := encoded(film(), "JPEG"))
    with serving(model_path=tmp_path / "m.keras") as client:
        given = client.get("/page/example", headers={"Range": asked})
    assert (given.status_code, given.content) == (200, data)


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
