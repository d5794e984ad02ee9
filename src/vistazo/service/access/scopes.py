"""What a caller may do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeGuard, get_args

AccessScope = Literal["predict", "feedback", "metrics", "admin"]

SCOPES: tuple[AccessScope, ...] = get_args(AccessScope)
# What nobody asked for beyond this, nobody gets.
USUAL: tuple[AccessScope, ...] = ("predict", "feedback")


def is_scope(word: object) -> TypeGuard[AccessScope]:
    return word in SCOPES


def known(words: Iterable[str]) -> frozenset[AccessScope]:
    """Those that are ours: a token may hold scopes of other services too."""
    return frozenset(word for word in words if is_scope(word))


def in_order(scopes: Iterable[AccessScope]) -> list[AccessScope]:
    return sorted(scopes, key=SCOPES.index)
