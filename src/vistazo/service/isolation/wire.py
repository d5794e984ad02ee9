"""Messages between the service and a worker, on two pipes.

A message is the size of its head (4 bytes, big-endian), the head (JSON) and, where the head says
so, a body. Nothing is pickled: whoever took over a worker could answer anything.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Protocol

_SIZE = struct.Struct(">I")
MAX_HEAD_BYTES = 65_536


class ConversationError(Exception):
    """There is no talking with the other side."""


class OtherSideEndedError(ConversationError):
    """It reads or writes no more."""


class GarbledError(ConversationError):
    """It says what makes no sense."""


class Outgoing(Protocol):
    def write(self, data: memoryview, /) -> int | None: ...


class Incoming(Protocol):
    def readinto(self, buffer: memoryview, /) -> int | None: ...


def encoded(head: Mapping[str, object]) -> bytes:
    text = json.dumps(head, separators=(",", ":")).encode("ascii")
    if len(text) > MAX_HEAD_BYTES:
        raise GarbledError("a head is too long")
    return _SIZE.pack(len(text)) + text


def send(pipe: Outgoing, *parts: bytes | memoryview) -> None:
    """Raises ConversationError where nobody reads any more."""
    try:
        for part in parts:
            rest = memoryview(part).cast("B")
            while rest:
                rest = rest[pipe.write(rest) :]
    except OSError as error:
        raise OtherSideEndedError("nobody reads") from error


def read_into(pipe: Incoming, buffer: memoryview) -> None:
    """Fill the buffer. Raises ConversationError where the other side ends before."""
    rest = buffer.cast("B")
    while rest:
        try:
            n_read = pipe.readinto(rest)
        except OSError as error:
            raise OtherSideEndedError("nobody writes") from error
        if not n_read:
            raise OtherSideEndedError("nobody writes")
        rest = rest[n_read:]


def read_head(pipe: Incoming) -> bytes:
    """Return the JSON of a head. Raises ConversationError."""
    size = bytearray(_SIZE.size)
    read_into(pipe, memoryview(size))
    (length,) = _SIZE.unpack(size)
    if length > MAX_HEAD_BYTES:
        raise GarbledError("a head is too long")
    text = bytearray(length)
    read_into(pipe, memoryview(text))
    return bytes(text)
