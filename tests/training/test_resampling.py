"""Pictures are prepared as the pipelines that models were trained with prepare them."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageOps

from vistazo.errors import CardError
from vistazo.models.card import InputSpec
from vistazo.models.card_file import parse_card
from vistazo.pictures import Picture
from vistazo.pictures.preprocessing import decode_size, place, prepare, scale

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# Height and width: smaller, larger, odd, next to nothing, long.
SIZES = [(64, 64), (61, 97), (333, 250), (20, 45), (1, 1), (2, 3), (7, 300), (257, 31)]
TARGETS = [(32, 48), (37, 29)]
CASES = [(size, target) for size in SIZES for target in TARGETS]
ONE_LEVEL = 1.0


def noise(size: tuple[int, int], kind: str) -> NDArray[Any]:
    """Nothing is harder on a resampler: each neighbour is another value."""
    random = np.random.default_rng(size[0] * 1000 + size[1])
    if kind == "deep":
        return random.uniform(0, 255, size).astype(np.float32)
    return random.integers(0, 256, (*size, 3) if kind == "rgb" else size, dtype=np.uint8)


def prepared(pixels: NDArray[Any], target: tuple[int, int], **fields: Any) -> NDArray[np.float32]:
    colour = "rgb" if pixels.ndim == 3 else "grey"
    sizes = {"height": target[0], "width": target[1], "colour": colour, "scale": "none"}
    result = prepare(Picture(pixels), InputSpec.model_validate({**sizes, **fields}))
    return result if pixels.ndim == 3 else result[:, :, 0]


@pytest.mark.parametrize("kind", ["grey", "rgb", "deep"])
@pytest.mark.parametrize("method", ["bilinear", "bicubic"])
def test_without_antialias_a_picture_is_resized_as_by_tensorflow(method: str, kind: str) -> None:
    import tensorflow as tf

    for size, target in CASES:
        pixels = noise(size, kind)
        channels = pixels.reshape(*size, -1)
        expected = np.asarray(tf.image.resize(channels, target, method=method)).reshape(-1)
        found = prepared(pixels, target, filter=method, antialias=False)
        np.testing.assert_allclose(found.reshape(-1), expected, atol=ONE_LEVEL)


@pytest.mark.parametrize("kind", ["grey", "rgb", "deep"])
def test_without_antialias_a_picture_is_resized_as_by_opencv(kind: str) -> None:
    import cv2

    for size, target in CASES:
        pixels = noise(size, kind)
        expected = cv2.resize(pixels, target[::-1], interpolation=cv2.INTER_LINEAR)
        found = prepared(pixels, target, antialias=False)
        np.testing.assert_allclose(found, expected, atol=ONE_LEVEL)


@pytest.mark.parametrize("kind", ["grey", "rgb", "deep"])
@pytest.mark.parametrize("name", ["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"])
def test_with_antialias_a_picture_is_resized_as_by_pillow(name: str, kind: str) -> None:
    for size, target in CASES:
        pixels, how = noise(size, kind), Image.Resampling[name.upper()]
        expected = Image.fromarray(pixels).resize(target[::-1], how)
        found = prepared(pixels, target, filter=name)
        np.testing.assert_allclose(found, np.asarray(expected), atol=0 if name == "nearest" else 1)


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (61, 97)])
@pytest.mark.parametrize("kind", ["grey", "rgb", "deep", "even", "nearly even"])
def test_a_picture_is_scaled_by_itself_as_by_tensorflow(size: tuple[int, int], kind: str) -> None:
    import tensorflow as tf

    pixels = noise(size, kind).astype(np.float32).reshape(*size, -1)
    if "even" in kind:
        pixels[:] = 77
    if kind == "nearly even":
        pixels[0, 0] = 77.01  # what remains is under the least deviation, 1/sqrt(N)
    expected = np.asarray(tf.image.per_image_standardization(pixels))
    assert scale(pixels, "per_picture") == pytest.approx(expected, abs=2e-4)


def test_nearest_is_that_of_tensorflow_too() -> None:
    import tensorflow as tf

    for size, target in CASES:
        pixels = noise(size, "rgb")
        expected = np.asarray(tf.image.resize(pixels, target, method="nearest"))
        # A place that falls between two pixels may go either way, by rounding.
        assert (prepared(pixels, target, filter="nearest") == expected).all(axis=2).mean() > 0.8


def test_a_cropped_picture_is_that_of_image_ops_fit() -> None:
    for size, target in CASES:
        pixels = noise(size, "rgb")
        for name in ("bilinear", "lanczos"):
            how = Image.Resampling[name.upper()]
            expected = ImageOps.fit(Image.fromarray(pixels), target[::-1], how)
            found = prepared(pixels, target, resize="crop", filter=name)
            np.testing.assert_allclose(found, np.asarray(expected), atol=ONE_LEVEL)


def write_pngs(folder: Path, sizes: Sequence[tuple[int, int]]) -> list[NDArray[Any]]:
    """In one folder of one label, named so that they are read in this order."""
    pictures = [noise(size, "rgb") for size in sizes]
    (folder / "label").mkdir()
    for number, pixels in enumerate(pictures):
        Image.fromarray(pixels).save(folder / "label" / f"{number:02}.png")
    return pictures


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("crop", [True, False])
def test_without_antialias_a_picture_is_that_of_image_dataset_from_directory(
    crop: bool, target: tuple[int, int], tmp_path: Path
) -> None:
    import keras

    pictures = write_pngs(tmp_path, SIZES)
    batches = keras.utils.image_dataset_from_directory(
        tmp_path,
        labels=None,
        image_size=target,
        shuffle=False,
        crop_to_aspect_ratio=crop,
        verbose=False,
    )
    expected = np.concatenate([np.asarray(batch) for batch in batches])
    for pixels, by_keras in zip(pictures, expected, strict=True):
        found = prepared(pixels, target, resize="crop" if crop else "stretch", antialias=False)
        np.testing.assert_allclose(found, by_keras, atol=ONE_LEVEL)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("crop", [True, False])
def test_nearest_is_that_of_keras_load_img_and_so_of_flow_from_directory(
    crop: bool, target: tuple[int, int], tmp_path: Path
) -> None:
    import keras

    # A picture too narrow to be cropped to a whole pixel is an error in Keras.
    pictures = write_pngs(tmp_path, [size for size in SIZES if min(size) > 2])
    for path, pixels in zip(sorted(tmp_path.rglob("*.png")), pictures, strict=True):
        expected = keras.utils.load_img(path, target_size=target, keep_aspect_ratio=crop)
        found = prepared(pixels, target, resize="crop" if crop else "stretch", filter="nearest")
        np.testing.assert_array_equal(found, np.asarray(expected))


def test_a_padded_picture_is_that_of_image_ops_pad() -> None:
    for size, target in CASES:
        pixels = noise(size, "rgb")
        how, colour = Image.Resampling.BILINEAR, (9, 9, 9)
        expected = ImageOps.pad(Image.fromarray(pixels), target[::-1], how, colour)
        found = prepared(pixels, target, resize="fit", pad_value=9)
        np.testing.assert_allclose(found, np.asarray(expected), atol=ONE_LEVEL)


def test_without_antialias_a_padded_picture_is_that_of_resize_with_pad() -> None:
    import tensorflow as tf

    for size, target in [case for case in CASES if 7 not in case[0]]:
        pixels = noise(size, "rgb")
        expected = np.asarray(tf.image.resize_with_pad(pixels, *target))
        found = prepared(pixels, target, resize="fit", antialias=False)
        np.testing.assert_allclose(found, expected, atol=ONE_LEVEL)


@pytest.mark.parametrize("fields", [{"antialias": False}, {"filter": "nearest"}])
def test_a_picture_for_single_pixels_is_never_decoded_smaller(fields: dict[str, Any]) -> None:
    sizes = {"height": 32, "width": 48, "colour": "rgb", "scale": "none"}
    assert decode_size(InputSpec.model_validate(sizes)) == (32, 48)
    assert decode_size(InputSpec.model_validate({**sizes, **fields})) is None


@pytest.mark.parametrize("fields", [{"antialias": False}, {"filter": "nearest"}])
@pytest.mark.parametrize("resize", ["stretch", "fit", "crop"])
def test_of_a_large_picture_only_the_pixels_needed_are_copied(
    resize: str, fields: dict[str, Any]
) -> None:
    pixels = np.zeros((3000, 4000, 3), np.uint8)
    tracemalloc.start()
    prepared(pixels, (224, 224), resize=resize, **fields)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8_000_000


@given(
    size=st.tuples(st.integers(1, 90), st.integers(1, 90)),
    target=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    resize=st.sampled_from(["stretch", "fit", "crop"]),
    fields=st.sampled_from([{}, {"antialias": False}, {"filter": "nearest"}]),
)
def test_a_picture_lies_where_the_heatmap_is_told(
    size: tuple[int, int], target: tuple[int, int], resize: str, fields: dict[str, Any]
) -> None:
    """A ramp of columns, and one of rows, is found again at the place that ``place`` gives."""
    height, width = size
    sizes = {"height": target[0], "width": target[1], "colour": "grey", "scale": "none"}
    spec = InputSpec.model_validate({**sizes, "resize": resize, **fields})
    at = place(width, height, spec)
    rows = np.repeat(np.arange(height, dtype=np.float32)[:, np.newaxis], width, axis=1) + 100
    found = prepare(Picture(rows), spec)[:, :, 0]
    for row, column in np.argwhere(found >= 100):
        expected = (row + 0.5 - at.top) / at.height * height - 0.5 + 100
        slack = max(1.0, 1.01 * height / at.height)
        assert found[row, column] == pytest.approx(np.clip(expected, 100, 99 + height), abs=slack)


@pytest.mark.parametrize("name", ["box", "hamming", "lanczos"])
def test_a_card_that_asks_for_a_filter_without_antialias_that_nobody_has_is_refused(
    name: str,
) -> None:
    card = f"""
name: mine
version: 1.0.0
labels: [A, B]
input: {{height: 8, width: 8, colour: grey, scale: none, filter: {name}, antialias: false}}
output: {{kind: sigmoid}}
"""
    with pytest.raises(CardError, match=f"nearest, bilinear, bicubic, not with {name}"):
        parse_card(card)
