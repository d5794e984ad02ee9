"""POST /admin/reload, and what callers see of a swap."""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest
from numpy.typing import NDArray
from starlette.testclient import TestClient
from starlette.types import Message

from builders import BrightnessEngine, brightness_classifier, encoded, flat
from vistazo.api.app import create_app
from vistazo.classifier import Classifier
from vistazo.engines.base import Outputs
from vistazo.errors import CardError
from vistazo.service.access.api_key import digest_of, new_key
from vistazo.service.access.key_ring import KeyEntry
from vistazo.service.settings import Settings

FILM = {"file": ("film.png", encoded(flat(230)))}
BODY = (
    b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
    + encoded(flat(230))
    + b"\r\n--x--\r\n"
)
KEY = new_key()
ENTRY = str(KeyEntry("boss", frozenset({"admin", "predict"}), digest_of(KEY)))
AS_BOSS = {"Authorization": f"Bearer {KEY}"}
SHARE = {f"{number:064}": number / 10 for number in range(1, 10)}


class Fixed(BrightnessEngine):
    """Says the same of every picture."""

    def __init__(self, score: float) -> None:
        super().__init__()
        self._score = score

    def run(self, images: NDArray[np.float32]) -> Outputs:
        return Outputs(np.full((len(images), 1), self._score, np.float32), None)


def models() -> Iterator[Classifier]:
    """Nine in turn, each with an answer of its own."""
    for sha256, score in itertools.cycle(SHARE.items()):
        yield brightness_classifier(Fixed(score), sha256=sha256)


@contextmanager
def serving(load: Callable[[], Classifier]) -> Iterator[TestClient]:
    settings = Settings.model_validate({"threads": 2, "api_keys": ENTRY})
    app = create_app(settings, load=load)
    with TestClient(app, raise_server_exceptions=False, headers=AS_BOSS) as client:
        while client.get("/health/ready").status_code == 503:
            pass
        yield client


def test_a_reload_answers_with_what_serves_now() -> None:
    with serving(models().__next__) as client:
        assert client.get("/model").json()["reload"] is None
        done = client.post("/admin/reload")
        assert done.status_code == 200
        assert done.json()["previous_sha256"] == f"{1:064}"
        assert done.json()["sha256"] == f"{2:064}" == client.get("/model").json()["sha256"]
        told = client.get("/model").json()["reload"]
    assert told == {"at": done.json()["at"], "outcome": "swapped", "code": None}


def test_a_reload_that_fails_is_409_with_the_reason_and_everybody_else_is_told_the_code() -> None:
    loaded = itertools.count()

    def load() -> Classifier:
        if next(loaded):
            raise CardError("/models/m.card.yaml names three labels.")
        return brightness_classifier()

    with serving(load) as client:
        failed = client.post("/admin/reload")
        assert failed.status_code == 409
        assert failed.json()["code"] == "reload_failed"
        assert "/models/m.card.yaml names three labels." in failed.json()["detail"]
        described = client.get("/model").json()
        assert client.post("/predict", files=FILM).status_code == 200
        assert client.get("/health/ready").status_code == 200
    assert (described["reload"]["outcome"], described["reload"]["code"]) == (
        "failed",
        "card_invalid",
    )
    assert "/models" not in str(described)


def test_nobody_may_reload_where_no_key_was_given_out() -> None:
    turn = models()
    with TestClient(create_app(Settings(threads=1), load=turn.__next__)) as client:
        while client.get("/health/ready").status_code == 503:
            pass
        refused = client.post("/admin/reload")
    assert refused.status_code in (401, 403)
    assert next(turn).identity.sha256 == f"{2:064}"


def test_before_the_first_model_is_there_a_reload_is_503() -> None:
    gate = threading.Event()

    def load() -> Classifier:
        assert gate.wait(10)
        return brightness_classifier()

    settings = Settings.model_validate({"threads": 1, "api_keys": ENTRY})
    with TestClient(create_app(settings, load=load), headers=AS_BOSS) as client:
        refused = client.post("/admin/reload")
        gate.set()
    assert (refused.status_code, refused.json()["code"]) == (503, "not_ready")


@pytest.mark.parametrize("path", ["/predict", "/predict?explain=true", "/predict/batch"])
def test_while_models_are_swapped_every_answer_is_of_one_model(path: str) -> None:
    is_over = threading.Event()

    def ask(client: TestClient) -> list[dict[str, object]]:
        answers = []
        while not is_over.is_set():
            answer = client.post(path, files=FILM)
            assert answer.status_code == 200, answer.text
            answers += answer.json().get("results", [answer.json()])
            assert client.get("/health/ready").status_code == 200
        return answers

    with serving(models().__next__) as client, ThreadPoolExecutor(3) as pool:
        asking = [pool.submit(ask, client) for _ in range(3)]
        try:
            for _ in range(20):
                assert client.post("/admin/reload").status_code == 200
        finally:
            is_over.set()
        answers = [answer for each in asking for answer in each.result()]
    assert len({answer["model"]["sha256"] for answer in answers}) > 2
    for answer in answers:
        assert answer["probabilities"]["BRIGHT"] == pytest.approx(SHARE[answer["model"]["sha256"]])


def test_where_a_link_was_to_be_watched_the_log_says_what_to_do_instead(
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings = {"model_path": "https://h.example/m.keras", "watch_model": True}
    with TestClient(create_app(Settings.model_validate(settings), load=brightness_classifier)):
        pass
    assert "a link is not watched: a signal or POST /admin/reload asks it again" in caplog.messages


@pytest.mark.parametrize("path", ["/predict", "/predict/batch"])
def test_an_upload_that_takes_long_keeps_no_former_model_and_is_answered_by_the_new(
    path: str,
) -> None:
    former: list[weakref.ref[Classifier]] = []
    turn = models()

    def load() -> Classifier:
        loaded = next(turn)
        former.append(weakref.ref(loaded))
        return loaded

    with serving(load) as client:
        parts, sent = [BODY[:100], BODY[100:]], []
        headers = {
            b"content-type": b"multipart/form-data; boundary=x",
            b"authorization": f"Bearer {KEY}".encode(),
        }

        async def receive() -> Message:
            if not parts:
                await asyncio.Event().wait()
            if len(parts) == 1:  # a part has come, and the rest keeps us waiting
                await client.app.state.service.reload("signal")
                assert former[0]() is None
            part = parts.pop(0)
            return {"type": "http.request", "body": part, "more_body": bool(parts)}

        async def send(message: Message) -> None:
            sent.append(message.get("body", b""))

        scope = {"type": "http", "method": "POST", "path": path, "raw_path": path.encode()}
        rest = {"query_string": b"", "headers": [*headers.items()], "client": ("::1", 1)}
        client.portal.call(client.app, {**scope, **rest, "http_version": "1.1"}, receive, send)
    answer = json.loads(b"".join(sent))
    answer = answer.get("results", [answer])[0]
    assert answer["model"]["sha256"] == f"{2:064}"
    assert answer["probabilities"]["BRIGHT"] == pytest.approx(0.2)
