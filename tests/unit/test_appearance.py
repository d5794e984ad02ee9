"""What a picture looks like, whatever it shows: as it was resized, before it is changed further."""

from __future__ import annotations

from dataclasses import astuple
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageFilter

from builders import brightness_classifier, encoded, flat
from vistazo.models.card import InputSpec
from vistazo.pictures import ImageLimits, Picture
from vistazo.pictures.appearance import Appearance, appearance_of
from vistazo.pictures.preprocessing import prepare, prepare_and_look
from vistazo.pictures.reader import DirectReader

RANDOM = np.random.default_rng(0)
READER = DirectReader(ImageLimits())


def spec(**changes: Any) -> InputSpec:
    fields = {"height": 96, "width": 96, "colour": "grey", "scale": "none"}
    return InputSpec.model_validate({**fields, **changes})


def textured(side: int = 224) -> Image.Image:
    """Large forms with fine detail on them, as on a film."""
    forms = Image.fromarray(RANDOM.integers(0, 256, (7, 7), np.uint8)).resize((side, side))
    grain = RANDOM.normal(0, 12, (side, side))
    return Image.fromarray((np.asarray(forms) * 0.6 + 50 + grain).clip(0, 255).astype(np.uint8))


def look(image: Image.Image, image_format: str = "PNG", **changes: Any) -> Appearance:
    return READER.prepared(encoded(image, image_format), spec(**changes)).appearance


def looks_alike(one: Appearance, other: Appearance, within: float = 0.01) -> bool:
    return bool(np.allclose(astuple(one)[:3], astuple(other)[:3], atol=within))


def test_brightness_and_contrast_are_mean_and_deviation_of_the_grey_levels() -> None:
    half = np.zeros((60, 60), np.float32)
    half[:, 30:] = 255
    seen = appearance_of(half, 60, 60)
    assert astuple(seen) == (
        0.5,
        pytest.approx(0.5, abs=1e-4),
        pytest.approx(0.5, abs=0.02),
        60,
        60,
    )
    even = appearance_of(np.full((60, 60), 51, np.float32), 60, 60)
    assert astuple(even) == (pytest.approx(0.2), 0.0, 0.0, 60, 60)


def test_colours_count_as_much_as_the_eye_sees_of_them() -> None:
    """ITU-R BT.601, as Pillow's grey."""
    colours = RANDOM.integers(0, 256, (80, 70, 3), np.uint8)
    grey = np.asarray(Image.fromarray(colours).convert("L"), np.float32)
    seen = appearance_of(colours.astype(np.float32), 70, 80)
    assert looks_alike(seen, appearance_of(grey, 70, 80))


def test_sharpness_is_0_of_a_ramp_and_1_of_noise() -> None:
    across = np.tile(np.arange(90, dtype=np.float32), (70, 1))
    assert appearance_of(across, 1, 1).sharpness < 0.02
    assert appearance_of(np.ascontiguousarray(across.T), 1, 1).sharpness < 0.02
    assert appearance_of(RANDOM.random((96, 96), np.float32) * 255, 1, 1).sharpness > 0.95
    checks = np.indices((96, 96)).sum(axis=0) % 2 * np.float32(255)
    assert appearance_of(checks.astype(np.float32), 1, 1).sharpness == 1


def test_a_blur_is_seen_at_the_size_of_the_model_and_an_exposure_is_not_taken_for_one() -> None:
    for _ in range(5):
        image = textured()
        plain, blurred = look(image), look(image.filter(ImageFilter.GaussianBlur(2)))
        assert blurred.sharpness < plain.sharpness - 0.1
        darker = look(image.point([int(level * 0.7) for level in range(256)]))
        assert darker.brightness == pytest.approx(0.7 * plain.brightness, abs=0.01)
        assert darker.contrast == pytest.approx(0.7 * plain.contrast, abs=0.01)
        assert darker.sharpness == pytest.approx(plain.sharpness, abs=0.03)


@pytest.mark.parametrize("how", [{}, {"antialias": False}, {"filter": "nearest"}])
def test_it_is_the_same_of_a_grey_picture_however_it_is_stored_and_for_every_colour(
    how: dict[str, Any],
) -> None:
    image = textured(112)
    deep = Image.fromarray(np.asarray(image).astype(np.uint16) * 257)
    seen = [
        look(stored, colour=colour, **how)
        for stored in (image, image.convert("RGB"), image.convert("RGBA"), deep)
        for colour in ("grey", "rgb", "bgr")
    ]
    assert all(looks_alike(seen[0], each) for each in seen)


@pytest.mark.parametrize("colour", ["grey", "rgb"])
@pytest.mark.parametrize(
    "later", [{"equalize": True}, {"scale": "per_picture"}, {"scale": {"mean": [9], "std": [5]}}]
)
def test_what_is_done_to_the_levels_afterwards_changes_nothing(
    colour: str, later: dict[str, Any]
) -> None:
    image = textured()
    assert looks_alike(look(image, colour=colour), look(image, colour=colour, **later), 1e-5)


def test_the_bars_beside_a_picture_are_no_part_of_it() -> None:
    tall = textured().resize((112, 224))
    beside = look(tall, resize="fit", pad_value=255)
    assert looks_alike(beside, look(tall, width=48))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("image_format", ["PNG", "JPEG"])
def test_the_sides_are_those_of_the_whole_file_upright(image_format: str, orientation: int) -> None:
    """Also where one of 400 pixels is decoded to a part of them."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    data = encoded(flat(99, 400, 300), image_format, exif=exif)
    found = READER.prepared(data, spec(height=20, width=20))
    assert max(found.width, found.height) < 400
    assert (found.appearance.width_px, found.appearance.height_px) == (
        (300, 400) if orientation > 4 else (400, 300)
    )


def test_looking_leaves_the_pixels_as_they_were() -> None:
    pixels = np.asarray(textured().convert("RGB"))
    for how in (spec(), spec(colour="rgb", equalize=True), spec(antialias=False)):
        found, _ = prepare_and_look(Picture(pixels), how, (224, 224))
        np.testing.assert_array_equal(found, prepare(Picture(pixels), how))


def test_a_prediction_tells_what_its_picture_looked_like() -> None:
    classifier = brightness_classifier()
    seen = classifier.classify(encoded(flat(51, 80, 60))).appearance
    assert seen == Appearance(pytest.approx(0.2), 0.0, 0.0, 80, 60)
    assert classifier.explain(encoded(flat(51, 80, 60)))[0].appearance is not None
    assert classifier.score(np.zeros((8, 8, 1), np.float32)).appearance is None


@given(
    arrays(
        np.float32,
        array_shapes(min_dims=2, max_dims=2, max_side=40),
        elements=st.floats(-40, 300, width=32),
    ),
    st.booleans(),
)
def test_of_any_pixels_it_is_within_its_bounds(
    pixels: NDArray[np.float32], has_colours: bool
) -> None:
    """Some filters go beyond black and white; a model may take one pixel."""
    seen = appearance_of(np.stack([pixels] * 3, axis=2) if has_colours else pixels, 1, 1)
    assert 0 <= seen.brightness <= 1
    assert 0 <= seen.contrast <= 0.5
    assert 0 <= seen.sharpness <= 1
