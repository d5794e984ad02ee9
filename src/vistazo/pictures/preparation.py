"""What preprocessing asks of a card's input: ``InputSpec`` has it all.

Told apart from the card so that a process that does nothing but decode need not load pydantic,
which is a third of what such a process holds.
"""

from __future__ import annotations

from typing import Literal, Protocol


class Constants(Protocol):
    """``(x / divide_by - mean) / std``."""

    @property
    def divide_by(self) -> float: ...
    @property
    def mean(self) -> tuple[float, ...]: ...
    @property
    def std(self) -> tuple[float, ...]: ...


Scale = Literal["none", "1/255", "1/127.5-1", "per_picture"] | Constants


class Preparation(Protocol):
    """The fields of ``InputSpec`` of the same names, which say what each means."""

    @property
    def height(self) -> int: ...
    @property
    def width(self) -> int: ...
    @property
    def channels(self) -> int: ...
    @property
    def colour(self) -> Literal["grey", "rgb", "bgr"]: ...
    @property
    def resize(self) -> Literal["stretch", "fit", "crop"]: ...
    @property
    def filter(
        self,
    ) -> Literal["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"]: ...
    @property
    def antialias(self) -> bool: ...
    @property
    def pad_value(self) -> int: ...
    @property
    def scale(self) -> Scale: ...
