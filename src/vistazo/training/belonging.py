"""What belongs together, and so is never split between training and measuring."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

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


def check_group_pattern(pattern: str) -> None:
    """Raises ValueError where it is no regular expression with a group."""
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        raise ValueError(f"group is no regular expression: {error}") from error
    if groups < 1:
        raise ValueError("group needs a pair of round brackets around what names the group")


def group_of(name: str, pattern: str | None) -> str | None:
    """What a picture belongs to: the first group of the expression, matched at the start of its
    file's name. None where it does not match.
    """
    found = re.match(pattern, Path(name).name) if pattern is not None else None
    return found.group(1) if found else None
