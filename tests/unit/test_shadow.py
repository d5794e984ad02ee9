"""The next model answers in the shadow: it holds up nobody, whatever it does."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from builders import BrightnessEngine, brightness_classifier, card, encoded, flat
from served_samples import row_classifier, text_classifier
from vistazo.classifier import Classifier
from vistazo.engines.base import Outputs
from vistazo.errors import CardError
from vistazo.loading import AnyClassifier, ModelSource
from vistazo.models.fetch import Link
from vistazo.service import telemetry
from vistazo.service.reload import (
    Answered,
    AnsweredPicture,
    AnsweredSample,
    Reloader,
    Shadow,
    ShadowPolicy,
    next_reloader,
    next_source,
)

EAGER = ShadowPolicy(1, settle_s=0, look_s=0.001)


class Held(BrightnessEngine):
    """Runs until it is interrupted, or for ever."""

    def __init__(self, *, can_end: bool = True) -> None:
        super().__init__()
        self.begun, self.ended = threading.Event(), threading.Event()
        self._can_end = can_end

    def run(self, images: NDArray[np.float32]) -> Outputs:
        self.runs += len(images)
        self.begun.set()
        self.ended.wait()
        raise RuntimeError("interrupted")

    def interrupt(self) -> None:
        super().interrupt()
        if self._can_end:
            self.ended.set()


class Broken(BrightnessEngine):
    def run(self, images: NDArray[np.float32]) -> Outputs:
        self.runs += len(images)
        raise RuntimeError("no such layer")


def answered(grey: int = 204, **changes: Any) -> AnsweredPicture:
    now, data = brightness_classifier(**changes), encoded(flat(grey))
    pixels = now.prepared(data).pixels
    return AnsweredPicture(data, pixels, now.card.input, now.card.labels, now.score(pixels), 0.001)


async def shadow_of(
    later: AnyClassifier, has_room: Callable[[], bool] = lambda: True, policy: ShadowPolicy = EAGER
) -> Shadow:
    shadow = Shadow(Reloader(lambda: later), policy, has_room)
    await shadow.load("start")
    return shadow


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - threads set what is waited for
            await asyncio.sleep(0.001)


def finished(shadow: Shadow) -> int:
    now = shadow.comparison
    return now.agreement.compared + now.dropped + now.failed


def offered(shadow_of_it: Callable[[], Any], *offers: Answered) -> Shadow:
    """One after another, each when the one before is done."""

    async def offering() -> Shadow:
        shadow: Shadow = await shadow_of_it()
        for number, each in enumerate(offers, start=1):
            shadow.offer(each)
            await until(lambda number=number: finished(shadow) == number and not shadow._running)
        return shadow

    return asyncio.run(offering())


def test_where_both_say_the_same_they_agree_and_where_not_it_is_said_how_far() -> None:
    # 0.8 of the one is 0.8 of the same, and 0.2 of a model whose first label is the other's second
    same = offered(lambda: shadow_of(brightness_classifier()), answered(), answered(51))
    assert same.comparison.agreement.compared == 2
    assert same.comparison.agreement.same_class == 1
    assert same.comparison.agreement.mean_difference == pytest.approx(0)
    swapped = brightness_classifier(labels=["BRIGHT", "DARK"])
    other = offered(lambda: shadow_of(swapped), answered(204)).comparison
    assert other.agreement.same_class == 0
    assert other.agreement.mean_difference == pytest.approx(0.6, abs=0.01)
    assert other.agreement.latency_ratio is not None


def test_labels_that_only_one_of_them_has_are_left_out() -> None:
    later = brightness_classifier(labels=["SHADY", "BRIGHT"])
    agreement = offered(lambda: shadow_of(later), answered(204)).comparison.agreement
    assert (agreement.compared, agreement.same_class) == (1, 1)
    assert agreement.mean_difference == pytest.approx(0)


def test_a_model_that_wants_its_input_otherwise_is_given_the_picture_as_it_wants_it() -> None:
    wide = card(input={"height": 4, "width": 6, "colour": "rgb"})
    later = brightness_classifier(
        BrightnessEngine(of=wide), input={"height": 4, "width": 6, "colour": "rgb"}
    )
    agreement = offered(lambda: shadow_of(later), answered(204)).comparison.agreement
    assert agreement.compared == 1
    assert agreement.mean_difference == pytest.approx(0, abs=0.01)


def answered_text(text: str = "es verdad") -> AnsweredSample:
    now = text_classifier()
    return AnsweredSample([text], "texts", now.card.labels, now.classify([text])[0], 0.001)


def test_texts_are_compared_too() -> None:
    later = text_classifier(sha256="1" * 64)
    agreement = offered(lambda: shadow_of(later), answered_text()).comparison.agreement
    assert (agreement.compared, agreement.same_class) == (1, 1)
    assert agreement.mean_difference == pytest.approx(0)


def test_an_estimator_without_probabilities_is_taken_to_be_sure() -> None:
    row = row_classifier()
    answer = AnsweredSample([[2.0, 1.0]], "rows", ("A", "B"), row.classify([[2.0, 1.0]])[0], 0.001)
    assert answer.opinion().probabilities == {"A": 0, "B": 1}
    agreement = offered(lambda: shadow_of(row_classifier()), answer).comparison.agreement
    assert (agreement.compared, agreement.mean_difference) == (1, 0)


def test_what_another_kind_of_model_takes_is_offered_to_none() -> None:
    async def offering() -> Shadow:
        shadow = await shadow_of(brightness_classifier())
        shadow.offer(answered_text())
        assert shadow._running is None
        return shadow

    assert finished(asyncio.run(offering())) == 0


def test_a_next_model_of_another_task_is_refused_in_words(tmp_path: Path) -> None:
    source = next_source(ModelSource(tmp_path, None, tmp_path), tmp_path / "next.joblib")
    later = next_reloader(source, text_classifier, brightness_classifier)
    reason = str(asyncio.run(later.reload("start")).reason)
    assert "takes texts, the one that answers pictures" in reason


def test_a_request_that_wants_the_cpu_ends_the_shadow_in_the_middle_of_its_work() -> None:
    engine, room = Held(), [True]

    async def offering() -> Shadow:
        shadow = await shadow_of(brightness_classifier(engine), lambda: room[0])
        shadow.offer(answered())
        await until(engine.begun.is_set)
        assert engine.interrupts == 0
        room[0] = False
        await until(lambda: shadow.comparison.dropped)
        return shadow

    shadow = asyncio.run(offering())
    assert engine.interrupts
    assert shadow.comparison.failed == 0


def test_where_there_is_no_room_it_does_not_even_begin() -> None:
    engine = BrightnessEngine()
    shadow = offered(lambda: shadow_of(brightness_classifier(engine), lambda: False), answered())
    assert (shadow.comparison.dropped, engine.runs) == (1, 0)


def test_one_picture_is_held_at_a_time() -> None:
    engine = Held()

    async def offering() -> Shadow:
        shadow = await shadow_of(brightness_classifier(engine))
        shadow.offer(answered())
        await until(engine.begun.is_set)
        for _ in range(5):
            shadow.offer(answered())
        assert shadow.comparison.dropped == 5
        shadow.close()
        shadow.offer(answered())
        await until(lambda: shadow._running is None)
        return shadow

    assert asyncio.run(offering()).comparison.dropped == 6  # the first was ended at the close


def test_what_goes_wrong_with_it_is_counted() -> None:
    shadow = offered(lambda: shadow_of(brightness_classifier(Broken())), answered(), answered())
    assert (shadow.comparison.failed, shadow.comparison.agreement.compared) == (2, 0)


def test_one_that_hangs_for_ever_keeps_nobody_from_the_end() -> None:
    engine = Held(can_end=False)

    async def offering() -> None:
        shadow = await shadow_of(brightness_classifier(engine))
        shadow.offer(answered())
        await until(engine.begun.is_set)
        shadow.close()

    started = time.monotonic()
    asyncio.run(offering())
    assert time.monotonic() - started < 5
    engine.ended.set()


def test_another_model_on_either_side_begins_a_new_count() -> None:
    async def offering() -> list[int]:
        shadow = await shadow_of(brightness_classifier(sha256="b" * 64))
        compared = []
        for sha256 in ("0" * 64, "0" * 64, "1" * 64):
            shadow.offer(answered(sha256=sha256))
            await until(lambda: not shadow._running)
            compared.append(shadow.comparison.agreement.compared)
        return compared

    assert asyncio.run(offering()) == [1, 2, 1]


def test_a_share_of_the_requests_is_answered() -> None:
    async def offering() -> int:
        policy = ShadowPolicy(0.5, settle_s=0)
        shadow = await shadow_of(brightness_classifier(), policy=policy)
        shadow._chance.seed(1)
        one = answered()
        for _ in range(40):
            shadow.offer(one)
            await until(lambda: not shadow._running)
        return shadow.comparison.agreement.compared

    assert 10 < asyncio.run(offering()) < 30


def test_the_agreement_is_logged_now_and_then_and_at_the_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    often = ShadowPolicy(1, settle_s=0, log_every_s=0)
    offered(lambda: shadow_of(brightness_classifier(), policy=often), answered()).close()
    told = [vars(each) for each in caplog.records if each.message == "the next model, compared"]
    assert [(each["compared"], each["same_class"]) for each in told] == [(1, 1.0)] * 2


def test_what_happens_there_is_not_logged_as_the_requests() -> None:
    seen: list[str | None] = []

    def has_room() -> bool:
        seen.append(telemetry.request_id.get())
        return True

    async def offering() -> None:
        telemetry.request_id.set("of a caller")
        shadow = await shadow_of(brightness_classifier(), has_room)
        shadow.offer(answered())
        await until(lambda: finished(shadow))

    asyncio.run(offering())
    assert set(seen) == {None}


def test_one_with_other_labels_altogether_is_refused_in_words(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    source, now = ModelSource(tmp_path / "m.keras", None, tmp_path), brightness_classifier()
    cats = brightness_classifier(labels=["CAT", "DOG"])

    async def loading() -> Shadow:
        shadow = Shadow(next_reloader(source, lambda: cats, lambda: now), EAGER, lambda: True)
        await shadow.load("start")
        shadow.offer(answered())
        return shadow

    comparison = asyncio.run(loading()).comparison
    assert comparison.model is None
    assert comparison.last is not None
    assert comparison.last.code == "card_invalid"
    assert "no label in common: it has CAT, DOG, not DARK, BRIGHT" in str(comparison.last.reason)
    [told] = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert told.message == "the next model cannot be compared"


@pytest.mark.parametrize("fault", [CardError("no card"), MemoryError()])
def test_one_that_cannot_be_read_is_told_of_and_read_again_when_asked(fault: Exception) -> None:
    faults = [fault]

    def load() -> Classifier:
        if faults:
            raise faults.pop()
        return brightness_classifier()

    async def loading() -> tuple[object, object]:
        shadow = Shadow(Reloader(load), EAGER, lambda: True)
        await shadow.load("start")
        before = shadow.comparison.model
        await shadow.load("signal")
        return before, shadow.comparison.model

    before, after = asyncio.run(loading())
    assert before is None
    assert after is not None


def test_strange_pictures_are_compared_even_where_they_are_refused(tmp_path: Path) -> None:
    source = ModelSource(
        tmp_path / "m.keras", tmp_path / "c.yaml", tmp_path, out_of_distribution="reject"
    )
    later = next_source(source, Link("https://h.example/n.keras"))
    assert (later.out_of_distribution, later.card) == ("warn", None)


def test_a_picture_that_was_no_file_is_asked_of_a_model_with_the_same_input_only() -> None:
    pixels = replace(answered(), data=None)
    assert pixels.may_be_asked(brightness_classifier())
    assert pixels.second_opinion(brightness_classifier(), threading.Event()) is not None
    assert not pixels.may_be_asked(brightness_classifier(input={"height": 9}))
