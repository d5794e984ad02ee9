"""Whole requests, as they go over the wire."""

from __future__ import annotations

import random
from dataclasses import dataclass

from hostile_uploads.forms import Form, form_by_grammar, plain_form
from hostile_uploads.json_bodies import json_by_grammar
from hostile_uploads.uploads import hostile_picture

_PATHS = ("/predict",) * 6 + ("/predict/batch", "/predict/batch", "/explain", "/explain/")
_QUERIES = ("", "", "", "", "", "?explain=true", "?show_input=true", "?explain=true&show_input=1")
_ODD_QUERIES = (
    *("?explain=maybe", "?label=", "?label=NORMAL&explain=1", "?label=%ff%fe", "?label=%00"),
    *("?explain=true&explain=false", "?label=" + "x" * 4000, "?%", "?explain=true&label=nobody"),
    *("?show_input=", "?" + "a=b&" * 2000, "?label=%ed%a0%80&explain=true", "?=&=&;"),
)
_RAW_TYPES = ("image/jpeg", "image/png", "application/octet-stream", "text/plain", "")
_MOST_FILES = 17


@dataclass(frozen=True)
class Hostile:
    """``is_whole``: its caller may expect an answer, and keep the connection. Another one ends in
    the middle, or says two things about its length.
    """

    kind: str
    wire: bytes
    is_whole: bool = True


def hostile_request(seed: int) -> Hostile:
    chance = random.Random(seed)  # noqa: S311
    path = chance.choice(_PATHS)
    query = chance.choice(_QUERIES if chance.random() < 0.93 else _ODD_QUERIES)
    count = chance.choice((1, 2, 4, _MOST_FILES)) if path == "/predict/batch" else 1
    (kind, first), *others = (hostile_picture(chance) for _ in range(count))
    files = [first, *(file for _, file in others if len(file) < 100_000)]
    form, how = _form(chance, files)
    head = f"POST {path}{query} HTTP/1.1\r\nHost: x\r\nContent-Type: {form.content_type}\r\n"
    named = f"{how} {kind} {path}{query[:40]}"
    return _framed(chance, named, head.encode("latin-1"), form.body)


def _form(chance: random.Random, files: list[bytes]) -> tuple[Form, str]:
    step = chance.random()
    if step < 0.55:
        return plain_form(files), "form,"
    if step < 0.75:
        return form_by_grammar(chance, files), "odd form,"
    if step < 0.95:
        return json_by_grammar(chance, files), "JSON,"
    return Form(chance.choice(_RAW_TYPES), files[0]), "as it is,"


def _framed(chance: random.Random, kind: str, head: bytes, body: bytes) -> Hostile:
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
