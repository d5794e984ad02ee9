"""Answers to texts and rows of numbers, printed: JSON, CSV, or a line each for people."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

import click

from vistazo.answers.explanation.words import WordEvidence
from vistazo.errors import InputError
from vistazo.rows.answered_by import answered_by
from vistazo.rows.csv_cells import guarded
from vistazo.rows.terminal_text import plain
from vistazo.samples.classifier import SampleClassifier, SamplePrediction

_EXCERPT = 60
_MOST_WORDS = 8


@dataclass(frozen=True)
class SampleAnswer:
    """A prediction, or the reason why there is none; ``words`` where they were asked for."""

    sample: object
    prediction: SamplePrediction | None = None
    words: WordEvidence | None = None
    error: InputError | None = None


def print_answers(
    answers: Sequence[SampleAnswer], classifier: SampleClassifier, style: str | None
) -> None:
    card = classifier.card
    if style == "json":
        click.echo(_as_array(_as_json(answers, card.labels)))
    elif style == "jsonl":
        for line in _as_json(answers, card.labels):
            click.echo(line)
    elif style == "csv":
        click.echo(_shown(_as_csv(answers, classifier)))
    else:
        if card.own_notice:
            click.echo(card.own_notice, err=True)
        for line in _as_lines(answers):
            click.echo(_shown(line))


def _encoding() -> str:
    return sys.stdout.encoding or "utf-8"


def _shown(text: str) -> str:
    """A text may hold what the terminal's encoding, or any, has no bytes for."""
    return text.encode(_encoding(), "backslashreplace").decode(_encoding())


def _as_array(lines: Sequence[str]) -> str:
    """One object a line: for whoever parses it, and for whoever reads lines."""
    return "\n".join(["[", ",\n".join(lines), "]"]) if lines else "[]"


def _as_json(answers: Sequence[SampleAnswer], labels: Sequence[str]) -> list[str]:
    """An object for each."""
    found = [_as_dict(answer, labels) for answer in answers]
    lines = [json.dumps(each, ensure_ascii=False) for each in found]
    try:
        "".join(lines).encode(_encoding())
    except UnicodeEncodeError:
        return [json.dumps(each) for each in found]
    return lines


def _as_dict(answer: SampleAnswer, labels: Sequence[str]) -> Mapping[str, object]:
    if answer.prediction is None:
        return {"code": answer.error.code if answer.error else "", "error": str(answer.error)}
    decision = answer.prediction.decision
    found: dict[str, object] = {
        "predicted_class": decision.predicted_class,
        "confidence": decision.confidence,
    }
    for name in ("probabilities", "scores"):
        numbers = getattr(decision, name)
        if numbers is not None:
            found[name] = dict(zip(labels, numbers, strict=True))
    likeness = answer.prediction.in_distribution
    found["in_distribution"] = None if likeness is None else asdict(likeness)
    found["warnings"] = list(decision.warnings)
    return found if answer.words is None else found | {"explanation": asdict(answer.words)}


def _as_csv(answers: Sequence[SampleAnswer], classifier: SampleClassifier) -> str:
    card = classifier.card
    found = [answer.prediction.decision for answer in answers if answer.prediction is not None]
    kind = "" if any(decision.probabilities for decision in found) else "score "
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    columns = [*(f"{kind}{label}" for label in card.labels), "in_distribution", "warnings", "error"]
    by = answered_by(classifier)
    head = [card.task.removesuffix("s"), "predicted_class", "confidence", *columns, *by]
    writer.writerow(map(guarded, head))
    for number, answer in enumerate(answers, start=1):
        cells = [number, *_cells(answer, len(card.labels)), *by.values()]
        writer.writerow(map(guarded, cells))
    return out.getvalue().removesuffix("\n")


def _cells(answer: SampleAnswer, labels: int) -> list[object]:
    if answer.prediction is None:
        return [*("" for _ in range(labels + 4)), str(answer.error)]
    decision = answer.prediction.decision
    likeness = answer.prediction.in_distribution
    numbers = decision.probabilities or decision.scores or ("",) * labels
    return [
        decision.predicted_class,
        "" if decision.confidence is None else decision.confidence,
        *numbers,
        "" if likeness is None else likeness.score,
        " ".join(decision.warnings),
        "",
    ]


def _as_lines(answers: Sequence[SampleAnswer]) -> Iterator[str]:
    width = len(str(len(answers)))
    for number, answer in enumerate(answers, start=1):
        yield f"{number:{width}}  {_in_words(answer)}"
        if answer.words is not None:
            yield from _told(answer.words, " " * (width + 2))


def _in_words(answer: SampleAnswer) -> str:
    if answer.prediction is None:
        return plain(f"cannot be classified: {answer.error}")
    decision = answer.prediction.decision
    told = [plain(decision.predicted_class)]
    if decision.confidence is not None:
        told.append(f"{decision.confidence:.1%}")
    if decision.warnings:
        told.append(f"({', '.join(decision.warnings)})")
    if isinstance(answer.sample, str):
        told.append(_excerpt(answer.sample))
    return "  ".join(told)


def _told(evidence: WordEvidence, indent: str) -> Iterator[str]:
    """The words for the label, and those against it, the weightiest first."""
    speak_for = [each for each in evidence.words if each.weight > 0]
    against = [each for each in evidence.words if each.weight < 0]
    for what, words in (("for", speak_for), ("against", against[::-1])):
        if words:
            shown = ", ".join(f"{plain(w.word)} {w.weight:+.3g}" for w in words[:_MOST_WORDS])
            yield f"{indent}{what} {plain(evidence.label)}: {shown}"


def _excerpt(text: str) -> str:
    """Its beginning, on one line."""
    shown = plain(" ".join(text[: 4 * _EXCERPT].split()))
    return shown if len(shown) <= _EXCERPT else shown[: _EXCERPT - 3] + "..."
