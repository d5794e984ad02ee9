"""One step of a recurrent layer, as nodes of the graph.

Keras' formulas (``keras.src.layers.rnn``): the gates of an LSTM lie in the order i, f, c, o and
those of a GRU z, r, h; ``x`` is the input of the step, ``h`` what the step before gave.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from vistazo.models.keras_import.graph import Graph
from vistazo.models.keras_import.layers.activation import apply_activation
from vistazo.models.keras_import.registry import LayerCall
from vistazo.models.keras_import.value import Value
from vistazo.models.keras_import.weight import Weight

# The names of the states; None is one that is all zeros.
States = Sequence[str | None]
_LSTM_GATES, _GRU_GATES = 4, 3


@dataclass(frozen=True)
class Cell:
    """``project`` is what can be done for all steps at once. ``step`` gives the output of a step,
    which has this ``shape`` without the batch, of what was ``projected`` for it, and as many new
    ``states``.
    """

    projected: tuple[int, ...]
    shape: tuple[int, ...]
    states: int
    project: Callable[[str], str]
    step: Callable[[str, States], tuple[str, Sequence[str]]]


@dataclass(frozen=True)
class Gate:
    """The activations of a cell. ``value_of`` says of what kind a state is."""

    call: LayerCall
    value_of: Callable[[str], Value]

    def __call__(self, name: str, which: str = "recurrent_activation") -> str:
        chosen = self.call.config.fields.get(which, "")
        return apply_activation(self.call, self.value_of(name), chosen).name


def _gate(call: LayerCall, units: int) -> Gate:
    return Gate(call, lambda name: call.graph.value(name, (None, units)))


def cell_of(call: LayerCall, kind: str, prefix: str, size: int) -> Cell:
    """The cell that the call is configured as, on inputs of that size."""
    made = {"LSTM": _lstm, "GRU": _gru, "SimpleRNN": _simple}
    return made[kind](call, prefix, size)


def stacked(cells: Sequence[Cell]) -> Cell:
    """Cells one after the other: each is given what the one before it gives."""

    def step(x: str, states: States) -> tuple[str, Sequence[str]]:
        kept: list[str] = []
        for cell in cells:
            given = cell.project(x) if cell is not cells[0] else x
            x, new = cell.step(given, states[len(kept) : len(kept) + cell.states])
            kept += new
        return x, kept

    count = sum(cell.states for cell in cells)
    return Cell(cells[0].projected, cells[-1].shape, count, cells[0].project, step)


def lstm_step(
    graph: Graph, gate: Gate, recur: Callable[[str], str]
) -> Callable[[str, States], tuple[str, Sequence[str]]]:
    """``c = f c + i act(g)``, ``h = o act(c)``; the gates lie along axis 1."""

    def step(x: str, states: States) -> tuple[str, Sequence[str]]:
        h, c = states
        total = x if h is None else graph.op("Add", x, recur(h))
        i, f, g, o = _parts(graph, total, _LSTM_GATES)
        new = graph.op("Mul", gate(i), gate(g, "activation"))
        if c is not None:
            new = graph.op("Add", graph.op("Mul", gate(f), c), new)
        out = graph.op("Mul", gate(o), gate(new, "activation"))
        return out, (out, new)

    return step


def _lstm(call: LayerCall, prefix: str, size: int) -> Cell:
    graph, units = call.graph, call.config.integer("units")
    project = _projection(call, prefix, size, _LSTM_GATES * units)
    matrix = _matrix(call, prefix, units, _LSTM_GATES * units)
    gate = _gate(call, units)
    step = lstm_step(graph, gate, lambda h: graph.op("MatMul", h, matrix))
    return Cell((_LSTM_GATES * units,), (units,), 2, project, step)


def _gru(call: LayerCall, prefix: str, size: int) -> Cell:
    graph, units = call.graph, call.config.integer("units")
    resets_after = call.config.flag("reset_after", default=False)
    project = _projection(call, prefix, size, _GRU_GATES * units, twice=resets_after)
    make = _after if resets_after else _before
    candidate = make(call, prefix, units, _gate(call, units))

    def step(x: str, states: States) -> tuple[str, Sequence[str]]:
        h = states[0]
        z, new = candidate(x, h)
        out = graph.op("Mul", graph.op("Sub", graph.floats(1.0), z), new)
        if h is not None:
            out = graph.op("Add", graph.op("Mul", z, h), out)
        return out, (out,)

    return Cell((_GRU_GATES * units,), (units,), 1, project, step)


_Candidate = Callable[[str, str | None], tuple[str, str]]


def _after(call: LayerCall, prefix: str, units: int, gate: Gate) -> _Candidate:
    """``reset_after``: the recurrent product has a bias of its own, and is reset after it."""
    graph, width = call.graph, _GRU_GATES * units
    matrix = _matrix(call, prefix, units, width)
    bias = _bias(call, prefix, width, twice=True, row=1)

    def candidate(x: str, h: str | None) -> tuple[str, str]:
        product = None if h is None else graph.op("MatMul", h, matrix)
        if bias is not None:
            product = bias if product is None else graph.op("Add", product, bias)
        z, r, new = _parts(graph, x, _GRU_GATES)
        if product is None:
            return gate(z), gate(new, "activation")
        own = _parts(graph, product, _GRU_GATES, axis=-1)
        z, r = (gate(graph.op("Add", a, b)) for a, b in zip((z, r), own, strict=False))
        new = graph.op("Add", new, graph.op("Mul", r, own[2]))
        return z, gate(new, "activation")

    return candidate


def _before(call: LayerCall, prefix: str, units: int, gate: Gate) -> _Candidate:
    """What the step before gave is reset before it is multiplied."""
    graph, stored = call.graph, _stored(call, prefix, units, _GRU_GATES * units)
    gates = graph.parameter(
        call.name(f"{prefix}/recurrent_kernel.gates"),
        [stored],
        (units, 2 * units),
        lambda array: array[:, : 2 * units],
    )
    matrix = graph.parameter(
        call.name(f"{prefix}/recurrent_kernel.candidate"),
        [stored],
        (units, units),
        lambda array: array[:, 2 * units :],
    )

    def candidate(x: str, h: str | None) -> tuple[str, str]:
        z, r, new = _parts(graph, x, _GRU_GATES)
        if h is None:
            return gate(z), gate(new, "activation")
        own = _parts(graph, graph.op("MatMul", h, gates), 2)
        z, r = (gate(graph.op("Add", a, b)) for a, b in zip((z, r), own, strict=True))
        reset = graph.op("MatMul", graph.op("Mul", r, h), matrix)
        return z, gate(graph.op("Add", new, reset), "activation")

    return candidate


def _simple(call: LayerCall, prefix: str, size: int) -> Cell:
    graph, units = call.graph, call.config.integer("units")
    project, matrix = _projection(call, prefix, size, units), _matrix(call, prefix, units, units)
    gate = _gate(call, units)

    def step(x: str, states: States) -> tuple[str, Sequence[str]]:
        h = states[0]
        total = x if h is None else graph.op("Add", x, graph.op("MatMul", h, matrix))
        out = gate(total, "activation")
        return out, (out,)

    return Cell((units,), (units,), 1, project, step)


def _projection(
    call: LayerCall, prefix: str, size: int, width: int, *, twice: bool = False
) -> Callable[[str], str]:
    graph, stored = call.graph, call.weight(f"{prefix}/kernel", (size, width))
    kernel = graph.parameter(call.name(f"{prefix}/kernel"), [stored], (size, width))
    bias = _bias(call, prefix, width, twice=twice, row=0)

    def project(inputs: str) -> str:
        product = graph.op("MatMul", inputs, kernel)
        return product if bias is None else graph.op("Add", product, bias)

    return project


def _bias(call: LayerCall, prefix: str, width: int, *, twice: bool, row: int) -> str | None:
    """One of the two rows of a bias that is there twice; None where there is none."""
    if not call.config.flag("use_bias", default=True):
        return None
    stored = call.weight(f"{prefix}/bias", (2, width) if twice else (width,))
    name = call.name(f"{prefix}/bias.{row}")
    return call.graph.parameter(name, [stored], (width,), lambda array: np.atleast_2d(array)[row])


def _matrix(call: LayerCall, prefix: str, units: int, width: int) -> str:
    stored, name = _stored(call, prefix, units, width), call.name(f"{prefix}/recurrent_kernel")
    return call.graph.parameter(name, [stored], (units, width))


def _stored(call: LayerCall, prefix: str, units: int, width: int) -> Weight:
    return call.weight(f"{prefix}/recurrent_kernel", (units, width))


def _parts(graph: Graph, name: str, count: int, axis: int = 1) -> tuple[str, ...]:
    return graph.ops("Split", name, outputs=count, axis=axis, num_outputs=count)
