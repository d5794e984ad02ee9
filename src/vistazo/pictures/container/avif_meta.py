"""What the boxes of an AVIF say of its items (ISO/IEC 14496-12, 8.11; ISO/IEC 23008-12)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from vistazo.errors import BrokenRule, RejectedUploadError
from vistazo.pictures.container.boxes import Box, Reader, boxes, damaged

_MAX_ITEMS = 1000
# Of all items together: a picture lies in one piece, and has about five properties.
_MAX_PIECES, _MAX_ASSOCIATIONS = 1000, 5000
_READ = (b"pitm", b"iinf", b"iloc", b"iprp", b"iref", b"idat")
_IN_FILE, _IN_META = 0, 1


@dataclass(frozen=True)
class Place:
    """Where the bytes of an item are: pieces (start, size), of the file or of the box ``idat``."""

    is_in_meta: bool
    pieces: tuple[tuple[int, int], ...]


@dataclass
class Meta:
    """By the numbers of the items; ``refers`` is (how, from which, to which)."""

    primary: int | None = None
    kinds: dict[int, bytes] = field(default_factory=dict)
    places: dict[int, Place] = field(default_factory=dict)
    properties: list[Box] = field(default_factory=list)
    of_items: dict[int, list[int]] = field(default_factory=dict)
    refers: list[tuple[bytes, int, tuple[int, ...]]] = field(default_factory=list)
    inside: memoryview = field(default_factory=lambda: memoryview(b""))

    def of_primary(self) -> list[Box]:
        """Its properties. Raises CorruptImageError where one is said to be that is not there."""
        numbers = self.of_items.get(self.primary or 0, [])
        if any(number > len(self.properties) for number in numbers):
            damaged("it speaks of a property that it does not have")
        return [self.properties[number - 1] for number in numbers if number]


def read_meta(content: memoryview) -> Meta:
    """Raises CorruptImageError, and RejectedUploadError for too many boxes or items."""
    meta = Meta()
    for box in _once_each(content[4:], _READ):  # after its version and flags
        if box.name == b"pitm":
            meta.primary = _primary(box.content)
        elif box.name == b"iinf":
            meta.kinds = dict(_kinds(box.content))
        elif box.name == b"iloc":
            meta.places = dict(_places(box.content))
        elif box.name == b"iprp":
            _take_properties(meta, box.content)
        elif box.name == b"iref":
            meta.refers = list(_references(box.content))
        elif box.name == b"idat":
            meta.inside = box.content
    return meta


def _once_each(content: memoryview, names: tuple[bytes, ...]) -> Iterator[Box]:
    """The boxes of these names; otherwise a few hundred could each cost what one may."""
    found = [box for box in boxes(content) if box.name in names]
    if len(found) > len({box.name for box in found}):
        damaged("it says twice what its parts are")
    return iter(found)


def _primary(content: memoryview) -> int:
    read = Reader(content)
    return read.number(4 if read.version() else 2)


def _kinds(content: memoryview) -> Iterator[tuple[int, bytes]]:
    read = Reader(content)
    read.number(4 if read.version() else 2)  # how many; the boxes say it again
    for box in boxes(read.rest()):
        entry = Reader(box.content)
        version = entry.version()
        if box.name != b"infe" or version < 2:
            continue
        number = entry.number(2 if version == 2 else 4)
        entry.number(2)  # protection
        yield number, entry.name()


def _places(content: memoryview) -> Iterator[tuple[int, Place]]:
    read = Reader(content)
    version = read.version()
    sizes = read.number(2)
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version else 0
    n_pieces = 0
    for _ in range(_bounded(read.number(2 if version < 2 else 4), _MAX_ITEMS)):
        number = read.number(2 if version < 2 else 4)
        method = read.number(2) & 15 if version else _IN_FILE
        if read.number(2) or method > _IN_META:
            damaged("its pixels lie in another file")
        base = read.number(base_size)
        pieces = []
        count = read.number(2)
        n_pieces = _bounded(n_pieces + count, _MAX_PIECES)
        if count > 1 and not (offset_size and length_size):
            damaged("it does not say where its pieces are")
        for _ in range(count):
            read.number(index_size)
            pieces.append((base + read.number(offset_size), read.number(length_size)))
        yield number, Place(method == _IN_META, tuple(pieces))


def _take_properties(meta: Meta, content: memoryview) -> None:
    for box in _once_each(content, (b"ipco", b"ipma")):
        if box.name == b"ipco":
            meta.properties = list(boxes(box.content))
        elif box.name == b"ipma":
            meta.of_items = dict(_associations(box.content))


def _associations(content: memoryview) -> Iterator[tuple[int, list[int]]]:
    read = Reader(content)
    head = read.number(4)
    version, is_wide = head >> 24, head & 1
    n_associations = 0
    for _ in range(_bounded(read.number(4), _MAX_ITEMS)):
        number = read.number(4 if version else 2)
        count = read.number(1)
        n_associations = _bounded(n_associations + count, _MAX_ASSOCIATIONS)
        yield (
            number,
            [read.number(2) & 0x7FFF if is_wide else read.number(1) & 127 for _ in range(count)],
        )


def _references(content: memoryview) -> Iterator[tuple[bytes, int, tuple[int, ...]]]:
    number_bytes = 4 if Reader(content).version() else 2
    for box in boxes(content[4:]):
        read = Reader(box.content)
        start = read.number(number_bytes)
        count = _bounded(read.number(2), _MAX_ITEMS)
        yield box.name, start, tuple(read.number(number_bytes) for _ in range(count))


def _bounded(count: int, most: int) -> int:
    if count > most:
        detail = f"The AVIF has more than {most} parts. Save it anew with another program."
        raise RejectedUploadError([BrokenRule("max_items", detail)])
    return count
