"""What the service answers: file in, compiled model, decision out, for pictures of known label."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vistazo import __version__
from vistazo.classifier import Classifier, Prediction
from vistazo.errors import InputError
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
    """Send every picture through the classifier. One that is refused is reported, and left out.

    Raises InputError where a part is left without any picture.
    """
    predictions: list[Prediction | None] = []
    for prediction in _predictions(classifier, selection.pictures, threads, progress):
        predictions.append(prediction)
        progress.bar("classifying", len(predictions), len(selection.pictures))
    answered = np.flatnonzero([prediction is not None for prediction in predictions])
    refused = [
        picture
        for picture, prediction in zip(selection.pictures, predictions, strict=True)
        if prediction is None
    ]
    parts = {
        part: np.flatnonzero(np.isin(answered, rows)) for part, rows in selection.parts.items()
    }
    for part, rows in parts.items():
        if not len(rows):
            raise InputError(f"No picture of '{part}' could be classified; nothing to measure.")
    given = [prediction for prediction in predictions if prediction is not None]
    pictures = tuple(selection.pictures[row] for row in answered)
    warnings = Counter(warning for each in given for warning in each.decision.warnings)
    return Scored(
        pictures,
        _answers(classifier, pictures, given, selection.groups[answered]),
        parts,
        dict(warnings),
        tuple(refused),
        _told(selection, parts),
        selection.unlabelled,
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


def _answers(
    classifier: Classifier,
    pictures: tuple[LabelledPicture, ...],
    predictions: list[Prediction],
    groups: Rows,
) -> Answers:
    card = classifier.card
    return Answers(
        probabilities=np.array([each.decision.probabilities for each in predictions]),
        labels=np.array([picture.label for picture in pictures]),
        groups=groups,
        names=card.labels,
        positive=card.positive_index if card.is_binary else None,
        threshold=card.output.threshold,
        out_of_distribution=_strange(predictions),
    )


def _strange(predictions: list[Prediction]) -> NDArray[np.bool_] | None:
    likenesses = [each.in_distribution for each in predictions]
    known = [not likeness.verdict for likeness in likenesses if likeness is not None]
    return np.array(known, dtype=bool) if len(known) == len(likenesses) else None


def _predictions(
    classifier: Classifier,
    pictures: tuple[LabelledPicture, ...],
    threads: int,
    progress: Progress,
) -> Iterator[Prediction | None]:
    def ask(picture: LabelledPicture) -> Prediction | InputError:
        try:
            return classifier.classify(picture.encoded())
        except InputError as error:
            return error

    with ThreadPoolExecutor(threads) as executor:
        try:
            for picture, answer in zip(pictures, executor.map(ask, pictures), strict=True):
                if isinstance(answer, InputError):
                    progress.say(f"{picture.name} cannot be classified: {answer}")
                yield None if isinstance(answer, InputError) else answer
        finally:
            executor.shutdown(wait=True, cancel_futures=True)
