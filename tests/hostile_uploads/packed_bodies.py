"""Bodies that are packed (RFC 9110, 8.4.1): as they should be, damaged, in layers, and bombs."""

from __future__ import annotations

import gzip
import random
import zlib
from functools import cache

_BOMB_BYTES = (30_000_000, 300_000_000)
_BLOCK = 1_000_000
_FILLINGS = (b"\0", b" ", b"[", b"9", b'{"inputs":')


def packed(chance: random.Random, body: bytes, odd: float) -> tuple[str, bytes]:
    """Content-Encoding, and the body."""
    name = chance.choice(("gzip", "deflate"))
    if chance.random() >= odd:
        return name, _pack(name, body)
    return chance.choice((_bomb, _damaged, _layers, _of_another_name))(chance, name, body)


def _pack(name: str, body: bytes) -> bytes:
    return gzip.compress(body, mtime=0) if name == "gzip" else zlib.compress(body)


def _bomb(chance: random.Random, name: str, body: bytes) -> tuple[str, bytes]:
    """A few kilobytes that become 30 or 300 MB; half of them begin as honest JSON does."""
    bomb = _long(name, chance.choice(_BOMB_BYTES), chance.choice(_FILLINGS))
    if chance.random() < 0.3:  # which is small when it is packed again
        return f"{name}, {name}", _pack(name, bomb)
    if name == "gzip" and chance.random() < 0.5:
        return name, _pack(name, body[:4000]) + bomb
    return name, bomb


@cache
def _long(name: str, n_bytes: int, filling: bytes) -> bytes:
    packer = zlib.compressobj(9, wbits=31 if name == "gzip" else 15)
    block = filling * (_BLOCK // len(filling))
    pieces = [packer.compress(block) for _ in range(n_bytes // len(block))]
    return b"".join(pieces) + packer.flush()


def _damaged(chance: random.Random, name: str, body: bytes) -> tuple[str, bytes]:
    whole = _pack(name, body)
    at = chance.randrange(len(whole))
    return name, chance.choice(
        (
            whole[:at],
            whole[:-1],
            whole[:-8],
            whole + b"trailing",
            whole + bytes(9000),
            whole[:at] + bytes([whole[at] ^ 1 << chance.randrange(8)]) + whole[at + 1 :],
            b"",
            b"\x1f\x8b",
            whole[:10] + bytes(50),
            b"\x1f\x8b\x08\x1f" + b"\xff" * 4000,  # a header with fields that do not end
        )
    )


def _layers(chance: random.Random, name: str, body: bytes) -> tuple[str, bytes]:
    """Packed several times, or in several members (RFC 1952, 2.2), as the header says or not."""
    if chance.random() < 0.3:
        middle = len(body) // 2
        return name, _pack(name, body[:middle]) + _pack(name, body[middle:])
    if chance.random() < 0.3:
        return "gzip", _pack("gzip", body) + gzip.compress(b"", mtime=0) * 5000
    times = chance.choice((2, 3, 20))
    for _ in range(times):
        body = _pack(name, body)
    return chance.choice((", ".join([name] * times), name, ",".join([name] * 3000))), body


def _of_another_name(chance: random.Random, name: str, body: bytes) -> tuple[str, bytes]:
    packer = zlib.compressobj(wbits=-15)
    raw = packer.compress(body) + packer.flush()
    return chance.choice(
        (
            ("deflate", raw),
            ("gzip", _pack("deflate", body)),
            ("deflate", _pack("gzip", body)),
            ("gzip", body),
            ("br", body),
            ("zstd", body),
            ("identity", body),
            ("GZIP", _pack("gzip", body)),
            ("x-gzip", _pack("gzip", body)),
            ("", body),
            ("gzip;q=1", _pack("gzip", body)),
            ("identity, gzip", _pack("gzip", body)),
            ("\xff", body),
            (name * 900, body),
        )
    )
