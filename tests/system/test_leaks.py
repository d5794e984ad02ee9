"""What comes in goes nowhere else: not into the log, a measurement, a trace, or another's answer.

A real server process that logs all it can is sent every kind of request, with a planted value in
every place where a caller can put one; then all that it said is searched for them.
"""

from __future__ import annotations

import base64
import itertools
import json
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

import canaries
import dicom_canaries
from builders import write_brightness_model
from canaries import canary, found
from otlp_receiver import receiving
from vistazo.models.accepted_headers import AcceptedHeaders
from vistazo.models.card_file import card_path, read_card, write_card
from vistazo.service.access.api_key import digest_of, new_key
from vistazo.service.access.key_ring import KeyEntry

# Where a caller can put a value.
IN_A_PICTURE = (
    "patient", "author", "serial", "maker", "gps", "pixels", "comment", "profile", "caption",
)  # fmt: skip
IN_A_FORM = ("filename", "folder", "field", "value", "boundary", "part header", "garbage")
IN_A_REQUEST = (
    "path", "query", "label", "cookie", "authorization", "api key", "forwarded", "user agent",
    "referer", "host", "request id", "method", "header name", "fragment", "body", "trace state",
    "scheme", "claim", "subject", "signature",
)  # fmt: skip
# Who asks is told what he himself has asked for.
ECHOED = {"filename", "field", "label"}

IN_A_HEADER = set(dicom_canaries.PLANTED)

KEY = new_key()
ENTRY = KeyEntry("ward", frozenset({"predict", "metrics", "admin"}), digest_of(KEY))
ADDRESS = "203.0.113.77"
SECRET = canary("secret") * 3
PLANTED = {
    **{channel: canary(channel) for channel in (*IN_A_PICTURE, *IN_A_FORM, *IN_A_REQUEST)},
    **dicom_canaries.PLANTED,
    "key": KEY[20:36],
    "address": ADDRESS,
}
OF_THE_MACHINE = {
    "model folder": canary("model folder"),
    "digest": ENTRY.digest.hex(),
    "secret": canary("secret"),
}

HEADERS = {
    "Cookie": f"session={canary('cookie')}",
    "Authorization": f"Bearer {KEY}",
    "X-API-Key": canary("api key"),
    "X-Forwarded-For": f"{canary('forwarded')}, {ADDRESS}",
    "Forwarded": f"for={canary('forwarded')}",
    "User-Agent": canary("user agent"),
    "Referer": f"http://{canary('referer')}/",
    "Origin": f"http://{canary('referer')}",
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "tracestate": f"{canary('trace state').lower()}={canary('trace state')}",
    "baggage": f"patient={canary('trace state')}",
    "X-Request-ID": f"{canary('request id')} has a blank",
    f"X-{canary('header name')}": "1",
}


@dataclass(frozen=True)
class Said:
    """All that came out of the service while it was asked everything."""

    answers: list[bytes]
    metrics: bytes
    traces: list[bytes]
    log: bytes
    statuses: set[int]
    kept: list[bytes]


def planted() -> dict[str, str]:
    return {channel: canary(channel) for channel in IN_A_PICTURE}


@cache
def sound() -> tuple[bytes, ...]:
    return canaries.jpeg(**planted()), canaries.png(**planted()), dicom_canaries.readable()


def damaged() -> Iterator[bytes]:
    """In the middle of what is planted, and elsewhere; and what is no picture here."""
    for whole in sound()[:2]:
        for channel in ("patient", "comment", "profile", "caption"):
            at = whole.find(canary(channel).encode())
            if at > 0:
                yield whole[: at + 8]
                yield whole[:at] + b"\xff" * 8 + whole[at:]
        yield whole[: len(whole) - 200]
        yield whole[:-60] + bytes(40) + whole[-20:]
    yield canaries.dicom(**planted())
    yield from dicom_canaries.refused()
    yield canary("pixels").encode() * 50
    yield b""


def form(
    picture: bytes,
    field: str = "file",
    part: str = "Content-Type: image/png",
    name: str = f"C:\\{canary('folder')}\\{canary('filename')}.png",
) -> tuple[bytes, str]:
    """The body and its content type."""
    boundary = canary("boundary")
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
    other = f'--{boundary}\r\nContent-Disposition: form-data; name="{canary("field")}"\r\n\r\n'
    body = (
        f"{other}{canary('value')}\r\n{head}{part}\r\n\r\n".encode()
        + picture
        + f"\r\n--{boundary}--\r\n".encode()
    )
    return body, f"multipart/form-data; boundary={boundary}"


def broken_forms() -> Iterator[tuple[bytes, str]]:
    whole, kind = form(sound()[1])
    boundary, garbage = canary("boundary"), canary("garbage").encode()
    yield form(b"", field=canary("field"))
    yield form(b"x", part=f"{canary('part header')}\0: {canary('part header')}")
    yield form(b"x", part=f"Content-Type: text/{canary('part header')}")
    yield form(b"x", name=f"{canary('filename')}\ud800".encode("utf-8", "replace").decode())
    yield whole[: len(whole) // 2], kind
    yield garbage * 9, kind
    yield f"--{boundary}".encode() + garbage + whole, kind
    yield whole.replace(b"name=", b"na" + garbage, 1), kind
    yield whole, f"multipart/form-data; {canary('garbage')}"
    yield whole, f"{kind}; charset={canary('garbage')}"
    yield garbage, f"text/{canary('garbage')}"
    yield garbage, "application/x-www-form-urlencoded"


def json_bodies() -> Iterator[bytes]:
    """A picture, and what is none, each with a name."""
    name, garbage = f"C:\\{canary('folder')}\\{canary('filename')}.png", canary("garbage")
    pictures = [base64.b64encode(picture).decode() for picture in (*sound(), *damaged())]
    for image in (*pictures, garbage, f"http://{garbage}/", f"data:{garbage},{garbage}"):
        one = {"image": image, "filename": name}
        yield from (json.dumps(one).encode(), json.dumps({"images": [one, image]}).encode())
    yield from (
        garbage.encode(),
        f'{{"image": {garbage}}}'.encode(),
        f'{{"{garbage}": 1}}'.encode(),
    )


def send_without_a_form(client: httpx.Client) -> Iterator[httpx.Response]:
    for body, path in itertools.product(json_bodies(), ("/predict", "/predict/batch")):
        yield client.post(path, content=body, headers={"Content-Type": "application/json"})
    for picture in (*sound(), *damaged()):
        yield client.post("/predict", content=picture, headers={"Content-Type": "image/png"})


def ask_everything(client: httpx.Client) -> Iterator[httpx.Response]:
    """Every path, with every kind of picture, form, query and header."""
    label = f"?label={canary('label')}"
    asked = f"?explain=true&show_input=true&x={canary('query')}"
    paths = ("/predict", "/predict/batch", f"/predict{asked}", "/explain")
    for picture, path in itertools.product(sound(), paths):
        body, kind = form(picture)
        yield client.post(path, content=body, headers={"Content-Type": kind})
    for picture, path in zip(damaged(), itertools.cycle(paths), strict=False):
        body, kind = form(picture)
        yield client.post(path, content=body, headers={"Content-Type": kind})
    paths = ("/predict/batch", f"/predict{label}")
    yield from send_without_a_form(client)
    for (body, kind), path in zip(broken_forms(), itertools.cycle(paths), strict=False):
        yield client.post(path, content=body, headers={"Content-Type": kind})
    body, kind = form(sound()[0])
    for path in (
        f"/predict?explain={canary('query')}",
        f"/predict?explain=true&label={canary('label')}",
        f"/explain{label}",
        f"/{canary('path')}",
        f"/predict/{canary('path')}",
        f"/{canary('path')}/",
    ):
        yield client.post(path, content=body, headers={"Content-Type": kind})
    for path in ("/", "/model", "/metrics", "/health/live", "/health/ready", "/openapi.json"):
        yield client.get(f"{path}?{canary('query')}={canary('query')}#{canary('fragment')}")
        yield client.get(f"{path}/{canary('path')}%00%0a{canary('path')}")
        yield client.request(canary("method").upper(), path)
        yield client.put(path, content=canary("body") * 200)
        yield client.head(path)
    yield client.get("/health/live", headers={"Host": canary("host")})
    yield client.post("/admin/reload")
    for words in credentials():
        for path in ("/predict", "/admin/reload", f"/model?key={canary('query')}", "/metrics"):
            yield client.post(path, content=body, headers={"Authorization": words})
    yield client.post("/predict", content=canary("body") * 30_000)


def credentials() -> Iterator[str]:
    strange, scheme, now_s = canary("authorization"), canary("scheme"), int(time.time())
    yield from (f"Bearer {strange}", f"{scheme} {strange}", f"Bearer vz_{strange * 3}x", scheme)
    claims = {"sub": f"{canary('subject')}@x", "email": canary("claim"), "scope": canary("claim")}
    for end_s in (now_s + 100, now_s - 100):
        token = jwt.encode({**claims, "exp": end_s}, SECRET, "HS256", {"kid": canary("claim")})
        yield f"Bearer {token}"
        yield f"Bearer {token.rpartition('.')[0]}.{canary('signature')}"


def raw_requests() -> Iterator[bytes]:
    """What is no HTTP, or says two things."""
    path, body, name = (canary(each).encode() for each in ("path", "body", "header name"))
    yield b"GET /" + path + b"\r\n\r\n"
    yield b"GET /" + path + b" HTTP/9.9\r\nHost: x\r\n\r\n"
    yield b"GET / HTTP/1.1\r\nHost: x\r\n" + name + b"\r\n\r\n"
    yield b"GET / HTTP/1.1\r\nHost: " + canary("host").encode() + b"\0\r\n\r\n"
    yield b"POST /" + path + b" HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + body
    yield (
        b"POST /predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n"
        b"\r\n10\r\n" + body + b"\r\n0\r\n\r\n"
    )
    yield b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: " + name + b"\r\nConnection: Upgrade\r\n\r\n"
    yield b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n" + body  # and hangs up


def said_to(url: str, request: bytes) -> bytes:
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while part := connection.recv(100_000):
            answer += part
    return answer


@pytest.fixture(scope="module")
def said(running: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Said:
    folder = tmp_path_factory.mktemp("models") / canary("model folder")
    folder.mkdir()
    model = write_brightness_model(folder / "model.keras", maps=True)
    accept_only(["CR"], card_path(model))
    kept = tmp_path_factory.mktemp("records")
    settings = {"LOG_LEVEL": "debug", "MODEL_PATH": str(model), "MAX_UPLOAD_BYTES": "200000"}
    settings |= {"API_KEYS": str(ENTRY), "JWT_SECRET": SECRET, "TRUSTED_PROXIES": "127.0.0.1"}
    settings |= {"CORS_ORIGINS": "https://elsewhere.example", "RATE_LIMIT": "60000/minute"}
    settings |= {"RECORDS_DIR": str(kept), "KEEP_PICTURES": "1"}
    answers, statuses = [], set()
    with (
        receiving() as collector,
        running(**settings, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url) as service,
    ):
        with httpx.Client(base_url=service.url, headers=HEADERS) as client:
            for answer in ask_everything(client):
                statuses.add(answer.status_code)
                answers.append(repr(answer.headers.raw).encode() + answer.content)
            answers += [said_to(service.url, request) for request in raw_requests()]
            metrics = client.get("/metrics").content
        _, log = service.stop()
    records = [path.read_bytes() for path in kept.rglob("*") if path.is_file()]
    return Said(answers, metrics, collector.bodies, log.encode(), statuses, records)


def accept_only(modalities: list[str], path: Path) -> None:
    card = read_card(path)
    accepts = AcceptedHeaders(modalities=tuple(modalities), refuse=("modalities",))
    spec = card.input.model_copy(update={"accepts": accepts})
    write_card(card.model_copy(update={"input": spec}), path)


def test_nothing_of_a_request_is_logged(said: Said) -> None:
    assert not found([said.log], {**PLANTED, "secret": canary("secret")})


def test_nothing_of_a_request_or_of_the_machine_is_measured(said: Said) -> None:
    assert not found([said.metrics], {**PLANTED, **OF_THE_MACHINE})


def test_what_is_no_http_is_measured(said: Said) -> None:
    assert b'vistazo_connections_ended_total{reason="malformed"}' in said.metrics
    assert b"vistazo_connections 1.0" in said.metrics


def test_nothing_of_a_request_or_of_the_machine_is_traced(said: Said) -> None:
    assert said.traces
    assert not found(said.traces, {**PLANTED, **OF_THE_MACHINE})


def test_an_answer_has_nothing_but_what_was_asked_about(said: Said) -> None:
    strange = {channel: PLANTED[channel] for channel in PLANTED.keys() - ECHOED}
    assert not found(said.answers, {**strange, **OF_THE_MACHINE})


def test_nothing_of_a_dicom_header_is_kept(said: Said) -> None:
    assert any(kept.startswith(b"\x89PNG") for kept in said.kept)
    assert not [kept for kept in said.kept if kept[128:132] == b"DICM"]
    assert not found(said.kept, {channel: PLANTED[channel] for channel in IN_A_HEADER})


def test_dicom_files_were_read_and_refused(said: Said) -> None:
    told = b"\n".join(said.answers)
    assert b'"dicom":{"modality":"CR",' in told
    assert b"The header says CT (computed tomography)" in told
    assert b"is no X-ray, but a structured report" in told


def test_every_kind_of_answer_was_looked_through(said: Said) -> None:
    assert {200, 400, 401, 404, 405, 413, 415, 422} <= said.statuses
    assert said.log.count(b'"request"') > 60


@pytest.mark.parametrize(
    "text",
    [
        "name={0}", "{0!r}", "Content-Disposition: {2}", "{1}", "{3}", "{4}", "{5!r}", "{6}", "{7}",
    ],
)  # fmt: skip
def test_a_planted_value_is_found_in_any_writing(text: str) -> None:
    value = canary("patient")
    raw = value.encode()
    forms = (
        value,
        raw.hex().upper(),
        base64.b64encode(b"ab" + raw + b"cdef").decode(),
        base64.urlsafe_b64encode(b"\xff" + raw + b"\xff\xff").decode(),
        str(list(raw)),
        "".join(f"\\x{byte:02X}" for byte in raw),
        "".join(f"%{byte:02X}" for byte in raw),
        repr(value.encode("utf-16-le")),
    )
    said = ("before " + text.format(*forms) + " behind").encode()
    values = {"patient": value, "gps": canary("gps")}
    assert set(found([said, b"nothing here"], values)) == {"patient"}
