"""One frame's bytes, out of the pixel data of all (PS3.5, section 8 and annex A.4)."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple, NoReturn

from vistazo.pictures.container.dicom.elements import (
    ITEM,
    UNDEFINED,
    DataSet,
    PixelData,
    damaged,
    item_head,
)
from vistazo.pictures.container.dicom.pixel_format import PixelFormat
from vistazo.pictures.container.dicom.source import Source
from vistazo.pictures.container.dicom.wanted import OFFSETS

_MAX_FRAGMENTS = 100_000
_MARKS_OF_A_FRAME = (b"\xff\xd8\xff", b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  ")


class _Fragment(NamedTuple):
    """Where its item stands, behind the offset table, and its content in the file."""

    at: int
    start: int
    length: int


@dataclass(frozen=True)
class NativeFrame:
    """Where the samples of a frame lie in the content of a file, which may have to be inflated."""

    source: Source
    start: int
    length: int

    def samples(self) -> memoryview:
        """Raises CorruptImageError where they are not all there."""
        piece = self.source.piece(self.start, self.length)
        if len(piece) < self.length:
            _damaged_or_cut_short()
        return piece


def native_frame(
    source: Source, pixels: PixelData, form: PixelFormat
) -> tuple[NativeFrame, PixelFormat]:
    """The frame that is to be taken; the first where another begins within a byte.

    Raises CorruptImageError where it is not whole.
    """
    if pixels.length != UNDEFINED:  # as many as there can be
        frames = max(1, 8 * pixels.length // form.frame_bits)
        form = replace(form, frames=min(form.frames, frames))
    unit_bits = 16 if source.layout.order == ">" else 8  # bytes may lie in swapped pairs
    if (form.frame - 1) * form.frame_bits % unit_bits or form.frame > form.frames:
        form = replace(form, frame=1)
    length = (form.frame_bits + 7) // 8
    if (
        source.layout.order == ">"
        and (form.frame - 1) * form.frame_bits // 8 + length < pixels.length
    ):
        length += length % 2  # bytes may lie there in swapped pairs
    start = (form.frame - 1) * form.frame_bits // 8
    if pixels.length == UNDEFINED or start + length > pixels.length:
        _damaged_or_cut_short()
    frame = NativeFrame(source, pixels.start + start, length)
    if source.deflated is None:
        frame.samples()
    return frame, form


def _damaged_or_cut_short() -> NoReturn:
    damaged("it has fewer pixels than it says, or is cut short")


def compressed_frame(
    source: Source, pixels: PixelData, form: PixelFormat, data_set: DataSet
) -> tuple[memoryview, PixelFormat]:
    """The one codestream of the frame that is to be taken: a copy only where it lies in fragments.

    Raises CorruptImageError where there is none.
    """
    if pixels.length != UNDEFINED:
        damaged("its compressed pixels are not in fragments")
    content = memoryview(source.content)
    table, *fragments = _fragments(content, pixels.start) or [_Fragment(0, 0, 0)]
    offsets = content[table.start : table.start + table.length]
    frames = _frames(content, fragments, form.frames, _offsets(offsets, data_set))
    form = replace(form, frame=form.frame if form.frame <= len(frames) else 1, frames=len(frames))
    chosen = frames[form.frame - 1]
    pieces = [content[each.start : each.start + each.length] for each in chosen]
    if not sum(map(len, pieces)):
        damaged("its frame has no pixels")
    return (pieces[0] if len(pieces) == 1 else memoryview(b"".join(pieces))), form


def _fragments(content: memoryview, start: int) -> list[_Fragment]:
    """And the offset table, which is the first. Where they end early, those that there are."""
    found: list[_Fragment] = []
    at, first = start, start
    while at + 8 <= len(content) and len(found) < _MAX_FRAGMENTS:
        tag, length = item_head(content, at, "<")
        if tag != ITEM or length == UNDEFINED:
            break
        length = min(length, len(content) - at - 8)
        found.append(_Fragment(at - first, at + 8, length))
        at += 8 + length
        if len(found) == 1:
            first = at
    return found


def _offsets(table: memoryview, data_set: DataSet) -> Sequence[int]:
    extended = data_set.values.get(OFFSETS)
    if extended is not None:
        whole = extended.content[: len(extended.content) // 8 * 8]
        return struct.unpack(f"<{len(whole) // 8}Q", whole)
    whole = table[: len(table) // 4 * 4]
    return struct.unpack(f"<{len(whole) // 4}I", whole)


def _frames(
    content: memoryview, fragments: list[_Fragment], frames: int, offsets: Sequence[int]
) -> list[list[_Fragment]]:
    """The fragments of each, of so many frames as the header says: fewer where there are fewer."""
    if frames == 1 or not fragments:
        return [fragments]
    if len(fragments) == frames:
        return [[each] for each in fragments]
    places = {*offsets}
    begun = [n for n, each in enumerate(fragments) if each.at in places]
    if len(offsets) != frames or len(begun) != frames:
        begun = [n for n, each in enumerate(fragments) if _begins_a_frame(content, each)]
    begun = begun or [*range(len(fragments))]
    return [fragments[start:end] for start, end in pairwise([*begun[:frames], len(fragments)])]


def _begins_a_frame(content: memoryview, fragment: _Fragment) -> bool:
    head = bytes(content[fragment.start : fragment.start + min(8, fragment.length)])
    return head.startswith(_MARKS_OF_A_FRAME)
