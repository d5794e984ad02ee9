"""An LSTM whose products are convolutions: over the steps of a sequence of maps."""

from __future__ import annotations

from vistazo.models.keras_import.layers.convolution import (
    Kernel,
    channels_of,
    convolve,
    filters_first,
    spatial_size,
)
from vistazo.models.keras_import.layers.recurrence import check_held, take_steps
from vistazo.models.keras_import.layers.recurrent import (
    cell_slots,
    initial_states,
    refuse_lasting_state,
)
from vistazo.models.keras_import.layers.recurrent_cell import Cell, Gate, lstm_step
from vistazo.models.keras_import.registry import LayerCall, Result, keras_layer
from vistazo.models.keras_import.value import Value

_RANK, _GATES = 5, 4
_TO_LAST = (0, 1, 3, 4, 2)


@keras_layer("ConvLSTM2D", weights=cell_slots)
def conv_lstm_2d(call: LayerCall) -> Result:
    """keras.layers.ConvLSTM2D (Shi et al. 2015), over (n, steps, h, w, c) or (n, steps, c, h, w).

    The convolution of the states keeps their size, whatever that of the input does.
    """
    refuse_lasting_state(call)
    value, graph, filters = call.input, call.graph, call.config.integer("filters")
    if value.rank != _RANK:
        raise call.refusal(f"its input is of rank {value.rank}, not a sequence of maps")
    if initial_states(call):
        raise call.refusal("it is called with states to start from")
    steps = value.size(1)
    projected = _projected(call, graph.reshape(value, (None, *value.shape[2:])), filters)
    shape = (filters, *spatial_size(call, projected))
    check_held(call, steps * projected.elements)
    apart = graph.op(
        "Reshape", projected.name, graph.integers([-1, steps, _GATES * filters, *shape[1:]])
    )
    taken = take_steps(call, _cell(call, shape, value), apart, steps, [None, None])
    if call.config.flag("return_sequences", default=False):
        out = _sequence(call, taken.whole, (steps, *shape), value)
    else:
        out = _map(call, taken.last, shape, value)
    if not call.config.flag("return_state", default=False):
        return out
    return [out, *(_map(call, state, shape, value) for state in taken.states)]


def _projected(call: LayerCall, value: Value, filters: int) -> Value:
    """The convolution of the input, for the gates of all steps at once."""
    size, channels, width = call.config.pair("kernel_size"), channels_of(call, value), 4 * filters
    stored = call.weight("cell/kernel", (*size, channels, width))
    shape = (width, channels, *size)
    weight = call.graph.parameter(call.name("kernel"), [stored], shape, filters_first)
    bias = None
    if call.config.flag("use_bias", default=True):
        offsets = call.weight("cell/bias", (width,))
        bias = call.graph.parameter(call.name("bias"), [offsets], (width,))
    return convolve(call, value, Kernel(weight, size, width, bias=bias))


def _cell(call: LayerCall, shape: tuple[int, int, int], value: Value) -> Cell:
    filters, size, graph = shape[0], call.config.pair("kernel_size"), call.graph
    width = _GATES * filters
    stored = call.weight("cell/recurrent_kernel", (*size, filters, width))
    matrix = graph.parameter(
        call.name("recurrent_kernel"), [stored], (width, filters, *size), filters_first
    )
    before = [(side - 1) // 2 for side in size]
    after = [side // 2 for side in size]

    def recur(state: str) -> str:
        return graph.op("Conv", state, matrix, kernel_shape=size, pads=(*before, *after))

    gate = Gate(call, lambda name: _map(call, name, shape, value))
    return Cell((width, *shape[1:]), shape, 2, lambda x: x, lstm_step(graph, gate, recur))


def _map(call: LayerCall, name: str, shape: tuple[int, int, int], value: Value) -> Value:
    """A map that is stored channels first; ``shape`` is (channels, height, width)."""
    return call.graph.map(name, shape, call.config.data_format(), value)


def _sequence(call: LayerCall, name: str, shape: tuple[int, int, int, int], value: Value) -> Value:
    steps, filters, height, width = shape
    if call.config.data_format() == "channels_first":
        return call.graph.value(name, (None, *shape), value)
    turned = call.graph.op("Transpose", name, perm=_TO_LAST)
    return call.graph.value(turned, (None, steps, height, width, filters), value)
