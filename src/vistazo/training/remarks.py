"""What figures give away about the card: labels in the wrong order, a wrong scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from vistazo.models.card import ModelCard
from vistazo.models.card_file import card_path
from vistazo.training.answers import Answers
from vistazo.training.evaluation import confusion_of_labels

_CHANCE = 0.5
_NEARLY_ALL = 0.9
_FEWEST = 10  # pictures in all, or 5 of a label: with fewer, a few mistakes look like a rule
_FEWEST_OF_A_LABEL = 5


def remarks(
    card: ModelCard, model: Path, answers: Answers, measured: Mapping[str, Any]
) -> list[str]:
    """Say what the card seems to have wrong, and how to mend it; often there is nothing to say.

    ``measured`` is what ``report.measure_answers`` says of the answers.
    """
    found = (
        _of_further_outputs(card),
        _of_one_answer(card, model, answers),
        _of_the_order(card, model, answers, measured),
    )
    return [remark for remark in found if remark is not None]


def _of_further_outputs(card: ModelCard) -> str | None:
    """What these figures are not of."""
    if not card.more_outputs:
        return None
    more = ", ".join(card.more_outputs)
    return f"Measured is the output that the labels are of; not measured: {more}."


def _of_one_answer(card: ModelCard, model: Path, answers: Answers) -> str | None:
    """Where pictures of every label are (nearly) all called the same."""
    label = one_answer(answers)
    if label is None:
        return None
    scale = card.input.scale if isinstance(card.input.scale, str) else "a mean and std"
    return (
        f"{for_nearly_all(answers, label)} The usual cause is a wrong scale: "
        f"{card_path(model).name} says {scale}, and 'vistazo inspect {model} PICTURES' shows what "
        "the weights fit. If the scale is right, look whether the colours are inverted, and at the "
        "card's threshold."
    )


def one_answer(answers: Answers) -> int | None:
    """The label that those of every label are (nearly) all called, where there is one."""
    rows = confusion_of_labels(answers.labels, answers.predicted, len(answers.names))
    rows = rows[rows.sum(axis=1) > 0]
    shares = (rows / rows.sum(axis=1, keepdims=True)).mean(axis=0)  # each true label counts alike
    label = int(shares.argmax())
    few = len(rows) == 1 or len(answers) < _FEWEST
    return None if few or shares[label] < _NEARLY_ALL else label


def for_nearly_all(answers: Answers, label: int) -> str:
    """A sentence that says so."""
    count = int((answers.predicted == label).sum())
    return (
        f"{answers.names[label]} is the answer for {count} of {len(answers)} {answers.what}, "
        "whatever their label."
    )


def _of_the_order(
    card: ModelCard, model: Path, answers: Answers, measured: Mapping[str, Any]
) -> str | None:
    """Where answers are worse than chance, or would be right under other labels."""
    area, better = measured["auc"], _order_that_fits(answers)
    is_worse = is_worse_than_chance(measured)
    if is_worse and answers.positive is not None:
        better = (1, 0)
    if not is_worse and better is None:
        return None
    told = of_chance(area) if is_worse else "Pictures of one label are mostly called another."
    file, now = card_path(model).name, _in_yaml(card.labels)
    order = f"{file} says 'labels: {now}'"
    if better is not None:
        other = _in_yaml([card.labels[k] for k in better])
        order += f", and 'labels: {other}' would fit these pictures better"
    colours = "white for black"
    if card.input.colour != "grey":
        colours += f", or red for blue; it says {card.input.colour}"
    return (
        f"{told} Most often the labels are in the wrong order: {order}. Look up the order that the "
        "model was trained with. If it is as the card says, the colours may be inverted against "
        f"those of training ({colours})."
    )


def is_worse_than_chance(measured: Mapping[str, Any]) -> bool:
    """Whether there is an area under the curve, and less than of guesses."""
    value = measured.get("auc", {}).get("value")
    return value is not None and value < _CHANCE


def of_chance(area: Mapping[str, float]) -> str:
    told = f"The AUC is {area['value']:.4f}, under 0.5: worse than chance"
    if area["high"] is None or area["high"] < _CHANCE:
        return f"{told}."
    return f"{told}, though the interval reaches 0.5 and more pictures may tell otherwise."


def _order_that_fits(answers: Answers) -> Sequence[int] | None:
    """Name the label that each column is the answer for, where that is plain, and another one.

    It is plain where most pictures of each label that moves are called the same, and those of no
    two labels are.
    """
    counts = confusion_of_labels(answers.labels, answers.predicted, len(answers.names))
    own, totals = np.arange(len(counts)), counts.sum(axis=1)
    called = np.where(totals > 0, counts.argmax(axis=1), own)
    moved = called != own
    are_most = (2 * counts.max(axis=1) > totals) & (totals >= _FEWEST_OF_A_LABEL)
    if not moved.any() or len(np.unique(called)) < len(own) or not are_most[moved].all():
        return None
    return [int(label) for label in called.argsort()]


def _in_yaml(labels: Sequence[str]) -> str:
    text: str = yaml.safe_dump(
        list(labels), default_flow_style=True, allow_unicode=True, width=float("inf")
    )
    return text.strip()
