"""The pictures of one request, on as many cores as nobody else wants."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from starlette.testclient import TestClient

from builders import BrightnessEngine, brightness_classifier, encoded, flat
from hostile_pictures import begun_png
from live_service import on_a_socket
from vistazo.api.app import create_app
from vistazo.engines.base import Outputs
from vistazo.service.settings import Settings

GREYS = range(10, 250, 15)


class Together(BrightnessEngine):
    """Answers when as many run at once; the darker the picture, the longer it takes then."""

    def __init__(self, runs: int) -> None:
        super().__init__()
        self._barrier = threading.Barrier(runs, timeout=5)

    def run(self, images: NDArray[np.float32]) -> Outputs:
        if images.any():  # the first run is on an empty picture
            self._barrier.wait()
            time.sleep(0.01 * float(1 - images.mean()))
        return super().run(images)


class Defect(BrightnessEngine):
    """Of its own, at one of the pictures."""

    def run(self, images: NDArray[np.float32]) -> Outputs:
        if 0.49 < images.mean() < 0.51:
            raise ZeroDivisionError
        time.sleep(0.005)
        return super().run(images)


def serving(engine: BrightnessEngine, **settings: Any) -> TestClient:
    app = create_app(
        Settings.model_validate({"threads": 4, **settings}),
        load=lambda: brightness_classifier(engine),
        load_next=lambda: brightness_classifier(sha256="b" * 64),
    )
    return TestClient(app, raise_server_exceptions=False)


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def files(*pictures: bytes) -> list[Any]:
    return [("file", (f"{number}.png", data)) for number, data in enumerate(pictures)]


def results(client: TestClient, *pictures: bytes) -> list[dict[str, Any]]:
    until(lambda: client.get("/health/ready").status_code == 200)
    answer = client.post("/predict/batch", files=files(*pictures))
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


def test_a_batch_is_worked_on_in_all_threads_and_answered_in_order() -> None:
    with serving(Together(4)) as client:
        found = results(client, *(encoded(flat(grey)) for grey in GREYS))
    assert [each["filename"] for each in found] == [f"{n}.png" for n in range(len(GREYS))]
    assert [each["predictions"][1] for each in found] == pytest.approx([g / 255 for g in GREYS])


def test_a_wrong_file_in_the_middle_costs_its_own_place_only() -> None:
    pictures = [encoded(flat(grey)) for grey in GREYS]
    pictures[7] = b"text"
    with serving(BrightnessEngine()) as client:
        found = results(client, *pictures)
    assert found[7]["problem"]["code"] == "unsupported_format"
    assert sum("predictions" in each for each in found) == len(GREYS) - 1


def test_which_picture_is_one_too_many_is_no_chance() -> None:
    deep, white = begun_png(16, 6, n_bytes=100), encoded(flat(230))
    with serving(BrightnessEngine()) as client:
        for _ in range(5):
            found = results(client, deep, white, deep, deep, white, deep)
            codes = [each.get("problem", {}).get("code") for each in found]
            too_many = ["rejected_upload"]
            assert codes == ["corrupt_image", None, *too_many * 2, None, *too_many]


def test_a_defect_at_one_of_the_pictures_ends_the_request_and_leaves_nothing_behind() -> None:
    engine = Defect()
    with serving(engine, threads=3) as client:
        until(lambda: client.get("/health/ready").status_code == 200)
        grey, white = encoded(flat(128)), encoded(flat(230))
        failed = client.post("/predict/batch", files=files(white, grey, *[white] * 14))
        assert failed.status_code == 500
        runs, admission = engine.runs, client.app.state.service.admission  # type: ignore[attr-defined]
        assert (admission.busy_workers, admission.requests) == (0, 0)
        time.sleep(0.03)
        assert engine.runs == runs < 8
        assert len(results(client, *[white] * 16)) == 16


def test_of_a_batch_whose_caller_left_only_the_pictures_that_run_are_finished() -> None:
    with on_a_socket(threads=2) as running:
        admission = running.service.admission
        workers = admission.policy.workers
        with running.send("/predict/batch", pictures=8):
            until(lambda: admission.busy_workers == workers)
        time.sleep(0.05)
        assert (admission.requests, admission.busy_workers) == (1, workers)
        running.gate.set()
        running.has(requests=0)
        assert running.engine.runs == workers


def test_of_a_batch_the_next_model_is_offered_one_picture_once_all_are_answered() -> None:
    settings = {"model_path_next": "/models/next.keras", "shadow_share": 1}
    with serving(BrightnessEngine(), **settings) as client:
        until(lambda: (client.get("/model").json().get("next") or {}).get("reload"))
        results(client, *(encoded(flat(grey)) for grey in GREYS))
        until(lambda: client.get("/model").json()["next"]["compared"])
        following = client.get("/model").json()["next"]
    assert (following["compared"], following["dropped"], following["failed"]) == (1, 0, 0)
