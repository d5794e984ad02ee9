"""Models of texts and of rows, made by hand: no file, and nothing of scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vistazo.models.plan.linear import Linear, Link
from vistazo.models.plan.matrix import Matrix, Values
from vistazo.models.plan.plan import Plan
from vistazo.models.plan.summary import Label, Takes
from vistazo.models.sample_card import RowCard, SampleCard, TextCard
from vistazo.samples.classifier import SampleClassifier

SHA256 = "5" * 64


@dataclass(frozen=True, eq=False)
class CountedWords:
    """How often each of some words stands in a text."""

    words: tuple[str, ...]

    def apply(self, values: Values, /) -> Matrix:
        return np.array(
            [[float(str(text).split().count(word)) for word in self.words] for text in values]
        ).reshape(-1, len(self.words))


def text_model(
    *, classes: Sequence[Label] = ("FALSE", "TRUE"), link: Link = "logistic", **card: object
) -> SampleClassifier:
    """Decides for the second label, with ln 3 a word, where 'true' stands more often than 'lie'."""
    weights = np.array([[np.log(3.0)], [-np.log(3.0)]])
    return _model(
        "texts", (CountedWords(("true", "lie")),), Linear(weights, np.zeros(1), link), classes, card
    )


def row_model(
    names: tuple[str, ...] = (), *, link: Link = "softmax", **card: object
) -> SampleClassifier:
    """Decides for SMALL, MIDDLE or LARGE: for the largest of three numbers."""
    decider = Linear(np.eye(3), np.zeros(3), link)
    return _model("rows", (), decider, ("SMALL", "MIDDLE", "LARGE"), card, names)


def _model(
    takes: Takes,
    transforms: tuple[CountedWords, ...],
    decider: Linear,
    labels: Sequence[Label],
    card: dict[str, object],
    names: tuple[str, ...] = (),
) -> SampleClassifier:
    plan = Plan(
        takes=takes,
        n_features=0 if takes == "texts" else 3,
        labels=tuple(labels),
        transforms=transforms,
        decider=decider,
        feature_names=names,
        written_by="1.2.2",
    )
    return SampleClassifier(plan, _card(takes, labels, card), SHA256)


def _card(takes: Takes, labels: Sequence[Label], more: dict[str, object]) -> SampleCard:
    fields = {"name": "made", "version": "1", "labels": [str(label) for label in labels], **more}
    return (TextCard if takes == "texts" else RowCard).model_validate(fields)
