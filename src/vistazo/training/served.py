"""What the service answers: file in, compiled model, decision out, for pictures of known label."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from vistazo import __version__
from vistazo.answers.decision import Decision
from vistazo.classifier import Classifier
from vistazo.errors import InputError
from vistazo.training.answers import Answers
from vistazo.training.collection import LabelledPicture
from vistazo.training.evaluation import RESAMPLES
from vistazo.training.progress import Progress
from vistazo.training.report import measure_answers
from vistazo.training.selection import Rows, Selection


@dataclass(frozen=True, eq=False)
class Scored:
    """The pictures that were answered, and row by row what was said of them.

    ``parts`` are rows of these; ``warnings`` counts those that answers carried; ``refused`` are
    the pictures that got no answer.
    """

    pictures: tuple[LabelledPicture, ...]
    answers: Answers
    parts: dict[str, Rows]
    warnings: dict[str, int]
    refused: tuple[LabelledPicture, ...]

    def of(self, part: str) -> tuple[Answers, list[LabelledPicture]]:
        rows = self.parts[part]
        return self.answers.of(rows), [self.pictures[row] for row in rows]

    def figures(self) -> dict[str, dict[str, Any]]:
        """What ``report.measure_answers`` says of each part."""
        return {part: measure_answers(self.answers.of(rows)) for part, rows in self.parts.items()}


def score(classifier: Classifier, selection: Selection, threads: int, progress: Progress) -> Scored:
    """Send every picture through the classifier. One that is refused is reported, and left out.

    Raises InputError where a part is left without any picture.
    """
    decisions: list[Decision | None] = []
    for decision in _decisions(classifier, selection.pictures, threads, progress):
        decisions.append(decision)
        progress.bar("classifying", len(decisions), len(selection.pictures))
    answered = np.flatnonzero([decision is not None for decision in decisions])
    refused = [
        picture
        for picture, decision in zip(selection.pictures, decisions, strict=True)
        if decision is None
    ]
    parts = {
        part: np.flatnonzero(np.isin(answered, rows)) for part, rows in selection.parts.items()
    }
    for part, rows in parts.items():
        if not len(rows):
            raise InputError(f"No picture of '{part}' could be classified; nothing to measure.")
    given = [decision for decision in decisions if decision is not None]
    pictures = tuple(selection.pictures[row] for row in answered)
    warnings = Counter(warning for decision in given for warning in decision.warnings)
    answers = _answers(classifier, pictures, given, selection.groups[answered])
    return Scored(pictures, answers, parts, dict(warnings), tuple(refused))


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
    decisions: list[Decision],
    groups: Rows,
) -> Answers:
    card = classifier.card
    return Answers(
        probabilities=np.array([decision.probabilities for decision in decisions]),
        labels=np.array([picture.label for picture in pictures]),
        groups=groups,
        names=card.labels,
        positive=card.positive_index if card.is_binary else None,
        threshold=card.output.threshold,
    )


def _decisions(
    classifier: Classifier,
    pictures: tuple[LabelledPicture, ...],
    threads: int,
    progress: Progress,
) -> Iterator[Decision | None]:
    def ask(picture: LabelledPicture) -> Decision | InputError:
        try:
            decision = classifier.classify(picture.encoded()).decision
        except InputError as error:
            return error
        if not math.isfinite(decision.confidence):
            return InputError("The model has no finite answer to it: its weights are damaged.")
        return decision

    with ThreadPoolExecutor(threads) as executor:
        try:
            for picture, answer in zip(pictures, executor.map(ask, pictures), strict=True):
                if isinstance(answer, InputError):
                    progress.say(f"{picture.name} cannot be classified: {answer}")
                yield None if isinstance(answer, InputError) else answer
        finally:
            executor.shutdown(wait=True, cancel_futures=True)
