"""Requests for inference by the rules of the Open Inference Protocol, version 2, each rule broken
now and then: JSON, and the tensors that come behind it in the binary extension.
"""

from __future__ import annotations

import base64
import random
import struct
from dataclasses import dataclass

from hostile_uploads import inference_words as words

SIDE = 96  # of the default model's input
_MOST_JSON_NUMBERS = 30_000
_CONTENT_TYPES = (b'"base64"', b'"str"', b'"np"', b'"x-none"', b"7", b"null")


@dataclass(frozen=True)
class Inference:
    """``tensors`` is what comes behind the JSON; None where there is nothing."""

    text: bytes
    tensors: bytes | None = None


@dataclass(frozen=True)
class _Values:
    """Of one input: its datatype, its shape, and its data, as JSON or binary."""

    datatype: str
    shape: tuple[int, ...]
    data: bytes
    is_binary: bool = False


def inference_by_grammar(
    chance: random.Random, files: list[bytes], *, are_texts: bool = False
) -> Inference:
    """With pictures, or with texts, which are no base64 in JSON."""
    odd = chance.choice((0.0, 0.02, 0.05, 0.1, 0.3))
    return _Writer(chance, odd, are_texts=are_texts).request(files)


def json_string(data: bytes) -> bytes:
    """Its bytes as they are, as far as JSON has them: what is no UTF-8 stays so."""
    return b'"' + data.replace(b"\\", rb"\\").replace(b'"', rb"\"").replace(b"\n", rb"\n") + b'"'


class _Writer:
    def __init__(self, chance: random.Random, odd: float, *, are_texts: bool) -> None:
        self._chance, self._odd, self._are_texts = chance, odd, are_texts

    def request(self, files: list[bytes]) -> Inference:
        if self._is_odd():
            return Inference(self._chance.choice(words.ALONE), self._behind_alone())
        given = [self._values(files)]
        if self._is_odd():
            given *= self._chance.choice((2, 2, 3, 200))
        inputs = [self._input(values) for values in given[:200]]
        tensors = [values.data for values in given if values.is_binary]
        fields = [(b'"inputs"', b"[" + b",".join(inputs) + b"]"), *self._further_fields(tensors)]
        return Inference(self._object(fields), self._joined(tensors))

    def _is_odd(self) -> bool:
        return self._chance.random() < self._odd

    def _behind_alone(self) -> bytes | None:
        return self._chance.choice((None, b"", bytes(8), self._chance.randbytes(3000)))

    def _further_fields(self, tensors: list[bytes]) -> list[tuple[bytes, bytes]]:
        chance, fields = self._chance, []
        if chance.random() < 0.3 or self._is_odd():
            fields.append((b'"id"', chance.choice(words.IDS) if self._is_odd() else b'"a-1"'))
        if self._is_odd():
            fields.append((b'"parameters"', chance.choice(words.PARAMETERS)))
        elif tensors and chance.random() < 0.5:
            fields.append((b'"parameters"', b'{"binary_data_output": true}'))
        elif chance.random() < 0.1:
            fields.append((b'"parameters"', b'{"explain": true}'))
        if self._is_odd():
            fields.append((b'"outputs"', chance.choice(words.OUTPUTS)))
        elif chance.random() < 0.3:
            asked = (b'{"name": "%s"}' % name for name in (b"scores", b"labels", b"likeness"))
            fields.append((b'"outputs"', b"[" + b",".join(asked) + b"]"))
        return fields

    def _object(self, fields: list[tuple[bytes, bytes]]) -> bytes:
        """Broken less often than what is in it: else nobody would look there."""
        chance = self._chance
        body = b"{" + b",".join(name + b":" + value for name, value in fields) + b"}"
        if not self._is_odd() or chance.random() < 0.5:
            return body
        step = chance.randrange(4)
        if step == 0:
            again = chance.choice((fields[0], (b'"inputs"', b"[]"), (b'"x"', b"[[[]]]")))
            return body[:-1] + b"," + again[0] + b":" + again[1] + b"}"
        if step == 1:
            left = chance.sample(fields, len(fields) - 1)
            return b"{" + b",".join(name + b":" + value for name, value in left) + b"}"
        if step == 2:
            return chance.choice((b"\xef\xbb\xbf", b" " * 9000, b"[", b"{}")) + body
        return body + chance.choice((b" ", b"\n" * 9000, b"}", b"{}", b"\0"))

    def _input(self, values: _Values) -> bytes:
        chance = self._chance
        shape = b"[%s]" % b",".join(b"%d" % size for size in values.shape)
        fields = [
            (b'"name"', chance.choice(words.NAMES) if self._is_odd() else b'"input-1"'),
            (b'"shape"', chance.choice(words.SHAPES) if self._is_odd() else shape),
            (b'"datatype"', self._datatype(values)),
        ]
        if values.is_binary:
            fields.append((b'"parameters"', b'{"binary_data_size": %s}' % self._size(values)))
        elif chance.random() < 0.3:
            kind = chance.choice(_CONTENT_TYPES) if self._is_odd() else b'"base64"'
            fields.append((b'"parameters"', b'{"content_type": %s}' % kind))
        if not values.is_binary or self._is_odd():
            data = values.data if not values.is_binary else b"[0]"
            fields.append((b'"data"', chance.choice(words.DATA) if self._is_odd() else data))
        return self._object(fields)

    def _datatype(self, values: _Values) -> bytes:
        if self._is_odd():
            return self._chance.choice(words.DATATYPES)
        return f'"{values.datatype}"'.encode()

    def _size(self, values: _Values) -> bytes:
        if self._is_odd():
            near = (b"%d" % (len(values.data) + more) for more in (-4, -1, 1, 4))
            return self._chance.choice((*words.SIZES, *near))
        return b"%d" % len(values.data)

    def _values(self, files: list[bytes]) -> _Values:
        step = self._chance.random()
        if step < 0.35:
            return self._strings(files)
        if step < 0.7:
            return self._strings_behind(files)
        return self._pixels() if step < 0.85 else self._prepared()

    def _shape_of(self, files: list[bytes]) -> tuple[int, ...]:
        return (len(files), 1) if self._chance.random() < 0.3 else (len(files),)

    def _strings(self, files: list[bytes]) -> _Values:
        written = json_string if self._are_texts != self._is_odd() else self._base64
        texts = (written(file) for file in files)
        return _Values("BYTES", self._shape_of(files), b"[" + b",".join(texts) + b"]")

    def _base64(self, file: bytes) -> bytes:
        text = base64.b64encode(file)
        if self._is_odd():
            text = self._chance.choice(
                (text[:-1], text + b"=", b"!" + text, b"\\n" + text, file[:9])
            )
        return b'"' + text + b'"'

    def _strings_behind(self, files: list[bytes]) -> _Values:
        pieces = (struct.pack("<I", self._length(file)) + file for file in files)
        data = b"".join(pieces)
        if self._is_odd():
            data = self._chance.choice((data[:-1], data[:3], data + b"\0", data * 2, b""))
        return _Values("BYTES", self._shape_of(files), data, is_binary=True)

    def _length(self, file: bytes) -> int:
        if self._is_odd():
            near = (max(len(file) + more, 0) for more in (-1, 1, 4, 4096))
            return self._chance.choice((*words.LENGTHS, *near))
        return len(file)

    def _pixels(self) -> _Values:
        """A picture as a tensor, of any size and number of channels."""
        chance = self._chance
        sides = (1, 2, 31, 32, 97, 300, 1500) if self._is_odd() else (32, 96, 300)
        height, width = chance.choice(sides), chance.choice(sides)
        channels = chance.choice((0, 1, 2, 3, 4, 5)) if self._is_odd() else chance.choice((1, 3))
        shape = (chance.choice((1, 1, 2)), height, width, channels)
        return self._numbers("UINT8", shape, 1)

    def _prepared(self) -> _Values:
        side = self._chance.choice((SIDE - 1, 1, 3 * SIDE)) if self._is_odd() else SIDE
        return self._numbers("FP32", (self._chance.choice((1, 1, 2, 5)), side, side, 1), 4)

    def _numbers(self, datatype: str, shape: tuple[int, ...], size: int) -> _Values:
        chance, count = self._chance, 1
        for each in shape:
            count *= each
        if count > _MOST_JSON_NUMBERS or chance.random() < 0.6:
            data = self._binary_numbers(count * size, size)
            return _Values(datatype, shape, data, is_binary=True)
        usual = (b"0", b"1", b"200") if size == 1 else (b"0", b"0.25", b"1.0")
        odd = (b"-1", b"256", b"1e999", b"null", b'"1"', b"[]", b"1e38", b"1e39", b"NaN", b"0.5")
        numbers = [chance.choice(usual)] * count
        if numbers and self._is_odd():
            numbers[chance.randrange(count)] = chance.choice(odd)
        return _Values(datatype, shape, b"[" + b",".join(numbers) + b"]")

    def _binary_numbers(self, n_bytes: int, size: int) -> bytes:
        """Of floats, some that are none: a NaN, infinite, the largest, one that is subnormal."""
        chance = self._chance
        if size == 4 and not self._is_odd():
            return struct.pack("<f", chance.random()) * (n_bytes // 4)
        odd = (b"\0\0\xc0\x7f", b"\0\0\x80\xff", b"\xff\xff\x7f\x7f", b"\1\0\0\0", b"\xff" * 4)
        data = (chance.choice(odd) * (n_bytes // 4 + 1))[:n_bytes]
        if self._is_odd():
            data = chance.choice((data[:-1], data + b"\0", b"", data[: n_bytes // 2]))
        return data

    def _joined(self, tensors: list[bytes]) -> bytes | None:
        if not tensors:
            return b"" if self._is_odd() else None
        behind = b"".join(tensors)
        if self._is_odd():
            behind = self._chance.choice((behind[:-1], behind + b"\0", b"", behind[1:], behind * 2))
        return behind
