"""Masks: which steps of a sequence count. What the layers hand on, and who may look at them.

Keras lets a mask travel beside its tensor (``Layer.compute_mask``): some layers hand it on, some
lose it, some act on it. Layers that are not listed here are refused a masked tensor, so that no
mask is ever lost in silence. Keras 3 writes the mask of a functional model's call as an argument.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from vistazo.errors import UnsupportedModelError
from vistazo.models.keras_import.dialect import Layer
from vistazo.models.keras_import.value import Value

# ``supports_masking`` in Keras 2 and 3, and no other use for it at inference.
_HAND_ON = frozenset(
    {
        "Activation",
        "ActivityRegularization",
        "AlphaDropout",
        "BatchNormalization",
        "Dense",
        "Dropout",
        "ELU",
        "GaussianDropout",
        "GaussianNoise",
        "LayerNormalization",
        "LeakyReLU",
        "PReLU",
        "ReLU",
        "SpatialDropout1D",
        "SpatialDropout2D",
        "SpatialDropout3D",
        "ThresholdedReLU",
        "UnitNormalization",
    }
)
_MERGE = frozenset({"Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract"})
# What they give has no mask any more, in either version.
_LOSE = frozenset(
    {"Flatten", "Permute", "RepeatVector", "Reshape", "GlobalMaxPooling1D", "GlobalMaxPool1D"}
)
_ACT = frozenset(
    {
        "Masking",
        "LSTM",
        "GRU",
        "SimpleRNN",
        "RNN",
        "Bidirectional",
        "TimeDistributed",
        "GlobalAveragePooling1D",
        "GlobalAvgPool1D",
    }
)


@dataclass(frozen=True)
class Given:
    """The arguments of a call without their masks; ``mask`` is for the layer to act on."""

    args: tuple[object, ...]
    kwargs: Mapping[str, object]
    mask: Value | None = None
    handed_on: Value | None = None

    def passed_on(self, output: tuple[Value, ...]) -> tuple[Value, ...]:
        if self.handed_on is None:
            return output
        return tuple(replace(value, mask=self.handed_on) for value in output)


def receive(layer: Layer, args: tuple[object, ...], kwargs: Mapping[str, object]) -> Given:
    """Raises UnsupportedModelError where it is not known what the layer does with a mask."""
    explicit = kwargs.get("mask")
    values = list(_values([*args, *(value for key, value in kwargs.items() if key != "mask")]))
    masks = [value.mask for value in values]
    if explicit is None and not any(masks):
        return Given(args, kwargs)
    bare = {key: _without(value) for key, value in kwargs.items() if key != "mask"}
    plain = Given(tuple(_without(arg) for arg in args), bare)
    found = explicit if explicit is not None else _common(layer, masks)
    if not isinstance(found, Value):
        raise _refusal(layer)
    if layer.class_name in _ACT and not layer.package:
        return replace(plain, mask=found)
    if hands_on(layer) or (layer.class_name in _MERGE and len(args) == 1 and not layer.package):
        return replace(plain, handed_on=found)
    if layer.class_name in _LOSE and not layer.package:
        return plain
    raise _refusal(layer)


def refuse_masked(layer: Layer, output: Sequence[Value]) -> None:
    """Raises UnsupportedModelError where a mask would leave a nested model."""
    if any(value.mask for value in output):
        raise _refusal(layer)


def hands_on(layer: Layer) -> bool:
    """Whether what the layer gives has the mask of what it was given."""
    return layer.class_name in _HAND_ON and not layer.package


def _common(layer: Layer, masks: Sequence[Value | None]) -> Value | None:
    """The mask of the first tensor; a layer that merges needs all to have the same."""
    if layer.class_name in _MERGE and len({mask and mask.name for mask in masks}) > 1:
        return None
    return masks[0]


def _without(value: object) -> object:
    if isinstance(value, Value):
        return replace(value, mask=None)
    if isinstance(value, list):
        return [_without(item) for item in value]
    if isinstance(value, dict):
        return {key: _without(item) for key, item in value.items()}
    return value


def _values(value: object) -> Iterator[Value]:
    if isinstance(value, Value):
        yield value
    elif isinstance(value, list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _values(item)


def _refusal(layer: Layer) -> UnsupportedModelError:
    return UnsupportedModelError(
        f"A masked sequence meets the {layer}, and what it makes of the mask is not supported. "
        "Leave the layer 'Masking' out, or convert the model to ONNX where Keras is at hand."
    )
