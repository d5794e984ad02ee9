"""BMP, TIFF, WebP and AVIF: written anew before their decoder, with the pixels that they had."""

from __future__ import annotations

import gc
import io
import random
import struct
import warnings
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from builders import card, encoded
from hostile_boxes import tiff, written
from hostile_uploads.boxed import BOXED, boxed_picture
from hostile_uploads.mutations import mutated_boxed_picture
from vistazo.errors import (
    InputError,
)
from vistazo.pictures import ImageLimits, Picture, open_image
from vistazo.pictures.container import STRIP
from vistazo.pictures.formats import FORMATS, SUFFIXES, format_of
from vistazo.pictures.raster import RasterImage
from vistazo.pictures.reader import DirectReader

LIMITS = ImageLimits()
OF_PILLOW = [each for each in FORMATS if each.name != "dicom"]
ORIENTATION = 0x0112
LZW, DEFLATE = {"compression": "tiff_lzw"}, {"compression": "tiff_adobe_deflate"}


def pillows_own(data: bytes, at_least: tuple[int, int] | None = None) -> Picture:
    image = Image.open(io.BytesIO(data))
    orientation = image.getexif().get(ORIENTATION, 1)
    if image.format == "TIFF":  # Pillow turns it by itself
        image.load()
        orientation = 1
    return RasterImage(image, orientation).picture(at_least)


def assert_nothing_changes(data: bytes) -> None:
    for at_least in (None, (8, 8)):
        expected, found = pillows_own(data, at_least), open_image(data, LIMITS).decode(at_least)
        assert found.pixels.dtype == expected.pixels.dtype
        np.testing.assert_array_equal(found.pixels, expected.pixels)


def deep(order: str = "<") -> np.ndarray[Any, Any]:
    return (np.arange(48 * 36).reshape(36, 48) * 37).astype(order + "u2")


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA"])
def test_a_bmp_has_the_pixels_that_it_had(mode: str) -> None:
    assert_nothing_changes(written("BMP", mode))


@pytest.mark.parametrize("size", [12, 40, 52, 56, 108, 124])
@pytest.mark.parametrize("height", [20, -20])
def test_a_bmp_of_every_header_is_read_as_pillow_reads_it(size: int, height: int) -> None:
    pixels = np.random.default_rng(0).bytes(20 * 24 * 4)
    if size == 12:
        header = struct.pack("<IHHHH", 12, 24, 20, 1, 24)
    else:
        header = struct.pack("<IiiHHI20x", size, 24, height, 1, 32, 0 if size == 40 else 3)
        masks = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000 if size > 52 else 0)
        header = (header + masks).ljust(size, b"\0")[:size]
    at = 14 + size
    assert_nothing_changes(struct.pack("<2sI4xI", b"BM", 0, at) + header + pixels)


@pytest.mark.parametrize("options", [{}, LZW, DEFLATE, {"compression": "packbits"}])
@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "RGBX", "CMYK"])
def test_a_tiff_has_the_pixels_that_it_had(mode: str, options: dict[str, str]) -> None:
    assert_nothing_changes(written("TIFF", mode, **options))
    if mode not in ("1", "P") and options in (LZW, DEFLATE):
        assert_nothing_changes(written("TIFF", mode, **options, tiffinfo={317: 2}))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("strips", [1, 4, 36])
def test_a_tiff_of_16_bits_keeps_every_grey_in_either_order(order: str, strips: int) -> None:
    pieces = [part.tobytes() for part in np.split(deep(order), strips)]
    plain = tiff((48, 36), pieces, order, t258=16)
    packed = tiff((48, 36), list(map(zlib.compress, pieces)), order, t258=16, t259=8)
    for data in (plain, packed):
        assert_nothing_changes(data)
        found = open_image(data, LIMITS).decode().pixels
        np.testing.assert_allclose(found, deep().astype(np.float32) / 257, rtol=1e-6)


def test_white_is_zero_where_a_tiff_says_so() -> None:
    data = tiff((48, 36), [bytes(48 * 36)], t262=0)
    assert open_image(data, LIMITS).decode().pixels.min() == 255
    assert_nothing_changes(data)


def test_the_first_page_of_a_tiff_is_read() -> None:
    buffer = io.BytesIO()
    first, second = (Image.new("L", (40, 40), level) for level in (10, 200))
    first.save(buffer, "TIFF", save_all=True, append_images=[second])
    assert open_image(buffer.getvalue(), LIMITS).decode().pixels.max() == 10


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize(
    "options",
    [{}, {"lossless": True}, {"alpha_quality": 9}, {"icc_profile": bytes(999), "xmp": b"perez"}],
    ids=["plain", "lossless", "opacity", "profile"],
)
def test_a_webp_has_the_pixels_that_it_had(mode: str, options: dict[str, Any]) -> None:
    assert_nothing_changes(written("WEBP", mode, **options))


@pytest.mark.parametrize("subsampling", ["4:2:0", "4:2:2", "4:4:4", "4:0:0"])
@pytest.mark.parametrize("range_", ["full", "limited"])
def test_an_avif_has_the_pixels_that_it_had(subsampling: str, range_: str) -> None:
    options = {"subsampling": subsampling, "range": range_, "speed": 10}
    assert_nothing_changes(written("AVIF", "RGB", **options, icc_profile=bytes(999)))


@pytest.mark.parametrize("image_format", ["TIFF", "WEBP", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_turned_upright_whatever_its_format(
    image_format: str, orientation: int
) -> None:
    tags = Image.Exif()
    tags[ORIENTATION] = orientation
    data = written(image_format, "RGB", exif=tags)
    found = open_image(data, LIMITS)
    np.testing.assert_array_equal(found.decode().pixels, pillows_own(data).pixels)
    assert found.upright_size == (found.decode().width, found.decode().height)


def test_nothing_but_what_decoding_needs_is_handed_on() -> None:
    tags = Image.Exif()
    tags[0x010E], tags[ORIENTATION] = "perez, 41 years", 6
    told: dict[str, Any] = {"exif": tags, "icc_profile": b"perez" * 9}
    for image_format in ("TIFF", "WEBP", "AVIF"):
        more = {} if image_format == "TIFF" else {"xmp": b"perez"}
        data = written(image_format, "RGB", **told, **more)
        left = STRIP[image_format.lower()](data).stream().read()
        assert b"perez" in data
        assert b"perez" not in left


@pytest.mark.parametrize("image_format", BOXED)
def test_any_mutation_gives_a_picture_or_an_input_error(image_format: str) -> None:
    """Seventy of each; ``scripts/measure_mutated_pictures.py`` reads twenty thousand."""
    outcomes = set()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for seed in range(70):
            data = mutated_boxed_picture(random.Random(seed), image_format)  # noqa: S311
            try:
                open_image(data, LIMITS).decode((8, 8))
                outcomes.add("picture")
            except InputError:
                outcomes.add("error")
    assert outcomes == {"picture", "error"}


def test_every_format_is_known_by_its_bytes_whatever_its_name() -> None:
    for each in OF_PILLOW:
        picture = encoded(Image.new("RGB", (9, 9)), each.name.upper())
        assert format_of(picture) == each.name
        assert open_image(picture, LIMITS).header.format == each.name
        assert set(each.suffixes) <= SUFFIXES


def test_all_formats_of_one_picture_are_prepared_nearly_alike() -> None:
    spec, reader = card().input, DirectReader(LIMITS)
    image = Image.linear_gradient("L").convert("RGB")
    (first, *others) = (
        reader.prepared(encoded(image, each.name.upper()), spec).pixels for each in OF_PILLOW
    )
    for other in others:
        np.testing.assert_allclose(other, first, atol=2.5 / 255)


def test_pictures_of_every_kind_to_damage_are_sound_themselves() -> None:
    for image_format in BOXED:
        for seed in range(25):
            chance = random.Random(seed)  # noqa: S311
            data = boxed_picture(image_format, chance)
            expected, found = pillows_own(data).pixels, open_image(data, LIMITS).decode().pixels
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("subsampling", ["4:2:0", "4:2:2", "4:4:4", "4:0:0"])
def test_what_an_avif_says_of_its_pixels_is_read_from_the_pixels(subsampling: str) -> None:
    """The box that says it too is a stranger's: what stands there is not believed."""
    data = written("AVIF", subsampling=subsampling)
    at = data.index(b"av1C") + 4
    left = STRIP["avif"](data).stream().read()
    assert left[left.index(b"av1C") + 4 :][:4] == data[at : at + 4]
    assert STRIP["avif"](data[:at] + b"\x81\xff\xff\xff" + data[at + 4 :]).stream().read() == left


@pytest.mark.parametrize("image_format", ["WEBP", "AVIF"])
def test_a_decoder_is_let_go_once_it_has_decoded(image_format: str) -> None:
    """It holds as much again as the pixels, and more."""
    image = open_image(written(image_format, side=400), LIMITS)
    before = image.decode().pixels
    gc.collect()
    kinds = {type(held).__name__ for held in gc.get_objects()}
    assert not kinds & {"WebPImageFile", "AvifImageFile"}
    np.testing.assert_array_equal(image.decode().pixels, before)
