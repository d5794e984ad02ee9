"""What /openapi.json says, and that it is so."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from access_keys import ENTRIES
from builders import brightness_classifier, encoded, flat
from vistazo.api.app import create_app
from vistazo.service.settings import Settings

Serve = Callable[..., Any]
FILM = {"file": ("film.png", encoded(flat(230)))}


def described(client: TestClient) -> dict[str, Any]:
    return dict(client.get("/openapi.json").json())


def test_every_refusal_is_described_as_the_problem_document_that_it_is(client: TestClient) -> None:
    document = described(client)
    for path in ("/predict", "/predict/batch", "/explain", "/preview"):
        responses = document["paths"][path]["post"]["responses"]
        refusals = {status: each for status, each in responses.items() if status != "200"}
        assert set(refusals) >= {"400", "408", "413", "415", "422", "429", "503"}
        for refusal in refusals.values():
            [(media_type, content)] = refusal["content"].items()
            assert media_type == "application/problem+json"
            assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
    assert "Problem" in document["components"]["schemas"]


def test_a_label_is_one_of_the_model_s_and_a_batch_has_its_limit(client: TestClient) -> None:
    paths = described(client)["paths"]
    parameters = {each["name"]: each for each in paths["/predict"]["post"]["parameters"]}
    assert parameters["label"]["schema"]["enum"] == ["DARK", "BRIGHT"]
    feedback = paths["/feedback"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert feedback["properties"]["label"]["enum"] == ["DARK", "BRIGHT"]
    form = paths["/predict/batch"]["post"]["requestBody"]["content"]["multipart/form-data"]
    files = form["schema"]["properties"]["file"]
    assert (files["minItems"], files["maxItems"]) == (1, 16)


@pytest.mark.parametrize("path", ["/predict", "/predict?explain=true", "/explain"])
def test_a_label_that_the_model_does_not_have_is_refused_wherever_one_is_given(
    client: TestClient, path: str
) -> None:
    refused = client.post(path, files=FILM, params={"label": "GREEN"})
    assert (refused.status_code, refused.json()["code"]) == (400, "unknown_label")


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/model", {"GET", "HEAD", "OPTIONS"}),
        ("/", {"GET", "HEAD", "OPTIONS"}),
        ("/docs", {"GET", "HEAD", "OPTIONS"}),
        ("/openapi.json", {"GET", "HEAD", "OPTIONS"}),
        ("/predict", {"POST", "OPTIONS"}),
        ("/predict/", {"POST", "OPTIONS"}),
    ],
)
def test_who_asks_for_the_methods_is_told_and_who_takes_a_wrong_one_is_too(
    client: TestClient, path: str, allowed: set[str]
) -> None:
    """RFC 9110 sections 9.3.7 and 10.2.1."""
    for method, status in (("OPTIONS", 204), ("PUT", 405), ("BREW", 405)):
        told = client.request(method, path)
        assert told.status_code == status
        assert sorted(told.headers["allow"].split(", ")) == sorted(allowed)
    assert client.options(path).content == b""


def test_what_is_not_there_has_no_methods(client: TestClient) -> None:
    assert client.options("/nothing").status_code == 404


def test_who_asks_for_the_methods_needs_no_key_and_sends_no_body(serving: Any) -> None:
    with serving(api_keys=ENTRIES, rate_limit="1/minute") as client:
        for _ in range(3):
            asked = client.request("OPTIONS", "/predict", content=b"x" * 200_000)
            assert (asked.status_code, asked.headers["connection"]) == (204, "close")


def test_it_is_written_once_for_each_model_and_anew_after_a_reload(serving: Serve) -> None:
    with serving() as client:
        app, written = client.app, 0
        describe = app.openapi

        def counted() -> dict[str, Any]:
            nonlocal written
            written += 1
            return dict(describe())

        app.openapi = counted
        for _ in range(3):
            assert "/predict" in described(client)["paths"]
        assert written == 1
        former = weakref.ref(app.state.service.reloader.classifier)
        app.state.service.reloader.classifier = brightness_classifier()
        gc.collect()
        assert former() is None
        assert "/predict" in described(client)["paths"]
        assert written == 2


def test_behind_a_proxy_it_names_the_prefix() -> None:
    app = create_app(Settings(threads=1), load=brightness_classifier)
    with TestClient(app, root_path="/xray") as client:
        assert described(client)["servers"] == [{"url": "/xray"}]
