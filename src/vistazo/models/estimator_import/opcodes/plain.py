"""Opcodes that push a number, a text or bytes, and those that are about the pickle itself.

A text of Python 2 (``STRING`` and its like) may be anything: read as Latin-1, nothing is lost.
"""

from __future__ import annotations

import codecs
import struct
import warnings
from collections.abc import Callable

from vistazo.errors import HostileModelError, UnreadableModelError
from vistazo.models.estimator_import.machine import Machine, Stopped, opcode

_MOST_DIGITS = 1000
_MOST_INTEGER_BYTES = 256
_NEWEST = 5


@opcode(0x80)
def protocol(machine: Machine) -> None:
    """PROTO."""
    version = machine.data[machine.at]
    machine.at += 1
    if version > _NEWEST:
        raise UnreadableModelError(f"The file is a pickle of protocol {version}; 5 is the newest.")


@opcode(0x95)
def frame(machine: Machine) -> None:
    """FRAME: only a hint of how much to read ahead."""
    (size,) = struct.unpack_from("<Q", machine.data, machine.at)
    machine.at += 8
    if size > len(machine.data) - machine.at:
        machine.at = len(machine.data)
        raise EOFError


@opcode(ord("."))
def stop(machine: Machine) -> None:
    raise Stopped(machine.stack.pop())


@opcode(ord("N"))
def none(machine: Machine) -> None:
    machine.stack.append(None)


@opcode(0x88)
def true(machine: Machine) -> None:
    machine.stack.append(True)


@opcode(0x89)
def false(machine: Machine) -> None:
    machine.stack.append(False)


@opcode(ord("K"))
def small_integer(machine: Machine) -> None:
    """BININT1."""
    machine.stack.append(machine.data[machine.at])
    machine.at += 1


def _number(code: str, layout: str) -> None:
    packed = struct.Struct(layout)

    def push(machine: Machine) -> None:
        at = machine.at
        machine.stack.append(packed.unpack_from(machine.data, at)[0])
        machine.at = at + packed.size

    opcode(ord(code))(push)


_number("M", "<H")
_number("J", "<i")
_number("G", ">d")


@opcode(ord("I"))
def text_integer(machine: Machine) -> None:
    """INT: also how protocol 0 writes truth."""
    line = machine.line()
    truth = {b"00": False, b"01": True}.get(line)
    machine.stack.append(_integer(line) if truth is None else truth)


@opcode(ord("L"))
def text_long(machine: Machine) -> None:
    machine.stack.append(_integer(machine.line().removesuffix(b"L")))


@opcode(ord("F"))
def text_float(machine: Machine) -> None:
    machine.stack.append(float(_digits(machine.line())))


def _integer(line: bytes) -> int:
    return int(_digits(line))


def _digits(line: bytes) -> bytes:
    if len(line) > _MOST_DIGITS:
        raise HostileModelError(f"The file holds a number of {len(line)} digits.")
    return line


@opcode(0x8A)
def long(machine: Machine) -> None:
    """LONG1."""
    _push_long(machine, machine.at + 1, machine.data[machine.at])


@opcode(0x8B)
def longer(machine: Machine) -> None:
    """LONG4."""
    _push_long(machine, machine.at + 4, struct.unpack_from("<I", machine.data, machine.at)[0])


def _push_long(machine: Machine, start: int, n_bytes: int) -> None:
    if n_bytes > _MOST_INTEGER_BYTES:
        raise HostileModelError(f"The file holds an integer of {n_bytes} bytes.")
    machine.at = start + n_bytes
    data = machine.data[start : machine.at]
    machine.stack.append(int.from_bytes(data, "little", signed=True))


def _sized(code: int, size_bytes: int, made: Callable[[bytes], object]) -> None:
    """An opcode that is followed by a size and so many bytes; what is cut ends the next opcode."""

    def push(machine: Machine) -> None:
        data = machine.data
        start = machine.at + size_bytes
        end = start + int.from_bytes(data[machine.at : start], "little")
        machine.stack.append(made(data[start:end]))
        machine.at = end

    opcode(code)(push)


def _text(data: bytes) -> str:
    return str(data, "utf-8", "surrogatepass")


def _old_text(data: bytes) -> str:
    return str(data, "latin-1")


_sized(ord("U"), 1, _old_text)  # SHORT_BINSTRING
_sized(ord("T"), 4, _old_text)  # BINSTRING
_sized(0x8C, 1, _text)  # SHORT_BINUNICODE
_sized(ord("X"), 4, _text)  # BINUNICODE
_sized(0x8D, 8, _text)  # BINUNICODE8
_sized(ord("C"), 1, bytes)  # SHORT_BINBYTES
_sized(ord("B"), 4, bytes)  # BINBYTES
_sized(0x8E, 8, bytes)  # BINBYTES8
_sized(0x96, 8, bytes)  # BYTEARRAY8


@opcode(ord("S"))
def quoted(machine: Machine) -> None:
    """STRING: as Python 2 shows it, in quotes and with its escapes."""
    line = machine.line().strip()
    if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in (b"'", b'"'):
        raise UnreadableModelError("The file is damaged: a text in it has no quotes.")
    text = line[1:-1]
    machine.stack.append(_old_text(_unescaped(text) if b"\\" in text else text))


def _unescaped(text: bytes) -> bytes:
    with warnings.catch_warnings():  # of escapes that newer versions of Python do not know
        warnings.simplefilter("ignore")
        return codecs.escape_decode(text)[0]


@opcode(ord("V"))
def escaped(machine: Machine) -> None:
    """UNICODE."""
    machine.stack.append(str(machine.line(), "raw-unicode-escape"))


def _refused(*codes: int) -> None:
    def refuse(_machine: Machine) -> None:
        raise HostileModelError(
            "The file refers to objects outside of it (persistent ids or registered extensions), "
            "which no model of scikit-learn does."
        )

    for code in codes:
        opcode(code)(refuse)


_refused(ord("P"), ord("Q"), 0x82, 0x83, 0x84, 0x97, 0x98)
