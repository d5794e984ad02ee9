"""A pickle's opcodes, taken one after the other: an interpreter that makes inert values.

No ``pickle`` of Python is involved, and no name of the file is ever looked up. The opcodes
themselves are in ``opcodes``, by their numbers in Python's Lib/pickletools.py (protocols 0 to 5).
Time is linear in the bytes: an opcode takes its own bytes and what it pops.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from vistazo.errors import HostileModelError, UnreadableModelError
from vistazo.models.estimator_import.allowance import Allowance, Maker
from vistazo.models.estimator_import.values import Name

_BYTES_PER_OPCODE = 24  # of memory: what the smallest values take, at least
_MOST_OPCODES = 50_000_000
_LONGEST_NAME = 500


class Stopped(Exception):  # noqa: N818 (it is no error)
    """The opcode STOP. ``args[0]`` is the value that the file holds."""


class Machine:
    """The state between two opcodes: a stack, the stacks below its marks, and a memo.

    ``at`` is the place in ``data`` of what is read next. ``is_nested``: it reads a pickle within
    a joblib file, where no array's bytes follow an opcode.
    """

    def __init__(
        self,
        data: bytes,
        at: int = 0,
        *,
        allowance: Allowance,
        most_opcodes: int,
        is_nested: bool = False,
    ) -> None:
        self.data, self.at, self.is_nested = data, at, is_nested
        self.allowance, self.most_opcodes = allowance, most_opcodes
        self.stack: list[object] = []
        self.below: list[list[object]] = []
        self.memo: dict[int, object] = {}
        self.makers: dict[int, Maker] = {}  # of the names below, by their id: a look-up less
        self._names: dict[tuple[str, str], Name] = {}

    def run(self) -> object:
        """The value of the pickle at ``at``. What is wrong raises as it comes, see ``reader``."""
        data, opcodes = self.data, OPCODES
        try:
            for _ in range(self.most_opcodes):
                at = self.at
                self.at = at + 1
                opcodes[data[at]](self)
        except Stopped as stopped:
            value: object = stopped.args[0]
            return value
        raise HostileModelError(
            f"The file takes more than {self.most_opcodes} steps to read, which no model needs "
            "within this memory."
        )

    def above_mark(self) -> list[object]:
        """What was pushed since the last mark, taken off together with it."""
        items = self.stack
        self.stack = self.below.pop()
        return items

    def line(self) -> bytes:
        """The bytes up to the end of the line, as protocol 0 writes its arguments."""
        end = self.data.index(b"\n", self.at)
        line = self.data[self.at : end]
        self.at = end + 1
        return line

    def name(self, module: object, name: object) -> Name:
        """One object for each name, under what Python 3 and today's packages call its module."""
        if not isinstance(module, str) or not isinstance(name, str):
            raise UnreadableModelError("The file names a class by something that is no text.")
        if len(module) + len(name) > _LONGEST_NAME:
            raise HostileModelError("The file names a class by more than 500 characters.")
        key = module, name
        found = self._names.get(key)
        if found is None:
            found = self._names[key] = Name(_module_of_today(module), name)
        return found


def most_opcodes_for(most_bytes: int) -> int:
    return min(_MOST_OPCODES, most_bytes // _BYTES_PER_OPCODE)


_MOVED = {
    "__builtin__": "builtins",
    "copy_reg": "copyreg",
    "sklearn.externals.joblib": "joblib",
    "numpy._core": "numpy.core",
    "numpy.matrixlib.defmatrix": "numpy",
}


def _module_of_today(module: str) -> str:
    for old, new in _MOVED.items():
        if module == old or module.startswith(f"{old}."):
            return new + module[len(old) :]
    return module


Opcode = Callable[[Machine], None]


def _unknown(machine: Machine) -> None:
    raise UnreadableModelError(
        f"The file is damaged, or no pickle: there is no opcode {machine.data[machine.at - 1]:#04x}"
        f" (at byte {machine.at - 1})."
    )


OPCODES: list[Opcode] = [_unknown] * 256
_O = TypeVar("_O", bound=Opcode)


def opcode(code: int) -> Callable[[_O], _O]:
    """Registers what an opcode does under its byte."""

    def registered(function: _O) -> _O:
        OPCODES[code] = function
        return function

    return registered
