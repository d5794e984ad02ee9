"""Which values a model was made for, where its own first layers show it.

What is done to each value on its own before anything else (a Rescaling or Normalization layer, the
operations of ``preprocess_input`` in the model) is ``a * x + b`` per channel. Networks are fed with
values of a few usual ranges: where only one of the ways to scale a picture comes out there, that is
how the model wants its pictures. ``Rescaling(2, offset=-1)`` wants 0..1, not 0..255.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto

from vistazo.models.keras_import.graph import Initializer

_INPUTS = {"none": (0.0, 255.0), "1/255": (0.0, 1.0), "1/127.5-1": (-1.0, 1.0)}
_EXACT = ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0), (-0.5, 0.5), (-128.0, 127.0))
_TOLERANCE = 0.03
_MOVES_ONLY = {"Identity", "Transpose", "Reshape", "Squeeze", "Unsqueeze", "Slice", "Resize", "Pad"}
_MOST_STEPS = 64
_MOST_CHANNELS = 4

Floats = NDArray[np.float64]
_Range = tuple[float, float]


@dataclass(frozen=True)
class InputValues:
    """``scale`` as in a card, and a sentence that says which layer shows it."""

    scale: str
    why: str


@dataclass(frozen=True)
class _Affine:
    """``factor * x + offset``, one of each per channel or one for all."""

    factor: Floats
    offset: Floats
    layers: tuple[str, ...]

    def then(self, factor: Floats | float, offset: Floats | float, layer: str) -> _Affine:
        layers = self.layers if layer in self.layers else (*self.layers, layer)
        return _Affine(self.factor * factor, self.offset * factor + offset, layers)


def input_values(
    nodes: Sequence[NodeProto], constants: Mapping[str, Initializer], images: str
) -> InputValues | None:
    """None where the first layers do nothing to the values, or nothing that tells."""
    affine = _first_steps(nodes, constants, images)
    if not affine.layers:
        return None
    scale = _only_scale(affine)
    if scale is None:
        return None
    low, high = _INPUTS[scale]
    names = " and ".join(f"'{name}'" for name in affine.layers)
    verb = "takes" if len(affine.layers) == 1 else "take"
    span = f"{low:g}..{high:g} to {_mapped(affine, low)}..{_mapped(affine, high)}"
    return InputValues(scale, f"in the model, {names} {verb} {span}")


def _mapped(affine: _Affine, value: float) -> str:
    return f"{float(np.mean(affine.factor * value + affine.offset)):.3g}"


def _first_steps(
    nodes: Sequence[NodeProto], constants: Mapping[str, Initializer], images: str
) -> _Affine:
    users: dict[str, list[NodeProto]] = {}
    for node in nodes:
        for name in set(node.input):
            users.setdefault(name, []).append(node)
    affine, name = _Affine(np.ones(1), np.zeros(1), ()), images
    for _ in range(_MOST_STEPS):
        if len(users.get(name, ())) != 1:
            break
        (node,) = users[name]
        step = _step(affine, node, name, constants)
        if step is None:
            break
        affine, name = step, node.output[0]
    return affine


def _step(
    affine: _Affine, node: NodeProto, name: str, constants: Mapping[str, Initializer]
) -> _Affine | None:
    """What the node makes of it; None where it does more than scale and shift each value."""
    if node.op_type in _MOVES_ONLY:
        return affine if node.input[0] == name else None
    if node.op_type not in _ARITHMETIC or len(node.input) != 2:
        return None
    place = list(node.input).index(name)
    constant = constants.get(node.input[1 - place])
    if constant is None or max(constant.shape, default=1) > _MOST_CHANNELS:
        return None
    value = np.asarray(constant.read(), dtype=np.float64)
    if value.size != max(value.shape, default=1) or not np.isfinite(value).all():
        return None
    layer = node.name.rpartition("/")[0]
    return _ARITHMETIC[node.op_type](affine, value.reshape(-1), layer, place)


def _divide(affine: _Affine, value: Floats, layer: str, place: int) -> _Affine | None:
    return affine.then(1 / value, 0.0, layer) if place == 0 and value.all() else None


def _subtract(affine: _Affine, value: Floats, layer: str, place: int) -> _Affine | None:
    return affine.then(1.0, -value, layer) if place == 0 else affine.then(-1.0, value, layer)


_ARITHMETIC: Mapping[str, Callable[[_Affine, Floats, str, int], _Affine | None]] = {
    "Mul": lambda affine, value, layer, _: affine.then(value, 0.0, layer),
    "Add": lambda affine, value, layer, _: affine.then(1.0, value, layer),
    "Sub": _subtract,
    "Div": _divide,
}


def _only_scale(affine: _Affine) -> str | None:
    """The one way to scale a picture that comes out in a usual range; the narrowest idea first."""
    for is_usual in (_is_exact, _is_standard, _is_wide):
        fitting = [
            scale
            for scale, (low, high) in _INPUTS.items()
            if all(is_usual(span) for span in _spans(affine, low, high))
        ]
        if fitting:
            return fitting[0] if len(fitting) == 1 else None
    return None


def _spans(affine: _Affine, low: float, high: float) -> Iterator[_Range]:
    ends = np.stack([affine.factor * low + affine.offset, affine.factor * high + affine.offset])
    yield from zip(ends.min(axis=0).tolist(), ends.max(axis=0).tolist(), strict=True)


def _is_exact(span: _Range) -> bool:
    return any(
        max(abs(span[0] - low), abs(span[1] - high)) <= _TOLERANCE * (high - low)
        for low, high in _EXACT
    )


def _is_standard(span: _Range) -> bool:
    """Less the mean of many photographs, in units of their spread or (Caffe) as it is."""
    low, high = span
    return (-3.2 <= low <= -1 and 1 <= high <= 3.6) or (-130 <= low <= -90 and 120 <= high <= 165)


def _is_wide(span: _Range) -> bool:
    """The same for pictures that are darker or paler than photographs."""
    return -8 <= span[0] <= -0.2 and 0.5 <= span[1] <= 8
