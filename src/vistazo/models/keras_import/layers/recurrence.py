"""A recurrent layer over the steps of a sequence, written out one by one.

Any cell, any activation and any mask can be written so, and an empty batch is nothing special. Long
sequences of the usual cells are left to ONNX's own operators (``fused_recurrence``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vistazo.errors import HostileModelError
from vistazo.models.keras_import.layers.recurrent_cell import Cell, States
from vistazo.models.keras_import.registry import LayerCall
from vistazo.models.keras_import.value import Value

MAX_STEPS = 1024
_MAX_HELD = 1 << 26
_SEQUENCE_RANK = 3


@dataclass(frozen=True)
class Sequenced:
    """What a recurrent layer made of a sequence: the output of every step (n, steps, ...), in the
    order in which they were taken, the last of them (n, ...), and the last states.
    """

    whole: str
    last: str
    states: Sequence[str]


def take_steps(
    call: LayerCall, cell: Cell, projected: str, steps: int, initial: States
) -> Sequenced:
    """The cell over ``projected`` (n, steps, ...), from these states on."""
    if not steps:
        raise call.refusal("it is given no steps")
    if steps > MAX_STEPS:
        raise call.refusal(
            f"its {steps} steps are written out one by one, and at most {MAX_STEPS} can be"
        )
    graph, states, masks = call.graph, initial, _masks(call, steps)
    order = range(steps)[::-1] if goes_backwards(call) else range(steps)
    outputs: list[str] = []
    for index in order:
        out, new = cell.step(_at(call, projected, index), states)
        if masks is not None:
            counts = _at(call, masks, index)
            out, new = _where_it_counts(call, counts, outputs, states, (out, new))
        outputs.append(out)
        states = new
    last = outputs[-1]
    if masks is not None and _gives_zeros(call) and _is_unrolled(call):
        last = _zeros_unless(call, _at(call, masks, order[-1]), last)
        # Keras does so in the order of the sequence, whichever way the layer goes.
        outputs = [_zeros_unless(call, _at(call, masks, i), out) for i, out in enumerate(outputs)]
    row = graph.op("Concat", *outputs, axis=1)
    whole = graph.op("Reshape", row, graph.integers([-1, steps, *cell.shape]))
    return Sequenced(whole, last, new)


def _at(call: LayerCall, name: str, index: int) -> str:
    """One step of (n, steps, ...)."""
    return call.graph.op("Gather", name, call.graph.integers(index), axis=1)


def _gives_zeros(call: LayerCall) -> bool:
    return call.config.flag("zero_output_for_mask", default=False)


def _is_unrolled(call: LayerCall) -> bool:
    return call.config.flag("unroll", default=False)


def _zeros_unless(call: LayerCall, counts: str, out: str) -> str:
    return call.graph.op("Where", counts, out, call.graph.floats(0.0))


def check_held(call: LayerCall, numbers: int) -> None:
    """Raise HostileModelError where a layer would hold too many numbers of one picture at once."""
    if numbers > _MAX_HELD:
        raise HostileModelError(
            f"The {call.layer} would hold {numbers} numbers per picture at once; at most "
            f"{_MAX_HELD} are accepted."
        )


def goes_backwards(call: LayerCall) -> bool:
    return call.config.flag("go_backwards", default=False)


def _masks(call: LayerCall, steps: int) -> str | None:
    """Which steps count, as (n, steps, 1)."""
    if call.mask is None:
        return None
    if call.mask.shape != (None, steps):
        raise call.refusal(f"its mask of shape {call.mask.shape[1:]} is not one per step")
    return call.graph.op("Unsqueeze", call.mask.name, call.graph.integers([2]))


def _where_it_counts(
    call: LayerCall,
    counts: str,
    outputs: Sequence[str],
    states: States,
    taken: tuple[str, Sequence[str]],
) -> tuple[str, Sequence[str]]:
    """Where a step does not count, the states stay as they were, and so does the output: that of
    the step before, zeros before the first, or always zeros where the layer is set so.
    """
    graph, zero = call.graph, call.graph.floats(0.0)
    gives_zeros = _gives_zeros(call) and not _is_unrolled(call)
    before = zero if gives_zeros or not outputs else outputs[-1]
    out, new = taken
    kept = [
        graph.op("Where", counts, state, old or zero)
        for state, old in zip(new, states, strict=True)
    ]
    return graph.op("Where", counts, out, before), kept


def sequence_of(call: LayerCall) -> Value:
    """The one sequence (n, steps, channels) that the layer is called on."""
    value = call.inputs[0] if call.inputs else call.input
    if value.rank != _SEQUENCE_RANK:
        raise call.refusal(f"its input is of rank {value.rank}, not a sequence (steps, channels)")
    return value
