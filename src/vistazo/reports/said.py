"""What a report says, as it travels to the process that writes it: plain values.

Nothing is imported here that the process does not need.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class SaidModel:
    name: str
    version: str
    sha256: str


@dataclass(frozen=True)
class SaidClasses:
    """Of one ``output``, "" where there is but one: ``probabilities`` (label, 0..1), the most
    probable of ``labels_in_all``. ``positive`` is what ``threshold`` speaks of, where one of two is
    decided on; ``reached`` are the labels whose probability reached it, of independent labels,
    where nothing is ``predicted``.
    """

    output: str
    probabilities: tuple[tuple[str, float], ...]
    labels_in_all: int
    predicted: str | None
    positive: str | None
    threshold: float | None
    reached: tuple[str, ...]


@dataclass(frozen=True)
class SaidNumber:
    output: str
    value: float
    unit: str


@dataclass(frozen=True)
class Statement:
    """``language`` is that of ``comments`` and labels (BCP 47). ``made_at`` is ISO 8601 with an
    offset. ``frame`` is the one of ``frames`` that was looked at, from 1.
    """

    model: SaidModel
    title: str
    notice: str
    language: str
    software: str
    made_at: str
    frame: int
    frames: int
    classes: tuple[SaidClasses, ...]
    numbers: tuple[SaidNumber, ...]
    warnings: tuple[str, ...]
    explained: str  # the label that a heatmap speaks of
    is_usual: bool  # the one that it speaks of where nobody asked for another

    def as_json(self) -> bytes:
        return json.dumps(asdict(self), ensure_ascii=False).encode()

    @staticmethod
    def from_json(text: bytes) -> Statement:
        fields: Mapping[str, Any] = json.loads(text)
        return Statement(
            **{
                **fields,
                "model": SaidModel(**fields["model"]),
                "classes": tuple(map(_classes, fields["classes"])),
                "numbers": tuple(SaidNumber(**each) for each in fields["numbers"]),
                "warnings": tuple(fields["warnings"]),
            }
        )


def _classes(fields: Mapping[str, Any]) -> SaidClasses:
    pairs = tuple((str(label), float(p)) for label, p in fields["probabilities"])
    return SaidClasses(**{**fields, "probabilities": pairs, "reached": tuple(fields["reached"])})
