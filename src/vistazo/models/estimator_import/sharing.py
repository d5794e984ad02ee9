"""How much a value is once all that it names again is counted each time.

Forty lists, each of the next one twice, are two hundred bytes in a file and a year for whoever
walks through them. So what was read is measured before anyone does.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import cast

import numpy as np

from vistazo.errors import HostileModelError
from vistazo.models.estimator_import.values import Record

_MOST_TIMES = 50  # parameters of a search that are shared among its candidates
_LEAST = 1_000_000
_DEEPEST = 500
_PLAIN = frozenset({str, int, float, bool, bytes, type(None), np.int64, np.float64})


def check_sharing(value: object) -> None:
    """Raise HostileModelError where its parts, counted as often as they are named, are too many.

    A circle counts once: who walks down bounds his depth himself.
    """
    _Measured().measure(value)


class _Measured:
    """Sizes of containers by their id, from the innermost outwards; without recursion."""

    def __init__(self) -> None:
        self.sizes: dict[int, int] = {}
        self.n_parts = 0
        self._kept: list[object] = []  # so that no id is given twice

    def measure(self, value: object) -> None:
        depth = 0
        waiting: list[tuple[object, bool]] = [(value, False)]
        while waiting:
            each, is_done = waiting.pop()
            if is_done:
                depth -= 1
                self._add_up(each)
            elif id(each) not in self.sizes and _is_container(each):
                depth += 1
                if depth > _DEEPEST:
                    raise HostileModelError("The file nests values beyond what any model needs.")
                self.sizes[id(each)] = 1  # for a circle that comes back
                self._kept.append(each)
                waiting.append((each, True))
                waiting += [(part, False) for part in _parts(each) if type(part) not in _PLAIN]

    def _add_up(self, value: object) -> None:
        parts = _parts(value)
        self.n_parts += len(parts)
        size = 1 + len(parts) + sum(self.sizes.get(id(part), 0) for part in parts)
        self.sizes[id(value)] = size
        if size > _LEAST + _MOST_TIMES * self.n_parts:
            raise HostileModelError(
                "The file names the same values again and again: whoever walks through them never "
                "ends."
            )


def _is_container(value: object) -> bool:
    if isinstance(value, np.ndarray):
        return bool(value.dtype.hasobject)
    return isinstance(value, Record | dict | list | tuple | set | frozenset)


def _parts(value: object) -> Collection[object]:
    if isinstance(value, Record):
        return (value.arguments, value.attributes, value.state)
    if isinstance(value, dict):
        return value.values()
    if isinstance(value, np.ndarray):
        return cast(list[object], value.ravel().tolist())
    return cast(Collection[object], value)
