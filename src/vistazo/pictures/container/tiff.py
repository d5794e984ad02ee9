"""The first page of a TIFF (TIFF 6.0), written anew with nothing but what decoding needs.

So neither Pillow's reader of directories nor libtiff's ever sees one that a stranger wrote: only
the compressed pixels of a few simple kinds are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NoReturn

from vistazo.errors import CorruptImageError, UnsupportedFormatError
from vistazo.pictures.container import tiff_fields as tiff
from vistazo.pictures.container.stripped import Stripped
from vistazo.pictures.container.tiff_fields import Fields

_NONE, _LZW, _DEFLATE, _PACK_BITS = 1, 5, 8, 32773
_COMPRESSIONS = {_NONE: _NONE, _LZW: _LZW, _DEFLATE: _DEFLATE, 32946: _DEFLATE}
_COMPRESSIONS[_PACK_BITS] = _PACK_BITS
_FOREIGN_COMPRESSIONS = {
    **dict.fromkeys((2, 3, 4), "fax"),
    **dict.fromkeys((6, 7), "JPEG"),
    **dict.fromkeys((33003, 33005, 34712), "JPEG 2000"),
    34925: "LZMA",
    50000: "Zstandard",
    34926: "Zstandard",
    50001: "WebP",
    34927: "WebP",
}
_DIFFERENCES = 2
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _CMYK = 0, 1, 2, 3, 5
_GREYS_OR_COLOURS = {_WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _RGB: 3, _PALETTE: 1, _CMYK: 4}
# By how the first samples are meant: the bits that each of them may have.
_BITS = {
    _WHITE_IS_ZERO: (1, 4, 8),
    _BLACK_IS_ZERO: (1, 4, 8, 16),
    _RGB: (8, 16),
    _PALETTE: (1, 4, 8),
    _CMYK: (8,),
}
# What one more sample may be: nothing that is known, or opacity; that of RGB may be multiplied in.
_MEANT = {_RGB: (0, 1, 2), _BLACK_IS_ZERO: (2,)}
_UPRIGHT = 1
_MOST_COLOUR = 65_535
_Kept = dict[int, tuple[int, ...]]
# Compressed pixels are hardly more than themselves; what is more may be codes for nothing.
_MOST_TIMES, _MOST_MORE_BYTES = 2, 500_000


def strip_tiff(data: bytes) -> Stripped:
    """Keep size, kind, palette and strips of the first page; ``data`` begins with its signature.

    Raises CorruptImageError where its structure is damaged, UnsupportedFormatError for kinds that
    are not read, and RejectedUploadError for one of more parts than pictures have.
    """
    fields = tiff.read_fields(data)
    _refuse_other_layouts(fields)
    kept: _Kept = {**_size(fields), **_kind(fields)}
    kept |= _compression(fields, kept)
    rows = _Rows.of(fields, kept)
    strips = _strips(data, fields, math.ceil(rows.height / rows.in_strip))
    if kept[tiff.COMPRESSION] == (_NONE,):
        strips = rows.pixels_of(strips)
        kept[tiff.STRIP_ROWS], sizes, held = (rows.height,), [rows.all_bytes], 0
    else:
        if sum(map(len, strips)) > _MOST_TIMES * rows.all_bytes + _MOST_MORE_BYTES:
            _damaged("it has more data than pixels")
        kept[tiff.STRIP_ROWS], sizes = (rows.in_strip,), list(map(len, strips))
        held = rows.in_strip * rows.n_bytes
    head = memoryview(tiff.written(data[:2], kept, tuple(sizes)))
    return Stripped(
        (head, *strips), _orientation(fields), held, rows.all_bytes, is_read_whole=held > 0
    )


@dataclass(frozen=True)
class _Rows:
    """``n_bytes`` is that of one row, once it is no longer compressed."""

    height: int
    in_strip: int
    n_bytes: int

    @staticmethod
    def of(fields: Fields, kept: Fields) -> _Rows:
        (width,), (height,) = kept[tiff.WIDTH], kept[tiff.HEIGHT]
        in_strip = min(_one(fields, tiff.STRIP_ROWS, height), height)
        if not in_strip:
            _damaged("its strips have no rows")
        return _Rows(height, in_strip, (width * sum(kept[tiff.BITS]) + 7) // 8)

    @property
    def all_bytes(self) -> int:
        return self.height * self.n_bytes

    def pixels_of(self, strips: tuple[memoryview, ...]) -> tuple[memoryview, ...]:
        """Of uncompressed strips: so they make one strip together."""
        tops = range(0, self.height, self.in_strip)
        sizes = [min(self.in_strip, self.height - top) * self.n_bytes for top in tops]
        if any(len(strip) < size for strip, size in zip(strips, sizes, strict=True)):
            _damaged("its strips are too short")
        return tuple(strip[:size] for strip, size in zip(strips, sizes, strict=True))


def _refuse_other_layouts(fields: Fields) -> None:
    compression = _one(fields, tiff.COMPRESSION, _NONE)
    if compression not in _COMPRESSIONS:
        kind = _FOREIGN_COMPRESSIONS.get(compression, "in an unknown way")
        _refuse(f"compressed: {kind}")
    if tiff.TILE_WIDTH in fields or tiff.TILE_OFFSETS in fields:
        _refuse("in tiles")
    if _one(fields, tiff.SUBFILE_KIND, 0) & 1:
        _refuse("its first page is a thumbnail, as in a camera's raw file")
    if _one(fields, tiff.FILL_ORDER, 1) != 1:
        _refuse("its bits are in reverse order")
    if _one(fields, tiff.SAMPLES, 1) > 1 and _one(fields, tiff.PLANES, 1) != 1:
        _refuse("each colour by itself")


def _kind(fields: Fields) -> _Kept:
    """The fields that say what a pixel is. Raises UnsupportedFormatError."""
    meaning, count = _one(fields, tiff.PHOTOMETRIC), _one(fields, tiff.SAMPLES, 1)
    bits = fields.get(tiff.BITS, (1,))
    bits = bits * count if len(bits) == 1 and count <= 5 else bits
    if meaning not in _GREYS_OR_COLOURS:
        _refuse("its colours are neither grey, RGB, CMYK nor a palette")
    extra = fields.get(tiff.EXTRA_SAMPLES, ())
    usual = _GREYS_OR_COLOURS[meaning]
    if set(fields.get(tiff.SAMPLE_FORMAT, (1,))) != {1}:
        _refuse("of signed numbers or of fractions")
    if len(bits) != count or len(set(bits)) != 1 or bits[0] not in _BITS[meaning]:
        _refuse(f"{'+'.join(map(str, bits[:9]))} bits a pixel")
    is_more = count == usual + 1 and len(extra) == 1 and bits[0] == 8
    if not (count == usual and not extra) and not (is_more and extra[0] in _MEANT.get(meaning, ())):
        _refuse(f"{count} samples a pixel")
    kept = {tiff.PHOTOMETRIC: (meaning,), tiff.SAMPLES: (count,), tiff.BITS: bits}
    if extra:
        kept[tiff.EXTRA_SAMPLES] = extra
    if meaning == _PALETTE:
        kept[tiff.COLOURS] = _palette(fields, bits[0])
    return kept


def _palette(fields: Fields, bits: int) -> tuple[int, ...]:
    colours = fields.get(tiff.COLOURS, ())
    if len(colours) != 3 << bits:
        _damaged("its palette has another size")
    if max(colours) > _MOST_COLOUR:  # they may be written in more bytes than they need
        _damaged("its palette has colours of more than 16 bits")
    return colours


def _size(fields: Fields) -> _Kept:
    kept: _Kept = {tag: (_one(fields, tag),) for tag in (tiff.WIDTH, tiff.HEIGHT)}
    if (0,) in kept.values():
        _damaged("it has no width or no height")
    return kept


def _compression(fields: Fields, kept: Fields) -> _Kept:
    compression = _COMPRESSIONS[_one(fields, tiff.COMPRESSION, _NONE)]
    if compression not in (_LZW, _DEFLATE):
        return {tiff.COMPRESSION: (compression,)}
    predictor = _one(fields, tiff.PREDICTOR, 1)
    if predictor not in (1, _DIFFERENCES) or (predictor != 1 and kept[tiff.BITS][0] < 8):
        _refuse("compressed with an unusual predictor")
    return {tiff.COMPRESSION: (compression,), tiff.PREDICTOR: (predictor,)}


def _strips(data: bytes, fields: Fields, count: int) -> tuple[memoryview, ...]:
    """In their order. Together they are not more than the file: none may come again and again."""
    view = memoryview(data)
    offsets, sizes = fields.get(tiff.STRIP_OFFSETS, ()), fields.get(tiff.STRIP_BYTES, ())
    if len(offsets) != count or len(sizes) != count:
        _damaged("it has another number of strips than its size asks for")
    if sum(sizes) > len(data):
        _damaged("its strips lie over one another, or it is cut short")
    strips = tuple(view[at : at + size] for at, size in zip(offsets, sizes, strict=True))
    if any(len(strip) < size or not size for strip, size in zip(strips, sizes, strict=True)):
        _damaged("it is cut short")
    return strips


def _orientation(fields: Fields) -> int:
    orientation = fields.get(tiff.ORIENTATION, (_UPRIGHT,))[0]
    return orientation if 1 <= orientation <= 8 else _UPRIGHT


def _one(fields: Fields, tag: int, usual: int | None = None) -> int:
    values = fields.get(tag, () if usual is None else (usual,))
    if len(values) != 1:
        _damaged(f"its entry {tag} is missing, or has several values")
    return values[0]


def _damaged(how: str) -> NoReturn:
    raise CorruptImageError(f"The TIFF is damaged: {how}.")


def _refuse(kind: str) -> NoReturn:
    raise UnsupportedFormatError(
        f"This is a TIFF of a rare kind ({kind}); save it as PNG, or as a plain TIFF of 8 or 16 "
        "bits a channel: uncompressed, or with LZW, Deflate or PackBits."
    )
