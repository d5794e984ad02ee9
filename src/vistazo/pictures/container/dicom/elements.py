"""The elements of a data set (PS3.5, section 7), as far as they are wanted.

Sequences may lie in one another however deep: what is not wanted of them is stepped over, without
recursion, and each step costs the same.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, NoReturn

from vistazo.errors import BrokenRule, CorruptImageError, InputError, RejectedUploadError

PIXEL_DATA = 0x7FE0_0010
_PIXELS = (0x7FE0_0008, 0x7FE0_0009, PIXEL_DATA)  # fractions, of two sizes
_PER_FRAME, _REPRESENTATIVE = 0x5200_9230, 0x0028_6010
UNDEFINED = 0xFFFF_FFFF
ITEM, _END_OF_ITEM, END_OF_SEQUENCE = 0xFFFE_E000, 0xFFFE_E00D, 0xFFFE_E0DD
# A radiograph has some hundreds; one of many frames that says everything of each, 50 a frame.
_MAX_ELEMENTS = 50_000
_MOST_ITEMS = 4
_MOST_BYTES = 1_024
_MOST_TABLE_BYTES = 131_072  # 65,536 entries of two bytes
_OF_TABLES = ("OW", "OV")

LONG_VRS = {
    b"OB",
    b"OD",
    b"OF",
    b"OL",
    b"OV",
    b"OW",
    b"SQ",
    b"SV",
    b"UC",
    b"UN",
    b"UR",
    b"UT",
    b"UV",
}
SHORT_VRS = {
    b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FL", b"FD", b"IS", b"LO", b"LT", b"PN",
    b"SH", b"SL", b"SS", b"ST", b"TM", b"UI", b"UL", b"US",
}  # fmt: skip

# By its tag: its VR, "xs" for US or SS; or, of a sequence, what is wanted of its items.
Wanted = Mapping[int, "str | Wanted"]


@dataclass(frozen=True)
class Value:
    """As it stands in the file. ``vr`` is that of the file where it says it, else empty."""

    vr: str
    content: memoryview


@dataclass
class DataSet:
    """What was wanted, and is there: where it is there twice, the first."""

    values: dict[int, Value] = field(default_factory=dict)
    sequences: dict[int, list[DataSet]] = field(default_factory=dict)


@dataclass(frozen=True)
class PixelData:
    """Where the pixels lie in the bytes of a data set: ``length`` is what the file says, and may be
    ``UNDEFINED``.
    """

    tag: int
    vr: str
    start: int
    length: int


_DATA_SET, _SEQUENCE, _UNDELIMITED = False, True, False


class Layout(NamedTuple):
    """How a data set is written: PS3.5, annex A."""

    order: str  # "<" or ">"
    is_explicit: bool


class _Level(NamedTuple):
    """A data set, or a sequence of items, up to ``end``. ``wanted`` is None where nothing is."""

    end: int
    is_sequence: bool
    is_delimited: bool
    layout: Layout
    wanted: Wanted | None
    found: DataSet | list[DataSet] | None
    skipped: int = 0  # items before the first that is wanted


@dataclass(frozen=True)
class Found:
    """What was found before ``fault`` where the data set is damaged, or too long."""

    data_set: DataSet
    pixels: PixelData | None
    layout: Layout
    fault: InputError | None = None


def read_elements(
    data: bytes | memoryview, start: int, layout: Layout, wanted: Wanted, frame: int | None = None
) -> Found:
    """Read a data set up to the end of ``data``: of what is said of each frame, that of ``frame``,
    else of the representative one. Its fault: CorruptImageError, or RejectedUploadError
    (``max_elements``).
    """
    walk, fault = _Walk(data, start, layout, wanted), None
    walk.frame = frame
    try:
        walk.run()
    except InputError as error:
        fault = None if walk.pixels is not None else error  # what follows them is nobody's
    return Found(walk.root, walk.pixels, layout, fault)


class _Walk:
    def __init__(
        self, data: bytes | memoryview, start: int, layout: Layout, wanted: Wanted
    ) -> None:
        self._data, self._view, self._at = data, memoryview(data), start
        self.root = DataSet()
        self.pixels: PixelData | None = None
        self.frame: int | None = None
        self._top = _Level(len(data), _DATA_SET, _UNDELIMITED, layout, wanted, self.root)
        self._levels = [self._top]

    def run(self) -> None:
        levels = self._levels
        for _ in range(_MAX_ELEMENTS):
            level = levels[-1]
            while self._at >= level.end:
                levels.pop()
                if not levels:
                    return
                level = levels[-1]
            if level.end - self._at < 8:
                damaged("an element is cut short")
            if level.is_sequence:
                self._step_to_item(level)
            else:
                self._step_to_element(level)
        detail = f"The DICOM file has more than {_MAX_ELEMENTS} elements before its pixels."
        raise RejectedUploadError([BrokenRule("max_elements", detail, (_MAX_ELEMENTS,))])

    def _step_to_item(self, level: _Level) -> None:
        tag, length = item_head(self._data, self._at, level.layout.order)
        self._at += 8
        if tag == END_OF_SEQUENCE:
            self._close(level)
            return
        if tag != ITEM:
            damaged("a sequence holds what is no item")
        found = self._next_item(level)
        if found is None and length != UNDEFINED:
            self._pass(level, length)
            return
        wanted = level.wanted if found is not None else None
        end, is_delimited = self._end(level, length)
        self._levels.append(_Level(end, _DATA_SET, is_delimited, level.layout, wanted, found))

    def _next_item(self, level: _Level) -> DataSet | None:
        """What to write the item to that comes now: None where it is not wanted."""
        if not isinstance(level.found, list) or len(level.found) >= _MOST_ITEMS:
            return None
        if level.skipped:
            self._levels[-1] = level._replace(skipped=level.skipped - 1)
            return None
        level.found.append(DataSet())
        return level.found[-1]

    def _step_to_element(self, level: _Level) -> None:
        order, is_explicit = level.layout
        group, element = _TAGS[order].unpack_from(self._data, self._at)
        tag = group << 16 | element
        if tag == _END_OF_ITEM:
            self._at += 8
            self._close(level)
            return
        if group == _DELIMITERS:
            damaged("an item stands in no sequence")
        vr, length = self._head(level, order, is_explicit=is_explicit)
        if tag in _PIXELS and level is self._top and self.pixels is None:
            self.pixels = PixelData(tag, vr, self._at, length)
        wanted = level.wanted.get(tag) if level.wanted is not None else None
        is_there = isinstance(level.found, DataSet) and (
            tag in level.found.values or tag in level.found.sequences
        )
        if length == UNDEFINED or isinstance(wanted, Mapping):
            self._enter(level, tag, vr, length, None if is_there else wanted)
            return
        start = self._at
        self._pass(level, length)
        if wanted is not None and not is_there and isinstance(level.found, DataSet):
            _keep(level.found, tag, wanted, Value(vr, self._view[start : self._at]))

    def _head(self, level: _Level, order: str, *, is_explicit: bool) -> tuple[str, int]:
        """VR and length. Some files leave the VR out here and there, or have one in spite of what
        they say.
        """
        data, at = self._data, self._at
        if is_explicit:
            vr = bytes(data[at + 4 : at + 6])
            is_unknown = vr not in SHORT_VRS and vr not in LONG_VRS and _UNKNOWN_VR.match(vr)
            if vr in SHORT_VRS or (is_unknown and any(data[at + 6 : at + 8])):
                self._at += 8
                return vr.decode(), _LENGTHS[order].unpack_from(data, at + 6)[0]
            if vr in LONG_VRS or is_unknown:
                if level.end - at < 12:
                    damaged("an element is cut short")
                self._at += 12
                return vr.decode(), _LONG_LENGTHS[order].unpack_from(data, at + 8)[0]
        self._at += 8
        return "", _LONG_LENGTHS[order].unpack_from(data, at + 4)[0]

    def _enter(
        self, level: _Level, tag: int, vr: str, length: int, wanted: str | Wanted | None
    ) -> None:
        """Go into a sequence, or the fragments of pixels, which are items likewise."""
        layout = level.layout
        if vr == "UN":  # PS3.5, 6.2.2: in implicit VR, little endian
            wanted = wanted if layout.order == "<" else None
            layout = Layout("<", is_explicit=False)
        items: list[DataSet] | None = None
        if isinstance(wanted, Mapping) and isinstance(level.found, DataSet):
            items = level.found.sequences.setdefault(tag, [])
        end, is_delimited = self._end(level, length)
        of_items = wanted if isinstance(wanted, Mapping) else None
        skipped = self._frame() - 1 if tag == _PER_FRAME else 0
        self._levels.append(_Level(end, _SEQUENCE, is_delimited, layout, of_items, items, skipped))

    def _frame(self) -> int:
        if self.frame is not None:
            return max(1, self.frame)
        found = self.root.values.get(_REPRESENTATIVE)
        return max(1, number_in(found, self._top.layout.order)) if found is not None else 1

    def _end(self, level: _Level, length: int) -> tuple[int, bool]:
        if length == UNDEFINED:
            return level.end, True
        if length > level.end - self._at:
            damaged("a sequence is longer than what holds it")
        return self._at + length, False

    def _pass(self, level: _Level, length: int) -> None:
        if length > level.end - self._at:
            damaged("an element is longer than what holds it, or the file is cut short")
        self._at += length

    def _close(self, level: _Level) -> None:
        """At a delimiter. One that closes nothing stands in some files, and means nothing."""
        if level.is_delimited:
            self._levels.pop()


_DELIMITERS = 0xFFFE
_UNKNOWN_VR = re.compile(rb"[A-Z]{2}")  # of a maker, or of tomorrow
_TAGS = {order: struct.Struct(order + "HH") for order in "<>"}
_LENGTHS = {order: struct.Struct(order + "H") for order in "<>"}
_LONG_LENGTHS = {order: struct.Struct(order + "I") for order in "<>"}
_ITEM_HEADS = {order: struct.Struct(order + "HHI") for order in "<>"}


def item_head(data: bytes | memoryview, at: int, order: str) -> tuple[int, int]:
    """Tag and length of what stands there: eight bytes."""
    group, element, length = _ITEM_HEADS[order].unpack_from(data, at)
    return group << 16 | element, length


def number_in(value: Value, order: str) -> int:
    """The first of a US, or 0 where it is too short."""
    content = value.content
    return _LENGTHS[order].unpack_from(content)[0] if len(content) >= 2 else 0


def _keep(found: DataSet, tag: int, wanted: str | Wanted, value: Value) -> None:
    """Where it is no longer than such a value may be."""
    most = _MOST_TABLE_BYTES if wanted in _OF_TABLES else _MOST_BYTES
    if isinstance(wanted, str) and len(value.content) <= most:
        found.values[tag] = value


def damaged(how: str) -> NoReturn:
    raise CorruptImageError(f"The DICOM file is damaged: {how}.")
