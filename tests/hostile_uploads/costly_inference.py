"""Requests for inference of 16 MB that cost as much as their reader lets them: a few kilobytes when
they are packed.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import cache

_MOST = 15_800_000  # bytes: what the small plan takes
_SIDE = 96
_LONG = 2_600_000  # pixels in a line


def costly_inference(chance: random.Random) -> bytes:
    return costly(chance.choice(list(RECIPES)))


@cache
def costly(name: str) -> bytes:
    return RECIPES[name]()[:_MOST]


def _tensor(shape: str, datatype: str, data: bytes, beside: bytes = b"") -> bytes:
    head = f'{{"inputs":[{{"name":"i","shape":{shape},"datatype":"{datatype}","data":'
    return head.encode() + data + b"}]" + beside + b"}"


def _list(element: bytes, count: int) -> bytes:
    return b"[" + b",".join([element] * count) + b"]"


def _pixels(pictures: int, side: int, last: bytes = b"1", each: bytes = b"1") -> bytes:
    numbers = _list(each, pictures * side * side - 1)[:-1] + b"," + last + b"]"
    return _tensor(f"[{pictures},{side},{side},1]", "UINT8", numbers)


def _nested(side: int) -> bytes:
    return _tensor(f"[1,{side},{side},1]", "UINT8", _list(_list(_list(b"[1]", side), side), 1))


def _prepared(number: bytes) -> bytes:
    return _tensor(f"[16,{_SIDE},{_SIDE},1]", "FP32", _list(number, 16 * _SIDE * _SIDE))


def _parameters() -> bytes:
    names: Iterator[bytes] = (b'"%d":1' % number for number in range(1_300_000))
    return _tensor("[1]", "FP32", b"[0]", b',"parameters":{' + b",".join(names) + b"}")


RECIPES: dict[str, Callable[[], bytes]] = {
    "as many pixels as fit": lambda: _pixels(1, 2800),
    "the last is none": lambda: _pixels(1, 2800, b"256"),
    "with a point": lambda: _pixels(1, 1980, each=b"1.0"),
    "with an exponent": lambda: _pixels(1, 1980, each=b"1e2"),
    "missing numbers": lambda: _tensor("[1,1700,1700,1]", "UINT8", _list(b"null", 1700 * 1700)),
    "sixteen pictures": lambda: _pixels(16, 600),
    "each in brackets": lambda: _nested(1900),
    "a line of pixels": lambda: _tensor(
        f"[1,{_LONG},1,1]", "UINT8", _list(_list(b"[[1]]", _LONG), 1)
    ),
    "brackets at its beginning": lambda: _tensor(
        f"[1,{_LONG * 2},1,1]", "UINT8", b"[[1]," + _list(b"1", _LONG * 2 - 1)[1:]
    ),
    "fewer than the shape says": lambda: _tensor(
        "[1,3000,3000,1]", "UINT8", _list(b"1", 7_800_000)
    ),
    "long numbers": lambda: _prepared(b"0." + b"1" * 100),
    "the smallest numbers": lambda: _prepared(b"4.94065645841246544176568792868e-324"),
    "far too small numbers": lambda: _prepared(b"1" + b"0" * 90 + b"e-999999"),
    "brackets": lambda: _tensor("[1]", "FP32", b"[" * _MOST),
    "empty lists": lambda: _tensor("[1]", "FP32", _list(b"[]", _MOST // 3 - 99)),
    "empty strings": lambda: _tensor("[1]", "BYTES", _list(b'""', _MOST // 3 - 99)),
    "escapes": lambda: _tensor("[1]", "BYTES", b'["' + rb"\u0041" * (_MOST // 6 - 99) + b'"]'),
    "a long string": lambda: _tensor("[1]", "BYTES", b'["' + b"A" * (_MOST - 999) + b'"]'),
    "blanks": lambda: _tensor("[1]", "FP32", b"[" + b" " * (_MOST - 999) + b"0]"),
    "digits": lambda: _tensor("[1]", "FP32", b"[" + b"9" * (_MOST - 999) + b"]"),
    "a long shape": lambda: _tensor("[" + "1," * (_MOST // 2 - 99) + "1]", "FP32", b"[0]"),
    "many parameters": _parameters,
    "many outputs": lambda: _tensor(
        "[1]", "FP32", b"[0]", b',"outputs":' + _list(b'{"name":"scores"}', 800_000)
    ),
    "many inputs": lambda: b'{"inputs":' + _list(_tensor("[1]", "FP32", b"[0]"), 200_000) + b"}",
    "many numbers for version 1": lambda: b'{"instances":' + _list(b"1", _MOST // 2 - 99) + b"}",
    "many strings for version 1": lambda: b'{"instances":' + _list(b'"a"', _MOST // 4 - 99) + b"}",
    "many objects for version 1": lambda: (
        b'{"instances":' + _list(b'{"b64":""}', _MOST // 11 - 99) + b"}"
    ),
}
