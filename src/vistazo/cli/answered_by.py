"""What an answer was given by, so that answers of two models, or by two cards, are never mixed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from vistazo.classifier import Classifier
from vistazo.errors import SettingsError

_DECIDING = {"labels", "positive", "input", "output", "more_outputs"}


@dataclass(frozen=True)
class AnsweredBy:
    """``model_sha256`` is that of the weights, ``card_sha256`` of all else that decides: what the
    card says of input and output, and the baseline.
    """

    model_sha256: str
    card_sha256: str

    FIELDS: ClassVar = ("model_sha256", "card_sha256")

    @staticmethod
    def of(classifier: Classifier) -> AnsweredBy:
        card = classifier.card.model_dump_json(include=_DECIDING)
        parts = [card, classifier.baseline, classifier.out_of_distribution]
        digest = hashlib.sha256(b"".join(chain.from_iterable(map(_bytes_of, parts))))
        return AnsweredBy(classifier.identity.sha256, digest.hexdigest())

    @staticmethod
    def of_fields(found: Mapping[str, Any]) -> AnsweredBy:
        """Raises KeyError."""
        return AnsweredBy(**{name: str(found[name]) for name in AnsweredBy.FIELDS})

    def as_fields(self) -> dict[str, str]:
        return asdict(self)

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


def _bytes_of(value: object) -> Iterator[bytes]:
    if isinstance(value, np.ndarray):
        yield value.tobytes()
    elif is_dataclass(value):
        for each in fields(value):
            yield from _bytes_of(getattr(value, each.name))
    else:
        yield repr(value).encode()
