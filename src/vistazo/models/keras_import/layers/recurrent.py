"""Recurrent layers over a sequence: LSTM, GRU, SimpleRNN, and RNN around a cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from vistazo.models.keras_import.config import Config
from vistazo.models.keras_import.dialect import Layer, class_origin
from vistazo.models.keras_import.keras_layout import snake_case
from vistazo.models.keras_import.layers.cudnn_arrays import KINDS, SETTINGS, without_cudnn
from vistazo.models.keras_import.layers.fused_recurrence import fused, is_usual
from vistazo.models.keras_import.layers.recurrence import (
    Sequenced,
    check_held,
    sequence_of,
    take_steps,
)
from vistazo.models.keras_import.layers.recurrent_cell import Cell, States, cell_of, stacked
from vistazo.models.keras_import.registry import LayerCall, Result, keras_layer
from vistazo.models.keras_import.value import Value
from vistazo.models.keras_import.weights import Slot

_CELLS = {"LSTMCell": "LSTM", "GRUCell": "GRU", "SimpleRNNCell": "SimpleRNN"}
_PARTS = ("kernel", "recurrent_kernel", "bias")
_MAX_CELLS = 64
_GATES = 4  # at most


def cell_slots(layer: Layer) -> tuple[Slot, ...]:
    """The arrays of the cell or cells inside the layer."""
    cells = _cells(layer)
    return tuple(
        Slot(f"{prefix}/{part}", legacy=part if len(cells) == 1 else "")
        for prefix, _, config in cells
        for part in (_PARTS if config.flag("use_bias", default=True) else _PARTS[:2])
    )


@keras_layer("LSTM", "GRU", "SimpleRNN", "RNN", "CuDNNLSTM", "CuDNNGRU", weights=cell_slots)
def recurrent(call: LayerCall) -> Result:
    """keras.layers.LSTM (Hochreiter and Schmidhuber 1997), GRU (Cho et al. 2014), SimpleRNN, RNN.

    ``dropout``, ``implementation`` and ``unroll`` change nothing of what is given.
    """
    refuse_lasting_state(call)
    value, cells = sequence_of(call), _cells(call.layer)
    if not cells:
        raise call.refusal("its cell is not one of Keras' own")
    bound = [_configured(call, config) for _, _, config in cells]
    prefix, kind, _ = cells[0]
    bound[0] = without_cudnn(bound[0], kind, value.size(2))
    initial = initial_states(call)
    if len(cells) == 1 and not initial and is_usual(bound[0], kind):
        return given(call, value, fused(bound[0], kind, prefix, value), _units(bound[0]))
    size, made = value.size(2), []
    for (prefix, kind, _), own in zip(cells, bound, strict=True):
        made.append(cell_of(own, kind, prefix, size))
        size = _units(own)
    cell = made[0] if len(made) == 1 else stacked(made)
    check_held(call, value.size(1) * sum(_GATES * _units(own) for own in bound))
    projected = cell.project(call.graph.plain(value))
    states = checked(call, initial, cell)
    return given(call, value, take_steps(call, cell, projected, value.size(1), states), size)


def _units(call: LayerCall) -> int:
    return call.config.integer("units")


def _configured(call: LayerCall, config: Config) -> LayerCall:
    """The call, set as the cell is; what the cell does not say, the layer around it does."""
    return call.configured(**config.fields)


def _cells(layer: Layer) -> list[tuple[str, str, Config]]:
    """Where the arrays of each cell are, what it is, and how it is set; none that is not known."""
    if layer.class_name in KINDS:
        settled = Config(layer.config.owner, {**layer.config.fields, **SETTINGS})
        return [("cell", KINDS[layer.class_name], settled)]
    if layer.class_name != "RNN":
        return [("cell", layer.class_name, layer.config)]
    cell = layer.config.get("cell")
    name, fields = _described(cell)
    if name != "StackedRNNCells":
        listed = [("cell", name, fields)]
    else:
        items = fields.get("cells")
        listed = _numbered(items) if isinstance(items, list) else []
    if len(listed) > _MAX_CELLS or any(kind not in _CELLS for _, kind, _ in listed):
        return []
    owner = layer.config.owner
    return [(prefix, _CELLS[kind], Config(owner, fields)) for prefix, kind, fields in listed]


def _numbered(items: Sequence[object]) -> list[tuple[str, str, Mapping[str, object]]]:
    """Keras files cells by their class, and numbers those of one class."""
    seen: dict[str, int] = {}
    listed = []
    for name, fields in map(_described, items):
        base, count = snake_case(name), seen.get(name, 0)
        seen[name] = count + 1
        place = f"{base}_{count}" if count else base
        listed.append((f"cell/cells/{place}", name, fields))
    return listed


def _described(cell: object) -> tuple[str, Mapping[str, object]]:
    if not isinstance(cell, Mapping):
        return "", {}
    fields = cell.get("config")
    package, name = class_origin(cell)
    if package:
        return "", {}  # of somebody's own, which may compute anything
    return name, fields if isinstance(fields, Mapping) else {}


def refuse_lasting_state(call: LayerCall) -> None:
    """Raises UnsupportedModelError for what reaches beyond one picture."""
    if call.config.flag("stateful", default=False):
        raise call.refusal("it is stateful: it carries what it saw of one picture to the next")
    if call.config.flag("time_major", default=False):
        raise call.refusal("it is 'time_major', with the steps before the pictures")
    if call.kwargs.get("constants") is not None:
        raise call.refusal("it is called with constants")


def initial_states(call: LayerCall) -> Sequence[Value]:
    """Those that the layer is called with: by name, or after the sequence; none are zeros."""
    given = call.kwargs.get("initial_state")
    listed = given if isinstance(given, list) else [given] if given is not None else []
    states = [item for item in listed if isinstance(item, Value)]
    if len(states) != len(listed):
        raise call.refusal("its initial state is not made of tensors")
    return states or list(call.inputs[1:])


def checked(call: LayerCall, initial: Sequence[Value], cell: Cell) -> States:
    """The names of the states that a cell starts from; None is zeros."""
    if not initial:
        return [None] * cell.states
    if len(initial) != cell.states or any(
        state.shape != (None, *cell.shape) or len(cell.shape) > 1 for state in initial
    ):
        raise call.refusal("it does not start from states of its own size")
    return [call.graph.plain(state) for state in initial]


def given(call: LayerCall, value: Value, done: Sequenced, units: int) -> Result:
    """The whole sequence or its end, and the states where these are wanted."""
    graph = call.graph
    if call.config.flag("return_sequences", default=False):
        whole = graph.value(done.whole, (None, value.size(1), units), value)
        out = replace(whole, mask=call.mask)
    else:
        out = graph.value(done.last, (None, units), value)
    if not call.config.flag("return_state", default=False):
        return out
    if len(_cells(call.layer)) > 1:
        raise call.refusal("it gives the states of several cells")
    return [out, *(graph.value(state, (None, units), value) for state in done.states)]
