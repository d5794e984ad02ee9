"""Layers around other layers: one for every step of a sequence, one for each direction of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from vistazo.models.keras_import.elementwise import combine
from vistazo.models.keras_import.layers.merge import join
from vistazo.models.keras_import.layers.recurrent import initial_states
from vistazo.models.keras_import.masks import hands_on
from vistazo.models.keras_import.registry import LayerCall, Result, keras_layer
from vistazo.models.keras_import.value import Value

_LEAST_RANK = 3
_MERGES = {"sum": "Add", "ave": "Add", "mul": "Mul"}


@keras_layer("TimeDistributed")
def time_distributed(call: LayerCall) -> Value:
    """keras.layers.TimeDistributed: the layer on each step, as if every step were a picture."""
    value, graph = call.input, call.graph
    if value.rank < _LEAST_RANK:
        raise call.refusal(f"its input is of rank {value.rank}: there are no steps in it")
    if call.mask is not None and not hands_on(call.layer.inner["layer"]):
        raise call.refusal("what it holds is given a mask")
    steps = value.size(1)
    apart = graph.reshape(value, (None, *value.shape[2:]))
    made = call.inner("layer", apart, rows=steps)
    if len(made) != 1:
        raise call.refusal("what it holds gives several tensors")
    whole = graph.reshape(made[0], (None, steps, *made[0].shape[1:]))
    # What is inside has a row per step, and so is no map of the picture.
    return replace(whole, parents=(value,), mask=call.mask)


@keras_layer("Bidirectional")
def bidirectional(call: LayerCall) -> Result:
    """keras.layers.Bidirectional (Schuster and Paliwal 1997): both ways, and what is made of both.

    Without a ``merge_mode`` the two come one after the other, and the states behind them.
    """
    value = replace(call.inputs[0] if call.inputs else call.input, mask=call.mask)
    initial = initial_states(call)
    half = len(initial) // 2
    ways = []
    for role, states in (("forward_layer", initial[:half]), ("backward_layer", initial[half:])):
        kwargs = {"initial_state": list(states)} if states else {}
        ways.append(call.inner(role, value, kwargs))
    (ahead, *states), (back, *more) = ways
    goes_on = call.layer.inner["forward_layer"].config.flag("return_sequences", default=False)
    if goes_on:
        back = replace(back, name=call.graph.reverse(back.name, 1))
    merged = [replace(each, mask=ahead.mask) for each in _merged(call, ahead, back)]
    result = [*merged, *states, *more]
    return result[0] if len(result) == 1 else result


def _merged(call: LayerCall, ahead: Value, back: Value) -> Sequence[Value]:
    mode = call.config.fields.get("merge_mode", "concat")
    ahead, back = replace(ahead, mask=None), replace(back, mask=None)
    if mode is None:
        return [ahead, back]
    if mode == "concat":
        return [join(call, [ahead, back], -1)]
    if mode not in _MERGES:
        raise call.config.wrong("merge_mode", "concat, sum, ave, mul or null", mode)
    both = combine(call.graph, _MERGES[str(mode)], ahead, back)
    return [combine(call.graph, "Mul", both, 0.5)] if mode == "ave" else [both]
