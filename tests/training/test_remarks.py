"""What is said where figures show that the card, and not the model, is wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import builders
from vistazo.training.answers import Answers
from vistazo.training.remarks import remarks
from vistazo.training.report import measure_answers

MODEL = Path("models/mine.h5")
Floats = NDArray[np.float64]


@pytest.fixture(autouse=True)
def _few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vistazo.training.evaluation.RESAMPLES", 50)


def said_of(
    probabilities: Floats, labels: list[int], names: tuple[str, ...] = ("DARK", "BRIGHT")
) -> list[str]:
    truth, positive = np.array(labels), 1 if len(names) == 2 else None
    answers = Answers(probabilities, truth, np.arange(len(truth)), names, positive, 0.5)
    output = {"kind": "softmax"}
    card = builders.card(labels=names, positive=None, output=output)
    return remarks(card, MODEL, answers, measure_answers(answers))


def of_two(scores: list[float]) -> Floats:
    """Probabilities of DARK and of BRIGHT, from those of BRIGHT."""
    return np.stack([1 - np.array(scores), scores], axis=1)


def of_many(called: list[int], count: int) -> Floats:
    said = np.full((len(called), count), 0.1 / count)
    said[np.arange(len(called)), called] += 0.9
    return said


def test_a_sound_model_gets_no_remark() -> None:
    assert said_of(of_two([0.1, 0.2, 0.6] * 5 + [0.4, 0.8, 0.9] * 5), [0] * 15 + [1] * 15) == []
    assert said_of(of_many([0, 1, 2] * 8, 3), [0, 1, 2] * 8, ("a", "b", "c")) == []


def test_what_is_not_measured_of_a_model_of_several_outputs_is_said() -> None:
    scores, truth = of_two([0.1, 0.2, 0.6] * 5 + [0.4, 0.8, 0.9] * 5), np.arange(30) // 15
    answers = Answers(scores, truth, np.arange(30), ("DARK", "BRIGHT"), 1, 0.5)
    of_faces = builders.card(more_outputs={"age": {"kind": "value"}})
    (said,) = remarks(of_faces, MODEL, answers, measure_answers(answers))
    assert "not measured: age" in said


def test_two_labels_in_the_wrong_order_are_named_with_the_card_that_mends_them() -> None:
    (said,) = said_of(of_two([0.9, 0.8, 0.7] * 4 + [0.3, 0.2, 0.1] * 4), [0] * 12 + [1] * 12)
    assert "AUC is 0.0000, under 0.5" in said
    assert "'labels: [BRIGHT, DARK]' would fit" in said
    assert "mine.card.yaml" in said
    assert "colours may be inverted" in said
    assert "interval reaches" not in said


def test_what_may_be_chance_is_said_to_be() -> None:
    (said,) = said_of(of_two([0.4, 0.6, 0.55, 0.45, 0.35, 0.58]), [0, 0, 0, 1, 1, 1])
    assert "the interval reaches 0.5" in said


def test_a_new_order_can_be_pasted_into_a_card_whatever_the_labels() -> None:
    scores = of_two([0.9] * 6 + [0.1] * 6)
    (said,) = said_of(scores, [0] * 6 + [1] * 6, ("no", "yes: sure"))
    assert "'labels: ['yes: sure', 'no']' would fit" in said


def test_several_labels_in_another_order_are_found_though_the_auc_is_above_chance() -> None:
    names = ("scab", "rot", "rust", "healthy", "spot")
    truth = [0, 1, 2, 3, 4] * 6
    called = [{0: 1, 1: 2, 2: 0}.get(label, label) for label in truth]
    called[0] = 4  # a mistake does not hide it
    (said,) = said_of(of_many(called, 5), truth, names)
    # What 'scab' should be called is column 1, and so on.
    assert "'labels: [rust, scab, rot, healthy, spot]' would fit" in said
    assert "AUC" not in said


@pytest.mark.parametrize(
    "called",
    [
        [1, 1, 1, 1, 1, 1] + [1, 1, 1, 1, 1, 1] + [2] * 6,  # 0 is missed, and 1 is not moved
        [1, 1, 1, 0, 0, 0] + [0, 0, 0, 1, 1, 1] + [2] * 6,  # a toss-up between two
    ],
)
def test_labels_that_are_only_mixed_up_are_in_no_other_order(called: list[int]) -> None:
    assert said_of(of_many(called, 3), [0] * 6 + [1] * 6 + [2] * 6, ("a", "b", "c")) == []


@pytest.mark.parametrize("scores", [[0.9] * 20, [0.1] * 2 + [0.9] * 18])
def test_one_answer_for_everything_points_to_the_scale(scores: list[float]) -> None:
    said = said_of(of_two(scores), [0] * 10 + [1] * 10)
    (said_of_one,) = [remark for remark in said if "is the answer for" in remark]
    assert said_of_one.startswith(f"BRIGHT is the answer for {scores.count(0.9)} of 20 pictures")
    assert "wrong scale: mine.card.yaml says 1/255" in said_of_one
    assert f"vistazo inspect {MODEL} PICTURES" in said_of_one


def test_a_rare_label_that_is_found_is_not_one_answer_for_everything() -> None:
    scores = [0.1] * 97 + [0.1, 0.1, 0.9]
    assert said_of(of_two(scores), [0] * 97 + [1] * 3) == []


def test_pictures_of_one_label_alone_say_nothing_about_the_card() -> None:
    assert said_of(of_two([0.9] * 20), [1] * 20) == []
    assert said_of(of_many([1] * 20, 3), [1] * 20, ("a", "b", "c")) == []


def test_too_few_pictures_say_nothing_about_the_scale() -> None:
    assert said_of(of_two([0.8, 0.9]), [0, 1]) == []
