"""Arrays of NumPy from what a pickle says of them: type, shape, order and bytes, each checked.

Sources: numpy/_core/src/multiarray/methods.c (array_reduce, array_setstate) and descriptor.c
(arraydescr_reduce).
"""

from __future__ import annotations

import math
import re
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vistazo.errors import HostileModelError, UnreadableModelError, UnsupportedModelError
from vistazo.models.estimator_import.allowance import BYTES_PER_MEMBER, Allowance
from vistazo.models.estimator_import.values import DataType, Name

PLAIN_TYPE = re.compile(r"[<>|=]?(?:[biufcSUVmMO]\d{0,9}|\?)")
_MOST_AXES = 32
_MOST_FIELDS = 100
_DEEPEST_TYPE = 4
_MOST_WITHOUT_BYTES = 1000
_SMALL_BYTES = 64


def made_type(_allowance: Allowance, arguments: tuple[object, ...]) -> DataType:
    """``dtype('f8', align, copy)``. Its byte order and its fields come with its state."""
    name = arguments[0]
    if isinstance(name, Name) and name.name in ("record", "void"):  # of a recarray
        name = "V"
    if not isinstance(name, str) or not PLAIN_TYPE.fullmatch(name):
        said = repr(name[:50]) if isinstance(name, str) else "no name"  # a repr may never end
        raise UnreadableModelError(f"The file holds arrays of a type that is not known: {said}.")
    return DataType(np.dtype(name))


def set_type_state(made: DataType, state: object) -> None:
    """``(version, byte order, (base, shape), names, fields, item size, alignment, flags...)``."""
    if not isinstance(state, tuple) or len(state) < 5:
        raise UnreadableModelError("The file is damaged: the type of an array has no state.")
    order, base, names, fields = state[1:5]
    if base is not None:
        raise UnsupportedModelError("The file holds arrays of arrays, which no estimator needs.")
    if names is not None:
        item_bytes = state[5] if len(state) > 5 else -1
        fill(made, _structure(names, fields, item_bytes))
    elif order in ("<", ">"):
        fill(made, made.dtype.newbyteorder("<" if order == "<" else ">"))


def fill(made: DataType, dtype: np.dtype[Any]) -> None:
    """A type is in the memo of its pickle before its state is read."""
    object.__setattr__(made, "dtype", dtype)


def _structure(names: object, fields: object, item_bytes: object) -> np.dtype[Any]:
    if not isinstance(names, tuple) or not isinstance(fields, dict) or len(names) > _MOST_FIELDS:
        raise UnreadableModelError("The file is damaged: an array's fields are no fields.")
    types, offsets = [], []
    for name in names:
        if not isinstance(name, str):  # what else is looked up may take forever to be hashed
            raise UnreadableModelError("The file is damaged: an array's fields have no names.")
        kind, offset = fields[name][:2]
        if not isinstance(kind, DataType) or type(offset) is not int or offset < 0:
            raise UnreadableModelError("The file is damaged: an array's fields are no fields.")
        types.append(kind.dtype)
        offsets.append(offset)
    described: dict[str, object] = {"names": list(names), "formats": types, "offsets": offsets}
    if type(item_bytes) is int and item_bytes > 0:
        described["itemsize"] = item_bytes
    made = np.dtype(described)  # type: ignore[call-overload]
    if made.hasobject or _depth(made) > _DEEPEST_TYPE:
        raise HostileModelError("The file holds arrays whose fields hold objects or are nested.")
    return made  # type: ignore[no-any-return]


def _depth(dtype: np.dtype[Any]) -> int:
    if dtype.fields is None:
        return 0
    return 1 + max((_depth(field[0]) for field in dtype.fields.values()), default=0)


def empty_array(_allowance: Allowance, _arguments: tuple[object, ...]) -> NDArray[Any]:
    """``_reconstruct(class, (0,), b'b')``: what it becomes is in its state, see below."""
    return np.empty(0, np.int8)


def set_array_state(array: NDArray[Any], state: object, allowance: Allowance) -> None:
    """``(version, shape, type, is_fortran, bytes or list)``, the oldest without a version."""
    if not isinstance(state, tuple) or len(state) not in (4, 5):
        raise UnreadableModelError("The file is damaged: an array has no state.")
    shape, kind, is_fortran, content = state[-4:]
    dtype = _type_of(kind)
    if isinstance(content, str):  # of Python 2
        content = content.encode("latin-1")
    if dtype.hasobject:
        if not isinstance(content, list) or len(content) != count(shape, len(content), 1):
            raise _mismatched()
    elif not isinstance(content, bytes) or _n_bytes(shape, dtype, len(content)) != len(content):
        raise _mismatched()
    allowance.spend(len(content) * (BYTES_PER_MEMBER if dtype.hasobject else 1))
    array.__setstate__((1, shape, dtype, bool(is_fortran), content))  # type: ignore[arg-type]
    check_texts(array)


def array_of_buffer(allowance: Allowance, arguments: tuple[object, ...]) -> NDArray[Any]:
    """``_frombuffer(buffer, type, shape, order)`` of protocol 5."""
    content, kind, shape, order = arguments
    if not isinstance(content, bytes) or order not in ("C", "F", "A", "K"):
        raise UnreadableModelError("The file is damaged: an array has no bytes.")
    allowance.spend(len(content))
    return array_in(content, 0, _type_of(kind), shape, "F" if order == "F" else "C")


def array_in(
    content: bytes, at: int, dtype: np.dtype[Any], shape: object, order: str
) -> NDArray[Any]:
    """A view of the bytes from ``at`` on, copied only where they are not aligned."""
    n_bytes = _n_bytes(shape, dtype, len(content) - at)
    flat = np.frombuffer(content, np.uint8, n_bytes, at) if n_bytes else np.empty(0, np.uint8)
    typed: NDArray[Any] = np.ndarray(shape, dtype, flat, order="F" if order == "F" else "C")  # type: ignore[arg-type]
    check_texts(typed)
    return typed if typed.flags.aligned else typed.copy(order="K")


def check_texts(array: NDArray[Any]) -> None:
    """Raise UnreadableModelError where texts hold numbers that are no characters.

    Python ends in a SystemError where such a text is taken out of its array.
    """
    if array.dtype.names is not None:
        for name in array.dtype.names:
            check_texts(array[name])
    elif array.dtype.kind == "U" and array.size and array.dtype.itemsize:
        numbers = np.dtype(np.uint32).newbyteorder(array.dtype.byteorder)
        if np.ascontiguousarray(array).view(numbers).max() > sys.maxunicode:
            raise UnreadableModelError("The file is damaged: a text holds what is no character.")


def made_scalar(allowance: Allowance, arguments: tuple[object, ...]) -> object:
    """``scalar(type, bytes)``."""
    kind, content = arguments
    if not isinstance(kind, DataType):
        raise UnreadableModelError("The file is damaged: a number has no type.")
    dtype = kind.dtype
    if isinstance(content, bytes) and len(content) == dtype.itemsize and not dtype.hasobject:
        if len(content) > _SMALL_BYTES:
            allowance.spend(len(content))
        return _scalar_in(content, dtype) if content else dtype.type()
    if dtype.hasobject:
        return content
    if isinstance(content, str):  # of Python 2
        return made_scalar(allowance, (kind, content.encode("latin-1")))
    raise UnreadableModelError("The file is damaged: a number is not of the size of its type.")


def _scalar_in(content: bytes, dtype: np.dtype[Any]) -> object:
    array = np.frombuffer(content, dtype)
    if dtype.kind in "UV":
        check_texts(array)
    return array[0]


def _type_of(kind: object) -> np.dtype[Any]:
    if not isinstance(kind, DataType):
        raise UnreadableModelError("The file is damaged: an array has no type.")
    return kind.dtype


def _n_bytes(shape: object, dtype: np.dtype[Any], there: int) -> int:
    return count(shape, there, dtype.itemsize) * dtype.itemsize


def count(shape: object, there: int, item_bytes: int) -> int:
    """How many numbers an array has. Raises ModelError where there are not bytes for so many."""
    if not isinstance(shape, tuple) or len(shape) > _MOST_AXES:
        raise UnreadableModelError("The file is damaged: the shape of an array is no shape.")
    for size in shape:
        if type(size) is bool or not isinstance(size, int | np.integer) or not 0 <= size < 1 << 62:
            raise UnreadableModelError("The file is damaged: the shape of an array is no shape.")
    n_items = math.prod(map(int, shape))
    most = there // item_bytes if item_bytes else _MOST_WITHOUT_BYTES
    if n_items > most:
        raise UnreadableModelError(
            f"The file is damaged or was not copied whole: an array of shape {shape} has bytes for "
            f"{most} numbers."
        )
    return n_items


def _mismatched() -> UnreadableModelError:
    return UnreadableModelError(
        "The file is damaged: an array has not as many bytes as its shape says."
    )
