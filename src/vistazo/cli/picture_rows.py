"""One picture's answer, as a row: for people, as JSON, as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vistazo.classifier import Prediction
from vistazo.cli.answered_by import AnsweredBy
from vistazo.errors import InputError

FILE, ERROR = "file", "error"
_BEFORE, _AFTER = ("predicted_class", "confidence"), ("in_distribution", "warnings")
# The columns that hold no numbers.
TEXTS = (FILE, "predicted_class", "warnings", ERROR)


@dataclass(frozen=True)
class Row:
    """A prediction, or the reason why there is none."""

    file: Path
    prediction: Prediction | None
    error: InputError | None

    @property
    def name(self) -> str:
        """Of the file. A name may be of bytes that are no text."""
        return name_of(self.file)


def name_of(file: Path) -> str:
    return str(file).encode("utf-8", "backslashreplace").decode()


def in_words(row: Row, width: int) -> str:
    """One line, for people; names take ``width``."""
    if row.prediction is None:
        text = f"cannot be classified: {row.error}"
    else:
        decision = row.prediction.decision
        doubt = f"  ({', '.join(decision.warnings)})" if decision.warnings else ""
        text = f"{decision.predicted_class}  {decision.confidence:.1%}{doubt}"
    return f"{row.name:{width}}  {text}"


def as_object(row: Row, labels: Sequence[str]) -> dict[str, object]:
    """For JSON."""
    if row.prediction is None:
        code = row.error.code if row.error else ""
        return {FILE: row.name, "code": code, ERROR: str(row.error)}
    decision, likeness = row.prediction.decision, row.prediction.in_distribution
    return {
        FILE: row.name,
        "predicted_class": decision.predicted_class,
        "confidence": decision.confidence,
        "probabilities": dict(zip(labels, decision.probabilities, strict=True)),
        "in_distribution": likeness and asdict(likeness),
        "warnings": list(decision.warnings),
    }


def columns(labels: Sequence[str]) -> list[str]:
    """Of a table. A label that is called like one of the other columns is told from it."""
    others = {FILE, *_BEFORE, *_AFTER, ERROR, *AnsweredBy.FIELDS}
    named = [f"probability of {label}" if label in others else label for label in labels]
    return [FILE, *_BEFORE, *named, *_AFTER, ERROR]


def cells(found: Mapping[str, Any], labels: Sequence[str]) -> list[object]:
    """Of ``as_object``, in the order of ``columns``; None where there is nothing to say."""
    if ERROR in found:
        return [found[FILE], *(None for _ in columns(labels)[2:]), found[ERROR]]
    likeness = found["in_distribution"]
    return [
        found[FILE],
        *(found[name] for name in _BEFORE),
        *(found["probabilities"][label] for label in labels),
        None if likeness is None else likeness["score"],
        " ".join(found["warnings"]),
        None,
    ]


def csv_line(values: Sequence[object]) -> str:
    """With its line end (RFC 4180); numbers with six decimals."""
    out = io.StringIO(newline="")
    csv.writer(out).writerow([f"{v:.6f}" if isinstance(v, float) else v for v in values])
    return out.getvalue()
