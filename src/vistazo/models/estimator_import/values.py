"""What a pickle can make here: Python's plain values, arrays, and those below: all inert."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vistazo.errors import HostileModelError

_MOST_DENSE = 30_000_000  # 240 MB


@dataclass(frozen=True)
class Name:
    """A class or a function that the file mentions: never imported."""

    module: str
    name: str

    def __str__(self) -> str:
        """For sentences and logs: a name in a file may hold anything."""
        said = f"{self.module}.{self.name}"[:200]
        return said if said.isprintable() else repr(said)[1:-1]


@dataclass(eq=False)
class Record:
    """An object of a class that was never imported: what it was made with, and its attributes.

    ``state`` is what it was given where that is no dictionary of attributes. A record is filled
    while its file is read: objects may refer to each other in circles.
    """

    kind: Name
    arguments: tuple[object, ...] = ()
    attributes: dict[str, object] = field(default_factory=dict)
    state: object = None

    @property
    def class_name(self) -> str:
        return self.kind.name.rpartition(".")[2]

    @property
    def package(self) -> str:
        return self.kind.module.partition(".")[0]


@dataclass(frozen=True)
class DataType:
    """A NumPy dtype where the file holds one as a value."""

    dtype: np.dtype[Any]


@dataclass(frozen=True)
class KerasBytes:
    """A Keras model in a pickle: the bytes of a .keras or .h5 file."""

    data: bytes


@dataclass(frozen=True, eq=False)
class SparseArray:
    """A matrix of scipy.sparse, as compressed sparse rows whatever it was.

    Sound: ``starts`` rise from 0 to the number of values, ``columns`` are within the shape.
    """

    starts: NDArray[np.int64]
    columns: NDArray[np.int64]
    values: NDArray[np.float64]
    shape: tuple[int, int]

    def dense(self) -> NDArray[np.float64]:
        """All numbers. Raises HostileModelError where they are too many to be meant so."""
        if self.shape[0] * self.shape[1] > _MOST_DENSE:
            raise HostileModelError(
                f"The file holds a sparse matrix of {self.shape[0]} x {self.shape[1]} numbers "
                "where few belong."
            )
        whole = np.zeros(self.shape)
        rows = np.repeat(np.arange(self.shape[0]), np.diff(self.starts))
        np.add.at(whole, (rows, self.columns), self.values)
        return whole


Attributes = Mapping[str, object]
