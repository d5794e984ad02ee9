"""Who may call."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.routing import Route
from starlette.testclient import TestClient
from starlette.types import Message

from access_keys import ENTRIES, KEYS, bearer
from builders import brightness_classifier, encoded, flat
from live_service import on_a_socket
from raw_callers import connected
from vistazo.api.app import create_app
from vistazo.api.needs import NEEDS, need_of
from vistazo.api.routes import router
from vistazo.errors import SettingsError
from vistazo.service.access.api_key import digest_of, new_key
from vistazo.service.access.key_ring import KeyEntry
from vistazo.service.settings import Settings
from vistazo.service.telemetry import _JsonFormatter

Serve = Callable[..., Any]
WHITE = {"file": ("film.png", encoded(flat(230)))}
OPEN = ("/", "/page/page.js", "/docs", "/openapi.json", "/health/live", "/health/ready")


@pytest.fixture(scope="module")
def guarded() -> Iterator[TestClient]:
    settings = Settings.model_validate({"threads": 1, "api_keys": ENTRIES})
    app = create_app(settings, load=brightness_classifier)
    with TestClient(app, raise_server_exceptions=False) as client:
        while client.get("/health/ready").status_code == 503:
            pass
        yield client


def test_a_key_lets_in_and_its_name_is_in_the_log(
    guarded: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    answer = guarded.post("/predict", files=WHITE, headers=bearer(KEYS["ward"]))
    assert answer.status_code == 200
    line = json.loads(_JsonFormatter().format(caplog.records[-1]))
    assert line["caller"] == "ward"
    assert KEYS["ward"] not in str(line)


@pytest.mark.parametrize("path", ["/predict", "/predict/batch", "/explain", "/preview"])
def test_who_sends_no_key_is_told_how(guarded: TestClient, path: str) -> None:
    answer = guarded.post(path, files=WHITE)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="vistazo"'
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["connection"] == "close"  # the body was not read
    problem = answer.json()
    assert problem["code"] == "unauthorized"
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert "Authorization: Bearer" in problem["detail"]


def _wrong() -> list[dict[str, str]]:
    ward = KEYS["ward"]
    made_up = [new_key(), KEYS["revoked"], ward[:-1], f"{ward} {ward}", ward.lower(), "", "null"]
    others = [f"Basic {ward}", ward, f"Token {ward}", "Bearer", f"Bearer,{ward}", "\xff"]
    return [*(bearer(key) for key in made_up), *({"Authorization": other} for other in others)]


@pytest.mark.parametrize("headers", _wrong())
def test_whatever_is_wrong_the_words_are_the_same(
    guarded: TestClient, headers: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    raw = {name: value.encode("latin-1") for name, value in headers.items()}
    answer = guarded.get("/model", headers=raw)
    assert answer.status_code == 401
    challenge = 'Bearer realm="vistazo", error="invalid_token"'
    assert answer.headers["www-authenticate"] == challenge
    problem = {**answer.json(), "request_id": ""}
    assert problem == {
        "type": "urn:vistazo:problem:unauthorized",
        "title": "No valid key",
        "status": 401,
        "detail": "The key or token that came with this is not valid.",
        "code": "unauthorized",
        "request_id": "",
    }
    logged = vars(caplog.records[-1])
    assert logged["refused_for"] in ("unknown key", "no Bearer header")
    assert KEYS["ward"][3:40] not in str(logged)


def test_two_keys_at_once_are_refused(guarded: TestClient) -> None:
    headers = [("Authorization", f"Bearer {KEYS[name]}") for name in ("ward", "boss")]
    assert guarded.get("/model", headers=headers).status_code == 401


@pytest.mark.parametrize("word", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_is_written_in_any_case(guarded: TestClient, word: str) -> None:
    headers = {"Authorization": f"{word} {KEYS['ward']}"}
    assert guarded.get("/model", headers=headers).status_code == 200


def test_a_key_without_the_scope_is_forbidden(
    guarded: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    answer = guarded.post("/predict", files=WHITE, headers=bearer(KEYS["graphs"]))
    assert answer.status_code == 403
    assert answer.json()["code"] == "forbidden"
    challenge = 'Bearer realm="vistazo", error="insufficient_scope", scope="predict"'
    assert answer.headers["www-authenticate"] == challenge
    assert vars(caplog.records[-1])["caller"] == "graphs"


@pytest.mark.parametrize("path", OPEN)
def test_health_the_page_and_the_docs_ask_nobody(guarded: TestClient, path: str) -> None:
    for headers in ({}, bearer("wrong")):
        assert guarded.get(path, headers=headers).status_code == 200
    assert guarded.head(path).status_code == 200


def test_every_path_has_its_row_and_what_has_none_is_not_open(guarded: TestClient) -> None:
    routes = [*guarded.app.routes, *router.routes]
    for route in routes:
        if isinstance(route, Route) and route.path != "/":
            assert any(route.path.startswith(row) for row in NEEDS), route.path
    for path in ("/nothing", "/pagex", "/docs.json", "/healthy", "/admin", "/openapi.jsonx"):
        assert need_of(path) is not None, path
        assert guarded.get(path).status_code == 401


def test_the_table_says_what_each_path_needs() -> None:
    needs = {
        "predict": ("/predict", "/predict/batch", "/explain", "/preview", "/model"),
        "metrics": ("/metrics",),
        "feedback": ("/feedback",),
        "admin": ("/admin/reload", "/admin/x/y"),
        None: (*OPEN, "/docs/swagger-ui.js"),
    }
    for need, paths in needs.items():
        for path in paths:
            assert need_of(path) == need, path


@pytest.mark.parametrize("path", ["/predict/", "//predict", "/./predict", "/page/../predict"])
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "PUT", "OPTIONS"])
def test_another_way_to_write_a_path_or_another_method_is_no_way_around(
    guarded: TestClient, path: str, method: str
) -> None:
    answer = guarded.request(method, f"http://testserver{path}")
    assert answer.status_code in (401, 404, 405, *([204] if method == "OPTIONS" else []))


@pytest.mark.parametrize("header", [(b"content-length", b"9000000"), (b"transfer-encoding", b"")])
def test_a_stranger_is_answered_before_his_body_is_read(
    guarded: TestClient, header: tuple[bytes, bytes]
) -> None:
    events: list[str] = []

    async def receive() -> Message:
        events.append("read")
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        events.append(message["type"])

    scope = {"type": "http", "method": "POST", "path": "/predict", "http_version": "1.1"}
    scope |= {"headers": [header], "query_string": b"", "root_path": ""}
    asyncio.run(guarded.app(scope, receive, send))
    assert events[:2] == ["http.response.start", "http.response.body"]


def test_without_keys_everybody_may_predict_and_nobody_administer(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    assert client.post("/predict", files=WHITE).status_code == 200
    for headers in ({}, bearer(new_key())):
        answer = client.post("/admin/reload", headers=headers)
        assert answer.status_code == 403
        assert answer.json()["code"] == "forbidden"
        assert "vistazo keys add NAME --scope admin" in answer.json()["detail"]


def test_the_log_says_once_that_nobody_is_asked(
    serving: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    with serving():
        pass
    said = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert [record.getMessage() for record in said] == ["nobody is asked for a key"]
    caplog.clear()
    with serving(api_keys=ENTRIES):
        pass
    assert not caplog.records


def test_the_file_and_the_variable_both_let_in(serving: Serve, tmp_path: Path) -> None:
    key, path = new_key(), tmp_path / "keys.txt"
    path.write_text(str(KeyEntry("filed", frozenset({"predict"}), digest_of(key))))
    with serving(api_keys=ENTRIES, api_keys_file=str(path)) as client:
        for each in (key, KEYS["ward"]):
            assert client.get("/model", headers=bearer(each)).status_code == 200


def test_keys_that_cannot_be_read_stop_the_start_and_are_not_shown(tmp_path: Path) -> None:
    key = new_key()
    settings = Settings.from_environment({"API_KEYS": key})
    assert key not in f"{settings!r} {settings} {settings.model_dump()}"
    with pytest.raises(SettingsError, match="API_KEYS, entry 1") as refused:
        create_app(settings)
    assert key not in str(refused.value)
    with pytest.raises(SettingsError, match="missing"):
        create_app(Settings.model_validate({"api_keys_file": str(tmp_path / "missing")}))


def test_the_docs_ask_for_a_key_and_say_what_each_operation_needs(
    guarded: TestClient, client: TestClient
) -> None:
    document = guarded.get("/openapi.json").json()
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    assert document["paths"]["/predict"]["post"]["security"] == [{"key": ["predict"]}]
    assert {"401", "403"} <= set(document["paths"]["/model"]["get"]["responses"])
    assert document["paths"]["/health/live"]["get"]["security"] == []
    assert guarded.get("/openapi.json").json() == document
    assert "securitySchemes" not in client.get("/openapi.json").json()["components"]


def test_a_stranger_who_waits_to_be_asked_for_his_body_is_not_asked() -> None:
    head = "POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\nExpect: 100-continue"
    with on_a_socket(api_keys=ENTRIES) as running, connected(running.url) as stranger:
        stranger.sendall(f"{head}\r\n\r\n".encode())
        assert stranger.recv(1000).startswith(b"HTTP/1.1 401 ")


def test_an_empty_list_of_keys_lets_nobody_in(serving: Serve) -> None:
    with serving(api_keys="") as client:
        assert client.get("/model").status_code == 401


@pytest.mark.parametrize("emptied", ["", "  "])
def test_a_variable_that_lost_its_last_key_opens_to_nobody(
    emptied: str, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings.from_environment({"API_KEYS": emptied, "THREADS": "1"})
    with TestClient(create_app(settings, load=brightness_classifier)) as client:
        assert client.post("/predict", files=WHITE).status_code == 401
    assert "no key lets anybody in" in caplog.text
    assert "nobody is asked" not in caplog.text
