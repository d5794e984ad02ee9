"""DICOM files with a planted value in every text that they can hold: readable, refused, damaged."""

from __future__ import annotations

from collections.abc import Iterator

from pydicom.datadict import DicomDictionary

from canaries import canary, pixels
from dicom_files.raw import PIXEL_DATA, RawElement, item, numbers, text
from dicom_files.syntaxes import EXPLICIT

CHANNELS = (
    "dicom text", "dicom sequence", "dicom private", "dicom meta", "dicom pixels", "dicom overlay",
)  # fmt: skip
# No canary can be a UID or a date: these are planted where only such are read.
UID = "1.2.826.0.1.3680043.8.498.71625341"
BORN, TAKEN = "19610317", "20190823"
PLANTED = {
    **{channel: canary(channel) for channel in CHANNELS},
    "dicom uid": UID,
    "dicom birth": BORN,
    "dicom day": TAKEN,
}
_TEXTS = {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UT"}
_GROUPS = (0x0008, 0x0010, 0x0012, 0x0018, 0x0020, 0x0028, 0x0032, 0x0038, 0x0040, 0x4000)
# What the pixels are read by, and what a header is read as saying.
_SAID = {
    0x0008_0016: text(0x0008_0016, b"UI", "1.2.840.10008.5.1.4.1.1.1\0"),
    0x0008_0018: text(0x0008_0018, b"UI", UID),
    0x0008_0020: text(0x0008_0020, b"DA", TAKEN),
    0x0008_0022: text(0x0008_0022, b"DA", TAKEN),
    0x0008_0060: text(0x0008_0060, b"CS", "CR"),
    0x0010_0030: text(0x0010_0030, b"DA", BORN),
    0x0020_000D: text(0x0020_000D, b"UI", UID),
    0x0028_0002: numbers(0x0028_0002, 1),
    0x0028_0004: text(0x0028_0004, b"CS", "MONOCHROME2"),
    0x0028_0010: numbers(0x0028_0010, 64),
    0x0028_0011: numbers(0x0028_0011, 64),
    0x0028_0100: numbers(0x0028_0100, 8),
    0x0028_0101: numbers(0x0028_0101, 8),
    0x0028_0102: numbers(0x0028_0102, 7),
    0x0028_0103: numbers(0x0028_0103, 0),
}
_LEFT_OUT = {0x0008_0005, 0x0028_0008, 0x0028_2110}  # a character set, frames: they mean something


def readable(**changes: str) -> bytes:
    """Elements named as those of ``_SAID`` may say something else: ``modality="CT"``."""
    return _part10(_elements(**changes))


def refused() -> Iterator[bytes]:
    """By its header, its kind, its coding, its pixels; and damaged where values are planted."""
    whole = readable()
    yield readable(modality="CT")
    yield readable(view="LL")
    yield readable(sop_class="1.2.840.10008.5.1.4.1.1.88.22")
    yield readable(sop_class=canary("dicom text"))
    yield _part10(_elements(), canary("dicom meta"))
    yield _part10(_elements()[:-1])
    for channel in ("dicom sequence", "dicom private"):
        at = whole.find(canary(channel).encode())
        yield whole[: at + 8]
        yield whole[:at] + b"\xff" * 8 + whole[at:]
    yield whole[:-200]


def _part10(elements: list[RawElement], syntax: str = EXPLICIT) -> bytes:
    meta = (
        text(0x0002_0003, b"UI", UID),
        text(0x0002_0010, b"UI", syntax + "\0" * (len(syntax) % 2)),
        text(0x0002_0016, b"AE", canary("dicom meta")),
        text(0x0002_0100, b"UI", UID),
        RawElement(0x0002_0102, b"OB", canary("dicom meta").encode() * 9),
    )
    inside = b"".join(each.coded() for each in meta)
    head = bytes(128) + b"DICM" + numbers(0x0002_0000, len(inside), vr=b"UL").coded() + inside
    return head + b"".join(each.coded() for each in elements)


def _elements(**changes: str) -> list[RawElement]:
    tags = {"modality": 0x0008_0060, "view": 0x0018_5101, "sop_class": 0x0008_0016}
    changed = {
        tags[name]: text(tags[name], b"UI" if name == "sop_class" else b"CS", value)
        for name, value in changes.items()
    }
    found = {tag: text(tag, vr.encode(), canary("dicom text")) for tag, vr in _texts()}
    found |= {tag: _sequence(tag) for tag in (0x0008_1111, 0x0008_1140, 0x0054_0220)}
    found |= {
        0x0009_0010: text(0x0009_0010, b"LO", canary("dicom private")),
        0x0009_1001: text(0x0009_1001, b"UN", canary("dicom private") * 9),
        0x6000_3000: text(0x6000_3000, b"OW", canary("dicom overlay") * 9),
        PIXEL_DATA: RawElement(PIXEL_DATA, b"OB", pixels(canary("dicom pixels")).tobytes()),
    }
    found |= _SAID | changed
    return [found[tag] for tag in sorted(found)]


def _texts() -> Iterator[tuple[int, str]]:
    for tag, (vr, *_) in DicomDictionary.items():
        if tag >> 16 in _GROUPS and vr in _TEXTS and tag not in _LEFT_OUT:
            yield tag, vr


def _sequence(tag: int) -> RawElement:
    value = canary("dicom sequence")
    inner = (text(0x0008_0100, b"SH", value), text(0x0008_0104, b"LO", value))
    return RawElement(tag, b"SQ", item(b"".join(each.coded() for each in inner)))
