"""The one picture of an AVIF (AV1 Image File Format 1.1; ISO/IEC 23008-12), in a file of our own.

So neither Pillow nor libavif sees a box that a stranger wrote: only the compressed pixels are his.
"""

from __future__ import annotations

import struct
from typing import NoReturn

from vistazo.errors import UnsupportedFormatError
from vistazo.pictures.container.av1 import Sequence, read_still
from vistazo.pictures.container.avif_meta import Meta, read_meta
from vistazo.pictures.container.boxes import Box, Reader, boxes, damaged
from vistazo.pictures.container.stripped import Stripped

_PICTURE, _HEIC = b"av01", (b"hvc1", b"hev1")
_SIZE, _CODEC, _COLOURS, _TURN, _MIRROR = b"ispe", b"av1C", b"colr", b"irot", b"imir"
# They say what changes no pixel here, or what the pixels say themselves.
_IGNORED = (b"pixi", b"pasp", b"clli", b"mdcv", b"cclv", b"amve", b"rloc", b"udes")
_COLOURS_BYTES = 11
# A turn of so many quarters anticlockwise; then nothing, or top and bottom exchanged, or left and
# right: as EXIF says it.
_ORIENTATIONS = {None: (1, 8, 3, 6), 0: (4, 5, 2, 7), 1: (2, 7, 4, 5)}
# Pillow holds RGB of three bytes a pixel beside the frame, and the decoder a byte more as measured;
# Pillow's own picture ``raster`` counts.
_HELD_A_PIXEL, _HELD_ANYWAY = 4, 8_000_000
# In bytes of a PNG's pixels: a pixel, a sample, and a byte beyond what one of a PNG takes.
_WORK_A_PIXEL, _WORK_A_SAMPLE, _WORK_A_BYTE = 2, 4, 1


def strip_avif(data: bytes) -> Stripped:
    """Keep the pixels of the picture that is to be shown, and what their numbers mean.

    Raises CorruptImageError where its structure is damaged, UnsupportedFormatError for kinds that
    are not read, and RejectedUploadError for one of more parts than pictures have.
    """
    meta = next((box for box in boxes(memoryview(data)) if box.name == b"meta"), None)
    if meta is None:
        damaged("it has no header")
    said = read_meta(meta.content)
    _refuse_other_kinds(said)
    properties = {box.name: box for box in said.of_primary()}
    sequence, parts = read_still(_pixels(data, said))
    _check_size(properties, sequence)
    colours = [box for box in said.of_primary() if box.name == _COLOURS and _is_numbers(box)]
    head = _written(sequence, colours[:1], sum(map(len, parts)))
    n_pixels, n_bytes = sequence.width * sequence.height, sum(map(len, parts))
    frames = 2 if sequence.has_grain else 1
    return Stripped(
        (memoryview(head), *parts),
        _orientation(properties),
        frames * sequence.frame_bytes + _HELD_A_PIXEL * n_pixels + _HELD_ANYWAY + n_bytes,
        int((_WORK_A_PIXEL + _WORK_A_SAMPLE * sequence.colours.samples_a_pixel) * n_pixels)
        + _WORK_A_BYTE * n_bytes,
        is_read_whole=True,
    )


def _refuse_other_kinds(said: Meta) -> None:
    kind = said.kinds.get(said.primary or 0)
    if kind in _HEIC:
        raise UnsupportedFormatError("This looks like a HEIC; save it as JPEG.")
    if kind != _PICTURE:
        _refuse("put together of several pictures")
    if any(how == b"auxl" and said.primary in there for how, _, there in said.refers):
        _refuse("with transparency, or depth")
    for box in said.of_primary():
        if box.name not in (_SIZE, _CODEC, _COLOURS, _TURN, _MIRROR, *_IGNORED):
            _refuse("cropped, or in layers")


def _pixels(data: bytes, said: Meta) -> memoryview:
    place = said.places.get(said.primary or 0)
    if place is None or not place.pieces:
        damaged("it has no pixels")
    source = said.inside if place.is_in_meta else memoryview(data)
    pieces = [source[at : at + size] if size else source[at:] for at, size in place.pieces]
    if any(len(piece) < size for piece, (_, size) in zip(pieces, place.pieces, strict=True)):
        damaged("it is cut short")
    if sum(map(len, pieces)) > len(data):
        damaged("its parts lie over one another")
    return pieces[0] if len(pieces) == 1 else memoryview(b"".join(pieces))


def _check_size(properties: dict[bytes, Box], sequence: Sequence) -> None:
    if _SIZE not in properties:
        damaged("it does not say how large it is")
    read = Reader(properties[_SIZE].content)
    read.version()
    if (read.number(4), read.number(4)) != (sequence.width, sequence.height):
        damaged("its pixels have another size than it says")


def _is_numbers(box: Box) -> bool:
    """Not a profile of colours, which no decoder here needs."""
    return len(box.content) == _COLOURS_BYTES and bytes(box.content[:4]) == b"nclx"


def _orientation(properties: dict[bytes, Box]) -> int:
    turn, mirror = (properties.get(name) for name in (_TURN, _MIRROR))
    quarters = Reader(turn.content).number(1) & 3 if turn else 0
    axis = Reader(mirror.content).number(1) & 1 if mirror else None
    return _ORIENTATIONS[axis][quarters]


def _written(sequence: Sequence, colours: list[Box], n_bytes: int) -> bytes:
    """All that comes before the pixels, for one item, whose number is 1."""
    size = struct.pack(">4xII", sequence.width, sequence.height)
    listed = [
        _box(_SIZE, size),
        _box(_CODEC, sequence.configuration),
        *(box.whole() for box in colours),
    ]
    numbers = bytes(range(1, len(listed) + 1))
    associated = struct.pack(">4xIHB", 1, 1, len(numbers)) + numbers
    entry = _box(b"infe", struct.pack(">B3xHH4sx", 2, 1, 0, _PICTURE))
    start = _box(b"ftyp", b"avif\0\0\0\0avifmif1miaf")
    at = 0
    for _ in range(2):  # how long it is does not depend on where the pixels begin
        meta = (
            bytes(4)
            + _box(b"hdlr", struct.pack(">8x4s13x", b"pict"))
            + _box(b"pitm", struct.pack(">4xH", 1))
            + _box(b"iloc", struct.pack(">4xHHHHHII", 0x4400, 1, 1, 0, 1, at, n_bytes))
            + _box(b"iinf", struct.pack(">4xH", 1) + entry)
            + _box(b"iprp", _box(b"ipco", b"".join(listed)) + _box(b"ipma", associated))
        )
        head = start + _box(b"meta", meta) + struct.pack(">I4s", 8 + n_bytes, b"mdat")
        at = len(head)
    return head


def _box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), name) + content


def _refuse(kind: str) -> NoReturn:
    raise UnsupportedFormatError(
        f"This is an AVIF of a rare kind ({kind}); save it as JPEG or PNG."
    )
