"""What is dropped from a file before its decoder sees it changes no pixel of an honest picture."""

from __future__ import annotations

import io
import struct
import warnings
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from builders import encoded, film
from hostile_pictures import (
    APP14,
    COMMENT,
    DQT,
    EOI,
    EXIF,
    SIGNATURE,
    SOF0,
    SOI,
    chunk,
    in_tiny_chunks,
    jpeg_with,
    png_with,
    segment,
    sound,
)
from vistazo.errors import CorruptImageError, InputError, UnsupportedFormatError
from vistazo.pictures import ImageLimits, Picture, open_image
from vistazo.pictures.container import strip_jpeg, strip_png
from vistazo.pictures.container.jpeg import _end_of_pixels
from vistazo.pictures.container.orientation import exif_orientation
from vistazo.pictures.raster import RasterImage

LIMITS = ImageLimits()
ORIENTATION = 0x0112
AT_LEAST = (None, (8, 8))


def pillows_own(data: bytes, at_least: tuple[int, int] | None) -> Picture:
    image = Image.open(io.BytesIO(data))
    return RasterImage(image, image.getexif().get(ORIENTATION, 1)).picture(at_least)


def assert_nothing_changes(data: bytes) -> None:
    for at_least in AT_LEAST:
        expected, found = pillows_own(data, at_least), open_image(data, LIMITS).decode(at_least)
        assert found.pixels.dtype == expected.pixels.dtype
        np.testing.assert_array_equal(found.pixels, expected.pixels)


def photo(mode: str, width: int = 70, height: int = 50) -> Image.Image:
    """Different in every channel, and not even anywhere."""
    bands = len(Image.new(mode, (1, 1)).getbands())
    rng = np.random.default_rng(len(mode) + bands)
    rough = rng.integers(0, 256, (6, 8, bands), dtype=np.uint8)
    images = [
        Image.fromarray(rough[:, :, band]).resize((width, height), Image.Resampling.BICUBIC)
        for band in range(bands)
    ]
    return images[0].convert(mode) if bands == 1 else Image.merge(mode, images)


def exif(orientation: int) -> Image.Exif:
    tags = Image.Exif()
    tags[0x010E], tags[ORIENTATION], tags[0x013B] = "perez, 41 years", orientation, "perez"
    return tags


def described() -> PngImagePlugin.PngInfo:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Patient", "perez", zip=True)
    texts.add_itxt("Título", "radiografía", zip=True)
    texts.add_text("Comment", "plain")
    return texts


JPEG_OPTIONS: dict[str, dict[str, object]] = {
    "plain": {},
    "progressive": {"progressive": True},
    "optimized": {"optimize": True, "quality": 95},
    "whole colours": {"subsampling": 0},
    "half colours": {"subsampling": 1, "progressive": True},
    "restarts": {"restart_marker_blocks": 2},
    "restarts and progressive": {"restart_marker_rows": 1, "progressive": True},
    "exif": {"exif": exif(6)},
    "profile, comment": {"icc_profile": bytes(200_000), "comment": b"perez" * 9, "dpi": (300, 300)},
    "xmp": {"xmp": b"<x:xmpmeta>perez</x:xmpmeta>"},
}


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("options", JPEG_OPTIONS.values(), ids=list(JPEG_OPTIONS))
def test_a_jpeg_has_the_pixels_that_it_had(mode: str, options: dict[str, object]) -> None:
    assert_nothing_changes(encoded(photo(mode), "JPEG", **options))


def test_a_jpeg_of_unconverted_colours_keeps_them() -> None:
    assert_nothing_changes(encoded(photo("RGB"), "JPEG", keep_rgb=True))


@pytest.mark.parametrize("transform", [0, 1, 2])
@pytest.mark.parametrize("mode", ["RGB", "CMYK"])
def test_a_jpeg_has_the_colours_that_adobe_says(mode: str, transform: int) -> None:
    data = encoded(photo(mode), "JPEG")
    without = data[:2] + data[data.index(b"\xff\xdb") :]  # neither JFIF nor Adobe
    adobe = segment(APP14, b"Adobe" + struct.pack(">HHHB", 100, 0, 0, transform))
    assert_nothing_changes(without)
    assert_nothing_changes(SOI + adobe + without[2:])
    at = data.index(b"\xff\xdb")
    assert_nothing_changes(data[:at] + adobe + data[at:])


PNG_OPTIONS: dict[str, dict[str, object]] = {
    "plain": {},
    "texts": {"pnginfo": described(), "icc_profile": bytes(5000), "dpi": (300, 300)},
    "exif": {"exif": exif(8)},
}


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
@pytest.mark.parametrize("options", PNG_OPTIONS.values(), ids=list(PNG_OPTIONS))
def test_a_png_has_the_pixels_that_it_had(mode: str, options: dict[str, object]) -> None:
    image = photo("RGB").convert(mode) if mode != "I;16" else deep_grey()
    assert_nothing_changes(encoded(image, **options))


def deep_grey() -> Image.Image:
    return Image.fromarray(np.asarray(photo("L")).astype(np.uint16) * 257 + 3)


@pytest.mark.parametrize(
    ("mode", "transparency"),
    [("P", 3), ("P", bytes(range(250))), ("L", 128), ("RGB", (1, 2, 3)), ("1", 1), ("I;16", 900)],
)
def test_a_png_keeps_its_transparency(mode: str, transparency: object) -> None:
    image = photo("RGB").convert(mode) if mode != "I;16" else deep_grey()
    assert_nothing_changes(encoded(image, transparency=transparency))


OTHER_COLOURS = [(2, 3), (4, 2), (6, 4)]  # RGB, grey with opacity, RGB with opacity


@pytest.mark.parametrize("is_interlaced", [False, True])
@pytest.mark.parametrize(
    ("depth", "colour", "samples"),
    [
        *((depth, 0, 1) for depth in (1, 2, 4, 8, 16)),
        *((depth, 3, 1) for depth in (1, 2, 4, 8)),
        *((depth, colour, samples) for depth in (8, 16) for colour, samples in OTHER_COLOURS),
    ],
)
def test_every_depth_and_order_of_a_png(
    depth: int, colour: int, samples: int, is_interlaced: bool
) -> None:
    data = raw_png(depth, colour, samples, is_interlaced)
    assert_nothing_changes(data)
    assert_nothing_changes(in_tiny_chunks(data))


ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2)]


def raw_png(depth: int, colour: int, samples: int, is_interlaced: bool) -> bytes:
    """Of kinds that Pillow reads and does not write."""
    width, height = 20, 18
    rng = np.random.default_rng(depth)
    passes = [*ADAM7, (0, 1, 1, 2)] if is_interlaced else [(0, 0, 1, 1)]
    rows = []
    for x, y, across, down in passes:
        columns, lines = -(-(width - x) // across), -(-(height - y) // down)
        rows += [b"\0" + rng.bytes(-(-columns * depth * samples // 8)) for _ in range(lines)]
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, is_interlaced)
    palette = chunk(b"PLTE", rng.bytes(3 * (1 << depth))) if colour == 3 else b""
    pixels = chunk(b"IDAT", zlib.compress(b"".join(rows)))
    return SIGNATURE + chunk(b"IHDR", header) + palette + pixels + chunk(b"IEND")


def test_the_first_of_several_pictures_is_read() -> None:
    first, second = photo("RGB"), Image.new("RGB", (70, 50))
    animation, phone = io.BytesIO(), io.BytesIO()
    first.save(animation, "PNG", save_all=True, append_images=[second])
    first.save(phone, "MPO", save_all=True, append_images=[second], exif=exif(3))
    assert_nothing_changes(animation.getvalue())
    found = open_image(phone.getvalue(), LIMITS).decode().pixels
    np.testing.assert_array_equal(found, pillows_own(phone.getvalue(), None).pixels)


@pytest.mark.parametrize("image_format", ["JPEG", "PNG"])
def test_what_a_phone_puts_behind_a_picture_is_no_part_of_it(image_format: str) -> None:
    data = sound(image_format)
    assert_nothing_changes(data + b"\0\xff\xd8\xff\xff" * 9000)
    assert_nothing_changes(data + data)


@pytest.mark.parametrize("options", [{}, {"progressive": True}])
def test_a_jpeg_cut_short_is_read_where_it_was(options: dict[str, object]) -> None:
    """A baseline JPEG may lack its end mark."""
    data = encoded(photo("RGB"), "JPEG", **options)
    for missing in (1, 2, 3, 40):
        cut = data[:-missing]
        try:
            expected = pillows_own(cut, None).pixels
        except CorruptImageError:
            with pytest.raises(CorruptImageError):
                open_image(cut, LIMITS).decode()
        else:
            np.testing.assert_array_equal(open_image(cut, LIMITS).decode().pixels, expected)


def test_a_png_may_lack_its_end() -> None:
    assert_nothing_changes(sound("PNG")[:-12])
    assert_nothing_changes(sound("PNG")[:-5])


def test_a_little_fill_between_segments_is_allowed() -> None:
    assert_nothing_changes(jpeg_with(b"\xff" * 1000))
    assert_nothing_changes(sound()[:-2] + b"\xff" * 1000 + EOI)


def test_nothing_but_what_decoding_needs_is_handed_on() -> None:
    jpeg = encoded(photo("CMYK"), "JPEG", **JPEG_OPTIONS["profile, comment"], exif=exif(6))
    thumbnail = segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\2\2perezperezperez")
    left = strip_jpeg(SOI + thumbnail + jpeg[2:]).stream().read()
    assert b"perez" not in left
    marks = [left[at + 1] for at in range(len(left) - 1) if left[at] == 0xFF and left[at + 1]]
    assert set(marks) <= {0xD8, 0xE0, 0xEE, 0xDB, 0xC0, 0xC4, 0xDA, 0xD9}
    png = strip_png(encoded(photo("P"), pnginfo=described(), exif=exif(6))).stream().read()
    assert b"perez" not in png
    assert [png[at : at + 4] for at in (12, 37)] == [b"IHDR", b"PLTE"]
    assert len(png) < len(encoded(photo("P"))) + 1


@pytest.mark.parametrize("mark", [0xC3, 0xC5, 0xC9, 0xCA, 0xDE])
def test_a_rare_kind_of_jpeg_is_refused_in_words(mark: int) -> None:
    data = sound().replace(b"\xff\xc0", bytes((0xFF, mark)))
    with pytest.raises(UnsupportedFormatError, match="baseline or progressive"):
        open_image(data, LIMITS)


def test_a_jpeg_of_12_bits_is_refused_in_words() -> None:
    data = sound().replace(b"\xff\xc0\0\x0b\x08", b"\xff\xc0\0\x0b\x0c")
    with pytest.raises(UnsupportedFormatError, match="12-bit"):
        open_image(data, LIMITS)


_FRAME = segment(SOF0, b"\x08\0\x40\0\x40\1\1\x11\0")
_PALETTE = chunk(b"PLTE", bytes(9))


@pytest.mark.parametrize(
    "data",
    [
        jpeg_with(_FRAME),
        jpeg_with(SOI),
        jpeg_with(b"\xff\xfe\0\1"),
        sound()[:-2] + segment(0xDA, b"\1\1\0\0\x3f\0") + EOI,
        jpeg_with(b"\xff\x02\0\2"),
        jpeg_with(segment(DQT, bytes(600))),
        jpeg_with(segment(0xDA, b"\1\1\0\0\x3f\0")),
        sound()[:20] + EOI,
        sound()[:100] + b"\xff\xfe\xff\xff",
        sound(progressive=True).replace(b"\1\x3f\x21", b"\1\x3f\x10"),
        SIGNATURE + sound("PNG")[33:],
        sound("PNG")[:33] + chunk(b"IEND"),
        png_with(chunk(b"IHDR", bytes(13))),
        png_with(_PALETTE + _PALETTE),
        png_with(chunk(b"IDAT") + chunk(b"teSt")),
        png_with(b"\0\0\0\0te\0t\0\0\0\0"),
        png_with(b"\x7f\xff\xff\xfftEXt"),
        sound("PNG")[:-13] + b"!" + sound("PNG")[-12:],
    ],
)
def test_damage_to_the_structure_is_an_error(data: bytes) -> None:
    with pytest.raises(CorruptImageError):
        open_image(data, LIMITS)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", range(10))
def test_the_orientation_is_the_one_that_pillow_reads(order: str, orientation: int) -> None:
    tags = Image.Exif()
    tags.endian = order
    tags[0x010E], tags[ORIENTATION] = "text", orientation
    expected = orientation if 1 <= orientation <= 8 else 1
    assert exif_orientation(tags.tobytes()) == expected
    for image_format in ("PNG", "JPEG"):
        stripped = strip_png if image_format == "PNG" else strip_jpeg
        assert stripped(encoded(film(), image_format, exif=tags)).orientation == expected


def test_the_first_orientation_counts() -> None:
    first, second = (segment(EXIF, exif(number).tobytes()) for number in (6, 3))
    assert strip_jpeg(jpeg_with(segment(COMMENT, b"x") + first + second)).orientation == 6


@given(
    st.binary(max_size=80), st.sampled_from([b"", b"II*\0", b"MM\0*", b"Exif\0\0II*\0\x08\0\0\0"])
)
def test_any_exif_gives_an_orientation(noise: bytes, start: bytes) -> None:
    assert 1 <= exif_orientation(start + noise) <= 8


SOUND = [
    sound("JPEG", 24),
    encoded(photo("RGB", 24, 24), "JPEG", progressive=True, exif=exif(5)),
    encoded(photo("CMYK", 24, 24), "JPEG", restart_marker_blocks=1, comment=b"c"),
    in_tiny_chunks(encoded(photo("P", 24, 24), pnginfo=described(), exif=exif(5)), 50),
    raw_png(16, 6, 4, is_interlaced=True),
]


@settings(deadline=None)
@given(st.data())
def test_any_mutation_gives_a_picture_or_an_input_error(
    data: st.DataObject,
) -> None:
    mutated = bytearray(data.draw(st.sampled_from(SOUND)))
    for _ in range(data.draw(st.integers(1, 6))):
        start = data.draw(st.integers(0, len(mutated)))
        end = start + data.draw(st.sampled_from([0, 1, 2, 30]))
        piece = data.draw(st.one_of(st.binary(max_size=4), st.just(bytes(mutated[end : end + 40]))))
        mutated[start:end] = piece
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            picture = open_image(bytes(mutated), LIMITS).decode((8, 8))
        except InputError:
            return
    assert picture.pixels.size <= 3 * LIMITS.max_pixels


@pytest.mark.parametrize("mark_at", [0, 1, 65_534, 65_535, 65_536, 65_537, 131_072, 199_998])
def test_pixels_end_at_the_next_mark_wherever_it_lies(mark_at: int) -> None:
    """Zeros after 0xFF, restarts and fill belong to them (T.81, B.1.1)."""
    kinds = np.random.default_rng(mark_at).choice([0x00, 0xD0, 0xD7, 0x12], 100_000)
    pixels = bytearray(np.stack([np.where(kinds == 0x12, 0x12, 0xFF), kinds], 1).astype("u1"))
    if mark_at % 2:
        pixels.insert(0, 0x12)
    pixels[mark_at : mark_at + 2] = b"\xff\xd9"
    assert _end_of_pixels(b"\xff\xd8" + bytes(pixels), 2) == 2 + mark_at
