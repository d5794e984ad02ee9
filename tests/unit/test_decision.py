from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import card
from vistazo.answers.decision import calibrate, decide


def scores(*values: float) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.array(values, np.float32)


THREE = {"labels": ["A", "B", "C"], "output": {"kind": "softmax"}}


def test_one_sigmoid_unit_is_served_as_two_probabilities() -> None:
    decision = decide(scores(0.8), card())
    assert decision.probabilities == pytest.approx((0.2, 0.8))
    assert decision.predicted_class == "BRIGHT"
    assert decision.confidence == pytest.approx(0.8)


@pytest.mark.parametrize(("p", "label"), [(0.29, "DARK"), (0.31, "BRIGHT")])
def test_the_threshold_of_the_card_decides(p: float, label: str) -> None:
    assert decide(scores(p), card(output={"threshold": 0.3})).predicted_class == label


def test_the_threshold_speaks_of_the_positive_label_wherever_it_stands() -> None:
    decision = decide(scores(0.6), card(positive="DARK", output={"threshold": 0.3}))
    assert decision.predicted_class == "DARK"
    assert decision.confidence == pytest.approx(0.4)


def test_of_many_classes_the_most_probable_is_predicted() -> None:
    assert decide(scores(0.2, 0.5, 0.3), card(**THREE)).predicted_class == "B"


def test_independent_labels_need_not_sum_to_one() -> None:
    decision = decide(
        scores(0.9, 0.8, 0.1), card(labels=["A", "B", "C"], output={"kind": "multilabel"})
    )
    assert decision.probabilities == pytest.approx((0.9, 0.8, 0.1))


def test_logits_become_probabilities() -> None:
    logits = {"kind": "logits"}
    assert decide(scores(0.0), card(output=logits)).probabilities == pytest.approx((0.5, 0.5))
    three = decide(scores(1, 1, 1), card(labels=["A", "B", "C"], output=logits))
    assert three.probabilities == pytest.approx((1 / 3, 1 / 3, 1 / 3))


@pytest.mark.parametrize(
    ("p", "is_uncertain"), [(0.3, False), (0.4, True), (0.6, True), (0.7, False)]
)
def test_between_the_two_ends_of_the_band_the_answer_is_uncertain(
    p: float, is_uncertain: bool
) -> None:
    decision = decide(scores(p), card(output={"uncertain_band": [0.4, 0.6 + 1e-6]}))
    assert ("uncertain" in decision.warnings) is is_uncertain


@given(st.floats(0, 1, width=32), st.floats(0.2, 5))
def test_a_temperature_softens_but_never_changes_the_side(p: float, temperature: float) -> None:
    plain = calibrate(scores(p), card())[1]
    tempered = calibrate(scores(p), card(output={"temperature": temperature}))[1]
    assert plain == pytest.approx(p, abs=1e-6)
    assert (tempered - 0.5) * (plain - 0.5) >= 0
    if temperature > 1:
        assert abs(tempered - 0.5) <= abs(plain - 0.5) + 1e-12


@given(
    st.lists(st.floats(0, 1, width=32), min_size=3, max_size=3),
    st.sampled_from(["softmax", "logits", "multilabel"]),
    st.floats(0.2, 5),
)
def test_probabilities_are_always_between_0_and_1(
    values: list[float], kind: str, temperature: float
) -> None:
    the_card = card(labels=["A", "B", "C"], output={"kind": kind, "temperature": temperature})
    probabilities = calibrate(scores(*values), the_card)
    assert ((probabilities >= 0) & (probabilities <= 1)).all()
    if kind != "multilabel":
        assert probabilities.sum() == pytest.approx(1)


def test_tempering_probabilities_equals_tempering_the_logits_they_came_from() -> None:
    logits = np.array([1.5, -0.5, 0.3])
    softmax = np.exp(logits) / np.exp(logits).sum()
    tempered = {"temperature": 2.0}
    from_logits = calibrate(
        logits.astype(np.float32),
        card(labels=["A", "B", "C"], output={"kind": "logits", **tempered}),
    )
    from_softmax = calibrate(
        softmax.astype(np.float32),
        card(labels=["A", "B", "C"], output={"kind": "softmax", **tempered}),
    )
    assert from_softmax == pytest.approx(from_logits, abs=1e-6)
