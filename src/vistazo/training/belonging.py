"""What belongs together, and so is never split between training and measuring."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray


def join_groups(keys: Sequence[Iterable[str]]) -> NDArray[np.int64]:
    """Number rows (n,): those that share a key have the same, however long the chain (union-find).

    A row has at least one key.
    """
    parent: dict[str, str] = {}

    def root(key: str) -> str:
        while parent.setdefault(key, key) != key:
            key = parent[key]
        return key

    firsts = []
    for row in keys:
        first, *others = row
        firsts.append(first)
        for other in others:
            parent[root(other)] = root(first)
    roots = [root(first) for first in firsts]
    numbers = {key: number for number, key in enumerate(dict.fromkeys(roots))}
    return np.array([numbers[key] for key in roots], dtype=np.int64)
