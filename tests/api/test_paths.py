"""Which path a request means, whatever else it carries."""

from __future__ import annotations

import asyncio
import re

import httpx
import pytest
from pydantic import ValidationError
from starlette.routing import Route
from starlette.testclient import TestClient

from access_keys import ENTRIES, KEYS, bearer
from builders import brightness_classifier, encoded, flat
from served_samples import NEWS
from vistazo.api.app import create_app
from vistazo.models.sample_card import ROUTE, TextCard
from vistazo.service.settings import Settings

WHITE = {"file": ("film.png", encoded(flat(230)))}
LARGE = b"x" * 20_000_000


@pytest.mark.parametrize("path", ["/predict/", "/predict/batch/", "/explain/", "/preview/"])
def test_a_trailing_slash_is_the_same_path(client: TestClient, path: str) -> None:
    bare = client.post(path[:-1], files=WHITE, follow_redirects=False)
    response = client.post(path, files=WHITE, follow_redirects=False)
    assert response.status_code == bare.status_code != 404
    assert response.history == []


@pytest.mark.parametrize("path", ["/", "/model/", "/health/ready/", "/docs/", "/openapi.json/"])
def test_what_is_read_may_have_one_too(client: TestClient, path: str) -> None:
    assert client.get(path, follow_redirects=False).status_code == 200


def test_an_address_is_never_made_of_what_the_caller_says_of_the_host(client: TestClient) -> None:
    for path in ("/predict/", "/predict//", "/model//", "/nowhere/", "//evil.example/"):
        response = client.post(path, headers={"host": "evil.example"}, follow_redirects=False)
        assert "location" not in response.headers, path


def test_behind_a_slash_the_same_limit_holds(serving: object) -> None:
    with serving(max_upload_bytes=1000) as client:
        for path in ("/predict", "/predict/"):
            response = client.post(path, files={"file": ("big.png", b"x" * 200_000)})
            assert response.status_code == 413, path
        assert client.post("/predict/", files=WHITE).status_code == 200


def test_under_the_prefix_of_a_proxy_the_same_limit_holds() -> None:
    app = create_app(Settings(threads=1, max_upload_bytes=100_000), load=brightness_classifier)
    with TestClient(app, root_path="/xray") as client:
        while client.get("/xray/health/ready").status_code == 503:
            pass
        for path in ("/xray/predict", "/xray/predict/"):
            assert client.post(path, files={"file": ("a", b"x" * 5000)}).status_code == 415
            assert client.post(path, files={"file": ("a", b"x" * 500_000)}).status_code == 413


@pytest.mark.parametrize("size", [0, 5_000, 20_000_000])
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/nowhere", 404),
        ("POST", "/predict/nowhere", 404),
        ("PUT", "/nowhere/", 404),
        ("PUT", "/predict", 405),
        ("GET", "/predict/", 405),
        ("POST", "/model", 405),
        ("POST", "/", 405),
    ],
)
def test_an_unknown_path_is_404_and_a_wrong_method_405_whatever_is_sent(
    client: TestClient, method: str, path: str, status: int, size: int
) -> None:
    response = client.request(method, path, content=LARGE[:size])
    assert response.status_code == response.json()["status"] == status
    assert response.headers["content-type"] == "application/problem+json"
    assert ("allow" in response.headers) == (status == 405)
    assert response.headers.get("connection") == ("close" if size else None)


def test_a_question_with_a_large_body_is_answered_without_it(client: TestClient) -> None:
    response = client.request("GET", "/model", content=LARGE)
    assert response.status_code == 200
    assert response.headers["connection"] == "close"


def test_of_a_body_that_nobody_wants_nothing_is_read_before_the_answer() -> None:
    app = create_app(Settings(threads=1), load=brightness_classifier)
    events: list[str] = []

    async def receive() -> dict[str, object]:
        events.append("read")
        return {"type": "http.request", "body": b"x", "more_body": len(events) < 5}

    async def send(message: dict[str, object]) -> None:
        events.append(f"{message['type']} {message.get('status', '')}".strip())

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/predict/nowhere",
        "raw_path": b"/predict/nowhere",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"content-length", b"200000000")],
    }
    asyncio.run(app(scope, receive, send))
    assert events[:2] == ["http.response.start 404", "http.response.body"]
    assert "read" in events[2:]


def test_a_route_that_the_service_has_itself_is_refused_in_words() -> None:
    """And so is one below it; what it may come to have, too."""
    app = create_app(Settings(threads=1), load=brightness_classifier)
    paths = set(app.openapi()["paths"]) | {"/page/more", "/docs", "/redoc", "/v2/models", "/drift"}
    for path in sorted(path for path in paths if re.fullmatch(ROUTE, path)):
        with pytest.raises(ValidationError, match="the service itself has paths"):
            TextCard.model_validate({**NEWS, "route": path})
    assert TextCard.model_validate({**NEWS, "route": "/models/predict"}).route


def test_a_path_that_ends_in_a_newline_is_none_whatever_key_is_sent() -> None:
    """Routes of Starlette's fit before a last newline, too: past keys, limits and methods."""
    app = create_app(
        Settings.model_validate({"threads": 1, "api_keys": ENTRIES}), load=brightness_classifier
    )
    paths = {route.path for route in app.routes if isinstance(route, Route)}
    paths |= set(app.openapi()["paths"]) | {"/v2/models/brightness/infer"}
    with TestClient(app, raise_server_exceptions=False) as client:
        while client.get("/health/ready").status_code == 503:
            pass
        for path in sorted(paths):
            target = httpx.URL("http://testserver").copy_with(raw_path=f"{path}%0A".encode())
            for method in ("GET", "POST", "HEAD"):
                answer = client.request(method, target, headers=bearer(KEYS["ward"]))
                # In a model's name it is a letter like any other, of a name that nobody has.
                is_named = "{name}" in path and answer.status_code == 405
                assert answer.status_code == 404 or is_named, (method, path)


@pytest.mark.parametrize("letter", ["%00", "%0D", "%1F", "%7F"])
def test_other_control_characters_are_in_no_path_either(client: TestClient, letter: str) -> None:
    for path in (f"/health/live{letter}", f"/{letter}predict", f"/v2{letter}"):
        target = httpx.URL("http://testserver").copy_with(raw_path=path.encode())
        assert client.get(target).status_code == 404
