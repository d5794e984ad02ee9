"""A file of scikit-learn as inert values: pickles, joblib's and skops' files, nothing executed."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

from vistazo.errors import HostileModelError, ModelError, UnreadableModelError
from vistazo.models.estimator_import import opcodes
from vistazo.models.estimator_import.allowance import allowance_for
from vistazo.models.estimator_import.archives import MAGIC, read_archive
from vistazo.models.estimator_import.container import file_head, unpacked
from vistazo.models.estimator_import.foreign_files import check_is_no_other, told_as_text
from vistazo.models.estimator_import.keras_pickle import with_keras_models
from vistazo.models.estimator_import.machine import Machine, most_opcodes_for
from vistazo.models.estimator_import.sharing import check_sharing

# To import ``opcodes`` is what registers them.
__all__ = ["opcodes", "read_objects"]

# What a file says can be anything: where it makes no sense, a look-up or a sum fails.
_FAULTS = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)


def read_objects(path: Path, most_bytes: int) -> object:
    """What a file holds: records, arrays and plain values, none of them able to do anything.

    ``most_bytes`` bounds its bytes, unpacked. Raises UnreadableModelError where it is damaged or
    no such file, UnsupportedModelError where it is another kind of one, HostileModelError where
    it would do or take what no model needs.
    """
    try:
        return _read(path, most_bytes)
    except (RecursionError, MemoryError) as error:
        raise HostileModelError(f"{path.name} takes more memory than any model needs.") from error


def _read(path: Path, most_bytes: int) -> object:
    if file_head(path).startswith(MAGIC):
        value = _or_damaged(lambda: read_archive(path, most_bytes), path.name)
    else:
        value = _unpickled(unpacked(path, most_bytes), path.name, most_bytes)
    check_sharing(value)
    return with_keras_models(value)


def _or_damaged(reading: Callable[[], object], label: str) -> object:
    try:
        return reading()
    except ModelError:
        raise
    except _FAULTS as error:
        raise UnreadableModelError(
            f"{label} is damaged ({type(error).__name__}: {str(error)[:200]}). Copy it again."
        ) from error


def _unpickled(data: bytes, label: str, most_bytes: int) -> object:
    check_is_no_other(data, label)
    machine = Machine(
        data, allowance=allowance_for(len(data)), most_opcodes=most_opcodes_for(most_bytes)
    )
    try:
        return machine.run()
    except ModelError as error:
        raise _better(error, data, label) from error
    except _FAULTS as error:
        raise _better(_damaged(machine, label, error), data, label) from error


def _better(error: ModelError, data: bytes, label: str) -> ModelError:
    """What cannot be read as a pickle may be no pickle: a text can begin as one."""
    if not isinstance(error, UnreadableModelError):
        return error
    return told_as_text(data, label) or error


def _damaged(machine: Machine, label: str, error: Exception) -> UnreadableModelError:
    if machine.at >= len(machine.data):
        return UnreadableModelError(
            f"{label} ends in the middle: it was not copied or saved whole. Copy it again."
        )
    said = f"{type(error).__name__}: {error}"[:200]
    return UnreadableModelError(f"{label} is damaged, or no pickle, at byte {machine.at} ({said}).")
