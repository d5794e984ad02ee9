"""Pictures that are made to cost much, each a few bytes to send: crafted by code."""

from __future__ import annotations

import io
import struct
import time
import zlib
from collections.abc import Callable

import numpy as np
from PIL import Image

from vistazo.models.card import InputSpec
from vistazo.pictures import ImageLimits
from vistazo.pictures.reader import DirectReader

SOI, EOI = b"\xff\xd8", b"\xff\xd9"
SIGNATURE = b"\x89PNG\r\n\x1a\n"
# The passes of an interlaced PNG (ISO/IEC 15948, 8.2): where each begins, and its steps.
ADAM7 = (
    *((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2)),
    (0, 1, 1, 2),
)
APP0, EXIF, APP14, COMMENT, DHT, DQT, SOF0, SOS = 0xE0, 0xE1, 0xEE, 0xFE, 0xC4, 0xDB, 0xC0, 0xDA


def segment(marker: int, payload: bytes = b"") -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def chunk(kind: bytes, payload: bytes = b"") -> bytes:
    size, check = struct.pack(">I", len(payload)), struct.pack(">I", zlib.crc32(kind + payload))
    return size + kind + payload + check


def sound(image_format: str = "JPEG", side: int = 64, mode: str = "L", **options: object) -> bytes:
    ramp = np.linspace(0, 255, side * side).reshape(side, side).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(ramp).convert(mode).save(buffer, image_format, **options)
    return buffer.getvalue()


def begun_png(depth: int, colour: int, n_bytes: int) -> bytes:
    """A PNG of 4000 x 4000 pixels, and of so many bytes."""
    header = struct.pack(">IIBBBBB", 4000, 4000, depth, colour, 0, 0, 0)
    return SIGNATURE + chunk(b"IHDR", header) + chunk(b"IDAT", bytes(n_bytes)) + chunk(b"IEND")


def jpeg_with(extra: bytes) -> bytes:
    """A sound JPEG with ``extra`` after its first segment."""
    whole = sound()
    return whole[:20] + extra + whole[20:]


def png_with(extra: bytes, *, after_pixels: bool = False) -> bytes:
    """A sound PNG with ``extra`` after its header, or before its end."""
    whole = sound("PNG")
    at = len(whole) - 12 if after_pixels else 33
    return whole[:at] + extra + whole[at:]


def repeated(piece: bytes, n_bytes: int) -> bytes:
    return piece * (n_bytes // len(piece))


def scans_of(jpeg: bytes) -> list[bytes]:
    """The scans of a JPEG, each with the tables before it."""
    end = len(jpeg) - 2
    starts = [at for at in range(end) if jpeg[at : at + 2] == b"\xff\xda"]
    ends = [jpeg.find(b"\xff\xc4", at) for at in starts]
    return [jpeg[at : after if after > 0 else end] for at, after in zip(starts, ends, strict=True)]


def endless_scans(count: int, side: int = 64, mode: str = "L") -> bytes:
    """A progressive JPEG whose first scan comes again and again."""
    jpeg = sound(side=side, mode=mode, progressive=True)
    first = scans_of(jpeg)[0]
    at = jpeg.index(first)
    return jpeg[:at] + first * count + jpeg[at + len(first) :]


def compressed_texts(count: int = 63, each: int = 1 << 20) -> bytes:
    kinds = (b"zTXt", lambda n: b"k%d\0\0" % n), (b"iTXt", lambda n: b"k%d\0\1\0\0\0" % n)
    body = zlib.compress(bytes(each), 9)
    texts = []
    for number in range(count):
        kind, prefix = kinds[number % 2]
        texts.append(chunk(kind, prefix(number) + body))
    return b"".join(texts)


def in_tiny_chunks(png: bytes, size: int = 1) -> bytes:
    """The same PNG, its pixels in chunks of ``size`` bytes."""
    at = png.index(b"IDAT") - 4
    length = struct.unpack_from(">I", png, at)[0]
    pixels = png[at + 8 : at + 8 + length]
    pieces = [chunk(b"IDAT", pixels[i : i + size]) for i in range(0, length, size)]
    return png[:at] + b"".join(pieces) + png[at + 12 + length :]


_EXIF = segment(EXIF, b"Exif\0\0" + bytes(10))
_TABLE = segment(DQT, b"\0" + bytes(range(1, 65)))
_DEGENERATE_CODE = segment(DHT, b"\0" + b"\1" + bytes(15) + b"\0")
_FULL_OF_TABLES = segment(DQT, (b"\0" + bytes(range(1, 65))) * 1008)

# How each is made of about so many bytes.
ATTACKS: dict[str, Callable[[int], bytes]] = {
    "jpeg of exif segments": lambda n: jpeg_with(repeated(_EXIF, n)),
    "jpeg of 0xFF fill": lambda n: jpeg_with(b"\xff" * n),
    "jpeg of zeros between segments": lambda n: jpeg_with(bytes(n)),
    "jpeg of escaped 0xFF between segments": lambda n: jpeg_with(repeated(b"\xff\0", n)),
    "jpeg of 0xFF fill in its pixels": lambda n: sound()[:-2] + b"\xff" * n + EOI,
    "jpeg of empty comments": lambda n: jpeg_with(repeated(segment(COMMENT), n)),
    "jpeg of empty profiles": lambda n: jpeg_with(repeated(segment(0xE2, b"ICC_PROFILE\0"), n)),
    "jpeg of restart marks": lambda n: jpeg_with(repeated(b"\xff\xd0", n)),
    "jpeg of quantization tables": lambda n: jpeg_with(repeated(_TABLE, n)),
    "jpeg of full quantization segments": lambda n: jpeg_with(repeated(_FULL_OF_TABLES, n)),
    "jpeg of Huffman tables": lambda n: jpeg_with(repeated(_DEGENERATE_CODE, n)),
    "jpeg of frames": lambda n: jpeg_with(
        repeated(segment(SOF0, b"\x08\0\x40\0\x40\1\1\x11\0"), n)
    ),
    "jpeg of beginnings": lambda n: jpeg_with(repeated(SOI, n)),
    "png of compressed texts": lambda _: png_with(compressed_texts()),
    "png of compressed texts behind": lambda _: png_with(compressed_texts(), after_pixels=True),
    "png of empty chunks": lambda n: png_with(repeated(chunk(b"teSt"), n)),
    "png of empty chunks behind": lambda n: png_with(
        repeated(chunk(b"teSt"), n), after_pixels=True
    ),
    "png of empty texts": lambda n: png_with(repeated(chunk(b"tEXt", b"k\0"), n)),
    "png of empty pixel chunks": lambda n: png_with(repeated(chunk(b"IDAT"), n)),
    "png of palettes": lambda n: png_with(repeated(chunk(b"PLTE", bytes(768)), n)),
    "png of one long palette": lambda n: png_with(chunk(b"PLTE", bytes(n))),
    "png of one long transparency": lambda n: png_with(chunk(b"tRNS", bytes(n))),
    "png of animation": lambda n: png_with(repeated(chunk(b"acTL", b"\0\0\0\1" * 2), n)),
}


def large(mode: str, width: int = 4000, **options: object) -> bytes:
    """By default as many pixels as are accepted, of one colour, every component of full size."""
    colour = (90, 160, 30, 5)[: len(Image.new(mode, (1, 1)).getbands())]
    buffer = io.BytesIO()
    full = {} if mode == "L" else {"subsampling": 0}
    Image.new(mode, (width, 4000), colour).save(buffer, "JPEG", **full, **options)
    return buffer.getvalue()


def seconds_to_prepare(picture: bytes, spec: InputSpec) -> float:
    """On this machine, now: a limit in seconds holds on one only."""
    started = time.perf_counter()
    DirectReader(ImageLimits()).prepared(picture, spec)
    return time.perf_counter() - started


def in_every_shift(jpeg: bytes) -> bytes:
    """A progressive JPEG of nothing but its first scan, with all shifts that there can be."""
    first = scans_of(jpeg)[0]
    at, shift_at = jpeg.index(first), 4 + 1 + 2 * first[4] + 2
    shifts = (13, *((shift + 1) << 4 | shift for shift in range(12, -1, -1)))
    refined = [first[:shift_at] + bytes((shift,)) + first[shift_at + 1 :] for shift in shifts]
    return jpeg[:at] + b"".join(refined) + EOI


# As large as is accepted, or larger: what they cost is the price of the decoder itself.
LARGE: dict[str, Callable[[int], bytes]] = {
    "large grey": lambda _: large("L"),
    "large grey, progressive": lambda _: large("L", progressive=True),
    "large colours": lambda _: large("RGB"),
    "large colours, progressive": lambda _: large("RGB", 3300, progressive=True),
    "larger colours, progressive": lambda _: large("RGB", progressive=True),
    "large CMYK": lambda _: large("CMYK"),
    "large CMYK, progressive": lambda _: large("CMYK", 2400, progressive=True),
    "larger CMYK, progressive": lambda _: large("CMYK", progressive=True),
    "large CMYK, every shift": lambda _: in_every_shift(large("CMYK", 2400, progressive=True)),
}
