"""Who is told how long the stages of a request's work take.

The code that works knows no measurements and no traces: it is handed an observer.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Literal, Protocol, get_args

Stage = Literal["queue", "decode", "prepare", "infer", "explain"]
STAGES: tuple[Stage, ...] = get_args(Stage)


class Observer(Protocol):
    def took(self, stage: Stage, seconds: float) -> None:
        """A stage has ended just now, well or not. Called from any thread."""


class Nobody:
    """An observer whom nothing is told to."""

    def took(self, stage: Stage, seconds: float) -> None:
        pass


NOBODY = Nobody()


@contextlib.contextmanager
def during(stage: Stage, observer: Observer) -> Iterator[None]:
    """Tell the observer how long this takes."""
    started_s = time.perf_counter()
    try:
        yield
    finally:
        observer.took(stage, time.perf_counter() - started_s)
