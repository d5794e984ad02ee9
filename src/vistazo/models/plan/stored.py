"""A plan as a file: a zip of NumPy arrays (``.npz``), one of them JSON. None of it is executed."""

from __future__ import annotations

import json
import zipfile
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, BinaryIO

import numpy as np
from numpy.lib.format import write_array
from numpy.typing import NDArray

from vistazo.errors import UnreadableModelError
from vistazo.models import plan as room
from vistazo.models.plan.operation import OPERATIONS
from vistazo.models.plan.plan import Plan
from vistazo.models.plan.summary import PlanStep

_TREE = "plan.json"
_NO_DATE = (1980, 1, 1, 0, 0, 0)
_KINDS = {kind.__name__: kind for kind in (Plan, PlanStep)}


def write_plan(plan: Plan, path: Path) -> None:
    """The same bytes for the same plan. Raises OSError."""
    arrays: dict[str, NDArray[Any]] = {}
    tree = json.dumps(_told(plan, arrays)).encode()
    arrays[_TREE] = np.frombuffer(tree, np.uint8)
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy", _NO_DATE)
            with archive.open(entry, "w", force_zip64=True) as file:
                write_array(file, array, allow_pickle=False)


def read_plan(path: Path) -> Plan:
    """Raises UnreadableModelError where the file is no plan."""
    try:
        with path.open("rb") as file:
            return _read(file)
    except (OSError, KeyError, TypeError, ValueError, EOFError) as error:
        raise UnreadableModelError(f"{path} is no plan that Vistazo wrote.") from error


def _read(file: BinaryIO) -> Plan:
    for module in iter_modules(room.__path__):  # to import them is what registers operations
        import_module(f"{room.__name__}.{module.name}")
    with np.load(file, allow_pickle=False) as stored:
        plan = _made(json.loads(stored[_TREE].tobytes()), stored)
    if not isinstance(plan, Plan):
        raise TypeError("no plan")
    return plan


def _told(value: object, arrays: dict[str, NDArray[Any]]) -> object:
    if isinstance(value, np.ndarray):
        name = f"a{len(arrays)}"
        arrays[name] = value
        return {"array": name}
    if is_dataclass(value) and not isinstance(value, type):
        told = {each.name: _told(getattr(value, each.name), arrays) for each in fields(value)}
        return {"is": type(value).__name__, **told}
    if isinstance(value, tuple):
        return [_told(each, arrays) for each in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"a plan holds no {type(value).__name__}")


def _made(told: Any, arrays: Any) -> Any:
    if isinstance(told, list):
        return tuple(_made(each, arrays) for each in told)
    if not isinstance(told, dict):
        return told
    if "array" in told:
        return arrays[told["array"]]
    kind = OPERATIONS.get(told["is"]) or _KINDS[told["is"]]
    return kind(**{name: _made(value, arrays) for name, value in told.items() if name != "is"})
