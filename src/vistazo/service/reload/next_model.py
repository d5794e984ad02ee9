"""The model that may come next: what it is read from, and whether it can be compared."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from vistazo.errors import CardError
from vistazo.loading import AnyClassifier, ModelSource
from vistazo.models.fetch import Location
from vistazo.service.reload.answered import taken_by
from vistazo.service.reload.files import stamp_of
from vistazo.service.reload.reloader import Reloader, Words

_WORDS = Words(
    loading="loading the next model",
    done="the next model answers in the shadow",
    failed="the next model cannot be compared",
    level=logging.WARNING,
)
_MOST_SHOWN = 6


def next_source(source: ModelSource, path: Location) -> ModelSource:
    """Beside the model that answers. A picture that it finds strange is compared all the same."""
    policy = "warn" if source.out_of_distribution == "reject" else source.out_of_distribution
    return replace(source.of(path), out_of_distribution=policy)


def next_reloader(
    source: ModelSource,
    load: Callable[[], AnyClassifier],
    current: Callable[[], AnyClassifier | None],
) -> Reloader:
    """``load`` reads the ``source``; ``current`` is the model that answers."""
    return Reloader(partial(_load, load, current), partial(stamp_of, source), words=_WORDS)


def _load(
    load: Callable[[], AnyClassifier], current: Callable[[], AnyClassifier | None]
) -> AnyClassifier:
    later, now = load(), current()
    if now is not None and taken_by(now) != taken_by(later):
        raise CardError(
            f"The model of MODEL_PATH_NEXT takes {taken_by(later)}, the one that answers "
            f"{taken_by(now)}: they cannot be compared. Name another model."
        )
    if now is not None and not set(now.card.labels) & set(later.card.labels):
        raise CardError(
            "MODEL_PATH_NEXT and the model that answers have no label in common: it has "
            f"{_shown(later)}, not {_shown(now)}. Correct its card or its labels, or name another "
            "model."
        )
    return later


def _shown(classifier: AnyClassifier) -> str:
    labels = classifier.card.labels
    return ", ".join(labels[:_MOST_SHOWN]) + (", ..." if len(labels) > _MOST_SHOWN else "")
