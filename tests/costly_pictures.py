"""Pictures that keep every rule and cost a decoder as much as they can, by recipe.

A recipe is a choice for each of its fields, out of ``CHOICES``: so a search can go from one to the
next.
"""

from __future__ import annotations

import io
import math
import random
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from functools import cache
from itertools import pairwise
from typing import Any, ClassVar

from PIL import Image

from hostile_pictures import ADAM7, DHT, DQT, EOI, SIGNATURE, SOI, SOS, chunk, segment

MOST_BYTES = 9_900_000
_DRI = 0xDD
_SAMPLINGS = ((0x11,), (0x22, 0x11, 0x11), (0x21, 0x11, 0x11), (0x11,) * 3, (0x44, 0x11, 0x11))
_MORE_SAMPLINGS = ((0x11,) * 4, (0x22, 0x11, 0x11, 0x22), (0x12, 0x11, 0x11), (0x11, 0x22, 0x22))
_EOB, _LONG_RUN, _ONE, _ZEROS, _FAR_ONE = 0x00, 0xE0, 0x01, 0xF0, 0x31


@dataclass(frozen=True)
class JpegRecipe:
    """``ac`` is the symbol that the shortest code stands for: all data says it again and again."""

    size: float = 1.0
    aspect: float = 1.0
    samplings: tuple[int, ...] = (0x22, 0x11, 0x11)
    kind: str = "progressive"
    shift: int = 13
    bands: int = 1
    ac: int = _LONG_RUN
    refined_by: int = _LONG_RUN
    fill: int = 0
    share: float = 0.1
    restarts: int = 0

    CHOICES: ClassVar[dict[str, tuple[Any, ...]]] = {
        "size": (1.0, 0.94, 0.88, 0.8, 0.7, 0.6, 0.4),
        "aspect": (1.0, 2.0, 3.9, 0.26),
        "samplings": _SAMPLINGS + _MORE_SAMPLINGS,
        "kind": ("baseline", "several scans", "progressive"),
        "shift": (0, 1, 3, 8, 13),
        "bands": (1, 2, 6, 16),
        "ac": (_EOB, _LONG_RUN, _ONE, _ZEROS, _FAR_ONE),
        "refined_by": (_EOB, _LONG_RUN, _ONE, _ZEROS),
        "fill": (0, 0x55, 0xAA, 0x5A, 0x11),
        "share": (0.001, 0.1, 0.5, 0.75, 1.0),
        "restarts": (0, 1, 50),
    }

    def made(self, max_pixels: int) -> bytes:
        width, height = sides(max_pixels * self.size, self.aspect)
        mark = 0xC2 if self.kind == "progressive" else 0xC0
        told = b"".join(bytes((n, both, 0)) for n, both in enumerate(self.samplings, 1))
        frame = struct.pack(">BHHB", 8, height, width, len(self.samplings)) + told
        scans = self._scans()
        most = int(self.share * (MOST_BYTES - 50_000) / len(scans))
        table = segment(DQT, b"\0" + b"\1" * 64)
        restarts = segment(_DRI, struct.pack(">H", self.restarts)) if self.restarts else b""
        begun = SOI + table + restarts + segment(mark, frame)
        return begun + b"".join(scan + self._data(most) for scan in scans) + EOI

    def _data(self, n_bytes: int) -> bytes:
        """Whole intervals, each with the mark of its number."""
        if not self.restarts:
            return bytes((self.fill,)) * n_bytes
        size = 60 * self.restarts
        marks = (bytes((self.fill,)) * size + bytes((0xFF, 0xD0 + n)) for n in range(8))
        return b"".join(marks) * (n_bytes // (8 * (size + 2)))

    def _scans(self) -> list[bytes]:
        them = list(range(1, len(self.samplings) + 1))
        dc, ac = _code(0, 0), _code(0x10, self.ac)
        if self.kind == "baseline":
            return [dc + ac + _scan(them, 0, 63, 0)]
        if self.kind == "several scans":
            return [dc + ac + _scan([each], 0, 63, 0) for each in them]
        scans = [dc + _scan(them, 0, 0, self.shift)]
        edges = [1 + 63 * n // self.bands for n in range(self.bands + 1)]
        for each in them:
            scans += [
                ac + _scan([each], first, end - 1, self.shift) for first, end in pairwise(edges)
            ]
        for now in range(self.shift - 1, -1, -1):
            again = (now + 1) << 4 | now
            scans += [_code(0x10, self.refined_by) + _scan([each], 1, 63, again) for each in them]
        return scans[:50]


def _code(which: int, symbol: int) -> bytes:
    """One bit, 0, stands for the symbol."""
    return segment(DHT, bytes((which, 1)) + bytes(15) + bytes((symbol,)))


def _scan(components: list[int], first: int, last: int, shifts: int) -> bytes:
    told = b"".join(bytes((n, 0)) for n in components)
    return segment(SOS, bytes((len(components),)) + told + bytes((first, last, shifts)))


@dataclass(frozen=True)
class PngRecipe:
    """``noise`` is the share of the bytes that may be sent that is noise, ``empty`` the share that
    are blocks of compressed data without any data.
    """

    size: float = 1.0
    aspect: float = 1.0
    kind: tuple[int, int, int] = (16, 6, 4)
    is_interlaced: bool = True
    filter: int = 4
    level: int = 6
    period: int = 1
    noise: float = 0.0
    empty: float = 0.0
    is_clear: bool = False
    chunk_bytes: int = 1 << 30

    CHOICES: ClassVar[dict[str, tuple[Any, ...]]] = {
        "size": (1.0, 0.9, 0.75, 0.5),
        "aspect": (1.0, 2.0, 3.9, 0.26),
        "kind": (
            *((16, 6, 4), (16, 2, 3), (16, 4, 2), (16, 0, 1), (8, 6, 4), (8, 2, 3), (8, 4, 2)),
            *((8, 3, 1), (1, 3, 1), (4, 3, 1), (8, 0, 1), (1, 0, 1)),
        ),
        "is_interlaced": (False, True),
        "filter": (0, 1, 2, 3, 4),
        "level": (1, 6),
        "period": (1, 3, 7, 300),
        "noise": (0.0, 0.3, 0.98),
        "empty": (0.0, 0.5, 0.9),
        "is_clear": (False, True),
        "chunk_bytes": (1 << 30, 8192, 600),
    }

    def made(self, max_pixels: int) -> bytes:
        depth, colour, samples = self.kind
        width, height = sides(max_pixels * self.size, self.aspect)
        bits = depth * samples
        pixels = _deflated(width, height, bits, self)
        header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, self.is_interlaced)
        palette = chunk(b"PLTE", bytes(range(256)) * 3) if colour == 3 and depth == 8 else b""
        palette = palette or (chunk(b"PLTE", bytes(3 << depth)) if colour == 3 else b"")
        clear = {0: bytes(2), 2: bytes(6), 3: bytes(2)}.get(colour) if self.is_clear else None
        size = max(self.chunk_bytes, len(pixels) // 15_000)
        pieces = [pixels[at : at + size] for at in range(0, len(pixels), size)]
        return b"".join(
            (
                *(SIGNATURE, chunk(b"IHDR", header), palette),
                b"" if clear is None else chunk(b"tRNS", clear),
                *(chunk(b"IDAT", piece) for piece in pieces),
                chunk(b"IEND"),
            )
        )


@dataclass(frozen=True)
class BoxedRecipe:
    """``noise`` is the share of the rows that is noise: it takes as many bytes as it has pixels."""

    size: float = 0.4
    kind: str = "WEBP"
    noise: float = 0.0

    CHOICES: ClassVar[dict[str, tuple[Any, ...]]] = {
        "size": (1.0, 0.7, 0.6, 0.5, 0.45, 0.4, 0.35, 0.3, 0.25),
        "kind": ("WEBP", "WEBP lossless", "WEBP clear", "AVIF", "AVIF whole", "TIFF", "TIFF one"),
        "noise": (0.0, 0.1, 0.3, 1.0),
    }

    def made(self, max_pixels: int) -> bytes:
        side = int(math.sqrt(max_pixels * self.size))
        image = Image.new("RGB", (side, side), (90, 160, 30))
        noise = random.Random(0).randbytes(3 * side * int(self.noise * side))  # noqa: S311
        image.paste(Image.frombytes("RGB", (side, len(noise) // (3 * side)), noise))
        if self.kind == "WEBP clear":
            image.putalpha(image.getchannel(0))
        buffer = io.BytesIO()
        image.save(buffer, self.kind.partition(" ")[0], **_WAYS.get(self.kind, {}))
        return buffer.getvalue()


_WAYS: dict[str, dict[str, Any]] = {
    "WEBP": {"method": 0},
    "WEBP lossless": {"method": 0, "lossless": True, "quality": 0},
    "WEBP clear": {"method": 0},
    "AVIF": {"speed": 10},
    "AVIF whole": {"speed": 10, "subsampling": "4:4:4", "quality": 90},
    "TIFF": {"compression": "tiff_lzw"},
    "TIFF one": {"compression": "tiff_adobe_deflate", "strip_size": 1 << 30},
}


def sides(pixels: float, aspect: float) -> tuple[int, int]:
    width = int(math.sqrt(pixels * aspect))
    return width, int(pixels / width)


_WHOLE = (0, 0, 1, 1)


def _deflated(width: int, height: int, bits: int, recipe: PngRecipe) -> bytes:
    packer = zlib.compressobj(recipe.level, wbits=-15)
    noise = random.Random(1).randbytes(int(recipe.noise * (1 - recipe.empty) * MOST_BYTES))  # noqa: S311
    pattern = random.Random(0).randbytes(recipe.period) if recipe.period > 1 else b"\1"  # noqa: S311
    check, packed = 1, [b"\x78\x01", empty_blocks(int(recipe.empty * MOST_BYTES))]
    for n_bytes, count in _lines(width, height, bits, is_interlaced=recipe.is_interlaced):
        filter_ = bytes((recipe.filter,))
        noisy = min(count, len(noise) // n_bytes)
        taken, noise = noise[: noisy * n_bytes], noise[noisy * n_bytes :]
        line = filter_ + (pattern * (n_bytes // len(pattern) + 1))[:n_bytes]
        pieces = [filter_ + taken[at : at + n_bytes] for at in range(0, len(taken), n_bytes)]
        for piece in (*pieces, *_in_pieces(line, count - noisy)):
            check = zlib.adler32(piece, check)
            packed.append(packer.compress(piece))
    return b"".join((*packed, packer.flush(), struct.pack(">I", check)))


def _lines(width: int, height: int, bits: int, *, is_interlaced: bool) -> Iterator[tuple[int, int]]:
    """Of each pass: how many bytes a line has, and how many lines there are."""
    for x, y, across, down in ADAM7 if is_interlaced else (_WHOLE,):
        columns = math.ceil((width - x) / across)
        yield math.ceil(columns * bits / 8), math.ceil((height - y) / down)


def _in_pieces(line: bytes, count: int) -> Iterator[bytes]:
    yield from [line * 200] * (count // 200)
    yield line * (count % 200)


@cache
def empty_blocks(n_bytes: int) -> bytes:
    """Blocks of dynamic codes for nothing but their own end: 90 bits each, eight at a time."""
    fields_ = [(0, 1), (2, 2), (0, 5), (0, 5), (14, 4)]
    fields_ += [(1 if symbol in {18, 1} else 0, 3) for symbol in _CODE_ORDER[:18]]
    fields_ += [(1, 1), (127, 7), (1, 1), (107, 7), (0, 1), (0, 1), (0, 1)]
    number, at = 0, 0
    for _ in range(8):
        for value, bits in fields_:
            number |= value << at
            at += bits
    return number.to_bytes(at // 8, "little") * (n_bytes * 8 // at)


_CODE_ORDER = (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15)

Recipe = JpegRecipe | PngRecipe | BoxedRecipe


def neighbour(recipe: Recipe, chance: random.Random) -> Recipe:
    """With another choice for one field."""
    name = chance.choice([field.name for field in fields(recipe)])
    others = [choice for choice in recipe.CHOICES[name] if choice != getattr(recipe, name)]
    return replace(recipe, **{name: chance.choice(others)})


def any_recipe(chance: random.Random) -> Recipe:
    kind = chance.choice((JpegRecipe, PngRecipe))
    return kind(**{name: chance.choice(choices) for name, choices in kind.CHOICES.items()})
