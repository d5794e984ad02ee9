"""Where a model ends: one row of scores per picture, or several of different meaning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vistazo.errors import UnreadableModelError, UnsupportedModelError
from vistazo.models.keras_import.value import Value
from vistazo.models.outputs import OutputSignature, check_number, first_place


@dataclass(frozen=True)
class ScoreRow:
    """An output (n, units) in whatever shape the model gives it."""

    value: Value
    of: OutputSignature


@dataclass(frozen=True)
class ScoreRows:
    """``first`` fills the usual fields of an answer; ``no_rows`` are outputs of other shapes."""

    first: ScoreRow
    others: tuple[ScoreRow, ...] = ()
    no_rows: tuple[str, ...] = ()


def score_rows(outputs: Sequence[Value], names: Sequence[str], asked: str | None) -> ScoreRows:
    """``asked`` is the name of the output that shall be the first.

    Raises UnsupportedModelError where none is a row of scores, CardError as ``first_place``.
    """
    check_number(len(outputs))
    if len(outputs) == 1:
        _check_row(outputs[0])
    rows, no_rows = [], []
    for value, name in zip(outputs, names, strict=True):
        if _is_row(value):
            rows.append(ScoreRow(value, OutputSignature(name, value.elements, value.activation)))
        else:
            no_rows.append(name)
    if not rows:
        raise UnsupportedModelError(
            f"The model has {len(outputs)} outputs ({', '.join(names)}), and none is one row of "
            "scores per picture. A classifier is what can be served."
        )
    first = rows.pop(first_place([row.of for row in rows], asked))
    return ScoreRows(first, tuple(rows), tuple(no_rows))


def _check_row(scores: Value) -> None:
    if scores.shape[:1] != (None,) or any(n is None for n in scores.shape[1:]):
        raise UnreadableModelError(f"The model's output {scores.shape} is not one row per picture.")
    if scores.dtype != "float32":
        raise UnsupportedModelError(
            "The model gives whole numbers, such as the number of a class, and no scores. Build it "
            "without its last step: keras.Model(model.input, model.layers[-2].output)."
        )
    if not _is_row(scores):
        raise UnsupportedModelError(
            f"The model gives {scores.shape} per batch, not one row of scores per picture: it "
            "segments, detects or generates. A classifier is what can be served."
        )


def _is_row(value: Value) -> bool:
    """Whether all numbers of a picture are along one axis: those of classes."""
    if value.shape[:1] != (None,) or any(n is None for n in value.shape[1:]):
        return False
    classes = value.shape[value.channel_axis or -1] if value.rank > 1 else 1
    return value.elements == classes and value.elements > 0 and value.dtype == "float32"
