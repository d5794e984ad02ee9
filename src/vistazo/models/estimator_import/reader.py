"""A file of scikit-learn as inert values: pickles, joblib's and skops' files, nothing executed."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vistazo.errors import HostileModelError, ModelError, UnreadableModelError
from vistazo.models.estimator_import import opcodes
from vistazo.models.estimator_import.allowance import allowance_for
from vistazo.models.estimator_import.container import unpacked
from vistazo.models.estimator_import.machine import Machine, most_opcodes_for

__all__ = ["opcodes", "read_objects"]


def read_objects(path: Path, most_bytes: int) -> object:
    """What a file holds: records, arrays and plain values, none of them able to do anything.

    ``most_bytes`` bounds its bytes, unpacked. Raises UnreadableModelError where it is damaged or
    no such file, UnsupportedModelError where it is another kind of one, HostileModelError where
    it would do or take what no model needs.
    """
    return _unpickled(unpacked(path, most_bytes), path.name, most_bytes)


def _unpickled(data: bytes, label: str, most_bytes: int) -> object:
    machine = Machine(
        data, allowance=allowance_for(len(data)), most_opcodes=most_opcodes_for(most_bytes)
    )
    with _faults_of(machine, label):
        return machine.run()


@contextmanager
def _faults_of(machine: Machine, label: str) -> Iterator[None]:
    """What a file says can be anything: where it makes no sense, a look-up or a sum fails."""
    try:
        yield
    except ModelError:
        raise
    except (RecursionError, MemoryError) as error:
        raise HostileModelError(f"{label} takes more memory than any model needs.") from error
    except (
        ArithmeticError,
        AttributeError,
        EOFError,
        LookupError,
        TypeError,
        ValueError,
        struct.error,
    ) as error:
        if machine.at >= len(machine.data):
            raise UnreadableModelError(
                f"{label} ends in the middle: it was not copied or saved whole. Copy it again."
            ) from error
        raise UnreadableModelError(
            f"{label} is damaged, or no pickle, at byte {machine.at} "
            f"({type(error).__name__}: {error})."
        ) from error
