"""Runs that come at once are one batch, and nobody is hurt by his neighbours in it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest
from numpy.typing import NDArray

from builders import BrightnessEngine
from vistazo.engines.base import Outputs
from vistazo.engines.microbatching import MicrobatchingEngine


class Watched(BrightnessEngine):
    """Says how many pictures each run had; a picture of -1 breaks every run that it is in."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        super().__init__(self.gate, maps=True)
        self.sizes: list[int] = []
        self.fault: Exception = ValueError("a bad picture")

    def run(self, images: NDArray[np.float32]) -> Outputs:
        self.sizes.append(len(images))
        outputs = super().run(images)
        if (images < 0).any():
            raise self.fault
        return outputs

    def interrupt(self) -> None:
        self.fault = RuntimeError("interrupted")
        self.gate.set()


def picture(value: float) -> NDArray[np.float32]:
    return np.full((1, 2, 2, 1), value, np.float32)


@contextmanager
def while_one_runs(
    engine: Watched, batching: MicrobatchingEngine, *values: float, first: float = 0.5
) -> Iterator[list[Future[Outputs]]]:
    """One run is held, and the others come meanwhile."""
    with ThreadPoolExecutor(len(values) + 1) as callers:
        results = [callers.submit(batching.run, picture(first))]
        wait_until(lambda: engine.sizes == [1])
        for count, value in enumerate(values, start=1):
            results.append(callers.submit(batching.run, picture(value)))
            wait_until(lambda count=count: len(batching._waiting) == count)
        yield results


def wait_until(is_so: object) -> None:
    deadline = time.monotonic() + 10
    assert callable(is_so)
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def score(result: Future[Outputs]) -> float:
    return float(result.result(10).scores[0, 0])


def test_who_comes_while_the_device_is_busy_is_in_its_next_batch() -> None:
    engine = Watched()
    with while_one_runs(engine, MicrobatchingEngine(engine), 0.1, 0.2, 0.3) as results:
        engine.gate.set()
    assert engine.sizes == [1, 3]
    assert [score(each) for each in results] == pytest.approx([0.5, 0.1, 0.2, 0.3])
    maps = [each.result().features for each in results]
    assert [found is not None and found.mean() for found in maps] == pytest.approx(
        [0.5, 0.1, 0.2, 0.3]
    )


def test_a_batch_has_so_many_pictures_at_most() -> None:
    engine = Watched()
    batching = MicrobatchingEngine(engine, most_images=2)
    with while_one_runs(engine, batching, 0.1, 0.2, 0.3) as results:
        engine.gate.set()
    assert engine.sizes == [1, 2, 1]
    assert [score(each) for each in results[1:]] == pytest.approx([0.1, 0.2, 0.3])


def test_a_picture_that_breaks_its_batch_hurts_nobody_else() -> None:
    engine = Watched()
    with while_one_runs(engine, MicrobatchingEngine(engine), 0.1, -1, 0.3) as results:
        engine.gate.set()
    assert engine.sizes == [1, 3, 1, 1, 1]
    assert [score(each) for each in (results[1], results[3])] == pytest.approx([0.1, 0.3])
    with pytest.raises(ValueError, match="a bad picture"):
        results[2].result()


def test_an_interruption_ends_what_runs_and_what_waits_and_no_later_run() -> None:
    engine = Watched()
    batching = MicrobatchingEngine(engine)
    with while_one_runs(engine, batching, 0.1, 0.2, first=-1) as results:
        batching.interrupt()
    for each in results:
        with pytest.raises(RuntimeError, match=r"interrupted|ended"):
            each.result()
    assert batching.run(picture(0.4)).scores == pytest.approx(0.4)
    assert engine.sizes == [1, 1]


class InterruptedInABatch(Watched):
    batching: MicrobatchingEngine

    def run(self, images: NDArray[np.float32]) -> Outputs:
        outputs = super().run(images)
        if len(images) > 1:
            self.batching.interrupt()
            raise RuntimeError("interrupted")
        return outputs


def test_what_was_interrupted_is_not_tried_again() -> None:
    engine = InterruptedInABatch()
    engine.batching = MicrobatchingEngine(engine)
    with while_one_runs(engine, engine.batching, 0.1, 0.2) as results:
        engine.gate.set()
    for each in results[1:]:
        with pytest.raises(RuntimeError, match="interrupted"):
            each.result()
    assert engine.sizes == [1, 2]


class StoppedOnce(Watched):
    """By Ctrl-C, in its first batch."""

    def run(self, images: NDArray[np.float32]) -> Outputs:
        outputs = super().run(images)
        if self.sizes == [1, len(images)]:
            raise KeyboardInterrupt
        return outputs


def test_who_leads_a_batch_and_is_stopped_leaves_it_to_the_others() -> None:
    engine = StoppedOnce()
    with while_one_runs(engine, MicrobatchingEngine(engine), 0.1, 0.2, 0.3) as results:
        engine.gate.set()
    answers = {0.1: results[1], 0.2: results[2], 0.3: results[3]}
    stopped = [value for value, each in answers.items() if each.exception(10)]
    assert len(stopped) == 1, "whoever led it"
    for value in answers.keys() - stopped:
        assert score(answers[value]) == pytest.approx(value)


def test_the_batch_of_one_caller_is_run_as_it_is() -> None:
    engine = Watched()
    engine.gate.set()
    three = np.concatenate([picture(value) for value in (0.1, 0.2, 0.3)])
    scores = MicrobatchingEngine(engine, most_images=2).run(three).scores
    assert scores[:, 0] == pytest.approx([0.1, 0.2, 0.3])
    assert engine.sizes == [3]
