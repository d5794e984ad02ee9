"""The headers of a BMP (Windows bitmap, as Microsoft's "Bitmap Storage" documents them)."""

from __future__ import annotations

import struct
from typing import NoReturn

from vistazo.errors import CorruptImageError, UnsupportedFormatError
from vistazo.pictures.container.stripped import Stripped

_FILE_HEADER = struct.Struct("<2sI4xI")  # "BM", the file's size, where its pixels begin
_CORE = struct.Struct("<HHHH")  # width, height, planes, bits a pixel
_INFO = struct.Struct("<iiHHI12xI4x")  # the same, then the compression and how many colours
_MASKS = struct.Struct("<IIII")  # red, green, blue, opacity
_SIZE_AT, _HEADER_AT = 14, 18
_CORE_BYTES, _INFO_BYTES = 12, 40
# Of the header that is written, which is as long as the masks need.
_WRITTEN_BYTES = 56
_HEADER_SIZES = (_CORE_BYTES, _INFO_BYTES, 52, _WRITTEN_BYTES, 108, 124)
_RAW, _BIT_FIELDS = 0, 3
_MOST_SIDE = 1 << 24
_COMPRESSED = {1: "run-length coded", 2: "run-length coded", 4: "a JPEG within", 5: "a PNG within"}
_BITS = (1, 4, 8, 16, 24, 32)
_PALETTE_BITS = 8
_KNOWN_MASKS = {
    16: ((0xF800, 0x7E0, 0x1F), (0x7C00, 0x3E0, 0x1F)),
    32: ((0xFF0000, 0xFF00, 0xFF),),
}
_OPACITIES = {16: (0,), 32: (0, 0xFF000000)}
# Width, height and bits a pixel. A negative height says that the first row is the top one.
_Shape = tuple[int, int, int]


def strip_bmp(data: bytes) -> Stripped:
    """Keep the size, the palette and the pixels, as many as there have to be.

    ``data`` begins with "BM". Raises CorruptImageError, and UnsupportedFormatError for kinds that
    are compressed or have unusual colours.
    """
    if len(data) < _HEADER_AT + _CORE.size:
        _cut_short()
    _, _, pixels_at = _FILE_HEADER.unpack_from(data)
    (size,) = struct.unpack_from("<I", data, _SIZE_AT)
    if size not in _HEADER_SIZES:
        _refuse("a header of OS/2, or of an unknown kind")
    if len(data) < _SIZE_AT + size:
        _cut_short()
    shape = _shape(data, size)
    compression, colours = (_RAW, 0)
    if size != _CORE_BYTES:
        *_, compression, colours = _INFO.unpack_from(data, _HEADER_AT)
    masks = b""
    if compression == _BIT_FIELDS:
        masks = _masks(data, size, shape[2])
    elif compression != _RAW:
        _refuse(_COMPRESSED.get(compression, "compressed in an unknown way"))
    head = _written(shape, masks, _palette(data, size, shape[2], colours))
    pixels = _pixels(memoryview(data)[max(pixels_at, _SIZE_AT + size) :], shape)
    return Stripped((memoryview(head), pixels), work=max(len(pixels), shape[0] * abs(shape[1])))


def _shape(data: bytes, size: int) -> _Shape:
    header = _CORE if size == _CORE_BYTES else _INFO
    width, height, planes, bits = header.unpack_from(data, _HEADER_AT)[:4]
    if planes != 1 or not 0 < width < _MOST_SIDE or not 0 < abs(height) < _MOST_SIDE:
        raise CorruptImageError("The BMP is damaged in its header.")
    if bits not in _BITS:
        _refuse(f"{bits} bits a pixel")
    return width, height, bits


def _masks(data: bytes, size: int, bits: int) -> bytes:
    """As they are written, four numbers. A header of 40 bytes has three of them behind it."""
    there = data[_SIZE_AT + _INFO_BYTES : _SIZE_AT + _INFO_BYTES + _MASKS.size]
    if len(there) < _MASKS.size:
        _cut_short()
    *colours, opacity = _MASKS.unpack(there)
    opacity = opacity if size >= _WRITTEN_BYTES else 0
    if tuple(colours) not in _KNOWN_MASKS.get(bits, ()) or opacity not in _OPACITIES[bits]:
        _refuse("unusual bit fields")
    return _MASKS.pack(*colours, opacity)


def _pixels(there: memoryview, shape: _Shape) -> memoryview:
    """Rows of whole groups of four bytes."""
    width, height, bits = shape
    n_bytes = (width * bits + 31) // 32 * 4 * abs(height)
    if len(there) < n_bytes:
        _cut_short()
    return there[:n_bytes]


def _palette(data: bytes, size: int, bits: int, colours: int) -> bytes:
    """Four bytes a colour, as they are written."""
    if bits > _PALETTE_BITS:
        return b""
    colours = colours or 1 << bits
    each = 3 if size == _CORE_BYTES else 4
    there = data[_SIZE_AT + size : _SIZE_AT + size + each * colours]
    if colours > 1 << bits or len(there) < each * colours:
        raise CorruptImageError("The BMP is damaged in its palette.")
    rows = (there[at : at + 3] + b"\0" for at in range(0, len(there), each))
    return b"".join(rows)


def _written(shape: _Shape, masks: bytes, palette: bytes) -> bytes:
    width, height, bits = shape
    compression = _BIT_FIELDS if masks else _RAW
    info = _INFO.pack(width, height, 1, bits, compression, len(palette) // 4)
    header = struct.pack("<I", _WRITTEN_BYTES) + info + (masks or bytes(_MASKS.size))
    at = _SIZE_AT + _WRITTEN_BYTES + len(palette)
    return _FILE_HEADER.pack(b"BM", 0, at) + header + palette


def _cut_short() -> NoReturn:
    raise CorruptImageError("The BMP is cut short.")


def _refuse(kind: str) -> NoReturn:
    raise UnsupportedFormatError(
        f"This is a BMP of a rare kind ({kind}); save it uncompressed, or as PNG."
    )
