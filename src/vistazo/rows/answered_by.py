"""What an answer was given by, so that answers of two models, or by two cards, are never mixed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from vistazo.classifier import Classifier
from vistazo.errors import SettingsError
from vistazo.samples.classifier import SampleClassifier

_DECIDING = {"labels", "positive", "input", "output", "more_outputs"}


@dataclass(frozen=True)
class AnsweredBy:
    """``model_sha256`` is that of the weights, ``card_sha256`` of all else that decides: what the
    card says of input and output, and the baseline. The rest says so for people: ``threshold`` is
    the probability from which on the positive one of two labels is answered, else None.
    """

    model_sha256: str
    card_sha256: str
    model: str = field(default="", compare=False)
    model_version: str = field(default="", compare=False)
    threshold: float | None = field(default=None, compare=False)

    FIELDS: ClassVar = ("model", "model_version", "model_sha256", "card_sha256", "threshold")
    NUMBERS: ClassVar = ("threshold",)

    @staticmethod
    def of(classifier: Classifier) -> AnsweredBy:
        card = classifier.card.model_dump_json(include=_DECIDING)
        parts = [card, classifier.baseline, classifier.out_of_distribution]
        digest = hashlib.sha256(b"".join(chain.from_iterable(map(_bytes_of, parts))))
        named, is_binary = classifier.identity, classifier.card.is_binary
        return AnsweredBy(
            named.sha256,
            digest.hexdigest(),
            named.name,
            named.version,
            classifier.card.output.threshold if is_binary else None,
        )

    @staticmethod
    def of_fields(found: Mapping[str, Any]) -> AnsweredBy:
        """What two are told apart by. Raises KeyError."""
        return AnsweredBy(str(found["model_sha256"]), str(found["card_sha256"]))

    def as_fields(self) -> dict[str, str | float | None]:
        return {name: getattr(self, name) for name in AnsweredBy.FIELDS}

    def check(self, found: AnsweredBy, path: Path) -> None:
        """Raises SettingsError where the answers in a file are not by the same."""
        if found.model_sha256 != self.model_sha256:
            raise SettingsError(
                f"{path} holds answers of another model (sha256 {found.model_sha256}). Name "
                "another file."
            )
        if found != self:
            raise SettingsError(
                f"{path} holds answers of this model by another card, with another baseline or "
                "another OUT_OF_DISTRIBUTION. Name another file."
            )


def answered_by(classifier: SampleClassifier) -> dict[str, str | float | None]:
    """Of texts and rows: the columns for people."""
    by, card = classifier.identity, classifier.card
    threshold = card.output.threshold if card.is_binary else None
    return {
        "model": by.name,
        "model_version": by.version,
        "model_sha256": by.sha256,
        "threshold": threshold,
    }


def _bytes_of(value: object) -> Iterator[bytes]:
    if isinstance(value, np.ndarray):
        yield value.tobytes()
    elif is_dataclass(value):
        for each in fields(value):
            yield from _bytes_of(getattr(value, each.name))
    else:
        yield repr(value).encode()
