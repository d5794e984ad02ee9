"""A tensor on its way through the graph: its Keras shape, and how it really lies in memory."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

from vistazo.errors import HostileModelError

DType = Literal["float32", "int64", "bool"]
Shape = tuple[int | None, ...]

IMAGE_RANK = 4

# Per picture. NASNetLarge's largest map has 2.6 million; a gigabyte of float32 is no classifier.
MAX_ELEMENTS = 1 << 28


@dataclass(frozen=True, eq=False)
class Value:
    """One tensor.

    ``shape`` is in Keras' order; None is the batch. ``moved`` says that the tensor is stored
    channels first although Keras speaks of channels last. ``channel_axis`` is set for spatial maps
    only. ``activation`` is what the numbers went through last. ``sizes`` are the numbers themselves
    where these are axis lengths, as of ``tf.shape``; None is the batch. ``mask`` (n, steps) says
    which steps of a sequence count; only the compiler and layers that know masks ever see one.
    """

    name: str
    shape: Shape
    moved: bool = False
    channel_axis: int | None = None
    activation: str = "unknown"
    dtype: DType = "float32"
    sizes: Shape | None = None
    mask: Value | None = field(default=None, repr=False)
    parents: tuple[Value, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        if any(n is not None and n < 0 for n in self.shape) or self.elements > MAX_ELEMENTS:
            raise HostileModelError(
                f"The tensor '{self.name}' would hold {self.elements} numbers per picture; at most "
                f"{MAX_ELEMENTS} are accepted."
            )

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def elements(self) -> int:
        """Numbers per picture."""
        return math.prod(n for n in self.shape if n is not None)

    def size(self, axis: int) -> int:
        """The length of an axis that is not the batch."""
        length = self.shape[axis]
        return 1 if length is None else length


def stored_shape(shape: Shape) -> Shape:
    """The order in which a moved value lies: the last axis comes after the batch."""
    return (shape[0], shape[-1], *shape[1:-1])
