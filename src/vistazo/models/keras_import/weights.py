"""Gives every layer its arrays, whichever way the file arranges them.

A layer declares its slots (``kernel``, ``bias``, ``query_dense/kernel``) in the order in which
Keras creates them; the two layouts, ``.keras`` and legacy ``.h5``, are searched for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from vistazo.models.keras_import.dialect import Layer, Model
from vistazo.models.keras_import.weight import Weight

LayerPath = tuple[str, ...]
LayerWeights = Mapping[str, Weight]


@dataclass(frozen=True)
class Slot:
    """One array of a layer. ``path`` leads through sublayers: ``query_dense/kernel``.

    ``legacy`` is another path that legacy ``.h5`` weight names have for it. A statistic, such as
    a moving mean, is not trained: legacy files list such arrays last. Some versions leave an
    optional one out.
    """

    path: str
    legacy: str = ""
    statistic: bool = False
    optional: bool = False

    @property
    def legacy_paths(self) -> tuple[str, ...]:
        return (self.path, self.legacy) if self.legacy else (self.path,)


SlotsOf = Callable[[Layer], Sequence[Slot]]


@dataclass(frozen=True)
class Leaf:
    """A layer that holds no others, where it stands, and the slots that it wants filled."""

    path: LayerPath
    layer: Layer
    slots: tuple[Slot, ...]
    trainable: bool


def leaves(layer: Layer, slots_of: SlotsOf, path: LayerPath = ()) -> Iterator[Leaf]:
    """The layers inside a layer, in Keras' order; itself where it is no model and no wrapper."""
    yield from _leaves(layer, slots_of, path, trainable=True)


def _leaves(layer: Layer, slots_of: SlotsOf, path: LayerPath, *, trainable: bool) -> Iterator[Leaf]:
    path = (*path, layer.name)
    trainable = trainable and layer.trainable
    parts = layer.inner.values() if layer.model is None else layer.model.layers
    if not parts:
        yield Leaf(path, layer, tuple(slots_of(layer)), trainable)
    for inner in parts:
        yield from _leaves(inner, slots_of, path, trainable=trainable)


def model_leaves(model: Model, slots_of: SlotsOf) -> Iterator[Leaf]:
    """Every layer of a model, nested ones included."""
    for layer in model.layers:
        yield from leaves(layer, slots_of)
