"""What a file is, told from its first bytes; and, where it is no Keras file, what to do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vistazo.errors import (
    ModelError,
    ModelNotFoundError,
    UnreadableModelError,
    UnsupportedModelError,
)
from vistazo.models.tensorflow_files import what_file_it_is, what_folder_it_is

FileKind = Literal["hdf5", "zip"]

HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_ZIP_SIGNATURE = b"PK\x03\x04"
_HEAD_BYTES = 4096

# A user block of 512, 1024, 2048... bytes may precede the signature (HDF5 specification, II.A).
_HDF5_OFFSETS = (0, 512, 1024, 2048)


@dataclass(frozen=True)
class _ForeignFormat:
    """A kind of file that is met where a Keras file was meant."""

    pattern: re.Pattern[bytes]
    what: str
    way_out: str


_EXPORT = "Export the model with model.save('model.keras')."
_UNREADABLE = (
    _ForeignFormat(
        re.compile(rb"version https://git-lfs"),
        "is a Git LFS pointer, not the model itself",
        "Run 'git lfs pull' and use the file that it fetches.",
    ),
    _ForeignFormat(
        re.compile(rb"\s*<(!doctype|html|head|\?xml|!--)", re.IGNORECASE),
        "is an HTML or XML page, not a model",
        "The download probably answered with an error or a sign-in page; fetch the file again.",
    ),
    # The signature was designed to show exactly this damage (HDF5 specification, II.A).
    _ForeignFormat(
        re.compile(rb"\x89HDF|\x09HDF|\xef\xbf\xbdHDF"),
        "is an HDF5 file damaged by a text transfer (newline or character conversion)",
        "Copy it again in binary mode; in git, mark it '-text' in .gitattributes.",
    ),
    _ForeignFormat(
        re.compile(rb"PK\x03\x04|PK\x05\x06|PK\x07\x08"), "is an empty or split zip file", _EXPORT
    ),
)
_FOREIGN = (
    _ForeignFormat(
        re.compile(rb"\x80[\x02-\x05]"), "is a Python pickle, which is never opened", _EXPORT
    ),
    _ForeignFormat(re.compile(rb"\x1f\x8b"), "is a gzip archive", "Unpack it first."),
    _ForeignFormat(re.compile(rb"7z\xbc\xaf|Rar!"), "is a compressed archive", "Unpack it first."),
)


def recognise(path: Path) -> FileKind:
    """The container that a model file uses.

    Raises ModelNotFoundError, UnreadableModelError or, for a sound file of another kind,
    UnsupportedModelError.
    """
    head = _read_head(path)
    if any(head[at : at + 8] == HDF5_SIGNATURE for at in _HDF5_OFFSETS):
        return "hdf5"
    if head.startswith(_ZIP_SIGNATURE):
        return "zip"
    raise _refusal(path, head)


def _refusal(path: Path, head: bytes) -> ModelError:
    if not head.strip(b"\0\t\r\n "):
        return UnreadableModelError(f"{path.name} is empty. Copy or download it again.")
    for found in _UNREADABLE:
        if found.pattern.match(head):
            return UnreadableModelError(f"{path.name} {found.what}. {found.way_out}")
    for found in _FOREIGN:
        if found.pattern.match(head):
            return UnsupportedModelError(f"{path.name} {found.what}. {found.way_out}")
    of_tensorflow = what_file_it_is(path, head)
    if of_tensorflow is not None:
        return UnsupportedModelError(of_tensorflow)
    kind = "a text file" if _is_text(head) else "not an HDF5 or zip file"
    return UnreadableModelError(
        f"{path.name} is {kind}, so it is no .h5 or .keras model. {_EXPORT}"
    )


def _read_head(path: Path) -> bytes:
    if path.is_dir():
        of_tensorflow = what_folder_it_is(path)
        if of_tensorflow is not None:
            raise UnsupportedModelError(of_tensorflow)
        raise UnreadableModelError(f"{path} is a directory. Name the model file in it.")
    try:
        with path.open("rb") as file:
            return file.read(_HEAD_BYTES)
    except FileNotFoundError:
        raise ModelNotFoundError(f"There is no model file at {path}.") from None
    except (OSError, ValueError) as error:
        raise UnreadableModelError(f"{path} cannot be read: {error}.") from error


def _is_text(head: bytes) -> bool:
    return all(byte >= ord(" ") or byte in b"\t\n\r\f" for byte in head)
