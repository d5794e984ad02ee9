"""A model in which every layer is put in other words, nested ones included."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from vistazo.models.keras_import.dialect import Layer, Model
from vistazo.models.keras_import.weights import LayerPath

Change = Callable[[LayerPath, Layer], Layer]


def rewrite(model: Model, change: Change, path: LayerPath = ()) -> Model:
    """The same model after ``change`` of every layer that holds no others."""
    return replace(model, layers=tuple(_rewrite(layer, change, path) for layer in model.layers))


def _rewrite(layer: Layer, change: Change, path: LayerPath) -> Layer:
    here = (*path, layer.name)
    if layer.model is not None:
        return replace(layer, model=rewrite(layer.model, change, here))
    if layer.inner:
        inner = {role: _rewrite(held, change, here) for role, held in layer.inner.items()}
        return replace(layer, inner=inner)
    return change(here, layer)
