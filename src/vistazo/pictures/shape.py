"""Which shapes of a picture a card accepts; for a process, too, that knows no schema."""

from __future__ import annotations

from typing import Protocol


class ShapeBounds(Protocol):
    """The fields of ``InputSpec`` of the same names."""

    @property
    def min_side_px(self) -> int: ...
    @property
    def max_aspect_ratio(self) -> float: ...


def is_long_enough(side: int, bounds: ShapeBounds) -> bool:
    return side >= bounds.min_side_px


def is_plausible(width: int, height: int, bounds: ShapeBounds) -> bool:
    short, long = sorted((width, height))
    return long <= bounds.max_aspect_ratio * short


def suits(width: int, height: int, bounds: ShapeBounds) -> bool:
    """Whether a picture of so many pixels is within all of them."""
    is_large = is_long_enough(width, bounds) and is_long_enough(height, bounds)
    return is_large and is_plausible(width, height, bounds)
