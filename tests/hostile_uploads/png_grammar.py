"""PNGs by the rules of ISO/IEC 15948, each rule broken now and then."""

from __future__ import annotations

import random
import struct
import zlib
from functools import cache

from hostile_pictures import SIGNATURE, chunk
from hostile_uploads.honest import PNG_KINDS, rows

_SIDES = (1, 7, 32, 33, 64, 128, 300)
_ODD_SIDES = (0, 1, 3, 4000, 4096, 30_000, 65_536, 1_000_000, 0x7FFFFFFF, 0xFFFFFFFF)
_MOST_PIXELS = 200_000  # that are really there
_BOMB_BYTES = 1_000_000


def png_by_grammar(chance: random.Random) -> bytes:
    odd = chance.choice((0.0, 0.02, 0.1, 0.4))
    return _Writer(chance, odd).picture()


@cache
def _bomb() -> bytes:
    return zlib.compress(bytes(_BOMB_BYTES), 9)


class _Writer:
    def __init__(self, chance: random.Random, odd: float) -> None:
        self._chance, self._odd = chance, odd

    def picture(self) -> bytes:
        chance = self._chance
        depth, colour, samples = chance.choice(PNG_KINDS)
        if self._is_odd():
            depth, colour = chance.choice((0, 3, 8, 16, 32, 255)), chance.choice((0, 1, 2, 5, 7))
        width, height = (chance.choice(_ODD_SIDES if self._is_odd() else _SIDES) for _ in range(2))
        interlace = chance.choice((2, 255)) if self._is_odd() else chance.randrange(2)
        methods = (chance.randrange(3), chance.randrange(3)) if self._is_odd() else (0, 0)
        header = struct.pack(">IIBBBBB", width, height, depth, colour, *methods, interlace)
        parts = [self._chunk(b"IHDR", header), *self._between(colour)]
        if colour == 3 or self._is_odd():
            parts.append(self._chunk(b"PLTE", chance.randbytes(self._palette_bytes(depth))))
        if colour in (0, 2, 3) and chance.random() < 0.3:
            parts.append(self._chunk(b"tRNS", chance.randbytes(self._clear_bytes(colour))))
        lines = self._lines(width, height, depth * samples, is_interlaced=interlace == 1)
        parts += [*self._pixels(lines), *self._between(colour), self._chunk(b"IEND", b"")]
        signature = SIGNATURE[:-1] if self._is_odd() and self._is_odd() else SIGNATURE
        return signature + b"".join(self._disturbed(parts)) + self._behind()

    def _is_odd(self) -> bool:
        return self._chance.random() < self._odd

    def _chunk(self, name: bytes, content: bytes) -> bytes:
        whole = chunk(name, content)
        if not self._is_odd():
            return whole
        step = self._chance.randrange(3)
        if step == 0:
            return whole[:-1] + bytes((whole[-1] ^ 1,))
        if step == 1:
            wrong = self._chance.choice((0, 1, len(content) + 9, 0x7FFFFFFF, 0xFFFFFFFF))
            return struct.pack(">I", wrong) + whole[4:]
        name = self._chance.choice((b"\0\0\0\0", b"ID T", b"abcd", b"ABCD", b"IDAt", b"\xff" * 4))
        return chunk(name, content)

    def _palette_bytes(self, depth: int) -> int:
        if self._is_odd():
            return self._chance.choice((0, 1, 4, 767, 769, 3000))
        return 3 << min(depth, 8)

    def _clear_bytes(self, colour: int) -> int:
        if self._is_odd():
            return self._chance.choice((0, 1, 3, 257, 5000))
        return {0: 2, 2: 6, 3: 2}[colour]

    def _lines(self, width: int, height: int, bits: int, *, is_interlaced: bool) -> bytes:
        if 0 < width * height <= _MOST_PIXELS and not self._is_odd():
            return rows(self._chance, width, height, bits, is_interlaced=is_interlaced)
        return self._chance.choice((bytes(_BOMB_BYTES), b"", self._chance.randbytes(900)))

    def _pixels(self, lines: bytes) -> list[bytes]:
        chance = self._chance
        data = zlib.compress(lines, chance.choice((0, 1, 9)))
        if self._is_odd():
            odd = (
                *(b"", data[: len(data) // 2], data + data, chance.randbytes(300)),
                *(data[:-4] + b"\0\0\0\0", data[2:], b"\x78\xbb\0\0\0\1" + data[2:]),
                b"\x78\x01" + b"\0\0\0\xff\xff" * 9000,
            )
            data = chance.choice(odd)
        size = chance.choice((len(data) or 1, 8192, 100))
        if self._is_odd():
            size = chance.choice((1, 7))
        pieces = [data[at : at + size] for at in range(0, min(len(data), 21_000 * size), size)]
        parts = [self._chunk(b"IDAT", piece) for piece in pieces]
        if self._is_odd():
            between = [chunk(b"IDAT")] * chance.choice((1, 3000, 21_000)) + [
                chunk(b"tEXt", b"k\0v")
            ]
            parts[chance.randrange(len(parts) + 1) :] = between
        return parts

    def _between(self, colour: int) -> list[bytes]:
        chance, bomb = self._chance, _bomb()
        texts = (
            (b"tEXt", b"Patient\0perez"),
            (b"zTXt", b"k\0\0" + bomb),
            (b"iTXt", b"k\0\1\0\0\0" + bomb),
            (b"iCCP", b"p\0\0" + bomb),
            (
                b"eXIf",
                b"II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0" + bytes((chance.randrange(9), 0, 0, 0)),
            ),
            (b"eXIf", chance.randbytes(30)),
        )
        others = (
            (b"gAMA", struct.pack(">I", chance.choice((0, 45_455, 0xFFFFFFFF)))),
            (b"cHRM", chance.randbytes(32)),
            (b"sRGB", bytes((chance.randrange(9),))),
            (b"sBIT", chance.randbytes(chance.randrange(5))),
            (b"bKGD", chance.randbytes({0: 2, 2: 6, 3: 1}.get(colour, 6))),
            (b"pHYs", chance.randbytes(9)),
            (b"hIST", chance.randbytes(chance.choice((2, 513)))),
            (b"tIME", chance.randbytes(7)),
            (b"sPLT", b"p\0\x08" + chance.randbytes(60)),
            (b"acTL", struct.pack(">II", chance.choice((0, 1, 2, 0xFFFFFFFF)), 0)),
            (
                b"fcTL",
                struct.pack(">IIIIIHHBB", 0, *(chance.randrange(99) for _ in range(4)), 0, 0, 0, 0),
            ),
            (b"fdAT", struct.pack(">I", 1) + zlib.compress(bytes(900))),
            (b"caBX", chance.randbytes(chance.choice((0, 50_000)))),
        )
        count = chance.choice((0, 0, 1, 3))
        chosen = [chance.choice(texts + others) for _ in range(count)]
        if self._is_odd():
            chosen *= chance.choice((2, 30))
        return [self._chunk(name, content) for name, content in chosen]

    def _disturbed(self, parts: list[bytes]) -> list[bytes]:
        chance = self._chance
        if self._is_odd():
            at, other = (chance.randrange(len(parts)) for _ in range(2))
            parts[at], parts[other] = parts[other], parts[at]
        if self._is_odd():
            del parts[chance.randrange(len(parts))]
        if self._is_odd() and parts:
            parts.append(chance.choice(parts))
        return parts

    def _behind(self) -> bytes:
        return self._chance.choice((b"", b"", bytes(9000), chunk(b"IEND") * 99, b"\xff\xd8\xff"))
