"""What is no BMP, TIFF, WebP or AVIF that is read: refused by name, or told to be damaged."""

from __future__ import annotations

import struct

import pytest
from PIL import Image

from builders import encoded
from hostile_boxes import ATTACKS, avif_with, box, extended, meanings, places, riff, tiff, written
from vistazo.errors import (
    CorruptImageError,
    InputError,
    RejectedUploadError,
    UnsupportedFormatError,
)
from vistazo.pictures import ImageLimits, open_image
from vistazo.pictures.decode import work_of

LIMITS = ImageLimits()
LZW = {"compression": "tiff_lzw"}


def clear_avif() -> bytes:
    image = Image.new("RGBA", (48, 36), (9, 9, 9, 99))
    return encoded(image, "AVIF")


def moving_avif() -> bytes:
    """Its stream says that it is no still picture (AV1, 5.5.1)."""
    whole = written("AVIF")
    at = whole.index(b"mdat") + 4 + 2 + 2  # after a delimiter, and the head of the sequence
    assert whole[at] == 0x18
    return whole[:at] + b"\0" + whole[at + 1 :]


REFUSED = {
    "run-length": written("BMP", "L")[:30] + struct.pack("<I", 1) + written("BMP", "L")[34:],
    "header of OS/2": written("BMP")[:14] + struct.pack("<I", 64) + written("BMP")[18:],
    "64 bits a pixel": written("BMP")[:28] + struct.pack("<H", 64) + written("BMP")[30:],
    "fax": written("TIFF", "1", compression="group4"),
    "JPEG": written("TIFF", compression="jpeg"),
    "Zstandard": written("TIFF", compression="zstd"),
    "in tiles": tiff((48, 36), [bytes(48 * 36)], t322=16, t323=16),
    "thumbnail": tiff((48, 36), [bytes(48 * 36)], t254=1),
    "reverse order": tiff((48, 36), [bytes(48 * 36)], t266=2),
    "each colour by itself": tiff((48, 36), [bytes(48 * 108)], t262=2, t277=3, t258=8, t284=2),
    "fractions": tiff((48, 36), [bytes(48 * 36 * 4)], t258=32, t339=3),
    "16 bits a pixel": tiff((48, 36), [bytes(48 * 72)], t262=0, t258=16),
    "neither grey, RGB": tiff((48, 36), [bytes(48 * 108)], t262=6, t277=3, t258=8),
    "samples a pixel": tiff((48, 36), [bytes(48 * 180)], t262=2, t277=5, t258=8),
    "unusual predictor": tiff((48, 36), [bytes(48 * 36)], t259=5, t317=3),
    "animated WebP": riff(extended(48, 36, 2), (b"ANIM", bytes(6)), (b"ANMF", bytes(24))),
    "with transparency": clear_avif(),
    "of several pictures": written("AVIF").replace(b"av01", b"grid", 1),
    "cropped": written("AVIF").replace(b"pixi", b"clap"),
    "more than one still frame": moving_avif(),
    "HEIC": box(b"ftyp", b"heic\0\0\0\0mif1heic") + bytes(99),
    "animated AVIF": box(b"ftyp", b"avis\0\0\0\0avif") + bytes(99),
    "JPEG XL": b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(9),
    "JPEG 2000": b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(9),
    "BigTIFF": b"II+\0\x08\0\0\0",
    "GIF": b"GIF89a" + bytes(9),
    "a video": box(b"ftyp", b"isom\0\0\0\0mp42") + bytes(99),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_read_is_refused_by_name(name: str) -> None:
    with pytest.raises(UnsupportedFormatError, match=name) as caught:
        open_image(REFUSED[name], LIMITS)
    assert "save it" in str(caught.value) or "send" in str(caught.value)


DAMAGED = [
    written("BMP")[:-5],
    written("BMP")[:20],
    written("BMP", "P")[:46] + struct.pack("<I", 9999) + written("BMP", "P")[50:],
    written("BMP")[:10] + struct.pack("<I", 1 << 31) + written("BMP")[14:],
    tiff((48, 36), [bytes(48 * 36)])[:-9],
    tiff((48, 36), [bytes(48 * 36 - 1)]),
    tiff((48, 36), [bytes(48 * 36)], t273=(9, 9)),
    tiff((48, 36), [bytes(48 * 36)], t279=1 << 30),
    tiff((48, 36), [bytes(48 * 36)], t257=0),
    tiff((48, 36), [bytes(48 * 36)], t278=0),
    tiff((48, 36), [bytes(48 * 36)], t256=(48, 48)),
    tiff((48, 36), [bytes(48 * 36)], t262=None),
    tiff((48, 36), [bytes(48 * 36)], t262=3, t320=(1, 2, 3)),
    tiff((48, 20), [bytes(700)] * 20, t273=(8,) * 20, t279=(14_100,) * 20, t259=5),
    b"II*\0",
    b"MM\0*\xff\xff\xff\xff",
    written("WEBP")[:-3],
    riff((b"EXIF", b"II*\0")),
    riff((b"VP8 ", bytes(40))),
    riff((b"VP8L", bytes(40))),
    riff((b"VP8L", b"")),
    written("AVIF")[:-3],
    written("AVIF")[:100],
    written("AVIF").replace(b"ispe", b"pixi"),
    written("AVIF").replace(b"\0\0\0\x30\0\0\0\x24", b"\0\0\0\x31\0\0\0\x24"),
    written("AVIF").replace(b"pitm\0\0\0\0\0\1", b"pitm\0\0\0\0\0\1").replace(b"iloc", b"free"),
    box(b"ftyp", b"avif\0\0\0\0avif"),
    *(
        avif_with(2 * box(name, bytes(8)), within=b"meta")
        for name in (b"pitm", b"iinf", b"iloc", b"iprp", b"iref", b"idat")
    ),
    *(avif_with(box(name, bytes(8)), within=b"iprp") for name in (b"ipco", b"ipma")),
    places(sizes=0x0000, items=1, pieces=2),
    tiff((48, 36), [bytes(48 * 36)], t262=3, t320=(65_536,) * 768),
]


@pytest.mark.parametrize("number", range(len(DAMAGED)))
def test_damage_to_the_structure_is_an_error(number: int) -> None:
    with pytest.raises(CorruptImageError):
        open_image(DAMAGED[number], LIMITS)


@pytest.mark.parametrize("name", ATTACKS)
def test_what_is_made_to_cost_much_is_refused_or_costs_little(name: str) -> None:
    """How much memory and time is measured by ``scripts/measure_hostile_pictures.py``."""
    data = ATTACKS[name](60_000)
    try:
        picture = open_image(data, LIMITS).decode((8, 8))
    except InputError:
        return
    assert picture.pixels.size <= 3 * LIMITS.max_pixels
    assert work_of(data) < LIMITS.max_work


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (ATTACKS["tiff of entries"](90_000), "max_entries"),
        (ATTACKS["tiff of too many strips"](900_000), "max_strips"),
        (ATTACKS["webp of empty chunks"](90_000), "max_chunks"),
        (ATTACKS["avif of boxes"](90_000), "max_boxes"),
        (places(sizes=0x4400, items=9999, pieces=0), "max_items"),
        (places(sizes=0x1100, items=20, pieces=60), "max_items"),
        (meanings(items=200, each=255), "max_items"),
        (tiff((5000, 5001), [b"\0"], t259=5), "max_pixels"),
    ],
)
def test_more_parts_than_pictures_have_are_refused_by_a_rule(data: bytes, rule: str) -> None:
    with pytest.raises(RejectedUploadError) as caught:
        open_image(data, LIMITS)
    assert [broken.rule for broken in caught.value.broken] == [rule]


@pytest.mark.parametrize("image_format", ["WEBP", "AVIF"])
def test_a_picture_whose_decoder_would_hold_too_much_is_refused(image_format: str) -> None:
    data = written(image_format, side=400)
    with pytest.raises(RejectedUploadError, match="too much memory") as caught:
        open_image(data, _Poor()).decode()
    assert caught.value.broken[0].rule == "max_held_bytes"


class _Poor(ImageLimits):
    @property
    def max_held_bytes(self) -> int:
        return 400 * 300 * 6
