"""Opcodes that would import, call and fill: here they note what would be called, with what."""

from __future__ import annotations

import numpy as np

from vistazo.errors import HostileModelError, UnreadableModelError
from vistazo.models.estimator_import.allowance import BYTES_PER_MEMBER, Allowance
from vistazo.models.estimator_import.arrays import set_array_state, set_type_state
from vistazo.models.estimator_import.constructors import MAKERS, construct, instance
from vistazo.models.estimator_import.joblib_arrays import array_behind, is_wrapper
from vistazo.models.estimator_import.machine import Machine, opcode
from vistazo.models.estimator_import.sparse import UnfilledSparseArray
from vistazo.models.estimator_import.values import DataType, Name, Record


@opcode(ord("c"))
def name_in_lines(machine: Machine) -> None:
    """GLOBAL."""
    module, name = machine.line(), machine.line()
    machine.stack.append(_named(machine, str(module, "utf-8"), str(name, "utf-8")))


@opcode(0x93)
def name_on_the_stack(machine: Machine) -> None:
    """STACK_GLOBAL."""
    stack = machine.stack
    name = stack.pop()
    stack[-1] = _named(machine, stack[-1], name)


def _named(machine: Machine, module: object, name: object) -> Name:
    found = machine.name(module, name)
    maker = MAKERS.get(found)
    if maker is not None:
        machine.makers[id(found)] = maker
    return found


@opcode(ord("R"))
def reduce(machine: Machine) -> None:
    """REDUCE: what would call a function with arguments."""
    stack = machine.stack
    arguments = stack.pop()
    function = stack[-1]
    maker = machine.makers.get(id(function))
    if maker is not None and isinstance(arguments, tuple):
        stack[-1] = maker(machine.allowance, arguments)
    else:
        stack[-1] = construct(function, arguments, machine.allowance)


@opcode(0x81)
def new_object(machine: Machine) -> None:
    """NEWOBJ."""
    stack = machine.stack
    arguments = stack.pop()
    stack[-1] = instance(stack[-1], arguments, machine.allowance)


@opcode(0x92)
def new_object_with_names(machine: Machine) -> None:
    """NEWOBJ_EX."""
    stack = machine.stack
    named, arguments = stack.pop(), stack.pop()
    if not isinstance(named, dict):
        raise UnreadableModelError("The file is damaged: named arguments are no dictionary.")
    stack[-1] = instance(stack[-1], arguments, machine.allowance)


@opcode(ord("i"))
def old_instance(machine: Machine) -> None:
    """INST."""
    name_in_lines(machine)
    kind = machine.stack.pop()
    arguments = tuple(machine.above_mark())
    machine.stack.append(construct(kind, arguments, machine.allowance))


@opcode(ord("o"))
def old_object(machine: Machine) -> None:
    """OBJ."""
    kind, *arguments = machine.above_mark()
    machine.stack.append(construct(kind, tuple(arguments), machine.allowance))


@opcode(ord("b"))
def build(machine: Machine) -> None:
    """BUILD: gives an object its attributes, or what stands for them."""
    stack = machine.stack
    state = stack.pop()
    made = stack[-1]
    if isinstance(made, Record):
        _set_attributes(made, state, machine.allowance)
        if not machine.is_nested and is_wrapper(made):
            stack[-1] = array_behind(machine, made)
    elif isinstance(made, np.ndarray):
        set_array_state(made, state, machine.allowance)
    elif isinstance(made, DataType):
        set_type_state(made, state)
    elif isinstance(made, UnfilledSparseArray):
        made.fill(state, machine.allowance)
    elif not isinstance(made, dict | set | list):  # a kind of them may have attributes beside
        changed = str(made) if isinstance(made, Name) else "a plain value"
        raise HostileModelError(
            f"The file asks to change {changed}: no model needs that, and it was not done."
        )


def _set_attributes(made: Record, state: object, allowance: Allowance) -> None:
    """A dictionary of attributes; or a pair of it and of those in slots; or anything else."""
    parts = state if isinstance(state, tuple) and len(state) == 2 else (state,)
    if not all(part is None or isinstance(part, dict) for part in parts):
        made.state = state
        return
    for part in parts:
        if isinstance(part, dict) and not made.attributes:
            made.attributes = part
        elif isinstance(part, dict):
            allowance.spend(BYTES_PER_MEMBER * len(part))
            made.attributes.update(part)
