"""What a compressed frame says of itself: it must be what the header says, before it is decoded."""

from __future__ import annotations

import struct

from vistazo.pictures.container.dicom import kinds
from vistazo.pictures.container.dicom.elements import damaged
from vistazo.pictures.container.dicom.frames import NativeFrame
from vistazo.pictures.container.dicom.jpeg2000 import jpeg_2000_size
from vistazo.pictures.container.dicom.pixel_format import PixelFormat
from vistazo.pictures.container.dicom.size import Size
from vistazo.pictures.container.frame import Frame
from vistazo.pictures.container.jpeg import segments
from vistazo.pictures.container.scans import Scans

_SOS, _FRAME_OF_LS, _PRESETS = 0xDA, 0xF7, 0xF8
_DCT, _LOSSLESS = (0xC0, 0xC1), (0xC3,)
_DCT_BITS, _LOSSLESS_BITS = (8, 12), range(2, 17)
_FRAMES = range(0xC0, 0xD0)
_NO_FRAMES = (0xC4, 0xC8, 0xCC)
_MOST_PARAMETERS = 3  # of JPEG-LS: the fourth says that the picture is larger than it says
_MAX_SEGMENTS = 1_000
_RLE_HEADER_BYTES, _RLE_MOST_SEGMENTS = 64, 15


# What decoding takes: for each sample, and for each byte of the codestream. Measured with flat
# pixels, with those of an X-ray, and with noise; of run lengths also with the shortest runs.
_WORK = {
    kinds.RLE: (2.4, 1.0),
    kinds.JPEG_BASELINE: (1.0, 1.5),
    kinds.JPEG_EXTENDED: (2.5, 3.0),
    **dict.fromkeys(kinds.JPEG_LOSSLESS, (2.6, 2.5)),
    **dict.fromkeys(kinds.JPEG_LS, (1.2, 3.7)),
    **dict.fromkeys(kinds.OF_JPEG_2000, (2.5, 18.0)),
}
_INFLATED_BYTE_WORK = 1.0


def native_work(frame: NativeFrame) -> int:
    """As in ``Stripped``. What stands before a frame in a deflated file is inflated with it."""
    is_deflated = frame.source.deflated is not None
    inflated = _INFLATED_BYTE_WORK * (frame.start + frame.length) if is_deflated else 0
    return frame.length + int(inflated)


def checked_work(codestream: memoryview, form: PixelFormat, transfer_syntax: str) -> int:
    """Of decoding a frame. Raises CorruptImageError where it is not what the header says."""
    if transfer_syntax == kinds.RLE:
        _check_run_lengths(codestream, form)
    else:
        size = _size(codestream, transfer_syntax)
        said = (size.width, size.height, size.samples)
        if said != (form.columns, form.rows, form.samples) or size.bits > form.bits_allocated:
            damaged("its compressed pixels are others than it says")
    a_sample, a_byte = _WORK[transfer_syntax]
    return int(a_sample * form.pixels * form.samples + a_byte * len(codestream))


def _size(codestream: memoryview, transfer_syntax: str) -> Size:
    if transfer_syntax in kinds.OF_JPEG_2000:
        return jpeg_2000_size(codestream)
    if bytes(codestream[:2]) != b"\xff\xd8":
        damaged("its pixels are no JPEG, as it says they are")
    if transfer_syntax in kinds.JPEG_LS:
        return _size_of_ls(codestream)
    is_lossless = transfer_syntax in kinds.JPEG_LOSSLESS
    return _size_of_jpeg(codestream, _LOSSLESS if is_lossless else _DCT)


def _size_of_jpeg(data: memoryview, marks: tuple[int, ...]) -> Size:
    frame, scans = None, None
    for segment in segments(data):
        content = bytes(data[segment.start + 4 : segment.end])
        if segment.mark in _FRAMES and segment.mark not in _NO_FRAMES:
            if frame is not None or segment.mark not in marks:
                damaged("its pixels are compressed in another way than it says")
            frame = Frame.read(content)
            scans = Scans(len(frame.samplings), is_progressive=False)
        elif segment.mark == _SOS and scans is not None:
            scans.add(content)
    if frame is None or scans is None or not scans.count:
        damaged("its JPEG has no picture")
    if frame.bits not in (_LOSSLESS_BITS if marks == _LOSSLESS else _DCT_BITS):
        damaged(f"its JPEG has {frame.bits} bits, as none can have")
    return Size(frame.width, frame.height, len(frame.samplings), frame.bits)


def _size_of_ls(data: memoryview) -> Size:
    """ITU-T T.87, annex C: up to its first scan."""
    at, frame = 2, None
    for _ in range(_MAX_SEGMENTS):
        if at + 4 > len(data) or data[at] != 0xFF:
            break
        mark, end = data[at + 1], at + 2 + int.from_bytes(data[at + 2 : at + 4])
        content = bytes(data[at + 4 : end])
        if mark == _SOS or (mark == _PRESETS and content[:1] > bytes([_MOST_PARAMETERS])):
            break
        if mark == _FRAME_OF_LS:
            frame = Frame.read(content)
        at = end
    if frame is None or frame.bits not in _LOSSLESS_BITS:
        damaged("its JPEG-LS has no picture")
    return Size(frame.width, frame.height, len(frame.samplings), frame.bits)


def _check_run_lengths(data: memoryview, form: PixelFormat) -> None:
    """PS3.5, annex G.5."""
    if len(data) < _RLE_HEADER_BYTES:
        damaged("its run lengths have no header")
    count, *offsets = struct.unpack_from("<16I", data)
    starts = offsets[: min(count, _RLE_MOST_SEGMENTS)]
    if count != form.samples * form.bits_allocated // 8 or count > _RLE_MOST_SEGMENTS:
        damaged("its run lengths have not as many segments as its pixels have bytes")
    if starts != sorted(starts) or starts[0] < _RLE_HEADER_BYTES or starts[-1] > len(data):
        damaged("its run lengths do not lie in the file")
