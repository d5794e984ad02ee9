"""Five hundred requests, some of them hostile, and what each may be answered with."""

from __future__ import annotations

import base64
import contextlib
import http.client
import struct
import uuid
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from itertools import cycle, islice

from pictures import GREY, RGBA, form, png

TIMEOUT_S = 120
BUSY = 429


@dataclass(frozen=True)
class Attempt:
    """``allowed`` statuses; 429 always is."""

    name: str
    send: Callable[[int], int]
    allowed: frozenset[int]


def attempts(picture: bytes) -> Iterator[Attempt]:
    """Every second one is sound."""
    sound = Attempt("a full-size picture", partial(post, picture), frozenset({200}))
    hostile: list[tuple[str, Callable[[int], int], set[int]]] = [
        ("an empty file", partial(post, b""), {422}),
        ("text", partial(post, b"this is no picture\n" * 1000), {415}),
        ("a truncated picture", partial(post, picture[: len(picture) // 3]), {422}),
        ("a header that claims 4 Gpx", partial(post, claimed(65000, 65000)), {422}),
        ("16 Mpx in 570 kB", lambda port: post(bomb(16, RGBA, 4000), port), {200, 422}),
        ("12 Mpx, grey, 16 bit", lambda port: post(bomb(16, GREY, 3464), port), {200}),
        ("12 Mpx, colour, 16 bit", lambda port: post(bomb(16, RGBA, 3464), port), {200}),
        ("no field 'file'", partial(post, picture, field="picture"), {422}),
        ("a picture as it is", partial(post_raw, picture, "image/jpeg"), {200}),
        ("a picture in JSON", partial(post_raw, in_json(picture), "application/json"), {200}),
        ("a link", partial(post_raw, b'{"image": "http://127.0.0.1/"}', "application/json"), {422}),
        ("blanks in JSON", partial(post_raw, b" " * 9_000_000, "application/json"), {400}),
        ("no way to send a picture", partial(post_raw, b"\xff" * 1000, "text/plain"), {415}),
        ("a form that never ends", partial(post_raw, b"--x\r\n" * 9, "multipart/form-data"), {400}),
        ("11 MB", partial(post, b"\x89PNG" + b"\0" * 11_000_000), {413}),
    ]
    for index in cycle(range(len(hostile))):
        yield sound
        name, send, allowed = hostile[index]
        yield Attempt(name, send, frozenset(allowed))


def assault(port: int, picture: bytes, count: int, callers: int) -> tuple[Counter[str], list[str]]:
    """Send ``count`` requests from ``callers`` at a time: statuses, and answers not allowed."""
    statuses: Counter[str] = Counter()
    wrong: list[str] = []
    with ThreadPoolExecutor(callers) as pool:
        chosen = list(islice(attempts(picture), count))
        for attempt, status in zip(chosen, pool.map(partial(_try, port), chosen), strict=True):
            statuses[str(status)] += 1
            if status not in attempt.allowed | {BUSY}:
                wrong.append(f"{attempt.name}: {status}")
    return statuses, wrong


def _try(port: int, attempt: Attempt) -> int | str:
    try:
        return attempt.send(port)
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__


def post(data: bytes, port: int, field: str = "file") -> int:
    boundary = uuid.uuid4().hex
    content_type = f"multipart/form-data; boundary={boundary}"
    return post_raw(form(boundary, data, field), content_type, port)


def post_raw(body: bytes, content_type: str, port: int) -> int:
    with contextlib.closing(
        http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    ) as sending:
        sending.request("POST", "/predict", body, {"Content-Type": content_type})
        response = sending.getresponse()
        response.read()
        return response.status


def in_json(data: bytes) -> bytes:
    return b'{"image": "' + base64.b64encode(data) + b'"}'


def is_ready(port: int) -> bool:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as asking:
        asking.request("GET", "/health/ready")
        return asking.getresponse().status == 200


def claimed(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds next to nothing."""
    sound = png(1, 1, b"\0\0")
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, GREY, 0, 0, 0)
    return sound[:12] + header + struct.pack(">I", zlib.crc32(header)) + sound[33:]


@cache
def bomb(depth: int, colour: int, side: int) -> bytes:
    """A large picture of one colour: small on the wire, large in memory."""
    channels = {GREY: 1, RGBA: 4}[colour]
    line = b"\0" + b"\x7f" * (side * channels * depth // 8)
    return png(side, side, line * side, depth, colour)
