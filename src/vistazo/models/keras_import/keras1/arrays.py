"""The arrays of Keras 1, by the names and in the shapes that Keras 2 gives them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from vistazo.models.keras_import.dialect import Layer
from vistazo.models.keras_import.weight import Weight
from vistazo.models.keras_import.weights import LayerWeights, Slot, SlotsOf

Floats = NDArray[np.float32]

_TODAY = {
    "W": "kernel",
    "U": "recurrent_kernel",
    "b": "bias",
    "running_mean": "moving_mean",
    "running_std": "moving_variance",
    "alphas": "alpha",
}
_KEPT = ("gamma", "beta", "depthwise_kernel", "pointwise_kernel", "W_carry", "b_carry")
_GATES = {"LSTM": "icfo", "ConvLSTM2D": "icfo", "GRU": "zrh"}
_GATES_TODAY = {"LSTM": "ifco", "ConvLSTM2D": "ifco", "GRU": "zrh"}
_OF_A_GATE = [f"{array}_{gate}" for gate in "icfozrh" for array in "WUb"]
_NAME = re.compile(
    rf"(?P<layer>[^/]+)_(?P<array>{'|'.join([*_TODAY, *_KEPT, *_OF_A_GATE])})(_\d+)?(:\d+)?"
)
_UNNAMED = re.compile(r"param_\d+")
_JOINED = 2
_IMAGE_RANK = 4


def are_of_keras1(names: Iterable[str]) -> bool:
    """Told by their names: ``dense_1_W:0`` became ``dense_1/kernel:0``."""
    known = [bool(_NAME.fullmatch(name) or _UNNAMED.fullmatch(name)) for name in names]
    return bool(known) and all(known)


def backend_of(names: Iterable[str]) -> str:
    """TensorFlow numbers the outputs of what it names, ``dense_1_W:0``; empty where unknown."""
    told = {_backend_of(name) for name in names}
    return told.pop() if len(told) == 1 else ""


def _backend_of(name: str) -> str:
    if _UNNAMED.fullmatch(name):
        return ""
    return "tensorflow" if ":" in name else "theano"


def todays_name(name: str) -> str:
    """``dense_1_W_1:0`` -> ``dense_1/kernel``."""
    found = _NAME.fullmatch(name)
    if found is None:
        return name
    return f"{found['layer']}/{_TODAY.get(found['array'], found['array'])}"


def slots_in_keras1(slots_of: SlotsOf) -> SlotsOf:
    """The arrays that Keras 1 kept for a layer: the gates of a recurrent one lay apart."""

    def of(layer: Layer) -> Sequence[Slot]:
        gates = _GATES.get(layer.class_name)
        if gates is None or layer.config.get("implementation") == _JOINED:
            return slots_of(layer)
        return [Slot(f"{array}_{gate}") for gate in gates for array in "WUb"]

    return of


def in_keras2(layer: Layer, arrays: LayerWeights, slots: Sequence[str]) -> LayerWeights:
    """The arrays of one layer as Keras 2 keeps them (``preprocess_weights_for_loading``).

    ``slots`` are what Keras 2 calls them, in its order.
    """
    if layer.class_name in _GATES:
        return _recurrent(layer, arrays, slots)
    change = _CHANGES.get(layer.class_name)
    return arrays if change is None or not arrays else change(layer, arrays)


def _derived(
    name: str, shape: Sequence[int], change: Callable[..., Floats], *sources: Weight
) -> Weight:
    def load() -> Floats:
        return change(*(source.read() for source in sources))

    quantized = any(source.is_quantized for source in sources)
    return Weight(name, tuple(shape), load, quantized)


def _moved(weight: Weight, order: Sequence[int]) -> Weight:
    shape = [weight.shape[axis] for axis in order]
    return _derived(weight.name, shape, lambda array: array.transpose(order), weight)


def _is_first(layer: Layer) -> bool:
    return layer.config.get("data_format") == "channels_first"


def _changed(
    arrays: LayerWeights, slot: str, change: Callable[[Weight], Weight]
) -> dict[str, Weight]:
    found = dict(arrays)
    if slot in found:
        found[slot] = change(found[slot])
    return found


def _convolution(layer: Layer, arrays: LayerWeights) -> LayerWeights:
    return {slot: _channels_last(layer, weight) for slot, weight in arrays.items()}


def _channels_last(layer: Layer, weight: Weight) -> Weight:
    """A kernel; with channels first it is (filters, in, rows, columns)."""
    if not _is_first(layer) or len(weight.shape) != _IMAGE_RANK:
        return weight
    return _moved(weight, (2, 3, 1, 0))


def _transposed(layer: Layer, arrays: LayerWeights) -> LayerWeights:
    """(filters, in, rows, columns) with channels first, (rows, columns, in, filters) else."""
    order = (2, 3, 0, 1) if _is_first(layer) else (0, 1, 3, 2)
    return _changed(arrays, "kernel", lambda weight: _moved(weight, order))


def _row(layer: Layer, arrays: LayerWeights) -> LayerWeights:
    """(length, 1, in, filters), and before 1.1 (filters, in, length, 1)."""
    length, filters = layer.config.integers("kernel_size")[0], layer.config.integer("filters")

    def flat(weight: Weight) -> Weight:
        shape = weight.shape
        if shape[:2] != (length, 1) or shape[3:] != (filters,):
            weight = _moved(weight, (2, 3, 1, 0))
        shape = (weight.shape[0], *weight.shape[2:])
        return _derived(weight.name, shape, lambda array: array[:, 0], weight)

    return _changed(arrays, "kernel", flat)


def _recurrent(layer: Layer, arrays: LayerWeights, slots: Sequence[str]) -> LayerWeights:
    """An array for each gate becomes one for all."""
    gates = _GATES_TODAY[layer.class_name]
    if not all(f"{letter}_{gate}" in arrays for letter in "WUb" for gate in gates):
        return arrays
    found: dict[str, Weight] = {}
    for letter, slot in zip("WUb", slots, strict=False):
        parts = [_channels_last(layer, arrays[f"{letter}_{gate}"]) for gate in gates]
        shape = (*parts[0].shape[:-1], sum(part.shape[-1] for part in parts))
        found[slot] = _derived(slot, shape, _join, *parts)
    return found


def _join(*arrays: Floats) -> Floats:
    return np.concatenate(arrays, axis=-1)


def _normalization(layer: Layer, arrays: LayerWeights) -> LayerWeights:
    """A standard deviation to which ``added_to_std`` was added becomes a variance."""
    added = layer.config.optional_number("added_to_std")
    if added is None:
        return arrays
    change = partial(_squared, added)
    return _changed(arrays, "moving_variance", lambda w: _derived(w.name, w.shape, change, w))


def _squared(added: float, deviation: Floats) -> Floats:
    return np.asarray(np.square(deviation + np.float32(added)), dtype=np.float32)


_CHANGES: Mapping[str, Callable[[Layer, LayerWeights], LayerWeights]] = {
    "Conv1D": _row,
    "Conv2D": _convolution,
    "SeparableConv2D": _convolution,
    "Conv2DTranspose": _transposed,
    "BatchNormalization": _normalization,
}


def shared_axes(layer: Layer, arrays: LayerWeights) -> Layer:
    """A PReLU did not save along which axes its slopes are shared: their shape shows it."""
    alpha = arrays.get("alpha")
    if layer.class_name != "PReLU" or alpha is None or layer.config.get("shared_axes"):
        return layer
    shared = [axis for axis, size in enumerate(alpha.shape, start=1) if size == 1]
    fields = {**layer.config.fields, "shared_axes": shared}
    return replace(layer, config=replace(layer.config, fields=fields))
