"""Compressed pixels that are not what they say, or far more than they say."""

from __future__ import annotations

import struct
from collections.abc import Callable

from dicom_files import syntaxes
from dicom_files.raw import RawElement, fragments, numbers, text
from hostile_dicom.building import COLUMNS, FRAMES, ROWS, compressed, xray
from hostile_pictures import ATTACKS as PICTURE_ATTACKS
from hostile_pictures import SOI, segment, sound


def j2k(
    width: int, height: int, tile: tuple[int, int], *, components: int = 1, levels: int = 5
) -> bytes:
    """The main header of a JPEG 2000 (ISO/IEC 15444-1, A.5) and no pixel."""
    siz = struct.pack(">HIIIIIIIIH", 0, width, height, 0, 0, *tile, 0, 0, components)
    siz += b"\x07\x01\x01" * components
    cod = struct.pack(">BBHBBBBBB", 0, 0, 1, 0, levels, 4, 4, 0, 1)
    qcd = bytes((0x40, *[0x48] * (3 * levels + 1)))
    tile_part = struct.pack(">HIBB", 0, 0, 0, 1)
    return b"".join(
        (
            b"\xff\x4f",
            segment(0x51, siz),
            segment(0x52, cod),
            segment(0x5C, qcd),
            segment(0x90, tile_part),
            b"\xff\x93\xff\xd9",
        )
    )


def lossless_jpeg(width: int, height: int, precision: int = 8, components: int = 1) -> bytes:
    """SOF3, and a scan of nothing."""
    told = b"".join(bytes((n + 1, 0x11, 0)) for n in range(components))
    frame = struct.pack(">BHHB", precision, height, width, components) + told
    table = segment(0xC4, b"\0\1" + bytes(15) + b"\0")
    chosen = b"".join(bytes((n + 1, 0)) for n in range(components))
    scan = segment(0xDA, bytes((components,)) + chosen + b"\1\0\0")
    return SOI + segment(0xC3, frame) + table + scan + bytes(600) + b"\xff\xd9"


def jpeg_ls(width: int, height: int, precision: int = 8, extra: bytes = b"") -> bytes:
    """SOF55, and a scan of nothing."""
    frame = struct.pack(">BHHB", precision, height, width, 1) + b"\1\x11\0"
    scan = segment(0xDA, b"\1\1\0\0\0\0")
    return SOI + segment(0xF7, frame) + extra + scan + bytes(600) + b"\xff\xd9"


def rle(segments: list[bytes], count: int | None = None, first: int = 64) -> bytes:
    """PS3.5, G: its header says how many segments there are, and where each begins."""
    offsets, at = [], first
    for each in segments:
        offsets.append(at)
        at += len(each)
    told = [len(segments) if count is None else count, *offsets]
    return struct.pack("<16I", *(told + [0] * 15)[:16]) + b"".join(segments)


def _in_jpeg(name: str) -> Callable[[int], bytes]:
    return lambda n: compressed(PICTURE_ATTACKS[name](n), syntaxes.JPEG_BASELINE)


ATTACKS: dict[str, Callable[[int], bytes]] = {
    "a fragment for every two bytes": lambda n: xray(
        pixels=fragments([b"\xff\xd8"] * (n // 10)), said=syntaxes.JPEG_BASELINE
    ),
    "empty fragments": lambda n: xray(
        pixels=fragments([b""] * (n // 8)), said=syntaxes.JPEG_LOSSLESS_FIRST
    ),
    "a table of offsets": lambda n: xray(
        numbers(0x0028_0002, 1),
        text(FRAMES, b"IS", str(n // 4)),
        pixels=fragments([sound()], bytes(n & ~3)),
        said=syntaxes.JPEG_BASELINE,
    ),
    "an extended table of offsets": lambda n: xray(
        text(FRAMES, b"IS", str(n // 16)),
        RawElement(0x7FE0_0001, b"OV", b"\xff" * (n // 2 & ~7)),
        RawElement(0x7FE0_0002, b"OV", b"\xff" * (n // 2 & ~7)),
        pixels=fragments([sound()]),
        said=syntaxes.JPEG_BASELINE,
    ),
    "large jpeg 2000": lambda _: compressed(
        j2k(65_535, 65_535, (65_535, 65_535)), syntaxes.JPEG_2000
    ),
    "larger jpeg 2000 than it can be": lambda _: compressed(
        j2k(0xFFFF_FFFF, 0xFFFF_FFFF, (0xFFFF_FFFF, 0xFFFF_FFFF)), syntaxes.JPEG_2000
    ),
    "jpeg 2000 larger than its header says": lambda _: compressed(
        j2k(20_000, 20_000, (20_000, 20_000)), syntaxes.JPEG_2000_LOSSLESS
    ),
    "jpeg 2000 of 65,535 tiles": lambda _: compressed(
        j2k(65_535, 1, (1, 1)), syntaxes.JPEG_2000, numbers(ROWS, 1), numbers(COLUMNS, 65_535)
    ),
    "jpeg 2000 of tiles of one pixel": lambda _: compressed(
        j2k(4000, 4000, (1, 1)), syntaxes.JPEG_2000, numbers(ROWS, 4000), numbers(COLUMNS, 4000)
    ),
    "jpeg 2000 of tiles of 16 x 16": lambda _: compressed(
        j2k(4000, 4000, (16, 16)), syntaxes.JPEG_2000, numbers(ROWS, 4000), numbers(COLUMNS, 4000)
    ),
    "jpeg 2000 of 16,384 components": lambda _: compressed(
        j2k(64, 48, (64, 48), components=16_384), syntaxes.JPEG_2000
    ),
    "jpeg 2000 of 32 levels": lambda _: compressed(
        j2k(64, 48, (64, 48), levels=32), syntaxes.JPEG_2000
    ),
    "high-throughput jpeg 2000 larger than it says": lambda _: compressed(
        j2k(60_000, 60_000, (60_000, 60_000)), syntaxes.HTJ2K
    ),
    "jpeg lossless larger than it says": lambda _: compressed(
        lossless_jpeg(65_500, 65_500), syntaxes.JPEG_LOSSLESS_FIRST
    ),
    "jpeg lossless of 16 bits in 8": lambda _: compressed(
        lossless_jpeg(64, 48, 16), syntaxes.JPEG_LOSSLESS_FIRST
    ),
    "jpeg lossless of three colours in one": lambda _: compressed(
        lossless_jpeg(64, 48, 8, 3), syntaxes.JPEG_LOSSLESS_FIRST
    ),
    "jpeg lossless of no lines": lambda _: compressed(lossless_jpeg(64, 0), syntaxes.JPEG_LOSSLESS),
    "jpeg lossless without data, as large as may be": lambda _: compressed(
        lossless_jpeg(4000, 4000, 16),
        syntaxes.JPEG_LOSSLESS_FIRST,
        *(numbers(ROWS, 4000), numbers(COLUMNS, 4000), numbers(0x0028_0100, 16)),
        *(numbers(0x0028_0101, 16), numbers(0x0028_0102, 15)),
    ),
    "jpeg-ls larger than it says": lambda _: compressed(jpeg_ls(65_500, 65_500), syntaxes.JPEG_LS),
    "jpeg-ls of tables": lambda n: compressed(
        jpeg_ls(64, 48, 8, segment(0xF8, b"\2\1\1" + bytes(250)) * (n // 257)), syntaxes.JPEG_LS
    ),
    "rle of four thousand million segments": lambda _: compressed(
        rle([bytes(900)], 0xFFFF_FFFF), syntaxes.RLE
    ),
    "rle beyond its end": lambda _: compressed(rle([bytes(900)], 1, 0xFFFF_FF00), syntaxes.RLE),
    "rle of far more than the picture": lambda n: compressed(
        rle([b"\x81\0" * (n // 2)]), syntaxes.RLE
    ),
    "rle of 15 segments of far more": lambda n: compressed(
        rle([b"\x81\0" * (n // 30)] * 15), syntaxes.RLE
    ),
    "rle of nothing": lambda n: compressed(rle([b"\x80" * n]), syntaxes.RLE),
    **{f"dicom with a {name}": _in_jpeg(name) for name in PICTURE_ATTACKS if "jpeg" in name},
}
