"""Long sequences through the usual cells: ONNX's own LSTM, GRU and RNN operators.

Only with the activations that every runtime knows there (OpenVINO: sigmoid, tanh, relu). ONNX
Runtime (1.31) ends the whole process when these operators are given an empty batch, which
is what a graph's head is given when nothing is asked of it. So an empty batch gets a row, which is
taken off again behind the operator.

OpenVINO (2026.4) gives wrong numbers where several such operators read the same sequence and the
size of the batch is open: of one it takes batch and steps for each other. So what fills the row is
of each operator's own, which keeps their sequences apart, and one that is taken backwards is turned
before the operator, instead of by its ``direction``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vistazo.models.keras_import.graph import Floats, Graph
from vistazo.models.keras_import.layers.recurrence import Sequenced, check_held, goes_backwards
from vistazo.models.keras_import.registry import LayerCall
from vistazo.models.keras_import.value import Value

_ACTIVATIONS = {"sigmoid": "Sigmoid", "tanh": "Tanh", "relu": "Relu"}
_OPERATORS = {"LSTM": "LSTM", "GRU": "GRU", "SimpleRNN": "RNN"}
# Keras' gates in ONNX's order: i, f, c, o -> i, o, f, c; those of a GRU lie the same way.
_ORDER = {"LSTM": (0, 3, 1, 2), "GRU": (0, 1, 2), "SimpleRNN": (0,)}


def is_usual(call: LayerCall, kind: str) -> bool:
    """Whether ONNX's operator gives the same as the layer, in every runtime."""
    fields = call.config.fields
    known = fields.get("activation") in ("tanh", "relu")
    gated = kind == "SimpleRNN" or fields.get("recurrent_activation") == "sigmoid"
    return known and gated and call.mask is None


def fused(call: LayerCall, kind: str, prefix: str, value: Value) -> Sequenced:
    """The operator over (n, steps, channels), from states of zeros on."""
    graph, units, gates = call.graph, call.config.integer("units"), len(_ORDER[kind])
    steps, size = value.size(1), value.size(2)
    width = gates * units
    check_held(call, steps * width)
    names = [
        _matrix(call, kind, f"{prefix}/kernel", (size, width)),
        _matrix(call, kind, f"{prefix}/recurrent_kernel", (units, width)),
    ]
    if call.config.flag("use_bias", default=True):
        names.append(_biases(call, kind, f"{prefix}/bias", width))
    source = graph.plain(value)
    count, given = _never_empty(graph, graph.reverse(source, 1) if goes_backwards(call) else source)
    outputs = graph.ops(
        _OPERATORS[kind],
        given,
        *names,
        outputs=3 if kind == "LSTM" else 2,
        hidden_size=units,
        activations=_chosen(call, kind),
        **({"linear_before_reset": 1} if _resets_after(call, kind) else {}),
    )
    return _taken_off(call, outputs, count)


def _chosen(call: LayerCall, kind: str) -> Sequence[str]:
    activation = _ACTIVATIONS[call.config.text("activation")]
    after = {"LSTM": [activation] * 2, "GRU": [activation], "SimpleRNN": [activation]}[kind]
    return after if kind == "SimpleRNN" else ["Sigmoid", *after]


def _never_empty(graph: Graph, name: str) -> tuple[str, str]:
    """The number of rows, and the sequences steps first, (steps, n or 1, channels)."""
    count = graph.op("Shape", name, start=0, end=1)
    missing = graph.op("Max", graph.op("Sub", graph.integers([1]), count), graph.integers([0]))
    ahead = graph.integers([0] * 4)
    pads = graph.op("Concat", ahead, missing, graph.integers([0]), axis=0)
    turned = graph.op("Transpose", name, perm=(1, 0, 2))
    of_its_own = graph.floats(1 / (1 + len(graph.nodes)))
    return count, graph.op("Pad", turned, pads, of_its_own)


def _taken_off(call: LayerCall, outputs: Sequence[str], count: str) -> Sequenced:
    """(n, steps, units) in the order in which the steps were taken, and the last states."""
    graph = call.graph
    first = graph.integers([0])
    states = [
        graph.op("Slice", graph.op("Squeeze", name, first), first, count, first)
        for name in outputs[1:]
    ]
    rows = graph.op("Squeeze", outputs[0], graph.integers([1]))
    whole = graph.op("Slice", graph.op("Transpose", rows, perm=(1, 0, 2)), first, count, first)
    return Sequenced(whole, states[0], states)


def _matrix(call: LayerCall, kind: str, name: str, shape: tuple[int, int]) -> str:
    """(in, gates x units) -> (1, gates x units, in)."""
    stored, target = call.weight(name, shape), (1, shape[1], shape[0])

    def make(array: Floats) -> Floats:
        return _in_order(array, kind).T

    return call.graph.parameter(call.name(f"{name}.fused"), [stored], target, make)


def _biases(call: LayerCall, kind: str, name: str, width: int) -> str:
    """That of the input and that of the recurrent product, one after the other."""
    has_both = _resets_after(call, kind)
    stored = call.weight(name, (2, width) if has_both else (width,))

    def make(array: Floats) -> Floats:
        rows = array if has_both else np.stack([array, np.zeros_like(array)])
        return _in_order(rows, kind)

    return call.graph.parameter(call.name(f"{name}.fused"), [stored], (1, 2 * width), make)


def _in_order(array: Floats, kind: str) -> Floats:
    parts = np.split(array, len(_ORDER[kind]), axis=-1)
    return np.concatenate([parts[place] for place in _ORDER[kind]], axis=-1)


def _resets_after(call: LayerCall, kind: str) -> bool:
    return kind == "GRU" and call.config.flag("reset_after", default=False)
