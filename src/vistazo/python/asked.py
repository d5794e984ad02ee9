"""What programs have, and what is asked about it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Any, Protocol, TypeGuard

from numpy.typing import NDArray
from PIL import Image

from vistazo.errors import InputError
from vistazo.python.answer import Answer, Explanation

One = str | os.PathLike[str] | bytes | bytearray | memoryview | Image.Image | NDArray[Any]
Row = list[float] | list[float | None] | tuple[float | None, ...]
Several = list[Any] | tuple[Any, ...]


class Asked(Protocol):
    """A classifier, about what programs have. ``at_frame`` is the same about another frame of files
    of several; it raises RequestError where the model takes no pictures.
    """

    @property
    def takes(self) -> str: ...
    def is_several(self, given: object) -> TypeGuard[Several]: ...
    def at_frame(self, frame: int) -> Asked: ...
    def answer(self, given: object) -> Answer: ...
    def answers(self, given: Iterable[object]) -> Iterator[Answer | InputError]: ...
    def explain(self, given: object, label: str | None) -> Explanation: ...
    def close(self) -> None: ...
