"""What arrived, told from its bytes: a model's kind and whether it is whole, or what it is instead.

A server that has no file to give seldom says so: it sends a page with status 200.
"""

from __future__ import annotations

import re
import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from vistazo.models.estimator_import.file_kind import is_skops, looks_like_estimator
from vistazo.models.layers_text import is_for_browser, may_hold_layers, text_kind

HEAD_BYTES = 65_536  # enough of a page to find the sentence that says why it came

_HDF5 = b"\x89HDF\r\n\x1a\n"
_ZIP = b"PK\x03\x04"
_PAGE = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|head|body|\?xml|!--|script|meta)", re.IGNORECASE
)
_MOST_ZIP_END_BYTES = 22 + 65_535  # the record, and its comment
_POINTER = re.compile(rb"version https://git-lfs\.github\.com/spec/")
_JSON = re.compile(rb"(?:\xef\xbb\xbf)?\s*[{\[]")


@dataclass(frozen=True)
class _Page:
    """A page that is known, by what stands in it."""

    pattern: re.Pattern[bytes]
    words: str


_PAGES = (
    _Page(
        re.compile(rb"quota exceeded|too many users have viewed or downloaded", re.IGNORECASE),
        "a page that says that too many have downloaded the file (its quota is used up). Wait a "
        "day, or put a copy of the file elsewhere",
    ),
    _Page(
        re.compile(rb"virus scan warning|can't scan this file for viruses", re.IGNORECASE),
        "the page about viruses instead of the file. Put the file elsewhere, such as a GitHub "
        "release or Hugging Face",
    ),
    _Page(
        re.compile(
            rb"accounts\.google\.com/\w*(?:login|signin)|login\.(?:microsoftonline|live)\.com"
            rb"|type=.?password|<title[^>]*>[^<]*(?:sign|log)[ -]?in\b",
            re.IGNORECASE,
        ),
        "a sign-in page instead of the file: it is not shared with everyone. {share}",
    ),
)


def is_page(head: bytes) -> bool:
    """Whether these first bytes are of a page for people."""
    return _PAGE.match(head) is not None


def is_pointer(head: bytes) -> bool:
    """Whether these first bytes are a Git LFS pointer."""
    return _POINTER.match(head) is not None


def refusal(head: bytes, share: str, *, may_be_text: bool) -> str | None:
    """What came instead of the file, and what to do; None where it may be the file.

    ``share`` says how a file is shared at the service that it came from. A model is no text.
    """
    if not head:
        return "an empty file. Upload it again"
    if is_pointer(head):
        return (
            "a Git LFS pointer, not the file that it stands for. Use the link of the file's "
            "button 'Download', or attach the file to a release"
        )
    if is_page(head):
        return _page(head).format(share=share.rstrip("."))
    is_layers = may_hold_layers(head) or is_for_browser(head)
    is_model = is_layers or looks_like_estimator(head)
    if not may_be_text and not is_model and _is_text(head):
        if _JSON.match(head):
            return "JSON instead of a model, such as an error message. Open the link to read it"
        return "text, not a model. Open the link to see what it is"
    return None


def _page(head: bytes) -> str:
    for page in _PAGES:
        if page.pattern.search(head):
            return page.words
    return (
        "a web page, not a file. Give the link that downloads the file itself (often behind the "
        "button 'Download')"
    )


def _is_text(head: bytes) -> bool:
    return all(byte >= ord(" ") or byte in b"\t\n\r\f" for byte in head[:4096])


def suffix_of(path: Path) -> str | None:
    """The ending that a whole model file of this kind has; None for no kind that is known."""
    with path.open("rb") as file:
        head = file.read(4096)
    if any(head[at : at + 8] == _HDF5 for at in (0, 512, 1024, 2048)):
        return ".h5"
    if head.startswith(_ZIP):
        return _suffix_of_zip(path)
    if _is_onnx(head):
        return ".onnx"
    if may_hold_layers(head) or is_for_browser(head):
        return f".{text_kind(head)}"
    return ".pkl" if looks_like_estimator(head) else None


def _suffix_of_zip(path: Path) -> str:
    if is_skops(path):
        return ".skops"
    return ".keras" if _is_keras_archive(path) else ".zip"


def _is_keras_archive(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return "config.json" in archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError):
        return False


def _is_onnx(head: bytes) -> bool:
    # A ModelProto begins with its ir_version, a small number (onnx.proto, field 1).
    return len(head) > 2 and head[0] == 0x08 and head[1] < 0x20


def is_whole(path: Path) -> bool:
    """Whether a file goes on to the end that its own format names.

    A server that announces too few bytes sends a cut file that HTTP takes for whole.
    """
    with path.open("rb") as file:
        head = file.read(4096)
        if head.startswith(_HDF5):
            return path.stat().st_size >= _hdf5_end(head)
        if head.startswith(_ZIP):
            return _ends_with_a_directory(file, path.stat().st_size)
        if _is_onnx(head):
            return _ends_with_a_field(file, path.stat().st_size)
    return True


def _hdf5_end(head: bytes) -> int:
    """The end-of-file address of a superblock (HDF5 specification, II.A); 0 where it has none."""
    version = head[8]
    if version > 3 or len(head) < 96:
        return 0
    width = head[13] if version < 2 else head[9]
    first = {0: 24, 1: 28}.get(version, 12)
    if width not in (2, 4, 8):
        return 0
    at = first + 2 * width
    return int.from_bytes(head[at : at + width], "little")


def _ends_with_a_directory(file: BinaryIO, size: int) -> bool:
    """Whether the end record of a zip is there, and not that of a zip inside (APPNOTE 4.3.16)."""
    start = max(0, size - _MOST_ZIP_END_BYTES)
    file.seek(start)
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 22:
        return False
    length, offset = struct.unpack_from("<LL", tail, at + 12)
    is_large = 0xFFFFFFFF in (length, offset)  # the zip64 record says where the directory is
    return is_large or length + offset == start + at


def _ends_with_a_field(file: BinaryIO, size: int) -> bool:
    """Whether the outer fields of a protobuf message fill the file to its last byte."""
    at = 0
    while at < size:
        file.seek(at)
        head = file.read(20)
        tag, used = _varint(head)
        value, more = _varint(head[used:])
        widths = {0: more, 1: 8, 2: more + value, 5: 4}
        if not used or (tag & 7) not in widths or (tag & 7 in (0, 2) and not more):
            return False
        at += used + widths[tag & 7]
    return at == size


def _varint(data: bytes) -> tuple[int, int]:
    """The number at the beginning, and how many bytes it takes; 0 of them where it is cut."""
    number = 0
    for place, byte in enumerate(data[:10]):
        number |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return number, place + 1
    return 0, 0
