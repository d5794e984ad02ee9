"""Whether a file is one of scikit-learn, as far as its name and its first bytes tell."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from vistazo.models.layers_text import is_layers_name

HEAD_BYTES = 4096

_SUFFIXES = frozenset(
    {".pkl", ".pickle", ".joblib", ".jbl", ".sav", ".skops", ".pk", ".p", ".dat", ".model", ".npz"}
)
_OF_PICTURES = frozenset({".keras", ".h5", ".hdf5", ".onnx", ".zip"})

_COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"]\x00\x00", b"\x04\x22\x4d\x18", b"ZF0x")
_ZLIB = (0x01, 0x5E, 0x9C, 0xDA)  # RFC 1950: the second byte, for a window of 32 kB
_BINARY = re.compile(rb"\x80[\x02-\x05]")
# Protocol 0 and 1: an object by its class (as Python 2 and 3 write it), a dictionary or a list.
_TEXT = re.compile(rb"c[A-Za-z_][\w.]*\n[A-Za-z_]\w*\n|\([dl]p\d+\n|[})\]]q\x00")


def is_estimator(path: Path) -> bool:
    """Whether a file is to be read as one of scikit-learn; a pickle around Keras is not."""
    suffixes = {suffix.lower() for suffix in path.suffixes[-2:]}
    if is_layers_name(path):
        return False
    if not _OF_PICTURES.isdisjoint(suffixes) or is_keras_pickle(path):
        return False
    return not _SUFFIXES.isdisjoint(suffixes) or looks_like_estimator(_head(path))


def is_keras_pickle(path: Path) -> bool:
    """Whether a file is a pickle of a Keras model, and of no estimator."""
    head = _head(path)
    is_pickle = bool(_BINARY.match(head) or _TEXT.match(head))
    return is_pickle and b"keras" in head and b"sklearn" not in head


def _head(path: Path) -> bytes:
    """The first bytes; none where there is no file: a pipe may never give any."""
    if not path.is_file():
        return b""
    try:
        with path.open("rb") as file:
            return file.read(HEAD_BYTES)
    except OSError:
        return b""


def looks_like_estimator(head: bytes) -> bool:
    """Whether the first bytes may be those of a pickle, plain or compressed by joblib or gzip.

    Of a zip they do not tell: see ``is_skops``.
    """
    if head.startswith(_COMPRESSED):
        return True
    if head[:1] == b"x" and len(head) > 1:
        return head[1] in _ZLIB
    return bool(_BINARY.match(head) or _TEXT.match(head))


def is_skops(path: Path) -> bool:
    """Whether a zip is one that skops wrote. False for what is no zip."""
    try:
        with zipfile.ZipFile(path) as archive:
            return "schema.json" in archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError):
        return False
