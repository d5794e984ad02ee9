"""A look at compressed pixels before a decoder gets them: of what size they are, and well-formed.

GDCM ends the process on some damaged headers (seen with 3.2.6), and believes what a stream says of
its size. So it gets the segments that decoding takes, checked, and of the size of the picture.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

from vistazo.pictures.dicom.damage import refuse

# ITU-T T.81 table B.1 and T.87 C.1: extended sequential, lossless, JPEG-LS.
EXTENDED, LOSSLESS, JPEG_LS = 0xC1, 0xC3, 0xF7
_SOI, _EOI, _SOS, _DHT, _DQT, _DRI, _LSE = b"\xff\xd8", 0xD9, 0xDA, 0xC4, 0xDB, 0xDD, 0xF8
_TABLES = {EXTENDED: (_DHT, _DQT, _DRI), LOSSLESS: (_DHT, _DRI), JPEG_LS: (_LSE, _DRI)}
_FRAME = struct.Struct(">BHHB")
# Colours stay what they are. Where nothing says so GDCM guesses, and where it cannot, it aborts.
_NO_TRANSFORM = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00"
_MOST_SEGMENTS = 200
_LUMA_SAMPLINGS = (b"\x11", b"\x21", b"\x12", b"\x22")
_ALL_COEFFICIENTS = b"\0\x3f\0"
_LEFT_OUT = (*range(0xE0, 0xF0), 0xFE)  # applications' and comments
_MOST_CODES, _CODE_LENGTHS = 256, 16
# JPEG stuffs a byte 0 behind 0xFF; JPEG-LS a bit, so that a byte below 0x80 follows.
_END_OF_LS_SCAN = re.compile(rb"\xff[\x80-\xcf\xd8-\xfe]")
_END_OF_SCAN = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
_J2K = b"\xff\x4f\xff\x51"  # ISO/IEC 15444-1, A.4.1 and A.5.1: SOC, and SIZ at once
_SIZ = struct.Struct(">HHIIIIIIIIH")


@dataclass(frozen=True)
class Codestream:
    """``data`` is what its decoder gets; of ``bits`` each are its ``samples`` a pixel."""

    data: bytes
    rows: int
    columns: int
    samples: int
    bits: int
    is_signed: bool = False


def jpeg_bits(data: bytes) -> int:
    """Of the samples of a baseline or extended JPEG: 8 where it does not say."""
    frame = re.search(rb"\xff[\xc0\xc1\xc2]..(.)", data[:65_536], re.DOTALL)
    return frame[1][0] if frame else 8


def jpeg_stream(data: bytes, frame_mark: int) -> Codestream:
    """Of a JPEG of one kind of frame, its frame, tables and scans. Raises CorruptImageError."""
    if not data.startswith(_SOI):
        refuse("its pixels are no JPEG, as it says they are")
    kept, at = _Kept(frame_mark), len(_SOI)
    for _ in range(_MOST_SEGMENTS):
        mark, content, end = _segment(data, at)
        if mark == _EOI:
            return kept.stream()
        if mark == _SOS:
            at, end = end, _scan_end(data, end, frame_mark)
            kept.add_scan(content, data[at:end])
        else:
            kept.add(mark, content)
        at = end
    return refuse("its JPEG has too many segments")


def _segment(data: bytes, at: int) -> tuple[int, bytes, int]:
    """Mark, content and end. Fill bytes may stand before a mark."""
    while data[at : at + 2] == b"\xff\xff":
        at += 1
    head = data[at : at + 4]
    if len(head) < 2 or head[0] != 0xFF:
        refuse("its JPEG is cut short")
    if head[1] == _EOI:
        return _EOI, b"", at + 2
    end = at + 2 + int.from_bytes(head[2:])
    if end < at + 4 or end > len(data):
        refuse("its JPEG is cut short")
    return head[1], data[at + 4 : end], end


def _scan_end(data: bytes, at: int, frame_mark: int) -> int:
    found = (_END_OF_LS_SCAN if frame_mark == JPEG_LS else _END_OF_SCAN).search(data, at)
    if found is None:
        refuse("its JPEG is cut short")
    return found.start()


class _Kept:
    """What its decoder gets of a JPEG, written anew."""

    def __init__(self, frame_mark: int) -> None:
        self._frame_mark = frame_mark
        self._parts = [_SOI] if frame_mark == JPEG_LS else [_SOI, _NO_TRANSFORM]
        self._frame = b""
        self._has_scan = False

    def add(self, mark: int, content: bytes) -> None:
        if mark == self._frame_mark and not self._frame:
            _check_frame(content, mark)
            self._frame = content
        elif mark in _TABLES[self._frame_mark]:
            _check_table(mark, content)
        elif mark in _LEFT_OUT:
            return
        else:
            refuse("its pixels are compressed in another way than it says")
        self._write(mark, content)

    def add_scan(self, content: bytes, pixels: bytes) -> None:
        if not self._frame:
            refuse("its JPEG has no picture")
        _check_scan(content, self._frame, self._frame_mark)
        if self._frame_mark == EXTENDED:  # some say that they have none of the coefficients
            content = content[:-3] + _ALL_COEFFICIENTS
        self._write(_SOS, content)
        self._parts.append(pixels)
        self._has_scan = True

    def stream(self) -> Codestream:
        if not self._has_scan:
            refuse("its JPEG has no picture")
        bits, rows, columns, samples = _FRAME.unpack_from(self._frame)
        whole = b"".join([*self._parts, bytes((0xFF, _EOI))])
        return Codestream(whole, rows, columns, samples, bits)

    def _write(self, mark: int, content: bytes) -> None:
        self._parts += [struct.pack(">BBH", 0xFF, mark, len(content) + 2), content]


def _check_frame(content: bytes, mark: int) -> None:
    bits, rows, columns, samples = _FRAME.unpack_from(content.ljust(_FRAME.size, b"\0"))
    is_whole = len(content) == _FRAME.size + 3 * samples and samples in (1, 3)
    ids, samplings = content[_FRAME.size :: 3], content[_FRAME.size + 1 :: 3]
    may_be = _LUMA_SAMPLINGS if mark == EXTENDED and samples > 1 else _LUMA_SAMPLINGS[:1]
    is_plain = samplings[:1] in may_be and set(samplings[1:]) <= {0x11} and len(set(ids)) == samples
    if not (is_whole and is_plain and 2 <= bits <= 16 and rows and columns):
        refuse("its JPEG has a frame that no picture has")


def _check_scan(content: bytes, frame: bytes, frame_mark: int) -> None:
    count, samples = content[:1], frame[_FRAME.size - 1]
    is_whole = b"\1" <= count <= bytes((samples,)) and len(content) == 4 + 2 * count[0]
    ids, tables = content[1:-3:2], content[2:-3:2]
    is_known = set(ids) <= set(frame[_FRAME.size :: 3]) and len(set(ids)) == len(ids)
    if frame_mark != JPEG_LS:
        is_known &= all(table >> 4 <= 3 and table & 15 <= 3 for table in tables)
    if is_whole and frame_mark == LOSSLESS:  # predictor, nothing, point transform
        predictor, nothing, low = content[-3:]
        is_known &= 1 <= predictor <= 7 and not nothing and low < frame[0]
    if not (is_whole and is_known):
        refuse("its JPEG has a scan that no picture has")


def _check_table(mark: int, content: bytes) -> None:
    """Of Huffman codes: as many as are said, no more than there can be of their lengths."""
    while mark == _DHT and content:
        counts = content[1 : 1 + _CODE_LENGTHS]
        room = sum(count << (_CODE_LENGTHS - 1 - n) for n, count in enumerate(counts))
        end = 1 + _CODE_LENGTHS + sum(counts)
        is_whole = len(counts) == _CODE_LENGTHS and end <= len(content)
        if not is_whole or sum(counts) > _MOST_CODES or room > 1 << _CODE_LENGTHS:
            refuse("its JPEG has damaged tables")
        if content[0] >> 4 > 1 or content[0] & 15 > 3:
            refuse("its JPEG has damaged tables")
        content = content[end:]


def j2k_stream(data: bytes) -> Codestream:
    """Of JPEG 2000, without boxes around it. Raises CorruptImageError."""
    start = data.find(_J2K, 0, 4096)
    stream = data[start:] if start > 0 else data
    if start < 0 or len(stream) < 4 + _SIZ.size + 3:
        refuse("its pixels are no JPEG 2000, as it says they are")
    _, _, right, bottom, left, top, *_, samples = _SIZ.unpack_from(stream, 4)
    depth = stream[4 + _SIZ.size]
    bits, is_signed = (depth & 0x7F) + 1, depth > 0x7F
    return Codestream(stream, bottom - top, right - left, samples, bits, is_signed)
