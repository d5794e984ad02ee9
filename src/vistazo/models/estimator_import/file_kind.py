"""Whether a file is one of scikit-learn, as far as its first bytes tell."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

HEAD_BYTES = 4096

_COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"]\x00\x00", b"\x04\x22\x4d\x18", b"ZF0x")
_ZLIB = (0x01, 0x5E, 0x9C, 0xDA)  # RFC 1950: the second byte, for a window of 32 kB
_BINARY = re.compile(rb"\x80[\x02-\x05]")
# Protocol 0 and 1: an object by its class (as Python 2 and 3 write it), a dictionary or a list.
_TEXT = re.compile(rb"c[A-Za-z_][\w.]*\n[A-Za-z_]\w*\n|\([dl]p\d+\n|[})\]]q\x00\(")


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
