"""Who asks, as far as that is known, and the one way to say that it is not."""

from __future__ import annotations

from dataclasses import dataclass

from vistazo.errors import UnauthorizedError
from vistazo.service.access.scopes import AccessScope


@dataclass(frozen=True)
class Identity:
    """``caller`` is the same at each of his requests, and of nobody else. ``name`` is for the log:
    empty where a stranger chose it.
    """

    caller: str
    name: str
    scopes: frozenset[AccessScope]


def not_valid(reason: str) -> UnauthorizedError:
    """The same words for everything that can be wrong: they teach a guesser nothing.

    ``reason`` is for the log, and our own words: it quotes nothing.
    """
    return UnauthorizedError("The key or token that came with this is not valid.", reason)
