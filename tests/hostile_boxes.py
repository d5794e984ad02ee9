"""BMP, TIFF, WebP and AVIF that are made to cost much or to mislead: crafted by code."""

from __future__ import annotations

import io
import math
import struct
import zlib
from collections.abc import Callable
from functools import cache

import numpy as np
from PIL import Image

from costly_pictures import empty_blocks

Entry = tuple[int, int, tuple[int, ...]]
_LETTERS, _SIZES = {1: "B", 3: "H", 4: "I"}, {1: 1, 3: 2, 4: 4}
SHORT, LONG = 3, 4


def written(image_format: str, mode: str = "RGB", side: int = 48, **options: object) -> bytes:
    """Of colours that differ everywhere."""
    rough = np.random.default_rng(side).integers(0, 256, (5, 6, 3), dtype=np.uint8)
    image = Image.fromarray(rough).resize((side, side * 3 // 4), Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    image.convert(mode).save(buffer, image_format, **options)
    return buffer.getvalue()


def tiff(
    size: tuple[int, int],
    strips: list[bytes],
    order: str = "<",
    **changes: int | tuple[int, ...] | None,
) -> bytes:
    """Of one sample of 8 bits; ``changes`` are entries by ``tNUMBER``, None for one that is left
    out. The strips lie one after the other.
    """
    at = 8
    places = []
    for strip in strips:
        places.append(at)
        at += len(strip)
    width, height = size
    rows = -(-height // len(strips))
    entries: dict[int, Entry | None] = {
        256: (256, LONG, (width,)),
        257: (257, LONG, (height,)),
        258: (258, SHORT, (8,)),
        259: (259, SHORT, (1,)),
        262: (262, SHORT, (1,)),
        273: (273, LONG, tuple(places)),
        277: (277, SHORT, (1,)),
        278: (278, LONG, (rows,)),
        279: (279, LONG, tuple(map(len, strips))),
    }
    for name, changed in changes.items():
        entries[int(name[1:])] = _entry(int(name[1:]), changed)
    listed = [entry for _, entry in sorted(entries.items()) if entry is not None]
    mark = b"II" if order == "<" else b"MM"
    pixels = b"".join(strips)
    return (
        mark
        + struct.pack(order + "HI", 42, 8 + len(pixels))
        + pixels
        + _directory(listed, 8 + len(pixels), order)
    )


def _entry(tag: int, changed: int | tuple[int, ...] | None) -> Entry | None:
    if changed is None:
        return None
    values = (changed,) if isinstance(changed, int) else changed
    is_long = max(values, default=0) > 65_535 or tag in (273, 279)
    return tag, LONG if is_long else SHORT, values


def _directory(entries: list[Entry], at: int, order: str) -> bytes:
    behind, head = b"", struct.pack(order + "H", len(entries))
    end = at + 2 + 12 * len(entries) + 4
    for tag, kind, values in entries:
        value = struct.pack(f"{order}{len(values)}{_LETTERS[kind]}", *values)
        if len(value) > 4:
            place, behind = end + len(behind), behind + value
            value = struct.pack(order + "I", place)
        head += struct.pack(order + "HHI", tag, kind, len(values)) + value.ljust(4, b"\0")
    return head + bytes(4) + behind


class Bits:
    """Written from the lowest bit up, as WebP's lossless pixels are."""

    def __init__(self) -> None:
        self._written = bytearray()
        self._number = self._count = 0

    def put(self, value: int, count: int) -> None:
        self._number |= value << self._count
        self._count += count
        if self._count >= 4096:
            self._flush(self._count // 8)

    def _flush(self, n_bytes: int) -> None:
        whole = self._number & (1 << 8 * n_bytes) - 1
        self._written += whole.to_bytes(n_bytes, "little")
        self._number >>= 8 * n_bytes
        self._count -= 8 * n_bytes

    def done(self) -> bytes:
        self._flush_rest()
        return bytes(self._written)

    def _flush_rest(self) -> None:
        self._count = max(self._count, 0)
        n_bytes = -(-self._count // 8)
        self._written += self._number.to_bytes(n_bytes, "little")
        self._number = self._count = 0


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"".join(
        name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)
        for name, content in chunks
    )
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def extended(width: int, height: int, flags: int = 0x10) -> tuple[bytes, bytes]:
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"VP8X", bytes((flags, 0, 0, 0)) + sides


@cache
def codes_of_webp(groups: int) -> bytes:
    """Lossless pixels whose blocks of 4 x 4 each have codes of their own (RFC 9649, 5.2.2): a
    decoder makes tables of kilobytes out of twenty bits.
    """
    across = math.isqrt(groups - 1) + 1
    side, bits = 4 * across, Bits()
    bits.put(0x2F, 8)
    bits.put(side - 1, 14)
    bits.put(side - 1, 14)
    bits.put(0, 1 + 3)  # no opacity; version
    bits.put(0, 1)  # no transform
    bits.put(0, 1)  # no cache of colours
    bits.put(1, 1)  # several codes
    bits.put(0, 3)  # blocks of 4 x 4
    bits.put(0, 1)  # and of the picture of the codes: no cache
    for alphabet in range(5):
        _put_code(bits, is_bytes=alphabet in (0, 1))  # green and red of 8 bits
    for block in range(across**2):
        number = block % groups
        bits.put(_reversed(number & 255), 8)
        bits.put(_reversed(number >> 8), 8)
    for _ in range(5 * groups):
        bits.put(1, 1 + 1 + 1)  # a simple code of one symbol, of one bit
        bits.put(0, 1)
    return riff((b"VP8L", bits.done()))


def _put_code(bits: Bits, *, is_bytes: bool) -> None:
    """All 256 values of 8 bits each, or the one value 0."""
    if not is_bytes:
        bits.put(1, 4)
        return
    bits.put(0, 1)  # not simple
    order = (17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8)
    bits.put(len(order) - 4, 4)
    for symbol in order:  # lengths of the code of lengths: 8 and 0 have one bit each
        bits.put(1 if symbol in (0, 8) else 0, 3)
    bits.put(1, 1)  # fewer lengths follow than there are symbols
    bits.put(3, 3)  # of 8 bits
    bits.put(256 - 2, 8)
    for _ in range(256):
        bits.put(1, 1)


def _reversed(byte: int) -> int:
    return int(f"{byte:08b}"[::-1], 2)


def cleared_lzw(pairs: int) -> bytes:
    """Strips whose table is cleared before every pixel: two codes of nine bits."""
    four = (256 << 9 | 65, 256 << 9 | 66, 256 << 9 | 67, 256 << 9 | 68)
    number = 0
    for pair in four:
        number = number << 18 | pair
    return number.to_bytes(9) * (pairs // 4)


def box(name: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I4s", 8 + len(content), name) + content


def avif_with(extra: bytes, *, within: bytes | None = None) -> bytes:
    """A sound AVIF with ``extra`` at its end, or at the end of ``meta`` or of a box within it."""
    whole = written("AVIF")
    if within is None:
        return whole + extra
    at = whole.index(within) - 4
    end = at + struct.unpack_from(">I", whole, at)[0]
    grown = bytearray(whole[:end] + extra + whole[end:])
    for name in {within, b"meta"}:
        at = whole.index(name) - 4
        (size,) = struct.unpack_from(">I", whole, at)
        struct.pack_into(">I", grown, at, size + len(extra))
    return bytes(grown)


def places(*, sizes: int, items: int, pieces: int) -> bytes:
    """An AVIF whose one ``iloc`` lists so many pieces of each item, their numbers as long as
    ``sizes`` says: of no bytes at all where it is 0.
    """
    piece = bytes((sizes >> 12) + (sizes >> 8 & 15))
    item = struct.pack(">HHH", 1, 0, pieces) + piece * pieces
    listed = struct.pack(">4xHH", sizes, items) + item * items
    return avif_with(box(b"iloc", listed), within=b"meta").replace(b"iloc", b"free", 1)


def meanings(*, items: int, each: int) -> bytes:
    """An AVIF whose one ``ipma`` gives so many properties to each item."""
    listed = struct.pack(">4xI", items) + (struct.pack(">HB", 1, each) + bytes(each)) * items
    return avif_with(box(b"ipma", listed), within=b"iprp").replace(b"ipma", b"free", 1)


def repeated(piece: bytes, n_bytes: int) -> bytes:
    return piece * (n_bytes // len(piece))


def _strips_of(count: int, strip: bytes, **changes: int) -> bytes:
    return tiff((64, count), [strip] * count, **changes)


_EMPTY = zlib.compress(bytes(64))

# How each is made of about so many bytes.
ATTACKS: dict[str, Callable[[int], bytes]] = {
    "tiff of as many strips as may be": lambda n: _strips_of(
        min(10_000, n // 30), _EMPTY, t259=8
    ),
    "tiff of too many strips": lambda n: _strips_of(n // 30, _EMPTY, t259=8),
    "tiff of one strip again and again": lambda n: tiff(
        (64, 10_000), [bytes(n)],
        t259=32773, t278=1, t273=(8,) * 10_000, t279=(64,) * 10_000,
    ),
    "tiff of cleared tables": lambda n: tiff((1000, n // 5000), [cleared_lzw(n // 5)], t259=5),
    "tiff of entries": lambda n: b"II*\0\x08\0\0\0" + struct.pack("<H", 65_535) + bytes(n),
    "tiff of nothing packed": lambda n: tiff((1000, n // 2000), [b"\x80" * n], t259=32773),
    "tiff that promises much": lambda _: tiff((65_000, 65_000), [b"\x80"], t259=5),
    "webp of empty chunks": lambda n: riff(*[(b"teSt", b"")] * (n // 8)),
    "webp of codes": lambda n: codes_of_webp(min(8_000, n // 4)),
    "webp of a wide canvas": lambda _: riff(
        extended(1 << 24, 1 << 24), (b"VP8 ", written("WEBP")[20:])
    ),
    "avif of boxes": lambda n: written("AVIF")[:32] + repeated(box(b"free"), n),
    "avif of boxes in its header": lambda n: avif_with(repeated(box(b"free"), n), within=b"meta"),
    "avif of boxes behind": lambda n: avif_with(repeated(box(b"free"), n)),
    "avif of places of no bytes": lambda n: avif_with(
        repeated(box(b"iloc", struct.pack(">4xHH", 0, 1000) + b"\0\1\0\0\0\x40" * 1000), n),
        within=b"meta",
    ),
    "avif of meanings": lambda n: meanings(items=min(1000, n // 258), each=255),
    "bmp that promises much": lambda _: written("BMP")[:18]
    + struct.pack("<ii", 60_000, 60_000) + written("BMP")[26:],
}  # fmt: skip


def large(
    image_format: str, width: int, height: int, mode: str = "RGB", **options: object
) -> bytes:
    buffer = io.BytesIO()
    colour = (90, 160, 30, 200)[: len(Image.new(mode, (1, 1)).getbands())]
    Image.new(mode, (width, height), colour if len(colour) > 1 else 90).save(
        buffer, image_format, **options
    )
    return buffer.getvalue()


def _tiff_of_empty_codes(width: int, height: int) -> bytes:
    """Deflate's blocks for nothing, as many bytes as there may be beside the pixels."""
    packed = zlib.compress(bytes(width * height), 1)
    blocks = empty_blocks(2 * width * height + 400_000)
    return tiff((width, height), [packed[:2] + blocks + packed[2:]], t259=8)


# About as large as is accepted: what they cost is the price of the decoder itself.
LARGE: dict[str, Callable[[int], bytes]] = {
    "large bmp": lambda _: large("BMP", 2500, 1300),
    "large bmp, grey": lambda _: large("BMP", 4000, 2400, "L"),
    "large tiff, LZW": lambda _: large("TIFF", 3600, 3200, compression="tiff_lzw"),
    "large tiff, Deflate, one strip": lambda _: large(
        "TIFF", 3300, 3200, compression="tiff_adobe_deflate", strip_size=1 << 30
    ),
    "large tiff of empty codes": lambda _: _tiff_of_empty_codes(2000, 2300),
    "large webp": lambda _: large("WEBP", 2500, 2000),
    "large webp, lossless": lambda _: large("WEBP", 2400, 2000, lossless=True),
    "large webp, with opacity": lambda _: large("WEBP", 2300, 1900, "RGBA"),
    "large avif": lambda _: large("AVIF", 3300, 2800, speed=10),
    "large avif, whole colours": lambda _: large("AVIF", 2900, 2600, speed=10, subsampling="4:4:4"),
}
