"""MODEL_PATH_NEXT: what callers see of it, which is nothing, and what GET /model says."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from numpy.typing import NDArray
from starlette.testclient import TestClient

from builders import BrightnessEngine, brightness_classifier, encoded, flat
from vistazo.api.app import create_app
from vistazo.classifier import Classifier
from vistazo.engines.base import Outputs
from vistazo.errors import UnreadableModelError
from vistazo.service.settings import Settings

FILM = {"file": ("film.png", encoded(flat(204)))}


class Opposite(BrightnessEngine):
    def run(self, images: NDArray[np.float32]) -> Outputs:
        outputs = super().run(images)
        return Outputs(1 - outputs.scores, None)


@contextmanager
def serving(load_next: Callable[[], Classifier]) -> Iterator[TestClient]:
    settings = {"threads": 2, "model_path_next": "/models/next.keras", "shadow_share": 1}
    app = create_app(
        Settings.model_validate(settings), load=brightness_classifier, load_next=load_next
    )
    with TestClient(app, raise_server_exceptions=False) as client:
        wait_until(lambda: client.get("/health/ready").status_code == 200)
        wait_until(lambda: client.get("/model").json()["next"]["reload"])
        yield client


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.mark.parametrize("path", ["/predict", "/predict/batch"])
def test_the_next_model_is_compared_and_nobody_is_answered_by_it(path: str) -> None:
    later = brightness_classifier(Opposite(), sha256="b" * 64)
    with serving(lambda: later) as client:
        answer = client.post(path, files=FILM).json()
        answer = answer.get("results", [answer])[0]
        assert answer["predicted_class"] == "BRIGHT"
        assert answer["model"]["sha256"] == "0" * 64
        wait_until(lambda: client.get("/model").json()["next"]["compared"])
        compared = client.get("/model").json()["next"]
    assert compared["model"] == {"name": "brightness", "version": "1.0.0", "sha256": "b" * 64}
    assert (compared["compared"], compared["same_class"]) == (1, 0)
    assert compared["mean_difference"] == pytest.approx(0.6, abs=0.01)


def test_one_that_cannot_be_read_stops_nobody_and_where_it_lies_is_for_the_log() -> None:
    def load() -> Classifier:
        raise UnreadableModelError("/models/next.keras is no model")

    with serving(load) as client:
        assert client.post("/predict", files=FILM).status_code == 200
        described = client.get("/model").json()
    assert described["next"]["model"] is None
    assert described["next"]["reload"]["code"] == "model_unreadable"
    assert "/models" not in str(described["next"])
