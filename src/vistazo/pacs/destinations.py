"""Where reports go: what the two ways have in common."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


class UnreachableError(Exception):
    """Nothing can be sent there now. ``key`` is the parcel over which it came to that, if any: the
    next time others go before it, as it may be the reason.
    """

    def __init__(self, said: str, key: str = "") -> None:
        super().__init__(said)
        self.key = key


@dataclass(frozen=True)
class Parcel:
    """The files of one report."""

    key: str
    files: Sequence[Path]


@dataclass(frozen=True)
class Receipt:
    """``refused`` says why a parcel was not taken; empty where it was, as a whole. ``is_for_now``:
    by a trouble of the archive, not for what it is.
    """

    key: str
    refused: str = ""
    is_for_now: bool = False


class Destination(Protocol):
    @property
    def name(self) -> str:
        """Under which it is remembered, and told of."""
        ...

    def send(self, parcels: Iterable[Parcel]) -> Iterator[Receipt]:
        """In their order. Raises UnreachableError, also after some receipts."""
        ...
