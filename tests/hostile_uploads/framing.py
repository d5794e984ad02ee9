"""How a body goes over the wire, and in which ways that may go wrong."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Hostile:
    """``is_whole``: its caller may expect an answer, and keep the connection. Another one ends in
    the middle, or says two things about its length.
    """

    kind: str
    wire: bytes
    is_whole: bool = True


def framed(chance: random.Random, kind: str, head: bytes, body: bytes) -> Hostile:
    declared = b"Content-Length: %d\r\n\r\n" % len(body)
    step = chance.random()
    if step < 0.86:
        return Hostile(kind, head + declared + body)
    if step < 0.92:
        pieces = _chunked(body, chance.choice((65_536, 4096, len(body) // 30 + 1)))
        return Hostile(f"chunked {kind}", head + b"Transfer-Encoding: chunked\r\n\r\n" + pieces)
    crossed = (
        b"Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n" + _chunked(body, 4096),
        b"Content-Length: 1\r\n" + declared + body,
        b"Content-Length: %d\r\n\r\n" % (len(body) // 2) + body,
        b"Content-Length: %d\r\n\r\n" % (len(body) + 5) + body,
        b"Content-Length: -1\r\n\r\n" + body,
        b"Content-Length: 99999999999999999999\r\n\r\n" + body,
        b"Transfer-Encoding: gzip, chunked\r\n\r\n" + _chunked(body, 4096),
        b"Transfer-Encoding: chunked\r\n\r\n" + _chunked(body, 4096)[:-5],
        b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n" + body,
        b"Transfer-Encoding: chunked\r\n\r\nZ\r\n" + body,
        b"Content-Encoding: gzip\r\nExpect: 100-continue\r\n" + declared + body,
        b"\r\n" + body,
    )
    return Hostile(f"crossed {kind}", head + chance.choice(crossed), is_whole=False)


def _chunked(body: bytes, size: int) -> bytes:
    pieces = (body[at : at + size] for at in range(0, len(body), size))
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
