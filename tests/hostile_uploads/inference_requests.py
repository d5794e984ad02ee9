"""Whole requests for inference, as they go over the wire: versions 2 and 1 of the protocol."""

from __future__ import annotations

import base64
import random
from dataclasses import dataclass

from hostile_uploads import inference_words as words
from hostile_uploads.costly_inference import costly_inference
from hostile_uploads.framing import Hostile, framed
from hostile_uploads.inference_json import Inference, inference_by_grammar, json_string
from hostile_uploads.mutations import mutated
from hostile_uploads.packed_bodies import packed
from hostile_uploads.uploads import hostile_picture

MODEL, VERSION = "pneumonia", "0.3.0"
_INFER = (f"/v2/models/{MODEL}/infer", f"/v2/models/{MODEL}/versions/{VERSION}/infer")
_ODD_PATHS = (
    *(f"/v2/models/{MODEL}/infer%0A", f"/v1/models/{MODEL}:predict%0a", "/v2/health/live%0A"),
    *(f"/v2/models/{MODEL}/infer%0D%0A", f"/v2/models/{MODEL}%0A/infer", "/v2%0A", "/v2/models%09"),
    *(
        f"/v2/models/{MODEL}/infer%20",
        f"/v2/models/{MODEL}/infer%7F",
        f"/v2/models/{MODEL}/ready%0A",
    ),
    *("/v2/models/nobody/infer", f"/v2/models/{MODEL}/versions/9/infer", "/v2/models//infer"),
    *(f"/v2/models/{MODEL}/versions/{'9' * 3000}/infer", f"/v2/models/{'m' * 6000}/infer"),
    *("/v2/models/%2e%2e/infer", "/v2/models/%00/infer", "/v2/models/%ff%fe/infer", "/v2/models"),
    *(f"/v2/models/{MODEL}/infer/", f"/v2/models/{MODEL}%2Finfer", f"/V2/models/{MODEL}/infer"),
    *(f"/v2/models/{MODEL}/generate", f"/v2/models/{MODEL}", "/v2", "/v2/", "/v2/health/ready"),
    *(
        "/v2/repository/index",
        f"/v2/repository/models/{MODEL}/unload",
        f"/v2/models/{MODEL}/config",
    ),
    *("/v2/systemsharedmemory/region/x/register", "/v2/trace/setting", "/v2/logging"),
    *(f"/v2/models/{MODEL}/versions//infer", f"/v2/models/{MODEL}/versions/-1/infer"),
    *(f"/v1/models/{MODEL}:explain", "/v1/models/nobody:predict", f"/v1/models/{MODEL}:"),
    *(f"/v1/models/{MODEL}", "/v1/models", f"/v1/models/{MODEL}:predict:predict", "/v1"),
)
_TYPES = ("", "application/octet-stream", "application/json", "application/json; charset=utf-8")
_ODD_TYPES = (
    *("application/vnd.sagemaker-triton.binary+json;json-header-size=5", "multipart/form-data"),
    *("image/jpeg", "text/plain", "application/json; charset=utf-16", "\xff", "x" * 5000),
)
_ACCEPTED = ("gzip", "deflate", "gzip, deflate", "identity", "gzip;q=0", "*", "br", "gzip," * 2000)
_INSTANCES = (
    *((b'{"image_bytes": {"b64": ', b"}}"), (b"", b""), (b'{"b64": ', b"}"), (b'{"image": ', b"}")),
    *((b'{"text": ', b"}"), (b"[", b"]")),
)
_BESIDE_INSTANCES = (b'"instances": []', b'"signature_name": 7', b'"parameters": 9')
_TEXTS = (b"la verdad", b"mentira", "¡qué mentira, señora!".encode(), b"", b"verdad " * 300)
_ODD_TEXTS = (
    *(
        b"verdad " * 200_000,
        b"a" * 3_000_000,
        b" " * 900_000,
        b"\0" * 9000,
        b"\xff\xfe",
        b"\xed\xa0\x80",
    ),
    *("\u0301".encode() * 100_000, "\U0001f600".encode() * 9000, b"\xef\xbb\xbfverdad", b"\x1b[2J"),
    *(rb"\ud800", b"http://127.0.0.1:1/", b"{{7*7}}", b"\r\n\r\n", "\u202everdad".encode()),
)
_MOST_FILES = 17
_KEPT_BYTES = 100_000


@dataclass(frozen=True)
class _Body:
    sort: str
    path: str
    headers: tuple[str, ...]
    content: bytes


def hostile_inference(seed: int) -> Hostile:
    """To a model of pictures, made of its number: the same every time."""
    return _hostile(random.Random(seed), are_texts=False)  # noqa: S311


def hostile_text_inference(seed: int) -> Hostile:
    """To a model of texts that has the same name."""
    return _hostile(random.Random(seed), are_texts=True)  # noqa: S311


def _hostile(chance: random.Random, *, are_texts: bool) -> Hostile:
    kind, files = ("texts", _texts(chance)) if are_texts else _files(chance)
    make = _one_of_version_1 if chance.random() < 0.15 else _infer
    body = make(chance, files, are_texts)
    if chance.random() < 0.01:
        return _costly(chance, body.path)
    path = chance.choice(_ODD_PATHS) if chance.random() < 0.05 else body.path
    headers, content = list(body.headers), body.content
    odd = chance.choice((0.0, 0.1, 0.5))
    if chance.random() < 0.25:
        name, content = packed(chance, content, odd)
        headers.append(f"Content-Encoding: {name}")
    if chance.random() < 0.15:
        headers.append(f"Accept-Encoding: {chance.choice(_ACCEPTED)}")
    of = chance.choice(_ODD_TYPES) if chance.random() < 0.03 else chance.choice(_TYPES)
    headers += [f"Content-Type: {of}"] if of else []
    method = chance.choice(("GET", "PUT", "DELETE")) if chance.random() < 0.02 else "POST"
    lines = "".join(f"{line}\r\n" for line in ["Host: x", *headers])
    head = f"{method} {path} HTTP/1.1\r\n{lines}".encode("latin-1")
    return framed(chance, f"{body.sort} {kind} {path[:60]}", head, content)


def _costly(chance: random.Random, path: str) -> Hostile:
    name, content = packed(chance, costly_inference(chance), 0.0)
    lines = f"Host: x\r\nContent-Encoding: {name}\r\nContent-Length: {len(content)}\r\n"
    head = f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode()
    return Hostile(f"costly {path}", head + content)


def _files(chance: random.Random) -> tuple[str, list[bytes]]:
    count = chance.choice((1, 1, 1, 1, 2, 4, _MOST_FILES))
    (kind, first), *others = (hostile_picture(chance) for _ in range(count))
    files = [first, *(file for _, file in others if len(file) < _KEPT_BYTES)]
    if chance.random() < 0.02:
        files = [b"x"] * chance.choice((100, 20_000))
    return kind, files


def _texts(chance: random.Random) -> list[bytes]:
    count = chance.choice((1, 1, 1, 2, 17, 300))
    usual = [chance.choice(_TEXTS) for _ in range(count)]
    odd = [chance.choice(_ODD_TEXTS)] * chance.choice((1, 1, 5)) if chance.random() < 0.4 else []
    return [*usual, *odd]


def _infer(chance: random.Random, files: list[bytes], are_texts: bool) -> _Body:
    asked = inference_by_grammar(chance, files, are_texts=are_texts)
    sort, mutable = "v2", chance.random() < 0.2
    if mutable:
        sort, asked = "mutated v2", _mutated(chance, asked)
    if asked.tensors is None:
        return _Body(f"{sort},", chance.choice(_INFER), (), asked.text)
    length = str(len(asked.text))
    if chance.random() < 0.06:
        near = (str(len(asked.text) + more) for more in (-1, 1, len(asked.tensors)))
        length = chance.choice((*words.HEADER_LENGTHS, *near))
    headers = [f"Inference-Header-Content-Length: {length}"]
    headers *= 2 if chance.random() < 0.01 else 1
    return _Body(
        f"{sort}, binary,", chance.choice(_INFER), tuple(headers), asked.text + asked.tensors
    )


def _mutated(chance: random.Random, asked: Inference) -> Inference:
    """The JSON, or what is behind it."""
    if asked.tensors is None or chance.random() < 0.6:
        return Inference(mutated(asked.text, chance), asked.tensors)
    return Inference(asked.text, mutated(asked.tensors, chance))


def _one_of_version_1(chance: random.Random, files: list[bytes], are_texts: bool) -> _Body:
    packs = [b'"' + base64.b64encode(file) + b'"' for file in files]
    strings = [json_string(file) for file in files] if are_texts else packs
    before, behind = chance.choice(_INSTANCES[1:] if are_texts else _INSTANCES)
    fields = [b'"instances": [' + b",".join(before + each + behind for each in strings) + b"]"]
    if chance.random() < 0.1:
        fields.append(chance.choice(_BESIDE_INSTANCES))
    content = b"{" + b",".join(fields) + b"}"
    if chance.random() < 0.2:
        content = chance.choice((mutated(content, chance), chance.choice(words.ALONE)))
    if chance.random() < 0.1:
        numbers = chance.choice(words.DATA)
        content = b'{"instances": ' + numbers + b"}"
    return _Body("v1,", f"/v1/models/{MODEL}:predict", (), content)
