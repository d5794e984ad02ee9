"""A look at a DICOM file before a decoder gets it: one frame, and what reading it takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from vistazo.errors import BrokenRule, RejectedUploadError
from vistazo.pictures.container.dicom import wanted
from vistazo.pictures.container.dicom.codestreams import checked_work, native_work
from vistazo.pictures.container.dicom.elements import PIXEL_DATA, Found, PixelData, Value
from vistazo.pictures.container.dicom.frames import compressed_frame, native_frame
from vistazo.pictures.container.dicom.jpeg2000 import without_boxes
from vistazo.pictures.container.dicom.kinds import (
    NATIVE,
    OF_JPEG_2000,
    refuse_own_heatmap,
    refuse_what_is_no_picture,
    refuse_what_is_not_read,
)
from vistazo.pictures.container.dicom.pixel_format import PixelFormat, pixel_format_of, text_of
from vistazo.pictures.container.dicom.source import (
    BIG_ENDIAN,
    EXPLICIT,
    Source,
    source_of,
)
from vistazo.pictures.container.dicom.stripped import StrippedDicom
from vistazo.pictures.container.dicom.written import around_pixels, elements, file_head

_NOT_WRITTEN = (
    wanted.REPRESENTATIVE_FRAME,
    wanted.OFFSETS,
    wanted.LENGTHS,
    wanted.MANUFACTURER,
)


def strip_dicom(data: bytes, frame: int | None = None) -> StrippedDicom:
    """Keep one ``frame`` of a DICOM file, from 1, and the elements that say how it is to be read.
    By default the one that its header calls representative, else the first.

    Raises CorruptImageError where it is damaged, and RejectedUploadError for what is no picture
    (by the rules ``sop_class``, ``pixel_data``, ``transfer_syntax`` and ``pixel_format``), has more
    parts than pictures have (``max_elements``), or no such frame (``frame``).
    """
    source = source_of(data)
    found = source.read(wanted.NEEDED, frame)
    data_set = found.data_set
    for sop_class in (source.sop_class, text_of(data_set, wanted.SOP_CLASS)):
        refuse_what_is_no_picture(sop_class)
    refuse_own_heatmap(text_of(data_set, wanted.SOP_CLASS), text_of(data_set, wanted.MANUFACTURER))
    refuse_what_is_not_read(source.transfer_syntax)
    if found.fault is not None:
        raise found.fault
    pixels = _pixels_of(found)
    form = pixel_format_of(data_set, found.layout.order, frame)
    if source.transfer_syntax in NATIVE:
        native = _native(source, found, pixels, form)
        _refuse_another(native.form, frame)
        return _stripped(found, native, source.transfer_syntax)
    codestream, form = compressed_frame(source, pixels, form, data_set)
    _refuse_another(form, frame)
    if source.transfer_syntax in OF_JPEG_2000:
        codestream = without_boxes(codestream)
    work = checked_work(codestream, form, source.transfer_syntax)
    around = around_pixels("OB", len(codestream), "<", is_compressed=True)
    taken = _Frame(form, work, source.transfer_syntax, "OB", lambda: codestream, *around)
    return _stripped(found, taken, source.transfer_syntax)


@dataclass(frozen=True)
class _Frame:
    """``transfer_syntax`` is that of what is written; ``head`` and ``tail`` stand around it."""

    form: PixelFormat
    work: int
    transfer_syntax: str
    vr: str
    take: Callable[[], memoryview]
    head: bytes
    tail: bytes


def _pixels_of(found: Found) -> PixelData:
    if found.pixels is None:
        _refuse("The DICOM file has no pixels: it is no picture, or only refers to one.")
    if found.pixels.tag != PIXEL_DATA:
        _refuse("The pixels of the DICOM file are fractions, as no X-ray has.")
    return found.pixels


def _native(source: Source, found: Found, pixels: PixelData, form: PixelFormat) -> _Frame:
    frame, form = native_frame(source, pixels, form)
    order = found.layout.order
    vr = pixels.vr if pixels.vr in ("OB", "OW") else "OW"
    around = around_pixels(vr, frame.length, order, is_compressed=False)
    syntax = BIG_ENDIAN if order == ">" else EXPLICIT
    return _Frame(form, native_work(frame), syntax, vr, frame.samples, *around)


def _stripped(found: Found, frame: _Frame, transfer_syntax: str) -> StrippedDicom:
    data_set, order, form = found.data_set, found.layout.order, frame.form
    for tag in _NOT_WRITTEN:
        data_set.values.pop(tag, None)
    data_set.values[wanted.FRAMES] = Value("IS", memoryview(b"1 "))
    head = file_head(data_set, frame.transfer_syntax) + elements(data_set, wanted.NEEDED, order)
    return StrippedDicom(
        (memoryview(head), memoryview(frame.head)),
        work=frame.work,
        is_read_whole=True,
        width=form.columns,
        height=form.rows,
        frame=form.frame,
        frames=form.frames,
        transfer_syntax=transfer_syntax,
        data_set=data_set,
        order=order,
        pixel_vr=frame.vr,
        take=frame.take,
        tail=frame.tail,
    )


def _refuse_another(form: PixelFormat, chosen: int | None) -> None:
    """Than the one that was chosen: the first was taken, for want of it."""
    if chosen in (None, form.frame):
        return
    count = "one frame" if form.frames == 1 else f"{form.frames} frames"
    detail = f"The DICOM file has {count}, and no frame {chosen} that can be read."
    raise RejectedUploadError([BrokenRule("frame", detail, (chosen, form.frames))])


def _refuse(detail: str) -> NoReturn:
    raise RejectedUploadError([BrokenRule("pixel_data", detail)])
