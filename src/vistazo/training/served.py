"""What the service answers: file in, compiled model, decision out, for pictures of known label."""

from __future__ import annotations

import contextlib
from array import array
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

import numpy as np

from vistazo import __version__
from vistazo.classifier import Classifier, Prediction
from vistazo.errors import InputError
from vistazo.models.card import ModelCard
from vistazo.pictures.bulk import in_threads
from vistazo.training.answers import Answers
from vistazo.training.collection import LabelledPicture
from vistazo.training.evaluation import RESAMPLES
from vistazo.training.other import UNREADABLE
from vistazo.training.progress import Progress
from vistazo.training.report import measure_answers, measure_unlabelled
from vistazo.training.selection import Rows, Selection


@dataclass(frozen=True, eq=False)
class Scored:
    """The pictures that were answered, and row by row what was said of them.

    ``parts`` are rows of these; ``warnings`` counts those that answers carried; ``refused`` are
    the pictures that got no answer. ``told`` and ``unlabelled`` are as in ``Selection``.
    """

    pictures: tuple[LabelledPicture, ...]
    answers: Answers
    parts: dict[str, Rows]
    warnings: dict[str, int]
    refused: tuple[LabelledPicture, ...]
    told: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    unlabelled: frozenset[str] = frozenset()

    def of(self, part: str) -> tuple[Answers, list[LabelledPicture]]:
        rows = self.parts[part]
        return self.answers.of(rows), [self.pictures[row] for row in rows]

    def figures(self) -> dict[str, dict[str, Any]]:
        """What ``report.measure_answers``, or ``measure_unlabelled``, says of each part."""
        return {part: self._figures_of(part) for part in self.parts}

    def _figures_of(self, part: str) -> dict[str, Any]:
        measure = measure_unlabelled if part in self.unlabelled else measure_answers
        return measure(self.of(part)[0]) | dict(self.told.get(part, {}))


def score(classifier: Classifier, selection: Selection, threads: int, progress: Progress) -> Scored:
    """Send every picture through the classifier, on all ``threads``. One that is refused is
    reported, and left out; of the answers no more is held than what is measured.

    Raises InputError where a part is left without any picture.
    """
    heard = _Heard(classifier.card)
    answers = in_threads(partial(ask, classifier), selection.pictures, threads)
    with contextlib.closing(answers):
        for row, answer in enumerate(answers):
            if isinstance(answer, InputError):
                progress.say(f"{selection.pictures[row].name} cannot be classified: {answer}")
                heard.refused.append(row)
            else:
                heard.add(row, answer)
            progress.bar("classifying", row + 1, len(selection.pictures))
    answered = np.array(heard.answered, np.int64)
    parts = {
        part: np.flatnonzero(np.isin(answered, rows)) for part, rows in selection.parts.items()
    }
    for part, rows in parts.items():
        if not len(rows):
            raise InputError(f"No picture of '{part}' could be classified; nothing to measure.")
    pictures = tuple(selection.pictures[row] for row in answered)
    return Scored(
        pictures,
        heard.answers(pictures, selection.groups[answered]),
        parts,
        dict(heard.warnings),
        tuple(selection.pictures[row] for row in heard.refused),
        _told(selection, parts),
        selection.unlabelled,
    )


def ask(classifier: Classifier, picture: LabelledPicture) -> Prediction | InputError:
    """An error where it is refused, which holds nothing of the picture."""
    try:
        return classifier.classify(picture.encoded())
    except InputError as error:
        return error.with_traceback(None)


class _Heard:
    """What was said of the pictures of these rows, in order."""

    def __init__(self, card: ModelCard) -> None:
        self.answered: list[int] = []
        self.refused: list[int] = []
        self.warnings: Counter[str] = Counter()
        self._card = card
        self._probabilities = array("d")
        self._is_strange: list[bool] = []

    def add(self, row: int, prediction: Prediction) -> None:
        self.answered.append(row)
        self.warnings.update(prediction.decision.warnings)
        self._probabilities.extend(prediction.decision.probabilities)
        if prediction.in_distribution is not None:
            self._is_strange.append(not prediction.in_distribution.verdict)

    def answers(self, pictures: tuple[LabelledPicture, ...], groups: Rows) -> Answers:
        card, is_told = self._card, len(self._is_strange) == len(self.answered)
        return Answers(
            probabilities=np.array(self._probabilities).reshape(-1, len(card.labels)),
            labels=np.array([picture.label for picture in pictures]),
            groups=groups,
            names=card.labels,
            positive=card.positive_index if card.is_binary else None,
            threshold=card.output.threshold,
            out_of_distribution=np.array(self._is_strange, dtype=bool) if is_told else None,
            costs=card.costs,
        )


def _told(selection: Selection, parts: Mapping[str, Rows]) -> dict[str, dict[str, Any]]:
    """With how many of each part got no answer, where there are any."""
    unread = {part: len(selection.parts[part]) - len(rows) for part, rows in parts.items()}
    return {
        part: {**selection.told.get(part, {}), **({UNREADABLE: count} if count else {})}
        for part, count in unread.items()
    }


def describe(classifier: Classifier, selection: Selection, scored: Scored) -> dict[str, Any]:
    """What was measured how: the head of ``evaluation.json``, before the figures of the parts."""
    output = classifier.card.output
    return {
        "model": asdict(classifier.identity),
        "data": {
            "sha256": selection.sha256,
            "pictures": len(selection.pictures),
            "not_classified": len(scored.refused),
        },
        "how": {
            "scored_with": f"Vistazo {__version__}, as served: file in, compiled model, decision "
            "out, calibrated with the card's temperature.",
            "intervals": f"95 %: percentile bootstrap over groups, {RESAMPLES} resamples; a "
            "picture whose group is not known is its own.",
        },
        "operating_point": output.model_dump(
            mode="json", include={"temperature", "threshold", "uncertain_band"}
        ),
        "warnings": scored.warnings,
    }
