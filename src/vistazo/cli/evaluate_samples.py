"""``vistazo evaluate`` of a model of texts or of rows of numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from vistazo.cli.figure_table import figure_table, notes, sentences
from vistazo.cli.gate import exit_status, told
from vistazo.samples.classifier import SampleClassifier
from vistazo.training.labelled_samples import LabelledSamples
from vistazo.training.progress import Progress
from vistazo.training.report import EVALUATION, measure_answers, write_json
from vistazo.training.requirement import Requirement, settle
from vistazo.training.sample_remarks import sample_remarks
from vistazo.training.sample_scores import (
    ALL,
    ScoredSamples,
    describe_samples,
    score_samples,
    write_mistakes,
)


def evaluate_samples(
    classifier: SampleClassifier,
    labelled: LabelledSamples,
    out: Path,
    progress: Progress,
    requirements: Sequence[Requirement],
    *,
    is_json: bool,
) -> int:
    """Measure, write the figures and the plots into the folder ``out``, print; give the exit
    status.
    """
    from vistazo.training.plots import draw_figures

    scored = score_samples(classifier, labelled, progress)
    measured = measure_answers(scored.answers)
    document = describe_samples(classifier, labelled, scored) | {ALL: measured}
    classes = classifier.signature.labels
    document["remarks"] = sample_remarks(scored.answers, classes, measured)
    document["requirements"] = settle(requirements, measured)
    write_json(out / EVALUATION, document)
    draw_figures(scored.answers, measured, out)
    write_mistakes(scored, out)
    as_json = json.dumps(document, indent=2, ensure_ascii=False)
    click.echo(as_json if is_json else _report(classifier, scored, document, out))
    return exit_status(document["requirements"], scored.refused)


def _report(
    classifier: SampleClassifier, scored: ScoredSamples, document: Mapping[str, Any], out: Path
) -> str:
    card, answers = classifier.card, scored.answers
    lines = [f"{card.name} {card.version}, as it is served", ""]
    lines += [*figure_table({ALL: document[ALL]}, answers.what), ""]
    if answers.numbers != "probabilities":
        lines += [f"It gives {answers.numbers}, not probabilities: no figures of these.", ""]
    lines += sentences(card, {ALL: document[ALL]})
    lines += told(document["requirements"], ALL)
    lines += notes(document["remarks"])
    for warning, count in scored.warnings.items():
        lines.append(f"{count} of {len(answers)} answers carry the warning '{warning}'.")
    if scored.refused:
        lines.append(f"{scored.refused} {answers.what} could not be classified.")
    return "\n".join([*lines, f"The plots and {EVALUATION} are in {out}."])
