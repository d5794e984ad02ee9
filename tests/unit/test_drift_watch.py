"""Whether drift is seen, and nothing is seen where there is none."""

from __future__ import annotations

import math
import time
import tracemalloc
from datetime import UTC, datetime

import numpy as np
import pytest

from drifting import LABELS, answers, reference, turns
from vistazo.answers.reference import Answered, Reference
from vistazo.models.serving_card import DriftSpec
from vistazo.service.drift.watch import Watch


def watch(of: Reference | None = None, **spec: object) -> Watch:
    return Watch(of or reference(), DriftSpec.model_validate(spec))


def test_answers_like_those_of_the_reference_are_no_drift() -> None:
    assert not list(turns(watch(), answers(3_000, seed=1)))


@pytest.mark.longer
@pytest.mark.parametrize("size", [100, 626, 2000])
def test_ten_thousand_answers_from_ten_seeds_each_raise_no_false_alarm(size: int) -> None:
    raised = []
    for seed in range(10):
        seen = watch(reference(size, seed=100 + seed))
        raised += list(turns(seen, answers(10_000, seed=200 + seed)))
    assert not raised


@pytest.mark.parametrize(
    "quantity", ["brightness", "contrast", "sharpness", "likeness", "confidence", "size"]
)
def test_a_shift_is_seen_within_300_answers_and_named(quantity: str) -> None:
    seen = watch()
    assert not list(turns(seen, answers(500, seed=2)))
    found = list(turns(seen, answers(300, seed=3, shift={quantity: 1.2})))
    assert {name for _, name, _ in found} == {quantity}
    assert found[0][2]
    assert found[0][0] <= 300


def test_a_shift_is_seen_from_the_first_answers_of_a_service_that_has_just_started() -> None:
    found = list(turns(watch(), answers(300, seed=4, shift={"brightness": 2})))
    assert found[0] == (100, "brightness", True)


def test_a_change_of_how_often_a_class_comes_is_no_change_of_its_pictures() -> None:
    """Though of all pictures together the brightness changes as much as by another exposure."""
    rare = answers(500, seed=5, share=0.15)
    both = [np.mean([one.quantities["brightness"] for one in many])
            for many in (rare, answers(500, seed=6))]  # fmt: skip
    assert both[1] - both[0] > 0.7
    found = list(turns(watch(), rare))
    assert {name for _, name, _ in found} == {"classes"}


def test_a_slow_change_of_the_classes_within_what_the_card_allows_is_no_drift() -> None:
    seen = watch(class_share={"PNEUMONIA": (0.15, 0.9)})
    for step, share in enumerate(np.linspace(0.15, 0.9, 12)):
        assert not list(turns(seen, answers(200, seed=10 + step, share=float(share))))
    found = list(turns(seen, answers(300, seed=30, share=0.02)))
    assert [(name, is_drifting) for _, name, is_drifting in found] == [("classes", True)]
    [classes] = [each for each in seen.quantities() if each.name == "classes"]
    assert classes.threshold is None


def test_more_of_a_class_than_the_card_allows_is_drift_too() -> None:
    found = list(turns(watch(class_share={"PNEUMONIA": (0.2, 0.7)}), answers(300, 1, share=0.9)))
    assert [name for _, name, _ in found] == ["classes"]


def test_the_more_the_classes_have_changed_the_more_has_a_quantity_to() -> None:
    """Of a class that comes more often fewer are called so by mistake; most of all that changes
    how sure the model is, and how like its own it finds them.
    """
    measured = {"confidence": 0.9, "likeness": 0.6, "size": 1.0}
    of = Reference.of(LABELS, [Answered(place % 2, measured) for place in range(100)])
    seen = watch(of)
    list(turns(seen, [Answered(0, measured)] * 100))
    thresholds = {each.name: each.threshold for each in seen.quantities()}
    assert thresholds == {"confidence": 0.5, "likeness": 0.5, "size": 0.375, "classes": 0.25}


def test_a_sure_model_that_is_sure_by_a_thousandth_less_is_as_sure() -> None:
    """But one that becomes unsure is not, though all of the reference are above 0.98."""
    random = np.random.default_rng(0)

    def sure(low: float, high: float, count: int) -> list[Answered]:
        values = random.uniform(low, high, count).tolist()
        return [Answered(place % 2, {"confidence": each}) for place, each in enumerate(values)]

    of = Reference.of(LABELS, sure(0.985, 1, 600))
    assert not list(turns(watch(of), sure(0.988, 0.992, 300)))
    found = list(turns(watch(of), sure(0.9, 0.985, 300)))
    assert {name for _, name, _ in found} == {"confidence"}
    spread = Reference.of(LABELS, sure(0.5, 1, 600))
    edges = watch(spread)._edges["confidence"]
    assert len(edges) > 6
    assert 1 - edges[-1] >= 0.02


def test_what_has_ended_is_said_and_may_begin_again() -> None:
    seen = watch()
    stream = [
        *answers(400, seed=7, shift={"brightness": 2}),
        *answers(600, seed=8),
        *answers(400, seed=9, shift={"brightness": -2}),
    ]
    found = list(turns(seen, stream))
    assert [each[1:] for each in found] == [
        ("brightness", True), ("brightness", False), ("brightness", True),
    ]  # fmt: skip


def test_since_when_a_quantity_drifts_is_known() -> None:
    at = datetime(2026, 5, 1, tzinfo=UTC)
    seen = Watch(reference(), DriftSpec(), now=lambda: at)
    list(turns(seen, answers(200, seed=4, shift={"size": 1})))
    assert {each.name: each.since for each in seen.quantities() if each.is_drifting} == {"size": at}


def test_before_there_are_a_hundred_answers_nothing_is_said() -> None:
    seen = watch()
    list(turns(seen, answers(99, seed=1)))
    assert (seen.has_enough, seen.quantities()) == (False, [])
    small = watch(window=50)
    list(turns(small, answers(50, seed=1)))
    assert small.has_enough


def test_what_the_card_ignores_is_not_watched_and_leaves_the_others_a_little_more() -> None:
    seen = watch(ignore=["brightness", "classes"])
    assert not list(turns(seen, answers(300, seed=3, shift={"brightness": 5}, share=0.1)))
    assert seen.level > watch().level


def test_the_level_spends_a_hundredth_of_a_false_alarm_on_ten_thousand_answers() -> None:
    tests = 400 * 7  # looks, and what is looked at: six quantities and the classes
    assert watch().level * tests == pytest.approx(0.01)


@pytest.mark.parametrize("known", [[50, 0], [250, 3]])
def test_of_a_label_that_the_reference_hardly_knows_its_pictures_say_nothing(
    known: list[int],
) -> None:
    random = np.random.default_rng(0)
    of = Reference.of(
        LABELS,
        [Answered(label, {"brightness": random.normal(3.0 * label)})
         for label in (0, 1) for _ in range(known[label])],
    )  # fmt: skip
    seen = watch(of)
    stream = [Answered(1, {"brightness": random.normal(3.0)}) for _ in range(300)]
    assert {name for _, name, _ in turns(seen, stream)} == {"classes"}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e308])
def test_a_quantity_that_is_no_number_ends_nothing(value: float) -> None:
    seen = watch()
    stream = [Answered(0, {"brightness": value, "unheard_of": 1.0})] * 150
    assert {name for _, name, _ in turns(seen, stream)} <= {"brightness", "classes"}
    assert all(math.isfinite(each.distance.psi) for each in seen.quantities())


def test_a_quantity_that_is_not_measured_any_more_is_left_out() -> None:
    seen = watch()
    bare = [Answered(each.label, {"size": each.quantities["size"]}) for each in answers(300, 1)]
    assert not list(turns(seen, bare))
    assert {each.name for each in seen.quantities()} == {"size", "classes"}


def test_the_window_holds_the_last_answers_and_no_more() -> None:
    seen = watch()
    list(turns(seen, answers(777, seed=1)))
    last = answers(777, seed=1)[-250:]
    assert seen.window.labels == [sum(each.label == place for each in last) for place in (0, 1)]
    binned = seen.reference.quantities["brightness"]
    places = [binned.bin_of(each.quantities["brightness"]) for each in last]
    expected = np.bincount(places, minlength=len(binned.edges) + 1).tolist()
    assert seen.window.bins["brightness"] == expected
    assert sum(seen.window.own_bins["brightness"]) == 777


def test_it_takes_little_and_no_more_the_longer_it_runs() -> None:
    stream, of = answers(600, seed=1), reference()
    tracemalloc.start()
    seen = watch(of)
    list(turns(seen, stream[:300]))
    early_bytes = tracemalloc.get_traced_memory()[0]
    list(turns(seen, stream[300:]))
    late_bytes = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert early_bytes < 200_000
    assert late_bytes - early_bytes < 10_000
    started_s = time.process_time()
    for each in stream:
        seen.see(LABELS[each.label], each.quantities)
    assert time.process_time() - started_s < len(stream) * 0.000_15
