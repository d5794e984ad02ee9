"""What holds for /predict holds for the open protocols: places, keys, measures, shutting down."""

from __future__ import annotations

import gzip
import json
import logging
import threading
import tracemalloc
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import httpx
import numpy as np
import pytest
from starlette.testclient import TestClient

from access_keys import ENTRIES, KEYS, bearer
from builders import BrightnessEngine, brightness_classifier, encoded, film, flat
from inference_calls import (
    HEADER_LENGTH,
    INFER,
    PREDICT,
    as_base64,
    asking,
    error_of,
    of_files,
    packed_array,
)
from live_service import PICTURE, on_a_socket
from raw_answers import Replies
from raw_callers import connected
from vistazo.api.app import create_app
from vistazo.errors import QueueFullError
from vistazo.service.admission import Admission
from vistazo.service.settings import Settings
from vistazo.service.telemetry import _JsonFormatter

Serve = Callable[..., Any]
FILM = encoded(film())
REQUEST = json.dumps(asking(of_files(PICTURE))).encode()


def request(path: str = INFER, body: bytes = REQUEST, more: str = "") -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body


def test_a_model_that_is_not_there_yet_is_waited_for_in_the_protocols_words() -> None:
    held = threading.Event()

    def load() -> Any:
        assert held.wait(30)
        return brightness_classifier()

    app = create_app(Settings(threads=1), load=load)
    with TestClient(app, raise_server_exceptions=False) as client:
        assert client.get("/v2/health/live").json() == {"live": True}
        for path in ("/v2/health/ready", "/v2/models/brightness/ready", "/v1/models/brightness"):
            refused = client.get(path)
            error_of(refused, 503, "not_ready")
            assert refused.headers["retry-after"] == "5"
        error_of(client.post(INFER, content=REQUEST), 503, "not_ready")
        held.set()
        while client.get("/v2/health/ready").status_code == 503:
            pass
        assert client.post(INFER, content=REQUEST).status_code == 200


def test_while_it_drains_it_is_not_ready_and_answers_who_still_comes() -> None:
    app = create_app(Settings(threads=1), load=brightness_classifier)
    with TestClient(app, raise_server_exceptions=False) as client:
        while client.get("/v2/health/ready").status_code == 503:
            pass
        app.state.service.begin_to_drain()
        for path in ("/v2/health/ready", "/v2/models/brightness/ready", "/v1/models/brightness"):
            error_of(client.get(path), 503, "not_ready")
        answer = client.post(INFER, content=REQUEST)
        assert (answer.status_code, answer.headers["connection"]) == (200, "close")


@pytest.fixture(scope="module")
def guarded() -> Any:
    settings = Settings.model_validate({"threads": 1, "api_keys": ENTRIES})
    with TestClient(create_app(settings, load=brightness_classifier)) as client:
        while client.get("/v2/health/ready").status_code == 503:
            pass
        yield client


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v2"),
        ("GET", "/v2/models/brightness"),
        ("GET", "/v2/models/brightness/ready"),
        ("POST", INFER),
        ("POST", PREDICT),
        ("GET", "/v1/models"),
        ("GET", "/v2/nothing"),
        ("GET", "/v1/nothing"),
    ],
)
def test_who_has_no_key_is_told_so_and_only_health_is_open(
    guarded: TestClient, method: str, path: str
) -> None:
    refused = guarded.request(method, path)
    error_of(refused, 401, "unauthorized")
    assert refused.headers["www-authenticate"] == 'Bearer realm="vistazo"'
    forbidden = guarded.request(method, path, headers=bearer(KEYS["graphs"]))
    error_of(forbidden, 403, "forbidden")


def test_a_key_lets_in(guarded: TestClient) -> None:
    answer = guarded.post(INFER, content=REQUEST, headers=bearer(KEYS["ward"]))
    assert answer.status_code == 200


def test_who_asks_too_often_is_told_so(serving: Serve) -> None:
    with serving(rate_limit="3/hour") as client:
        answers = [client.get("/v2") for _ in range(4)]
        assert [each.status_code for each in answers] == [200, 200, 200, 429]
        error_of(answers[-1], 429, "rate_limited")
        assert int(answers[-1].headers["retry-after"]) > 0


def test_who_finds_no_place_is_told_so_in_the_protocols_words() -> None:
    with on_a_socket(queue_size=0) as running, ExitStack() as stack:
        first = stack.enter_context(connected(running.url))
        first.sendall(request())
        running.has(requests=1)
        for path in (INFER, PREDICT):
            refused = httpx.post(f"{running.url}{path}", content=REQUEST)
            error_of(refused, 429, "queue_full")
            assert refused.headers["retry-after"] == "1"
        running.gate.set()
        assert Replies(first).next().status == 200


def test_whoever_hangs_up_gives_his_place_away() -> None:
    with on_a_socket() as running, ExitStack() as stack:
        first = stack.enter_context(connected(running.url))
        first.sendall(request())
        running.has(requests=1)
        with connected(running.url) as left:
            left.sendall(request())
            running.has(requests=2)
        running.has(requests=1)
        running.gate.set()
        assert Replies(first).next().status == 200
        assert running.engine.runs == 1


def test_a_body_that_ends_in_two_ways_is_refused_in_the_protocols_words() -> None:
    with on_a_socket() as running, connected(running.url) as connection:
        connection.sendall(request(more="Transfer-Encoding: chunked\r\n"))
        reply = Replies(connection).next()
        assert reply.status == 400
        assert json.loads(reply.body)["error"].startswith("bad_request: The request has both")


def test_a_body_that_is_too_large_is_refused_before_it_is_read(serving: Serve) -> None:
    with serving(max_queued_bytes=100_000) as client:
        refused = client.post(INFER, content=b" " * 100_001)
        error_of(refused, 413, "upload_too_large")


def test_a_name_is_no_label_of_a_metric_and_no_line_of_the_log(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    client.get("/v2/models/Mrs-Smith")
    client.post("/v2/models/Mrs-Smith/versions/Mr-Jones/infer", content=REQUEST)
    client.post("/v1/models/Mrs-Smith:predict", content=REQUEST)
    client.post(INFER, content=REQUEST)
    measured = client.get("/metrics").text
    lines = [_JsonFormatter().format(each) for each in caplog.records if each.name != "httpx"]
    assert not any("Smith" in said or "Jones" in said for said in (measured, *lines))
    for path in ("/v2/models/{name}", "/v2/models/{name}/infer", "/v1/models/{name}:predict"):
        assert f'path="{path}"' in measured
    assert 'code="unknown_model"' in measured


def test_answers_are_counted_and_kept_as_those_of_predict(tmp_path: Any) -> None:
    settings = Settings.model_validate({"threads": 1, "records_dir": tmp_path / "records"})
    with TestClient(create_app(settings, load=brightness_classifier)) as client:
        while client.get("/v2/health/ready").status_code == 503:
            pass
        sent = asking(of_files(FILM, FILM))
        client.post(INFER, json=sent, headers={"X-Request-ID": "r-2"})
        said = {"request_id": "r-2", "index": 1, "label": "DARK"}
        assert client.post("/feedback", json=said).status_code == 200
        assert counted(client)


@pytest.mark.parametrize(
    "path",
    [
        "/v2/models",
        "/v2/models/brightness/",
        "/v2/models/brightness/ready/",
        "/v2/models/%62rightness",
        "/v1/models/",
    ],
)
def test_a_trailing_slash_and_an_escaped_letter_make_no_other_path(
    client: TestClient, path: str
) -> None:
    assert client.get(path).status_code == 200


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/v2/models/{name}", "unknown_model"),
        ("/v2/models/brightness/%2e%2e", "not_found"),
        ("/v2/models/..%2f..%2fadmin", "not_found"),
        ("/v2/models//ready", "not_found"),
        ("/v2/models/brightness/versions", "not_found"),
        ("/v2/models/brightness/config", "not_found"),
        ("/v2/models/brightness%0a", "unknown_model"),
        ("/v2/repository/index", "not_found"),
        ("/v1", "not_found"),
        ("/v1/models/brightness:explain", "unknown_model"),
    ],
)
def test_a_path_that_is_another_is_none(client: TestClient, path: str, code: str) -> None:
    target = httpx.URL("http://testserver").copy_with(raw_path=path.encode())
    error_of(client.get(target), 404, code)


def test_under_a_prefix_the_paths_are_the_same() -> None:
    app = create_app(Settings(threads=1), load=brightness_classifier)
    with TestClient(app, root_path="/xray") as client:
        while client.get("/xray/v2/health/ready").status_code == 503:
            pass
        assert client.get("/xray/v2/models/brightness").json()["name"] == "brightness"
        assert client.post(f"/xray{INFER}", content=REQUEST).status_code == 200
        error_of(client.get("/xray/v2/models/other"), 404, "unknown_model")


def test_head_and_options_are_answered_as_elsewhere(client: TestClient) -> None:
    head = client.head("/v2/models/brightness")
    assert (head.status_code, head.content) == (200, b"")
    missing = client.head("/v2/models/other")
    assert (missing.status_code, missing.headers.get("content-length")) == (404, None)
    assert client.options(INFER).headers["allow"] == "OPTIONS, POST"


def test_one_picture_that_cannot_be_classified_ends_the_request_and_no_answer_counts(
    client: TestClient,
) -> None:
    before = counted(client)
    mixed = asking(of_files(FILM, FILM[:-30], FILM))
    error_of(client.post(INFER, json=mixed), 422, "corrupt_image")
    assert counted(client) == before


def counted(client: TestClient) -> list[str]:
    lines = client.get("/metrics").text.splitlines()
    return [line for line in lines if line.startswith("vistazo_predictions_total")]


def test_a_picture_that_is_too_small_says_which_one_and_which_rule(client: TestClient) -> None:
    body, headers = packed_array("UINT8", np.zeros((2, 3, 3), np.uint8))
    words = error_of(client.post(INFER, content=body, headers=headers), 422, "rejected_upload")
    assert words.startswith("Picture 1: The picture's width is 3 pixels")


def test_the_model_that_may_come_next_is_asked_too() -> None:
    later = BrightnessEngine()
    settings = {"threads": 2, "model_path_next": "/models/next.keras", "shadow_share": 1}
    app = create_app(
        Settings.model_validate(settings),
        load=brightness_classifier,
        load_next=lambda: brightness_classifier(later, sha256="b" * 64),
    )
    pixels, pixel_headers = packed_array("UINT8", np.full((1, 60, 80), 230, np.uint8))
    with TestClient(app) as client:
        for sent in ({"content": REQUEST}, {"content": pixels, "headers": pixel_headers}):
            before = later.runs
            while client.get("/model").json().get("next", {}).get("reload") is None:
                pass
            assert client.post(INFER, **sent).status_code == 200
            for _ in range(2_000):
                if later.runs > before:
                    break
                client.get("/v2/health/live")
            assert later.runs > before


def test_version_1_answers_instances_in_their_order(client: TestClient) -> None:
    dark, bright = as_base64(encoded(flat(0))), as_base64(encoded(flat(255)))
    instances = [{"b64": dark}, bright, {"image_bytes": {"b64": dark}}]
    answer = client.post(PREDICT, json={"signature_name": "x", "instances": instances})
    assert answer.json().keys() == {"predictions"}
    found = np.array(answer.json()["predictions"])
    assert found == pytest.approx(np.array([[1, 0], [0, 1], [1, 0]]))


def test_version_1_tells_its_models(client: TestClient) -> None:
    assert client.get("/v1/models").json() == {"models": ["brightness"]}
    assert client.get("/v1/models/brightness").json() == {"name": "brightness", "ready": True}
    error_of(client.get("/v1/models/other"), 404, "unknown_model")
    error_of(client.post("/v1/models/other:predict", content=b"{}"), 404, "unknown_model")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "bad_request"),
        (b"[]", 400, "bad_request"),
        (b"{}", 400, "bad_request"),
        (b'{"instances": []}', 400, "bad_request"),
        (b'{"instances": {}}', 400, "bad_request"),
        (b'{"instances": [[0.5]]}', 400, "bad_request"),
        (b'{"instances": [null]}', 400, "bad_request"),
        (b'{"instances": [{}]}', 400, "bad_request"),
        (b'{"instances": [{"b64": 1}]}', 400, "bad_request"),
        (b'{"instances": [{"b64": [1]}]}', 400, "bad_request"),
        (b'{"instances": [{"b64": "", "image_bytes": {"b64": ""}}]}', 400, "bad_request"),
        (b'{"instances": [{"b64": "", "other": ""}]}', 400, "bad_request"),
        (b'{"instances": [{"b64": "%"}]}', 422, "not_base64"),
        (b'{"instances": [""]}', 422, "missing_file"),
        (b'{"instances": [' + b'"",' * 16 + b'""]}', 422, "too_many_files"),
        (b'{"instances": [' + b"0," * 2_000_000 + b"0]}", 400, "bad_request"),
    ],
    ids=range(16),
)
def test_version_1_refuses_in_its_words(
    client: TestClient, body: bytes, status: int, code: str
) -> None:
    error_of(client.post(PREDICT, content=body), status, code)


def test_a_page_of_another_host_may_send_binary_data_and_read_it(serving: Serve) -> None:
    origin = {"Origin": "https://ward.example"}
    asks = {"Access-Control-Request-Method": "POST"}
    headers = {"Access-Control-Request-Headers": f"{HEADER_LENGTH}, content-encoding"}
    with serving(cors_origins="https://ward.example") as client:
        assert client.options(INFER, headers={**origin, **asks, **headers}).status_code == 200
        answer = client.post(INFER, content=REQUEST, headers=origin)
    assert HEADER_LENGTH in answer.headers["access-control-expose-headers"]


@pytest.mark.parametrize("parameters", [{}, {"explain": True, "binary_data_output": True}])
def test_who_asks_of_one_picture_waits_for_one_turn(
    client: TestClient, parameters: dict[str, Any]
) -> None:
    """In a further one an answer that is there could have to give way."""
    turns, turn = [], Admission.turn

    def counted_turn(self: Admission, caller: str, **more: Any) -> Any:
        turns.append(caller)
        return turn(self, caller, **more)

    body = json.dumps(asking(of_files(FILM), parameters=parameters)).encode()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Admission, "turn", counted_turn)
        answer = client.post(INFER, content=body)
    assert (answer.status_code, len(turns)) == (200, 1)


def test_an_answer_that_had_to_give_way_counts_for_nothing(client: TestClient) -> None:
    before = counted(client)

    def gives_way(*_: object) -> Any:
        raise QueueFullError("It gave way.")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("vistazo.api.protocols.infer.inference_response", gives_way)
        for files in ([FILM], [FILM, FILM]):
            refused = client.post(INFER, json=asking(of_files(*files)))
            error_of(refused, 429, "queue_full")
    assert counted(client) == before


def test_bodies_that_grow_at_once_have_room_together_for_no_more_than_one(serving: Serve) -> None:
    """Each of eight workers made thirty megabytes of a few, and only then asked for room."""
    most = 4_000_000
    body = gzip.compress(b" " * (most - 1_000))
    with serving(max_queued_bytes=most, threads=8) as client:
        client.post(INFER, content=REQUEST)
        tracemalloc.start()
        try:
            with ThreadPoolExecutor(8) as callers:
                headers = {"Content-Encoding": "gzip"}
                asking_all = [
                    callers.submit(client.post, INFER, content=body, headers=headers)
                    for _ in range(24)
                ]
                statuses = Counter(each.result().status_code for each in asking_all)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert statuses.keys() <= {400, 429}
    assert peak < 5 * most, statuses


def test_a_body_that_breaks_behind_its_head_is_refused_in_the_protocols_words() -> None:
    head = f"POST {INFER} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    with on_a_socket() as running, connected(running.url) as connection:
        connection.sendall(head.encode() + b"zz\r\n")
        reply = Replies(connection).next()
    assert reply.status == 400
    assert json.loads(reply.body)["error"].startswith("bad_request: ")
