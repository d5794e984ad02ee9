"""The .npy format of NumPy, from bytes. Source: numpy/lib/_format_impl.py.

NumPy's own reader hands the header to Python's compiler; here it is told apart by its shape.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vistazo.errors import UnreadableModelError
from vistazo.models.estimator_import.arrays import PLAIN_TYPE, array_in

_MAGIC = b"\x93NUMPY"
_MOST_HEADER_BYTES = 20_000
_MOST_FIELDS = 100
_FIELD = r"\('\w*', '[<>|=]?\w+'\)"
_HEADER = re.compile(
    rf"\{{'descr': (?:'(?P<type>[^']*)'|\[(?P<fields>{_FIELD}(?:, {_FIELD})*),?\]), "
    r"'fortran_order': (?P<order>True|False), 'shape': \((?P<shape>[\dL, ]*)\), *\}\s*"
)
_PARTS = re.compile(r"\('(\w*)', '([^']*)'\)")


def array_of_npy(content: bytes) -> NDArray[Any]:
    """A view of the bytes. Raises ModelError."""
    if not content.startswith(_MAGIC) or len(content) < 12:
        raise _damaged()
    width = 2 if content[6] == 1 else 4
    start = 8 + width
    end = start + int.from_bytes(content[8:start], "little")
    if end - start > _MOST_HEADER_BYTES:
        raise _damaged()
    header = _HEADER.fullmatch(str(content[start:end], "latin-1"))
    if header is None:
        raise _damaged()
    shape = tuple(int(size.strip("L ")) for size in header["shape"].split(",") if size.strip())
    dtype = _plain(header["type"]) if header["type"] else _structure(header["fields"] or "")
    return array_in(content, end, dtype, shape, "F" if header["order"] == "True" else "C")


def _plain(name: str) -> np.dtype[Any]:
    if not PLAIN_TYPE.fullmatch(name) or name.endswith("O"):
        raise _damaged()
    return np.dtype(name)


def _structure(fields: str) -> np.dtype[Any]:
    """Fields in order; those without a name only fill room."""
    parts = [(name, _plain(kind)) for name, kind in _PARTS.findall(fields)]
    if len(parts) > _MOST_FIELDS:
        raise _damaged()
    names, types, offsets, at = [], [], [], 0
    for name, kind in parts:
        if name:
            names.append(name)
            types.append(kind)
            offsets.append(at)
        at += kind.itemsize
    described = {"names": names, "formats": types, "offsets": offsets, "itemsize": at}
    return np.dtype(described)  # type: ignore[call-overload, no-any-return]


def _damaged() -> UnreadableModelError:
    return UnreadableModelError(
        "An array in the file is damaged, or of a format that is not known."
    )
