"""Arrays in a joblib file: their bytes follow the opcode that has described them.

Source: joblib/numpy_pickle.py, NumpyArrayWrapper. Files of joblib before 0.10 kept each array in
a file of its own.
"""

from __future__ import annotations

from vistazo.errors import HostileModelError, UnreadableModelError, UnsupportedModelError
from vistazo.models.estimator_import.arrays import array_in
from vistazo.models.estimator_import.machine import Machine
from vistazo.models.estimator_import.values import DataType, Record

WRAPPER = "NumpyArrayWrapper"
_APART = ("NDArrayWrapper", "ZNDArrayWrapper")


def is_wrapper(record: Record) -> bool:
    """Raises UnsupportedModelError where the array is in another file."""
    if record.package != "joblib":
        return False
    if record.class_name in _APART:
        raise UnsupportedModelError(
            "The file was written by a joblib before 0.10, which keeps each array in a file of its "
            "own beside it. Load it with that joblib and save it again as one: "
            "joblib.dump(model, 'model.joblib', compress=3)."
        )
    return record.class_name == WRAPPER


def array_behind(machine: Machine, wrapper: Record) -> object:
    """The array whose bytes begin here; the machine goes on behind them."""
    said = wrapper.attributes
    kind, shape, order = said.get("dtype"), said.get("shape"), said.get("order")
    if not isinstance(kind, DataType) or order not in ("C", "F"):
        raise UnreadableModelError("The file is damaged: joblib's description of an array is none.")
    if kind.dtype.hasobject:
        return _nested(machine)
    if said.get("numpy_array_alignment_bytes") is not None:
        machine.at += 1 + machine.data[machine.at]
    array = array_in(machine.data, machine.at, kind.dtype, shape, str(order))
    machine.at += array.nbytes
    return array


def _nested(machine: Machine) -> object:
    """An array of objects, written as a pickle of its own, with a memo of its own."""
    if machine.is_nested:
        raise HostileModelError("The file has a pickle in a pickle in a pickle.")
    inner = Machine(
        machine.data,
        machine.at,
        allowance=machine.allowance,
        most_opcodes=machine.most_opcodes,
        is_nested=True,
    )
    value = inner.run()
    machine.at = inner.at
    return value
