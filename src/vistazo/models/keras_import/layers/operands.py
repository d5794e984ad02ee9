"""The operands of operations: tensors, or constants of the file."""

from __future__ import annotations

import numpy as np

from vistazo.models.keras_import.elementwise import Operand
from vistazo.models.keras_import.registry import LayerCall
from vistazo.models.keras_import.value import Value

_FIRST_NAMES = ("x1", "x", "a", "input")
_SECOND_NAMES = ("x2", "y", "b", "bias", "other")


def binary_operands(call: LayerCall) -> tuple[Operand, Operand]:
    """Both sides of an operation on two tensors, at least one of which is no constant."""
    left = _operand(call, 0, _FIRST_NAMES)
    right = _operand(call, 1, _SECOND_NAMES)
    if not isinstance(left, Value) and not isinstance(right, Value):
        raise call.refusal("it is called on constants alone")
    return left, right


def as_operand(call: LayerCall, given: object) -> Operand:
    """A tensor, or a constant as float32."""
    if isinstance(given, Value):
        return given
    try:
        return np.asarray(given, dtype=np.float32)
    except (TypeError, ValueError):
        raise call.refusal(f"its argument {str(given)[:60]} is not a tensor or numbers") from None


def _operand(call: LayerCall, position: int, names: tuple[str, ...]) -> Operand:
    given = next((call.kwargs[name] for name in names if name in call.kwargs), None)
    if given is None and position < len(call.args):
        given = call.args[position]
    if given is None:
        raise call.refusal("one of its operands is missing")
    return as_operand(call, given)
