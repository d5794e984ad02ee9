"""Models of texts and of rows for tests, made in memory: what they say can be told by heart."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from vistazo.errors import TextTooCostlyError
from vistazo.models.plan.linear import Linear
from vistazo.models.plan.matrix import Dense, Values
from vistazo.models.plan.plan import Plan
from vistazo.models.sample_card import RowCard, TextCard
from vistazo.samples.classifier import SampleClassifier

NEWS = {"name": "news", "version": "1.0.0", "labels": ["false", "true"]}
FALSETRUE = {**NEWS, "route": "/falsetrue", "answer_field": "is_falsetrue", "values": [0, 1]}


@dataclass
class CountsWords:
    """How often each of two words occurs. ``gate`` holds it until it is set."""

    words: tuple[str, str] = ("mentira", "verdad")
    gate: threading.Event | None = None
    takes_s: float = 0.0

    def apply(self, texts: Values) -> Dense:
        if self.gate is not None:
            assert self.gate.wait(30)
        time.sleep(self.takes_s)
        if any("costly" in str(text) for text in texts):
            raise TextTooCostlyError("It takes more than a text may.")
        return np.array([[str(text).count(word) for word in self.words] for text in texts], float)


def text_classifier(
    counts: CountsWords | None = None,
    *,
    sha256: str = "0" * 64,
    link: Any = "logistic",
    **card: Any,
) -> SampleClassifier:
    """Says true where a text has "verdad" more often than "mentira"."""
    decider = Linear(np.array([[-1.0], [1.0]]), np.zeros(1), "logistic")
    plan = Plan("texts", 0, (0, 1), (counts or CountsWords(),), decider)
    return SampleClassifier(plan, TextCard.model_validate({**NEWS, **card}), sha256)


def row_classifier(*, allows_missing: bool = False, **card: Any) -> SampleClassifier:
    """Of two numbers: says B where the first is the larger one. It gives decision values."""
    decider = Linear(np.array([[1.0], [-1.0]]), np.zeros(1), "none")
    names = ("length", "width")
    plan = Plan("rows", 2, ("A", "B"), (_ZerosForGaps(),), decider, names, allows_missing)
    document = {"name": "flowers", "version": "1", "labels": ["A", "B"], **card}
    return SampleClassifier(plan, RowCard.model_validate(document), "1" * 64)


class _ZerosForGaps:
    def apply(self, values: Values) -> Dense:
        return np.nan_to_num(np.asarray(values, float), posinf=np.inf, neginf=-np.inf)
