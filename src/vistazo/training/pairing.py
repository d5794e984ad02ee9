"""The answers of two models to the same pictures, texts or rows, brought side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from vistazo.classifier import Classifier
from vistazo.errors import InputError, SettingsError
from vistazo.samples.classifier import SampleClassifier
from vistazo.training.answers import Answers, Rows
from vistazo.training.belonging import join_groups
from vistazo.training.labelled_samples import LabelledSamples
from vistazo.training.progress import Progress
from vistazo.training.sample_scores import score_samples
from vistazo.training.selection import Selection
from vistazo.training.served import score


@dataclass(frozen=True, eq=False)
class Pair:
    """What both models answered, row by row, in the labels and groups of ``a``.

    ``given`` counts what they were asked, ``refused_by_a`` and ``refused_by_b`` what each did not
    answer: that is left out of both.
    """

    a: Answers
    b: Answers
    given: int
    refused_by_a: int
    refused_by_b: int

    @property
    def left_out(self) -> int:
        return self.given - len(self.a)


def check_labels(a: Sequence[str], b: Sequence[str]) -> None:
    """Raises SettingsError where two models do not have the same labels, in whatever order."""
    if set(a) != set(b):
        raise SettingsError(
            f"A has the labels {', '.join(a)}, and B has {', '.join(b)}. Only models of the same "
            "labels can be compared, in whatever order; where they are only called otherwise, "
            "change the labels in one of the two cards."
        )


def pair_of_pictures(
    models: tuple[Classifier, Classifier], selection: Selection, threads: int, progress: Progress
) -> Pair:
    """Ask both models for all pictures of the selection, whose labels are places among A's."""
    answers, rows = [], []
    place_of = {picture.name: place for place, picture in enumerate(selection.pictures)}
    for name, model in zip("AB", models, strict=True):
        progress.say(f"{name} is asked: {model.card.name} {model.card.version}")
        scored = score(model, selection, threads, progress)
        answers.append(scored.answers)
        rows.append(np.array([place_of[picture.name] for picture in scored.pictures], np.int64))
    return _pair(answers, rows, len(selection.pictures))


def pair_of_samples(
    models: tuple[SampleClassifier, SampleClassifier],
    labelled: tuple[LabelledSamples, LabelledSamples],
    progress: Progress,
) -> Pair:
    """Ask each model for what it reads in the same table. Raises SettingsError where the two read
    different labels.
    """
    _check_readings(models, labelled)
    answers, rows = [], []
    for name, model, read in zip("AB", models, labelled, strict=True):
        progress.say(f"{name} is asked: {model.card.name} {model.card.version}")
        scored = score_samples(model, read, progress)
        answers.append(scored.answers)
        rows.append(scored.rows)
    return _pair(answers, rows, len(labelled[0]))


def _check_readings(
    models: tuple[SampleClassifier, SampleClassifier],
    labelled: tuple[LabelledSamples, LabelledSamples],
) -> None:
    read = [
        [model.card.labels[label] for label in each.labels]
        for model, each in zip(models, labelled, strict=True)
    ]
    for row, (of_a, of_b) in enumerate(zip(*read, strict=True)):
        if of_a != of_b:
            raise SettingsError(
                f"The label of number {row + 1} is {of_a} as A reads it, and {of_b} as B does: "
                "their cards give the classes other names or values. Write the labels by name."
            )


def _pair(answers: Sequence[Answers], rows: Sequence[Rows], given: int) -> Pair:
    both = np.intersect1d(rows[0], rows[1])
    if not len(both):
        raise InputError("Nothing was answered by both models; there is nothing to compare.")
    a, b = (each.of(np.searchsorted(own, both)) for each, own in zip(answers, rows, strict=True))
    refused_by_a, refused_by_b = (given - len(own) for own in rows)
    return Pair(*_aligned(a, b), given, refused_by_a, refused_by_b)


def _aligned(a: Answers, b: Answers) -> tuple[Answers, Answers]:
    """Columns, labels, groups and the positive label as ``a`` has them; decisions stay."""
    columns = np.array([b.names.index(name) for name in a.names])
    positive = a.positive if b.positive is not None else None
    groups = join_groups(
        [(f"a {of_a}", f"b {of_b}") for of_a, of_b in zip(a.groups, b.groups, strict=True)]
    )
    first = replace(a, positive=positive, groups=groups, decided=a.predicted)
    second = replace(
        first,
        probabilities=b.probabilities[:, columns],
        decided=np.argsort(columns)[b.predicted],
        numbers=b.numbers,
    )
    return first, second
