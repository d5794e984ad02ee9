"""What the service answers to texts, or rows of numbers, of known label."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vistazo import __version__
from vistazo.errors import InputError
from vistazo.samples.bulk import classify_each
from vistazo.samples.classifier import SampleClassifier
from vistazo.samples.decision import SampleDecision
from vistazo.training.answers import Answers, Floats, Numbers, Rows
from vistazo.training.evaluation import RESAMPLES
from vistazo.training.labelled_samples import LabelledSamples
from vistazo.training.progress import Progress

ALL = "all"
MISTAKES = "mistakes.csv"


@dataclass(frozen=True, eq=False)
class ScoredSamples:
    """``rows`` (n,) are the places in the file of those that were answered.

    ``warnings`` counts those that answers carried; ``refused`` got no answer.
    """

    answers: Answers
    rows: Rows
    warnings: dict[str, int]
    refused: int


def score_samples(
    classifier: SampleClassifier, labelled: LabelledSamples, progress: Progress
) -> ScoredSamples:
    """Classify every sample. One that is refused is reported, and left out.

    Raises InputError where none is left.
    """
    rows: list[int] = []
    decisions: list[SampleDecision] = []
    for row, answer in enumerate(classify_each(classifier, labelled.samples)):
        if isinstance(answer, InputError):
            progress.say(f"Number {row + 1} cannot be classified: {answer}")
        else:
            rows.append(row)
            decisions.append(answer.decision)
        progress.bar("classifying", row + 1, len(labelled))
    if not rows:
        raise InputError("None could be classified; nothing to measure.")
    answered = np.array(rows, np.int64)
    warnings = Counter(warning for decision in decisions for warning in decision.warnings)
    answers = _answers(classifier, labelled, answered, decisions)
    return ScoredSamples(answers, answered, dict(warnings), len(labelled) - len(rows))


def describe_samples(
    classifier: SampleClassifier, labelled: LabelledSamples, scored: ScoredSamples
) -> dict[str, Any]:
    """What was measured how: the head of ``evaluation.json``, before the figures."""
    return {
        "model": asdict(classifier.identity),
        "data": {
            "sha256": labelled.sha256,
            classifier.takes: len(labelled),
            "not_classified": scored.refused,
        },
        "how": {
            "scored_with": f"Vistazo {__version__}, as served: file in, plan of operations, "
            "decision out.",
            "numbers": scored.answers.numbers,
            "intervals": f"95 %: percentile bootstrap over groups, {RESAMPLES} resamples; where no "
            f"column of groups was named, equal {classifier.takes} are one.",
        },
        "operating_point": classifier.card.output.model_dump(mode="json"),
        "warnings": scored.warnings,
    }


def write_mistakes(scored: ScoredSamples, folder: Path) -> None:
    """The numbers of those that were answered wrongly, the worst first; none of what they say."""
    answers = scored.answers
    with (folder / MISTAKES).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["number", "label", "predicted_class", f"{answers.numbers} of the label"])
        for row in answers.mistakes:
            label, said = answers.labels[row], answers.predicted[row]
            number = int(scored.rows[row]) + 1
            figure = float(answers.of_the_truth[row])
            writer.writerow([number, answers.names[label], answers.names[said], figure])


def _answers(
    classifier: SampleClassifier,
    labelled: LabelledSamples,
    rows: Rows,
    decisions: Sequence[SampleDecision],
) -> Answers:
    card = classifier.card
    decided = np.array([card.labels.index(each.predicted_class) for each in decisions], np.int64)
    numbers, figures = _figures(decisions, decided, len(card.labels))
    return Answers(
        probabilities=figures,
        labels=labelled.labels[rows],
        groups=labelled.groups[rows],
        names=card.labels,
        positive=card.positive_index if card.is_binary else None,
        threshold=card.output.threshold or 0.5,
        decided=decided,
        numbers=numbers,
        what=classifier.takes,
        costs=card.costs,
    )


def _figures(
    decisions: Sequence[SampleDecision], decided: Rows, count: int
) -> tuple[Numbers, Floats]:
    """What the estimator gives: all of its answers are of one kind."""
    probabilities = [each.probabilities for each in decisions if each.probabilities is not None]
    if len(probabilities) == len(decisions):
        return "probabilities", np.array(probabilities)
    scores = [each.scores for each in decisions if each.scores is not None]
    if len(scores) == len(decisions):
        return "scores", np.array(scores)
    return "choices", np.eye(count)[decided]
