"""What figures give away about a model of texts or rows, and its card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vistazo.training.answers import Answers
from vistazo.training.remarks import for_nearly_all, is_worse_than_chance, of_chance, one_answer


def sample_remarks(
    answers: Answers, classes: Sequence[object], measured: Mapping[str, Any]
) -> list[str]:
    """Say what seems wrong, and where to look; often there is nothing to say.

    ``classes`` are those of the file, in order.
    """
    found = []
    label = one_answer(answers)
    if label is not None:
        found.append(
            f"{for_nearly_all(answers, label)} Are these like those of training, and is the "
            "vectorizer or scaler the one that the model was trained with?"
        )
    if is_worse_than_chance(measured):
        found.append(
            f"{of_chance(measured['auc'])} Most often the labels are in the wrong order: the model "
            f"calls its classes {', '.join(map(str, classes))}, the card calls them "
            f"{', '.join(answers.names)}. Look up which is which, in the data that it was trained "
            "with and in these."
        )
    return found
