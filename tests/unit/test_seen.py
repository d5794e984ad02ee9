"""What the model saw: what was prepared, as a picture again."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from builders import BrightnessEngine, brightness_classifier, card, encoded
from vistazo.models.card import InputSpec
from vistazo.pictures import Picture
from vistazo.pictures.preprocessing import prepare
from vistazo.pictures.seen import seen

SCALES = [
    "none",
    "1/255",
    "1/127.5-1",
    {"divide_by": 255, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]},
    {"mean": [103.939, 116.779, 123.68], "std": [1, 1, 1]},
    {"mean": [100], "std": [50]},
]


def spec(**changes: Any) -> InputSpec:
    fields = {"height": 12, "width": 20, "colour": "rgb", "scale": "1/255"}
    return InputSpec.model_validate({**fields, **changes})


@given(
    seed=st.integers(0, 2**32 - 1),
    scale=st.sampled_from(SCALES),
    colour=st.sampled_from(["rgb", "bgr"]),
)
def test_a_picture_of_the_models_size_is_seen_as_it_was_whatever_the_scale_and_order(
    seed: int, scale: Any, colour: str
) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (12, 20, 3), dtype=np.uint8)
    asked = spec(scale=scale, colour=colour)
    found = seen(prepare(Picture(pixels), asked), asked)
    assert np.array_equal(found.picture.pixels, pixels)


def test_a_model_of_greys_saw_greys() -> None:
    asked = spec(colour="grey")
    red = Picture(np.full((12, 20, 3), (255, 0, 0), np.uint8))
    found = seen(prepare(red, asked), asked)
    assert found.picture.is_grey
    assert (found.picture.pixels == 76).all()  # the luma of red, ITU-R BT.601


def test_padding_and_what_was_cut_off_are_seen() -> None:
    pixels = np.zeros((20, 60, 3), np.uint8)
    pixels[:, 20:40] = 100
    padded = spec(width=12, resize="fit", pad_value=7)
    assert (seen(prepare(Picture(pixels), padded), padded).picture.pixels[0] == 7).all()
    cropped = spec(width=12, resize="crop", filter="box")
    assert (seen(prepare(Picture(pixels), cropped), cropped).picture.pixels == 100).all()


def test_the_range_is_that_of_the_values_given_and_not_of_those_shown() -> None:
    asked = spec(scale="1/127.5-1")
    prepared = np.full((12, 20, 3), -1, np.float32)
    prepared[0, 0] = 1.25
    found = seen(prepared, asked)
    assert (found.low, found.high) == (-1, 1.25)
    assert found.picture.pixels[0, 0].tolist() == [255, 255, 255]
    assert found.picture.pixels[1, 1].tolist() == [0, 0, 0]


def test_of_a_picture_scaled_by_itself_the_least_is_shown_black_and_the_greatest_white() -> None:
    pixels = np.full((12, 20, 3), 90, np.uint8)
    pixels[0, 0], pixels[1, 1] = 60, 180
    asked = spec(scale="per_picture")
    found = seen(prepare(Picture(pixels), asked), asked)
    shown = [found.picture.pixels[at].tolist()[0] for at in ((0, 0), (1, 1), (5, 5))]
    assert shown == [0, 255, 64]
    even = seen(prepare(Picture(np.full((9, 9), 77, np.uint8)), asked), asked)
    assert (even.picture.pixels == 128).all()


def test_what_overshoots_is_clamped_instead_of_wrapping_round() -> None:
    found = seen(np.array([[[-3.0, 258.0, 127.6]]], np.float32), spec(scale="none"))
    assert found.picture.pixels.tolist() == [[[0, 255, 128]]]


def test_looking_at_it_leaves_the_input_as_it_is() -> None:
    for scale in SCALES:
        prepared = np.random.default_rng(0).random((12, 20, 3), dtype=np.float32) * 300
        before = prepared.copy()
        seen(prepared, spec(scale=scale, colour="bgr"))
        assert np.array_equal(prepared, before)


class KeepingEngine(BrightnessEngine):
    """Keeps what it was given last."""

    def run(self, images: Any) -> Any:
        self.given = images
        return super().run(images)


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_classifier_shows_what_its_engine_was_given(orientation: int) -> None:
    engine = KeepingEngine(of=card())
    classifier = brightness_classifier(engine)
    photograph = Image.fromarray(np.tile(np.arange(0, 240, 3, dtype=np.uint8), (60, 1)))
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(photograph, exif=exif)
    classifier.classify(data)
    found = classifier.seen(data)
    given = engine.given[0, :, :, 0]
    assert np.array_equal(found.picture.pixels, np.rint(given * 255).astype(np.uint8))
    assert (found.low, found.high) == (given.min(), given.max())
    with Image.open(io.BytesIO(found.png())) as png:
        assert np.array_equal(np.asarray(png), found.picture.pixels)
