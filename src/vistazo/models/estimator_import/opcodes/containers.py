"""Opcodes that make lists, tuples, dictionaries and sets, and those that remember values."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

from vistazo.errors import HostileModelError, UnreadableModelError
from vistazo.models.estimator_import.keys import check_keys
from vistazo.models.estimator_import.machine import Machine, opcode
from vistazo.models.estimator_import.values import Record

_MOST_MARKS = 10_000  # one for each container that is begun and not ended


@opcode(ord("("))
def mark(machine: Machine) -> None:
    if len(machine.below) >= _MOST_MARKS:
        raise HostileModelError("The file nests values beyond what any model needs.")
    machine.below.append(machine.stack)
    machine.stack = []


@opcode(ord("0"))
def pop(machine: Machine) -> None:
    """POP: a value, or a mark with nothing above it."""
    if machine.stack:
        machine.stack.pop()
    else:
        machine.above_mark()


@opcode(ord("1"))
def pop_mark(machine: Machine) -> None:
    machine.above_mark()


@opcode(ord("2"))
def duplicate(machine: Machine) -> None:
    machine.stack.append(machine.stack[-1])


@opcode(ord("]"))
def empty_list(machine: Machine) -> None:
    machine.stack.append([])


@opcode(ord(")"))
def empty_tuple(machine: Machine) -> None:
    machine.stack.append(())


@opcode(ord("}"))
def empty_dictionary(machine: Machine) -> None:
    machine.stack.append({})


@opcode(0x8F)
def empty_set(machine: Machine) -> None:
    machine.stack.append(set())


@opcode(0x85)
def tuple_of_one(machine: Machine) -> None:
    machine.stack[-1] = (machine.stack[-1],)


@opcode(0x86)
def tuple_of_two(machine: Machine) -> None:
    stack = machine.stack
    last = stack.pop()
    stack[-1] = (stack[-1], last)


@opcode(0x87)
def tuple_of_three(machine: Machine) -> None:
    stack = machine.stack
    last, middle = stack.pop(), stack.pop()
    stack[-1] = (stack[-1], middle, last)


@opcode(ord("t"))
def tuple_of_many(machine: Machine) -> None:
    items = machine.above_mark()
    machine.stack.append(tuple(items))


@opcode(ord("l"))
def list_of_many(machine: Machine) -> None:
    items = machine.above_mark()
    machine.stack.append(items)


@opcode(ord("d"))
def dictionary_of_many(machine: Machine) -> None:
    items = machine.above_mark()
    made: dict[object, object] = {}
    _put_items(machine, made, items)
    machine.stack.append(made)


@opcode(0x91)
def frozen_set(machine: Machine) -> None:
    items = machine.above_mark()
    check_keys(machine.allowance, items)
    machine.stack.append(frozenset(items))


@opcode(ord("a"))
def append(machine: Machine) -> None:
    value = machine.stack.pop()
    _extend(machine.stack[-1], [value])


@opcode(ord("e"))
def append_many(machine: Machine) -> None:
    items = machine.above_mark()
    _extend(machine.stack[-1], items)


def _extend(target: object, items: list[object]) -> None:
    """Onto a list; of an object that is a kind of list, its state is what it holds."""
    if isinstance(target, Record):
        if target.state is None:
            target.state = []
        target = target.state
    if not isinstance(target, list):
        raise UnreadableModelError("The file is damaged: it appends to something that is no list.")
    target.extend(items)


@opcode(ord("s"))
def set_item(machine: Machine) -> None:
    value, key = machine.stack.pop(), machine.stack.pop()
    _put_items(machine, machine.stack[-1], [key, value])


@opcode(ord("u"))
def set_items(machine: Machine) -> None:
    items = machine.above_mark()
    _put_items(machine, machine.stack[-1], items)


def _put_items(machine: Machine, target: object, items: Sequence[object]) -> None:
    """Of an object that is a kind of dictionary, its attributes are what it holds."""
    if isinstance(target, Record):
        target = target.attributes
    if not isinstance(target, dict) or len(items) % 2:
        raise UnreadableModelError("The file is damaged: it fills something that is no dictionary.")
    keys = items[::2]
    check_keys(machine.allowance, keys)
    target.update(zip(keys, items[1::2], strict=True))


@opcode(0x90)
def add_items(machine: Machine) -> None:
    items = machine.above_mark()
    target = machine.stack[-1]
    if not isinstance(target, set):
        raise UnreadableModelError("The file is damaged: it adds to something that is no set.")
    check_keys(machine.allowance, items)
    target.update(items)


@opcode(0x94)
def memoize(machine: Machine) -> None:
    memo = machine.memo
    memo[len(memo)] = machine.stack[-1]


@opcode(ord("p"))
def put_line(machine: Machine) -> None:
    machine.memo[_index(machine.line())] = machine.stack[-1]


@opcode(ord("g"))
def get_line(machine: Machine) -> None:
    machine.stack.append(machine.memo[_index(machine.line())])


def _index(line: bytes) -> int:
    if len(line) > 20:
        raise UnreadableModelError("The file is damaged: it remembers a value under no number.")
    return int(line)


@opcode(ord("q"))
def put(machine: Machine) -> None:
    """BINPUT."""
    machine.memo[machine.data[machine.at]] = machine.stack[-1]
    machine.at += 1


@opcode(ord("h"))
def get(machine: Machine) -> None:
    """BINGET."""
    machine.stack.append(machine.memo[machine.data[machine.at]])
    machine.at += 1


_unsigned: Callable[[bytes, int], tuple[int]] = struct.Struct("<I").unpack_from


@opcode(ord("r"))
def put_far(machine: Machine) -> None:
    """LONG_BINPUT."""
    machine.memo[_unsigned(machine.data, machine.at)[0]] = machine.stack[-1]
    machine.at += 4


@opcode(ord("j"))
def get_far(machine: Machine) -> None:
    """LONG_BINGET."""
    machine.stack.append(machine.memo[_unsigned(machine.data, machine.at)[0]])
    machine.at += 4
