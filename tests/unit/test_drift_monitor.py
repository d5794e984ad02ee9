"""The monitor follows the model that answers, whoever asks it and from how many threads."""

from __future__ import annotations

import gc
import logging
import weakref
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from builders import brightness_classifier
from vistazo.answers.decision import Decision
from vistazo.answers.reference import Answered, Reference
from vistazo.classifier import Classifier, Prediction
from vistazo.service.drift.monitor import Monitor

LABELS = ("DARK", "BRIGHT")


def known() -> Reference:
    """Half are bright, and all are as sure."""
    answers = [Answered(place % 2, {"confidence": 0.9 + place / 1e4}) for place in range(500)]
    return Reference.of(LABELS, answers)


def classifier(sha256: str = "0" * 64) -> Classifier:
    return brightness_classifier(reference=known(), sha256=sha256)


def prediction(of: Classifier, place: int, confidence: float | None = None) -> Prediction:
    sure = 0.9 + place * 7 % 500 / 1e4 if confidence is None else confidence
    decision = Decision((1 - sure, sure), LABELS[place % 2], sure, ())
    return Prediction(decision, of.identity)


def test_drift_is_logged_when_it_begins_and_when_it_ends(caplog: pytest.LogCaptureFixture) -> None:
    served = classifier()
    monitor = Monitor(lambda: served)
    with caplog.at_level(logging.INFO):
        for place in range(250):
            monitor.see(prediction(served, place, confidence=0.6))
        report = monitor.report()
        for place in range(500):
            monitor.see(prediction(served, place))
    told = [record for record in caplog.records if record.message.startswith("drift has")]
    assert [(one.message, one.levelname) for one in told] == [
        ("drift has begun", "WARNING"), ("drift has ended", "INFO"),
    ]  # fmt: skip
    assert (vars(told[0])["quantity"], vars(told[0])["kind"]) == ("confidence", "confidence")
    assert vars(told[0])["psi"] > 1
    assert report is not None
    assert (report.state, report.answers, report.baseline) == ("drifting", 250, 500)
    last = monitor.report()
    assert last is not None
    assert last.state == "steady"


def test_another_model_begins_anew_and_late_answers_of_the_old_one_are_left_out() -> None:
    models = [classifier(), classifier("1" * 64)]
    monitor = Monitor(lambda: models[0])
    for place in range(120):
        monitor.see(prediction(models[0], place))
    old = prediction(models.pop(0), 0)
    first = monitor.report()
    assert first is not None
    assert (first.model.sha256, first.answers, first.state) == ("1" * 64, 0, "too_few")
    monitor.see(old)
    monitor.see(prediction(models[0], 0))
    later = monitor.report()
    assert later is not None
    assert later.answers == 1
    assert sum(monitor.counts()["confidence"]) == 1


def test_the_same_file_loaded_again_begins_anew_for_its_card_may_be_another() -> None:
    models = [classifier(), classifier()]
    monitor = Monitor(lambda: models[0])
    monitor.see(prediction(models[0], 0))
    early = monitor.report()
    models.pop(0)
    report = monitor.report()
    assert early is not None
    assert report is not None
    assert (early.answers, report.answers) == (1, 0)


def test_a_model_that_was_replaced_is_not_kept_in_memory() -> None:
    models: list[Classifier] = [classifier()]
    monitor = Monitor(lambda: models[0])
    monitor.see(prediction(models[0], 0))
    gone = weakref.ref(models[0])
    models[0] = classifier("1" * 64)
    gc.collect()
    assert gone() is None


def test_without_a_reference_nothing_is_watched_and_without_a_model_nothing_is_known() -> None:
    models: list[Classifier] = []
    monitor = Monitor(lambda: models[0] if models else None)
    assert (monitor.report(), monitor.counts()) == (None, {})
    models.append(brightness_classifier())
    monitor.see(prediction(models[0], 0))
    report = monitor.report()
    assert report is not None
    assert (report.state, report.baseline, report.quantities) == ("no_baseline", None, ())
    assert not report.inputs_look_the_same


def test_answers_from_several_threads_are_all_counted() -> None:
    served = classifier()
    monitor = Monitor(lambda: served)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda place: monitor.see(prediction(served, place)), range(1_000)))
    assert sum(monitor.counts()["confidence"]) == 1_000
    report = monitor.report()
    assert report is not None
    assert report.answers == 250


def test_a_model_that_gives_no_confidence_is_watched_by_its_classes() -> None:
    served = classifier()
    monitor = Monitor(lambda: served)
    for place in range(150):
        each = prediction(served, place)
        bare = replace(each.decision, confidence=None)  # type: ignore[arg-type]  # as of samples
        monitor.see(replace(each, decision=bare))
    report = monitor.report()
    assert report is not None
    assert [each.name for each in report.quantities] == ["classes"]
