"""Texts and rows of numbers on the command line: from a file to answers that are printed."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from vistazo.cli.sample_files import STANDARD_INPUT, SUFFIXES, read_rows, read_texts
from vistazo.cli.sample_printing import SampleAnswer, print_answers
from vistazo.errors import InputError
from vistazo.samples.bulk import PART, Sample, classify_each, explain_each, names_of
from vistazo.samples.classifier import SampleClassifier


def predict_samples(
    classifier: SampleClassifier,
    paths: Sequence[Path],
    style: str | None,
    *,
    explains: bool,
    text_column: str | None,
    max_text_chars: int,
) -> int:
    """Classify and print; give the exit status."""
    file = _the_file(paths, classifier)
    if explains and classifier.takes != "texts":
        raise click.UsageError("--explain is for pictures and for texts.")
    samples = read_samples(classifier, file, text_column)
    answers: list[SampleAnswer] = []
    try:
        ask = _explained if explains else _answers
        for answer in _with_progress(ask(classifier, samples, max_text_chars), samples):
            answers.append(answer)  # noqa: PERF402 - an interrupted run still prints what it has
    finally:
        print_answers(answers, classifier, style)
    return 1 if any(answer.error for answer in answers) else 0


def _the_file(paths: Sequence[Path], classifier: SampleClassifier) -> Path:
    what = "texts" if classifier.takes == "texts" else "rows of numbers"
    if len(paths) > 1:
        raise click.UsageError(f"The model takes {what}: give one file of them.")
    file = paths[0]
    if file != STANDARD_INPUT and file.suffix.lower() not in SUFFIXES:
        raise click.UsageError(
            f"The model takes {what}, and {file} is no file of them: give a "
            f"{', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}."
        )
    return file


def read_samples(
    classifier: SampleClassifier, file: Path, text_column: str | None = None
) -> Sequence[Sample | InputError]:
    """What the model takes, from a file. Raises SettingsError."""
    if classifier.takes == "texts":
        return read_texts(file, text_column)
    return read_rows(file, names_of(classifier))


def _answers(
    classifier: SampleClassifier, samples: Sequence[Sample | InputError], max_text_chars: int
) -> Iterator[SampleAnswer]:
    found = classify_each(classifier, samples, max_text_chars)
    for sample, answer in zip(samples, found, strict=True):
        if isinstance(answer, InputError):
            yield SampleAnswer(sample, error=answer)
        else:
            yield SampleAnswer(sample, answer)


def _explained(
    classifier: SampleClassifier, samples: Sequence[Sample | InputError], max_text_chars: int
) -> Iterator[SampleAnswer]:
    found = explain_each(classifier, samples, max_text_chars)
    for sample, answer in zip(samples, found, strict=True):
        if isinstance(answer, InputError):
            yield SampleAnswer(sample, error=answer)
        else:
            yield SampleAnswer(sample, *answer)


def _with_progress(
    answers: Iterator[SampleAnswer], samples: Sequence[object]
) -> Iterator[SampleAnswer]:
    if len(samples) <= PART or not sys.stderr.isatty():
        yield from answers
        return
    with click.progressbar(
        answers, length=len(samples), label="Classifying", file=sys.stderr, update_min_steps=PART
    ) as bar:
        yield from bar
