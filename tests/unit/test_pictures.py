import io
import struct
import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageOps

from builders import encoded, film, flat, png_header_only, ramp
from costly_pictures import PngRecipe
from vistazo.errors import (
    CorruptImageError,
    InputError,
    RejectedUploadError,
    UnsupportedFormatError,
    UploadTooLargeError,
)
from vistazo.models.card import InputSpec
from vistazo.pictures import ImageLimits, Picture, open_image
from vistazo.pictures.preprocessing import decode_size, prepare

LIMITS = ImageLimits()


def decode(data: bytes, at_least: tuple[int, int] | None = None) -> Picture:
    return open_image(data, LIMITS).decode(at_least)


def palette_film() -> Image.Image:
    return film().convert("P", palette=Image.Palette.ADAPTIVE, colors=256)


@pytest.mark.parametrize(
    ("data", "tolerance"),
    [
        (encoded(film()), 0),
        (encoded(film().convert("RGB")), 0),
        (encoded(film().convert("RGBA")), 0),
        (encoded(film().convert("LA")), 0),
        (encoded(palette_film()), 1),
        (encoded(film(), "JPEG", quality=95), 3),
        (encoded(film().convert("RGB"), "JPEG", quality=95), 3),
        (encoded(film().convert("RGB").convert("CMYK"), "JPEG", quality=95), 3),
        (encoded(Image.fromarray((ramp() * 257).astype(np.uint16))), 1),
    ],
    ids=["L", "RGB", "RGBA", "LA", "P", "JPEG L", "JPEG RGB", "JPEG CMYK", "16 bit"],
)
def test_every_kind_of_picture_decodes_to_the_same_grey_levels(data: bytes, tolerance: int) -> None:
    picture = decode(data)
    grey = picture.pixels if picture.is_grey else picture.pixels.mean(axis=2)
    assert (picture.width, picture.height) == (80, 60)
    assert np.abs(grey.astype(float) - ramp()).max() <= tolerance + 1


def test_one_bit_pictures_become_black_and_white() -> None:
    assert set(np.unique(decode(encoded(film().convert("1"))).pixels)) == {0, 255}


def test_16_bit_greys_keep_their_range_and_their_fine_steps() -> None:
    values = np.arange(256 * 64, dtype=np.uint16).reshape(64, 256) * 4
    pixels = decode(encoded(Image.fromarray(values))).pixels
    assert pixels.dtype == np.float32
    assert len(np.unique(pixels)) == 256 * 64
    assert pixels.max() == pytest.approx(values.max() / 257)


def test_a_colour_keeps_its_channels() -> None:
    red = Image.new("RGB", (40, 40), (200, 10, 30))
    assert decode(encoded(red)).pixels[0, 0].tolist() == [200, 10, 30]


def test_what_is_transparent_is_black() -> None:
    clear = Image.new("RGBA", (40, 40), (255, 255, 255, 0))
    assert decode(encoded(clear)).pixels.max() == 0


def test_a_picture_is_turned_upright_as_its_exif_orientation_says() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    turned = decode(encoded(film(80, 60), "JPEG", exif=exif, quality=95))
    assert (turned.width, turned.height) == (60, 80)
    assert turned.pixels[:, -1].mean() < 30 < turned.pixels[:, 0].mean()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_undone_as_pillow_does(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(film(80, 60), exif=exif)
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    np.testing.assert_array_equal(decode(data).pixels, np.asarray(expected))


@pytest.mark.parametrize("mode", ["1", "L", "I;16", "LA", "P", "RGB", "RGBA"])
def test_a_picture_decoded_whole_is_put_together_from_its_strips(mode: str) -> None:
    image = large_film(mode)
    pixels = decode(encoded(image, compress_level=1)).pixels
    if mode == "I;16":
        np.testing.assert_allclose(pixels, np.asarray(image) / 257, atol=1e-4)
    else:
        plain = image.convert("L" if mode in ("1", "L") else "RGB")
        np.testing.assert_array_equal(pixels, np.asarray(plain))


@pytest.mark.parametrize("image_format", ["PNG", "JPEG"])
def test_a_large_picture_may_be_decoded_smaller_but_never_below_twice_what_is_asked(
    image_format: str,
) -> None:
    data = encoded(film(1600, 1200), image_format)
    small = decode(data, at_least=(100, 100))
    assert 200 <= small.height < 1200
    assert small.width / small.height == pytest.approx(4 / 3, abs=0.02)
    assert small.pixels.mean() == pytest.approx(decode(data).pixels.mean(), abs=1)


def large_film(mode: str) -> Image.Image:
    """Wide enough for several strips and a last one that is not whole."""
    if mode == "I;16":
        return Image.fromarray((ramp(2010, 1407) * 257).astype(np.uint16))
    return film(2010, 1407).convert(mode)


@pytest.mark.parametrize("mode", ["1", "L", "I;16", "LA", "P", "RGB", "RGBA"])
def test_a_picture_decoded_smaller_is_the_mean_of_its_blocks(mode: str) -> None:
    data = encoded(large_film(mode), compress_level=1)
    whole, small = decode(data).pixels.astype(np.float64), decode(data, at_least=(100, 100)).pixels
    factor = 1407 // 200
    rows, columns = 1407 // factor, 2010 // factor
    blocks = whole[: rows * factor, : columns * factor]
    blocks = blocks.reshape(rows, factor, columns, factor, *whole.shape[2:]).mean(axis=(1, 3))
    np.testing.assert_allclose(small[:rows, :columns], blocks, atol=1)


def test_a_large_16_bit_grey_is_never_whole_in_float32() -> None:
    image = open_image(encoded(large_film("I;16"), compress_level=1), LIMITS)
    tracemalloc.start()
    image.decode(at_least=(100, 100))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2010 * 1407 * 4


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_decoded_smaller_is_turned_upright_too(orientation: int) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    data = encoded(film(900, 700), exif=exif)
    whole = Image.fromarray(decode(data).pixels)
    small = decode(data, at_least=(100, 100)).pixels
    wanted = np.asarray(whole.resize(small.shape[::-1], Image.Resampling.BOX), np.float64)
    np.testing.assert_allclose(small, wanted, atol=4)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_the_rows_of_a_picture_are_those_of_its_whole(orientation: int, mode: str) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    picture = decode(encoded(film(70, 50).convert(mode), exif=exif))
    whole = picture.pixels
    assert (picture.height, picture.width, picture.is_grey) == (*whole.shape[:2], mode == "L")
    np.testing.assert_array_equal(picture.rows(3, 11), whole[3:11])
    np.testing.assert_array_equal(np.concatenate(list(picture.strips())), whole)
    np.testing.assert_array_equal(np.asarray(picture.image()), whole)


@pytest.mark.parametrize("how", [{"antialias": False}, {"filter": "bicubic"}])
@pytest.mark.parametrize("size", [20, 900])
def test_a_large_picture_is_not_held_twice_on_its_way_to_the_model(
    how: dict[str, object], size: int
) -> None:
    asked = {"height": 20, "width": size, "colour": "grey", "scale": "none", **how}
    spec = InputSpec.model_validate(asked)
    image = open_image(encoded(large_film("RGB"), compress_level=1), LIMITS)
    tracemalloc.start()
    prepare(image.decode(decode_size(spec)), spec)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2010 * 1407 * 3


@pytest.mark.parametrize("image_format", ["PNG", "JPEG"])
def test_a_picture_can_be_decoded_again_to_another_size(image_format: str) -> None:
    data = encoded(film(900, 700).convert("RGB"), image_format)
    image = open_image(data, LIMITS)
    for at_least in ((40, 40), None, (100, 60)):
        found, expected = image.decode(at_least), decode(data, at_least)
        np.testing.assert_array_equal(found.pixels, expected.pixels)


def test_a_png_that_is_asked_for_twice_is_decoded_once() -> None:
    image = open_image(PngRecipe().made(1_500_000), LIMITS)
    started = time.process_time()
    image.decode((100, 100))
    first = time.process_time()
    image.decode((200, 200))
    assert time.process_time() - first < (first - started) / 2


def test_the_pixels_of_a_progressive_jpeg_are_charged_beside_its_coefficients() -> None:
    """Decoded smaller it has few of them."""
    limits = ImageLimits(max_bytes=1_000_000, max_pixels=17_000_000)
    data = progressive_header(4100, 4000)
    image = open_image(data, limits)
    with pytest.raises(RejectedUploadError) as caught:
        image.decode()
    assert [rule.rule for rule in caught.value.broken] == ["max_held_bytes"]
    with pytest.raises(CorruptImageError):
        open_image(data, limits).decode((100, 100))


def progressive_header(width: int, height: int) -> bytes:
    """A progressive JPEG of half colours that claims a size and ends with its first scan."""
    data = encoded(film().convert("RGB"), "JPEG", progressive=True, subsampling=2)
    at = data.index(b"\xff\xc2") + 5
    claimed = data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]
    return claimed[: claimed.index(b"\xff\xda") + 14]


def test_an_empty_file_is_an_error() -> None:
    with pytest.raises(CorruptImageError, match="empty"):
        open_image(b"", LIMITS)


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b"GIF89a" + b"\0" * 100, "GIF"),
        (b"%PDF-1.7\n", "PDF"),
        (b"<html>", "HTML"),
        (b"hello, I am text", "no image"),
    ],
)
def test_the_format_is_what_the_bytes_say_and_a_foreign_one_is_named(
    data: bytes, named: str
) -> None:
    with pytest.raises(UnsupportedFormatError, match=named):
        open_image(data, LIMITS)


@pytest.mark.parametrize("image_format", ["PNG", "JPEG"])
@pytest.mark.parametrize("kept", [0.3, 0.9])
def test_a_truncated_file_is_an_error(image_format: str, kept: float) -> None:
    data = encoded(film(400, 300), image_format)
    with pytest.raises(CorruptImageError):
        decode(data[: int(len(data) * kept)])


def test_too_many_pixels_are_refused_from_the_header() -> None:
    with pytest.raises(RejectedUploadError) as caught:
        open_image(png_header_only(60_000, 60_000), LIMITS)
    assert [rule.rule for rule in caught.value.broken] == ["max_pixels"]


def test_a_header_that_promises_pixels_that_do_not_come_is_an_error() -> None:
    with pytest.raises(CorruptImageError):
        decode(png_header_only(3000, 3000))


def test_too_many_bytes_are_refused() -> None:
    with pytest.raises(UploadTooLargeError):
        open_image(encoded(film()), ImageLimits(max_bytes=100))


def test_a_name_of_another_format_changes_nothing() -> None:
    assert open_image(encoded(flat(7), "JPEG"), LIMITS).header.format == "jpeg"


@given(st.binary(max_size=300))
def test_any_bytes_give_a_picture_or_an_input_error(noise: bytes) -> None:
    for start in (b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"):
        try:
            decode(start + noise)
        except InputError:
            continue


@given(st.data())
def test_any_damage_to_a_sound_file_gives_a_picture_or_an_input_error(data: st.DataObject) -> None:
    image_format = data.draw(st.sampled_from(["PNG", "JPEG"]))
    sound = bytearray(encoded(film(24, 24), image_format))
    for _ in range(data.draw(st.integers(1, 8))):
        sound[data.draw(st.integers(0, len(sound) - 1))] = data.draw(st.integers(0, 255))
    try:
        picture = decode(bytes(sound))
    except InputError:
        return
    assert picture.pixels.size <= 3 * LIMITS.max_pixels


def test_a_phone_photo_with_several_frames_decodes_as_its_first() -> None:
    buffer = io.BytesIO()
    flat(50).convert("RGB").save(
        buffer, "MPO", save_all=True, append_images=[flat(200).convert("RGB")]
    )
    assert decode(buffer.getvalue()).pixels.mean() == pytest.approx(50, abs=2)
