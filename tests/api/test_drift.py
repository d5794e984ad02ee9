"""GET /drift: what somebody reads there, and who may."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from starlette.testclient import TestClient

from builders import brightness_classifier, encoded, flat
from metric_samples import measured
from vistazo.answers.decision import Decision
from vistazo.answers.reference import Answered, Reference
from vistazo.api.app import create_app
from vistazo.classifier import Prediction
from vistazo.service.access.api_key import digest_of, new_key
from vistazo.service.access.key_ring import KeyEntry
from vistazo.service.settings import Settings

LABELS = ("DARK", "BRIGHT")
PICTURE = {"file": ("perez.png", encoded(flat(230)))}


def known() -> Reference:
    answers = [Answered(place % 2, {"confidence": 0.6 + place / 2000}) for place in range(600)]
    return Reference.of(LABELS, answers)


@contextmanager
def serving(
    reference: Reference | None = None, gate: threading.Event | None = None, **settings: Any
) -> Iterator[TestClient]:
    def load() -> Any:
        assert gate is None or gate.wait(10)
        return brightness_classifier(reference=reference)

    app = create_app(Settings.model_validate({"threads": 1, **settings}), load=load)
    with TestClient(app, raise_server_exceptions=False) as client:
        while gate is None and client.get("/health/ready").status_code == 503:
            pass
        yield client


def answer(client: TestClient, count: int, confidence: float | None = None) -> None:
    """As many answers of the served model, without the pictures."""
    state = client.app.state  # type: ignore[attr-defined]  # it is a FastAPI
    for place in range(count):
        sure = 0.6 + place * 7 % 600 / 2000 if confidence is None else confidence
        decision = Decision((1 - sure, sure), LABELS[place % 2], sure, ())
        state.monitor.see(Prediction(decision, state.service.classifier.identity))


def test_what_is_said_of_answers_like_those_of_the_baseline() -> None:
    with serving(known()) as client:
        answer(client, 180)
        found = client.get("/drift")
    assert found.headers["cache-control"] == "no-store"
    told = found.json()
    assert told["model"]["sha256"] == "0" * 64
    assert (told["state"], told["window"], told["baseline"]) == (
        "steady", {"answers": 180, "of": 250}, {"answers": 600},
    )  # fmt: skip
    confidence, classes = told["quantities"]
    assert (confidence["name"], confidence["kind"]) == ("confidence", "confidence")
    assert (confidence["is_drifting"], confidence["since"]) == (False, None)
    assert "feedback" not in told
    assert confidence["what_to_do"] is None
    assert confidence["threshold_psi"] == 0.25
    assert len(confidence["edges"]) + 1 == len(confidence["window"]) == len(confidence["baseline"])
    assert abs(sum(confidence["window"]) - 1) < 0.01
    assert (classes["name"], classes["labels"], classes["edges"]) == ("classes", list(LABELS), None)


def test_what_has_changed_is_named_with_what_to_do_in_two_languages() -> None:
    with serving(known()) as client:
        answer(client, 250, confidence=0.61)
        told = client.get("/drift").json()
    assert told["state"] == "drifting"
    confidence, classes = told["quantities"]
    assert confidence["is_drifting"]
    assert not classes["is_drifting"]
    assert confidence["since"].startswith("20")
    assert confidence["psi"] > 1
    assert confidence["p_value"] < 1e-6
    assert {language: text[:3] for language, text in confidence["what_to_do"].items()} == {
        "en": "The", "es": "El ",
    }  # fmt: skip


def test_an_answer_is_counted_once_however_often_somebody_looks_at_its_picture() -> None:
    with serving(known()) as client:
        for path in (
            "/predict", "/predict?explain=true", "/explain", "/predict?explain=true&label=DARK",
            "/predict?show_input=true", "/explain?label=DARK",
        ):  # fmt: skip
            assert client.post(path, files=PICTURE).status_code == 200
        batch = [("file", PICTURE["file"])] * 2
        assert client.post("/predict/batch", files=batch).status_code == 200
        told = client.get("/drift").json()
    assert (told["state"], told["window"]["answers"], told["quantities"]) == ("too_few", 5, [])


def test_a_model_without_a_reference_says_so() -> None:
    with serving() as client:
        assert client.post("/predict", files=PICTURE).status_code == 200
        told = client.get("/drift").json()
    assert (told["state"], told["baseline"], told["quantities"]) == ("no_baseline", None, [])


def test_before_there_is_a_model_the_service_is_not_ready() -> None:
    gate = threading.Event()
    with serving(known(), gate) as client:
        early = client.get("/drift")
        gate.set()
    assert (early.status_code, early.json()["code"]) == (503, "not_ready")


def test_only_who_may_read_the_metrics_may_read_it() -> None:
    keys = {scope: new_key() for scope in ("metrics", "predict")}
    entries = [
        str(KeyEntry(scope, frozenset({scope}), digest_of(key)))  # type: ignore[arg-type]
        for scope, key in keys.items()
    ]
    with serving(known(), api_keys=",".join(entries)) as client:
        status = {
            scope: client.get("/drift", headers={"Authorization": f"Bearer {key}"}).status_code
            for scope, key in keys.items()
        }
        assert client.get("/drift").status_code == 401
    assert status == {"metrics": 200, "predict": 403}


def test_it_can_be_scraped() -> None:
    with serving(known()) as client:
        answer(client, 99)
        few = measured(client)
        answer(client, 250, confidence=0.61)
        figures = measured(client)
    assert few["vistazo_drift_window_answers"] == {(): 99}
    assert "vistazo_drift_psi" not in few
    assert figures["vistazo_drift_psi"]["confidence",] > 1
    assert 0.5 < figures["vistazo_drift_js_distance"]["confidence",] <= 1
    assert figures["vistazo_drifting"] == {
        ("confidence", "confidence"): 1, ("output", "classes"): 0,
    }  # fmt: skip
    assert sum(figures["vistazo_drift_answers_total"].values()) == 349


def test_nothing_of_a_picture_or_its_name_is_told() -> None:
    with serving(known()) as client:
        client.post("/predict", files=PICTURE)
        answer(client, 200)
        assert "perez" not in json.dumps(client.get("/drift").json())
