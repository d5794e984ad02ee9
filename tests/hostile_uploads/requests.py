"""Whole requests, as they go over the wire."""

from __future__ import annotations

import random

from hostile_uploads.forms import Form, form_by_grammar, plain_form
from hostile_uploads.framing import Hostile, framed
from hostile_uploads.json_bodies import json_by_grammar
from hostile_uploads.uploads import hostile_picture

_PATHS = ("/predict",) * 6 + (
    "/predict/batch",
    "/predict/batch",
    "/explain",
    "/explain/",
    "/preview",
)
_QUERIES = ("", "", "", "", "", "?explain=true", "?show_input=true", "?explain=true&show_input=1")
_ODD_QUERIES = (
    *("?explain=maybe", "?label=", "?label=NORMAL&explain=1", "?label=%ff%fe", "?label=%00"),
    *("?explain=true&explain=false", "?label=" + "x" * 4000, "?%", "?explain=true&label=nobody"),
    *("?show_input=", "?" + "a=b&" * 2000, "?label=%ed%a0%80&explain=true", "?=&=&;"),
)
_RAW_TYPES = (
    *("image/jpeg", "image/png", "application/dicom", "application/octet-stream", "text/plain", ""),
)
_MOST_FILES = 17


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
    return framed(chance, named, head.encode("latin-1"), form.body)


def _form(chance: random.Random, files: list[bytes]) -> tuple[Form, str]:
    step = chance.random()
    if step < 0.55:
        return plain_form(files), "form,"
    if step < 0.75:
        return form_by_grammar(chance, files), "odd form,"
    if step < 0.95:
        return json_by_grammar(chance, files), "JSON,"
    return Form(chance.choice(_RAW_TYPES), files[0]), "as it is,"
