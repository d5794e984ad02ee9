"""One picture's answer, as a row: for people, as JSON, as CSV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import PurePath
from typing import Any

from vistazo.classifier import Classifier, Prediction
from vistazo.errors import VistazoError
from vistazo.models.outputs import unique
from vistazo.rows import further_columns
from vistazo.rows.answered_by import AnsweredBy
from vistazo.rows.further_columns import FurtherColumns
from vistazo.rows.header_columns import (
    DICOM,
    HEADER_COLUMNS,
    header_cells,
    header_in_words,
    header_read,
)
from vistazo.rows.terminal_text import plain

FILE, ERROR = "file", "error"
_BEFORE, _AFTER = ("predicted_class", "confidence"), ("in_distribution", "warnings")


@dataclass(frozen=True)
class Row:
    """A prediction, or the reason why there is none."""

    file: PurePath | str
    prediction: Prediction | None
    error: VistazoError | None

    @property
    def name(self) -> str:
        """Of the file. A name may be of bytes that are no text."""
        return name_of(self.file)


def name_of(file: PurePath | str) -> str:
    return str(file).encode("utf-8", "backslashreplace").decode()


def in_words(row: Row, width: int) -> str:
    """One line, for people; names take ``width``."""
    if row.prediction is None:
        text = f"cannot be classified: {row.error}"
    else:
        decision = row.prediction.decision
        doubt = f"  ({', '.join(decision.warnings)})" if decision.warnings else ""
        text = f"{decision.predicted_class}  {decision.confidence:.1%}{doubt}"
        text += further_columns.in_words(row.prediction.outputs)
        text += header_in_words(row.prediction.radiograph)
    return plain(f"{row.name:{width}}  {text}")


def as_object(row: Row, labels: Sequence[str]) -> dict[str, object]:
    """For JSON."""
    if row.prediction is None:
        code = row.error.code if row.error else ""
        return {FILE: row.name, "code": code, ERROR: str(row.error)}
    decision, likeness = row.prediction.decision, row.prediction.in_distribution
    outputs = further_columns.as_objects(row.prediction.outputs)
    header = row.prediction.radiograph
    return {
        FILE: row.name,
        "predicted_class": decision.predicted_class,
        "confidence": decision.confidence,
        "probabilities": dict(zip(labels, decision.probabilities, strict=True)),
        "in_distribution": likeness and asdict(likeness),
        "warnings": list(decision.warnings),
        **({DICOM: header.told()} if header else {}),
        **({"outputs": outputs} if outputs else {}),
    }


@dataclass(frozen=True)
class Columns:
    """Of a table of answers: probabilities of the ``labels``, and what ``further`` outputs say.
    What is ``beside`` stands at the end: names, and what each holds. ``has_headers``: what DICOM
    files say has columns.
    """

    labels: tuple[str, ...]
    further: FurtherColumns
    beside: tuple[tuple[str, type], ...] = ()
    has_headers: bool = False

    @staticmethod
    def of(classifier: Classifier, beside: tuple[tuple[str, type], ...] = ()) -> Columns:
        further, card = FurtherColumns.of(classifier), classifier.card
        has_headers = card.input.accepts is not None
        return Columns(card.labels, further, beside, has_headers=has_headers)

    @property
    def _header(self) -> Mapping[str, type]:
        return HEADER_COLUMNS if self.has_headers else {}

    @property
    def names(self) -> list[str]:
        """A label or an output that is called like one of the other columns is told from it."""
        beside = [name for name, _ in self.beside]
        others = {FILE, *_BEFORE, *_AFTER, *self._header, ERROR, *beside, *AnsweredBy.FIELDS}
        named = [f"probability of {label}" if label in others else label for label in self.labels]
        taken = {*others, *named}
        more = [f"output {name}" if name in taken else name for name, _ in self.further.names()]
        return [FILE, *_BEFORE, *named, *unique(more), *_AFTER, *self._header, ERROR, *beside]

    @property
    def kinds(self) -> list[type]:
        """What each column holds: str, float or int."""
        numbers = [float] * len(self.labels)
        more = [str if is_text else float for _, is_text in self.further.names()]
        beside = [kind for _, kind in self.beside]
        header = self._header.values()
        return [str, str, float, *numbers, *more, float, str, *header, str, *beside]

    def cells(self, found: Mapping[str, Any]) -> list[object]:
        """Of ``as_object``, in the order of ``names``; None where there is nothing to say."""
        beside = [found.get(name) for name, _ in self.beside]
        if ERROR in found:
            empty = len(self.names) - 2 - len(beside)
            return [found[FILE], *([None] * empty), found[ERROR], *beside]
        likeness = found["in_distribution"]
        return [
            found[FILE],
            *(found[name] for name in _BEFORE),
            *(found["probabilities"][label] for label in self.labels),
            *self.further.cells(found.get("outputs", {})),
            None if likeness is None else likeness["score"],
            " ".join(found["warnings"]),
            *(header_cells(found) if self.has_headers else ()),
            None,
            *beside,
        ]

    def read(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """``as_object`` again, as far as the columns tell."""
        if row[ERROR] is not None:
            return {FILE: row[FILE], "code": "", ERROR: row[ERROR]}
        values, score = [row[name] for name in self.names], row["in_distribution"]
        first, last = 1 + len(_BEFORE), 1 + len(_BEFORE) + len(self.labels)
        outputs = self.further.read(values[last:])
        return {
            FILE: row[FILE],
            **{name: row[name] for name in _BEFORE},
            "probabilities": dict(zip(self.labels, values[first:last], strict=True)),
            "in_distribution": None if score is None else {"score": score},
            "warnings": row["warnings"].split(),
            **(header_read(row) if self.has_headers else {}),
            **({"outputs": outputs} if outputs else {}),
        }
