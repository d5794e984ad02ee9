"""What was fitted: the attributes of an estimator, each checked as it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vistazo.errors import HostileModelError, UnreadableModelError, UnsupportedModelError
from vistazo.models.estimator_import.values import Name, Record, SparseArray

Version = tuple[int, ...]


# A pipeline in a search in a vote is three; a boosting of a thousand rounds has ten thousand trees.
_MOST_NESTED, _MOST_ESTIMATORS = 30, 300_000


@dataclass
class Walk:
    """How many estimators of a file were looked at: one may hold itself, or another many times."""

    estimators: int = 0


@dataclass(frozen=True)
class Fitted:
    """An estimator in a file. ``version`` is that of the scikit-learn that wrote it, such as
    (1, 2, 2); () where the file does not say, as before 0.18.

    What is asked for and not there, or not of the kind that it has to be, raises ModelError.
    """

    record: Record
    version: Version = ()
    depth: int = 0
    walk: Walk = field(default_factory=Walk, compare=False, repr=False)

    @property
    def class_name(self) -> str:
        return self.record.class_name

    def has(self, name: str) -> bool:
        """Whether there is such an attribute, and it is not None."""
        return self.record.attributes.get(name) is not None

    def get(self, *names: str, default: object = None) -> object:
        """The first of these attributes that is there: they are renamed from version to version."""
        for name in names:
            if name in self.record.attributes:
                return self.record.attributes[name]
        return default

    def array(self, *names: str, n_axes: int | None = None) -> NDArray[np.float64]:
        """Numbers as float64 (n_axes axes, where that is given), all finite."""
        return self._numbers(self.raw_array(*names, n_axes=n_axes), names[0])

    def _numbers(self, found: NDArray[Any], name: str) -> NDArray[np.float64]:
        if found.dtype.kind not in "fiub":
            raise self.damaged(f"its {name} are no numbers")
        numbers = np.asarray(found, dtype=np.float64, order="C")
        if not np.isfinite(numbers).all():
            raise self.damaged(f"its {name} are not all finite")
        return numbers

    def arrays(self, *names: str) -> list[NDArray[np.float64]]:
        """A list of arrays, each as ``array`` gives it; an array is a list along its first axis."""
        found = self.get(*names)
        if isinstance(found, np.ndarray) and found.ndim:
            found = list(found)
        if not isinstance(found, (list, tuple)):
            raise self.unfitted(names[0])
        arrays = [each if isinstance(each, np.ndarray) else _array_of(each) for each in found]
        return [self._numbers(np.asarray(each), names[0]) for each in arrays]

    def raw_array(self, *names: str, n_axes: int | None = None) -> NDArray[Any]:
        """As ``array``, of any type and value; a sparse one is made dense, a list an array."""
        found = self.get(*names)
        if isinstance(found, SparseArray):
            found = found.dense()
        if isinstance(found, (list, tuple, int, float, np.generic)):
            found = _array_of(found)
        if not isinstance(found, np.ndarray):
            raise self.unfitted(names[0])
        if n_axes is not None and found.ndim != n_axes:
            raise self.damaged(f"its {names[0]} have {found.ndim} axes instead of {n_axes}")
        return found

    def number(self, name: str, default: float | None = None) -> float:
        found = self.get(name, default=default)
        if isinstance(found, np.ndarray) and found.size == 1:
            found = found.item()
        if isinstance(found, (bool, int, float, np.integer, np.floating, np.bool_)):
            with suppress(OverflowError):
                return float(found)
        raise self.damaged(f"its {name} is no number")

    def finite(self, name: str, default: float | None = None) -> float:
        number = self.number(name, default)
        if not np.isfinite(number):
            raise self.damaged(f"its {name} is not finite")
        return number

    def integer(self, name: str, default: int | None = None) -> int:
        number = self.finite(name, default)
        if number != int(number):
            raise self.damaged(f"its {name} is no whole number")
        return int(number)

    def flag(self, name: str, *, default: bool | None = None) -> bool:
        return bool(self.number(name, None if default is None else float(default)))

    def text(self, name: str, default: str | None = None) -> str:
        found = self.get(name, default=default)
        if isinstance(found, (str, np.str_)):
            return str(found)
        raise self.damaged(f"its {name} is no text")

    def word(self, name: str, default: str = "") -> str:
        """A text; empty where it is something else, such as None, a number or a function."""
        found = self.get(name, default=default)
        return str(found) if isinstance(found, str) else ""

    def one_axis(self, value: object, name: str, kinds: str = "fiub") -> NDArray[Any]:
        """A value of this one's attributes that has to be an array, or a list, of numbers."""
        found = _array_of(value) if isinstance(value, (list, tuple)) else value
        if not isinstance(found, np.ndarray) or found.ndim != 1 or found.dtype.kind not in kinds:
            raise self.damaged(f"its {name} are no numbers")
        return found

    def child(self, *names: str) -> Fitted:
        """An estimator in this one."""
        return self.fitted(self.get(*names), names[0])

    def children(self, *names: str) -> list[Fitted]:
        """Estimators in this one: a list, or an array of any shape in its order."""
        found = self.get(*names)
        if isinstance(found, np.ndarray) and found.dtype == object:
            found = list(found.ravel())
        if not isinstance(found, (list, tuple)):
            raise self.unfitted(names[0])
        return [self.fitted(each, names[0]) for each in found]

    def fitted(self, value: object, name: str) -> Fitted:
        """A value of this one's attributes that has to be an estimator."""
        if value is None:
            raise self.unfitted(name)
        if not isinstance(value, Record):
            raise self.damaged(f"its {name} holds no estimator")
        self.walk.estimators += 1
        if self.depth >= _MOST_NESTED or self.walk.estimators > _MOST_ESTIMATORS:
            raise HostileModelError("The file nests more estimators in each other than any does.")
        return Fitted(value, version_of(value) or self.version, self.depth + 1, self.walk)

    def refusal(self, why: str) -> UnsupportedModelError:
        """It is sound, but cannot be served. ``why`` is a clause: "its kernel is a function"."""
        return UnsupportedModelError(f"{self.class_name} cannot be served: {why}.")

    def damaged(self, why: str) -> UnreadableModelError:
        return UnreadableModelError(
            f"{self.class_name} is damaged or of an unknown version: {why}."
        )

    def unfitted(self, name: str) -> UnreadableModelError:
        return UnreadableModelError(
            f"{self.class_name} has no {name}: it was saved before it was fitted, or by a version "
            "that is not known. Save it after fit()."
        )


def version_of(record: Record) -> Version:
    """Of the scikit-learn that wrote an estimator; () where it does not say."""
    said = record.attributes.get("_sklearn_version")
    parts: list[int] = []
    for part in str(said).split(".") if isinstance(said, str) else []:
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        parts.append(int(digits))
    return tuple(parts)


def is_name(value: object, *names: str) -> bool:
    """Whether a value is one of these classes or functions, whatever module has them."""
    return isinstance(value, Name) and value.name in names


def is_text(value: object, *texts: str) -> bool:
    """Whether a value is one of these texts: it may be an array, which is equal to nothing."""
    return isinstance(value, str) and value in texts


def _array_of(values: object | Sequence[object]) -> NDArray[Any] | None:
    """None for a list whose members are of no common kind."""
    try:
        array = np.asarray(values)
    except ValueError:
        return None
    return None if array.dtype == object else array
