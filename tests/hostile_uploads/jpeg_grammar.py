"""JPEGs by the rules of ITU-T T.81, each rule broken now and then."""

from __future__ import annotations

import random
import struct

from hostile_pictures import APP0, APP14, COMMENT, DHT, DQT, EOI, EXIF, SOI, SOS, segment

_BASELINE, _PROGRESSIVE = 0xC0, 0xC2
_DNL, _DRI, _DHP, _EXP, _DAC = 0xDC, 0xDD, 0xDE, 0xDF, 0xCC
_SIDES = (1, 7, 8, 16, 40, 64, 100, 333, 1000)
_ODD_SIDES = (0, 1, 4, 2500, 3464, 4001, 30_000, 65_500, 65_535)
_SAMPLINGS = (0x11, 0x11, 0x11, 0x21, 0x12, 0x22)
_ODD_SAMPLINGS = (0x00, 0x14, 0x41, 0x44, 0x33, 0x31, 0x5F, 0xFF, 0x10, 0x01)
_MOST_BYTES = 2_000_000
_SHIFTS_DOWN = (0, 1, 2, 3, 13)


def jpeg_by_grammar(chance: random.Random) -> bytes:
    """``odd`` is how often a rule is broken: of many pictures no rule is."""
    odd = chance.choice((0.0, 0.02, 0.1, 0.4))
    return _Writer(chance, odd).picture()


class _Writer:
    def __init__(self, chance: random.Random, odd: float) -> None:
        self._chance, self._odd = chance, odd

    def picture(self) -> bytes:
        chance = self._chance
        mark = chance.choice((_BASELINE, _BASELINE, 0xC1, _PROGRESSIVE, _PROGRESSIVE))
        if self._is_odd():
            mark = chance.choice((0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, _DHP))
        components = chance.choice((1, 1, 3, 3, 3, 4))
        if self._is_odd():
            components = chance.choice((0, 2, 5, 10, 255))
        parts = [SOI, *self._between(), *self._tables(), self._frame(mark, components)]
        for scan in self._scans(components, is_progressive=mark == _PROGRESSIVE):
            again = self._tables() if self._is_odd() else []
            parts += [*self._between(), *again, scan]
        parts.append(EOI)
        return b"".join(self._disturbed(parts)) + self._behind()

    def _is_odd(self) -> bool:
        return self._chance.random() < self._odd

    def _disturbed(self, parts: list[bytes]) -> list[bytes]:
        chance = self._chance
        if self._is_odd():
            at = chance.randrange(1, len(parts))
            step = chance.randrange(4)
            if step == 0:
                del parts[at]
            elif step == 1:
                most = _MOST_BYTES // len(parts[at])
                parts[at:at] = [parts[at]] * min(most, chance.choice((1, 2, 60, 1100)))
            elif step == 2:
                parts.insert(at, EOI)
            else:
                other = chance.randrange(1, len(parts))
                parts[at], parts[other] = parts[other], parts[at]
        return [self._resized(part) if self._is_odd() else part for part in parts]

    def _resized(self, part: bytes) -> bytes:
        """Of a wrong length, by its own account."""
        if len(part) < 4:
            return part
        wrong = self._chance.choice((0, 1, 2, 3, len(part), len(part) + 40, 0xFFFF)) & 0xFFFF
        return part[:2] + struct.pack(">H", wrong) + part[4:]

    def _behind(self) -> bytes:
        return self._chance.choice((b"", b"", SOI, b"\xff" * 5000, bytes(20_000), b"PK\3\4" * 99))

    def _between(self) -> list[bytes]:
        """What may stand anywhere before a scan, and what may not."""
        chance = self._chance
        usual = (
            segment(APP0, b"JFIF\0\1\1\0\0\1\0\1\0\0"),
            segment(APP14, b"Adobe\0\x64\0\0\0\0" + bytes((chance.choice((0, 1, 2, 9)),))),
            segment(EXIF, b"Exif\0\0" + self._tiff()),
            segment(COMMENT, chance.randbytes(chance.choice((0, 5, 900)))),
            segment(0xE2, b"ICC_PROFILE\0" + chance.randbytes(9)),
            segment(0xE0 + chance.randrange(16), chance.randbytes(chance.choice((0, 3, 60_000)))),
            segment(_DRI, struct.pack(">H", chance.choice((0, 1, 2, 9, 65_535)))),
        )
        odd = (
            *(b"\xff" * 300, b"\xff" * 5000, bytes(50), b"\xff\0" * 30, b"\xff\xd0", b"\xff\x01"),
            *(SOI, b"\xff\xf7\0\2", b"\xff\x02\0\2", segment(_DNL, b"\0\1"), segment(_DHP, b"\0")),
            *(segment(_EXP, b"\x11"), segment(_DAC, b"\0\x10"), segment(_DRI, b""), b"\xff"),
        )
        count = chance.choice((0, 0, 1, 2, 4))
        return [chance.choice(odd if self._is_odd() else usual) for _ in range(count)]

    def _tiff(self) -> bytes:
        chance = self._chance
        order, mark = chance.choice((("<", b"II*\0"), (">", b"MM\0*")))
        entries = chance.choice((0, 1, 2, 65_535 if self._is_odd() else 3))
        start = chance.choice((0, 4, 0xFFFFFFFF)) if self._is_odd() else 8
        value = chance.randrange(12)
        entry = struct.pack(order + "HHIHH", 0x0112, chance.choice((3, 3, 4, 0)), 1, value, 0)
        head = mark + struct.pack(order + "I", start) + struct.pack(order + "H", entries)
        return head + entry * min(entries, 40) + chance.randbytes(chance.choice((0, 7)))

    def _tables(self) -> list[bytes]:
        chance = self._chance
        quantization = [
            segment(DQT, bytes((16 | n,)) + chance.randbytes(128))
            if chance.random() < 0.2
            else segment(DQT, bytes((n,)) + bytes(chance.choices(range(1, 200), k=64)))
            for n in range(2)
        ]
        codes = [self._code(kind, n) for kind in (0, 16) for n in range(2)]
        if self._is_odd():
            codes.append(segment(DHT, bytes((chance.randrange(256),)) + chance.randbytes(40)))
        return quantization + codes

    def _code(self, kind: int, number: int) -> bytes:
        """A complete prefix code, or one that is too full."""
        chance = self._chance
        counts, free = [0] * 16, 1
        for length in range(16):
            free = min(2 * free, 400)
            counts[length] = chance.randint(0, max(0, free - 1)) if free > 1 else 0
            counts[length] = min(counts[length], 250 - sum(counts[:length]))
            free -= counts[length]
        if self._is_odd():
            counts[chance.randrange(16)] = chance.choice((1, 200, 255))
        highest = 12 if kind == 0 else 256
        symbols = bytes(chance.randrange(highest) for _ in range(sum(counts)))
        return segment(DHT, bytes((kind | number, *counts)) + symbols)

    def _frame(self, mark: int, components: int) -> bytes:
        chance = self._chance
        height, width = (chance.choice(_ODD_SIDES if self._is_odd() else _SIDES) for _ in range(2))
        bits = chance.choice((0, 1, 12, 16)) if self._is_odd() else 8
        told = b"".join(
            bytes((self._identity(number), self._sampling(), chance.choice((0, 1))))
            for number in range(1, components + 1)
        )
        return segment(mark, struct.pack(">BHHB", bits, height, width, components) + told)

    def _identity(self, number: int) -> int:
        return self._chance.randrange(256) if self._is_odd() else number & 255

    def _sampling(self) -> int:
        return self._chance.choice(_ODD_SAMPLINGS if self._is_odd() else _SAMPLINGS)

    def _scans(self, components: int, *, is_progressive: bool) -> list[bytes]:
        chance, them = self._chance, list(range(1, components + 1))[:4]
        if not is_progressive:
            groups = [them] if chance.random() < 0.7 else [[each] for each in them]
            return [self._scan(group, 0, 63, 0) for group in groups]
        shift = chance.choice(_SHIFTS_DOWN)
        scans = [self._scan(them, 0, 0, shift)]
        for each in them:
            edge = chance.choice((5, 63))
            bands = [(1, edge)] if edge == 63 else [(1, edge), (edge + 1, 63)]
            scans += [self._scan([each], *band, shift) for band in bands]
            for now in range(shift - 1, -1, -1):
                scans.append(self._scan([each], 1, 63, (now + 1) << 4 | now))
        scans += [self._scan(them, 0, 0, (now + 1) << 4 | now) for now in range(shift)[::-1]]
        if self._is_odd():
            chance.shuffle(scans)
        return scans[: chance.choice((1, 5, 99))]

    def _scan(self, components: list[int], first: int, last: int, shifts: int) -> bytes:
        chance = self._chance
        if self._is_odd():
            first, last = chance.randrange(70), chance.choice((0, 5, 63, 64, 255))
            shifts = chance.randrange(256)
        if self._is_odd():
            components = [chance.randrange(6) for _ in range(chance.choice((0, 1, 4, 5, 200)))]
        told = b"".join(bytes((n, chance.choice((0x00, 0x11, 0x01)))) for n in components)
        head = bytes((len(components),)) + told + bytes((first, last, shifts))
        return segment(SOS, head) + self._pixels()

    def _pixels(self) -> bytes:
        chance = self._chance
        data = chance.randbytes(chance.choice((0, 3, 60, 900, 9000)))
        if chance.random() < 0.7:
            data = data.replace(b"\xff", b"\xff\0")
        if chance.random() < 0.3:
            data = chance.choice((b"\0", b"\xaa", b"\xff\0")) * chance.choice((10, 5000))
        if self._is_odd():
            at = chance.randrange(len(data) + 1)
            odd = (b"\xff" * 9, b"\xff\xd3", b"\xff\xdc\0\4\0\x20", b"\xff\xd0\xff\xd1" * 500)
            data = data[:at] + chance.choice(odd) + data[at:]
        return data
