"""``vistazo inspect`` of a file of scikit-learn."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import click
import yaml

from vistazo.cli.baseline_line import baseline_line
from vistazo.cli.worth import worth_lines
from vistazo.errors import CardError
from vistazo.loading import load_model
from vistazo.models.card_file import card_path, is_of_pictures
from vistazo.models.compilation import EstimatorFiles, describe_estimator
from vistazo.models.drafting import Conclusion
from vistazo.models.estimator_import.description import EstimatorDescription
from vistazo.models.plan.summary import PlanStep, PlanSummary
from vistazo.models.sample_card import SampleCard
from vistazo.pictures.reader import DirectReader
from vistazo.samples.card import CardPlaces, disagreements, find_written_card, settle_sample_card
from vistazo.samples.loading import find_estimator
from vistazo.service.settings import Settings

_MOST_NAMES = 20
_WIDTH = 100
_BY_A_PERSON = """\
made_for: ""  # what it takes, in words that can follow "for"; each text: {{en: ..., es: ...}}, too
intended_use: ""  # what it is for, and what not
population: ""  # whose {whose} it was trained on
limits: ""  # how it fails, what was not tested
licence: ""
"""
_OF_TWO = """\
# positive: {second}  # the label that threshold and sensitivity speak of; the second by default
# output: {{threshold: 0.5, uncertain_band: [0.4, 0.6]}}  # by default the estimator decides
"""
_OF_A_SYSTEM = """\
# route: /classify  # a path of its own, which answers {{"{field}": [...]}}
# answer_field: {field}
# values: [0, 1]  # what stands there for each label; by default the estimator's own classes_
"""


def inspect_estimator(files: EstimatorFiles, card: Path | None, settings: Settings) -> int:
    """Print what is in it, and whether its card agrees, or one to save; give the exit status.

    Raises ModelError where the file cannot be read.
    """
    stored = find_estimator(files)
    found = describe_estimator(files, settings.loading_policy)
    shown = list(overview(files, stored.sha256, found))
    if found.summary is None:
        click.echo("\n".join(shown))
        return 1
    place = card or card_path(files.model)
    if is_of_pictures(place):
        return _with_card(shown, place, _faults_of_pictures(files, place, settings))
    try:
        written = find_written_card(place, found.summary)
    except CardError as error:
        return _with_card(shown, place, [str(error)])
    if written is not None:
        faults = disagreements(written, found.summary, stored.sha256)
        told = baseline_line(files.model, stored.sha256, written.labels)
        return _with_card(shown, place, faults, () if faults else [*worth_lines(written), *told])
    concluded, how = settle_sample_card(
        found.summary, stored.sha256, CardPlaces(files.model, card), settings.card_hints
    )
    shown += baseline_line(files.model, stored.sha256, concluded.labels)
    click.echo("".join(f"# {line}\n" for line in shown))
    click.echo(f"# It needs no card. To say more, complete this and save it as {place}.")
    click.echo(card_text(concluded, how), nl=False)
    return 0


def card_text(card: SampleCard, how: Sequence[Conclusion]) -> str:
    """A card as YAML, with how each field is known, and what a person may add."""
    why = {known.field: known.why for known in how}
    lines = [
        f"task: {card.task}\n",
        f"name: {card.name}  # {why['name']}\n",
        f"version: {_scalar(card.version)}  # {why['version']}\n",
        f"labels: {_scalar(list(card.labels))}  # {why['labels']}\n",
    ]
    if card.is_binary:
        lines.append(_OF_TWO.format(second=_scalar(card.labels[1])))
    lines.append(_OF_A_SYSTEM.format(field="predictions"))
    whose = "texts" if card.task == "text" else "samples"
    return "".join([*lines, _BY_A_PERSON.format(whose=whose)])


def _with_card(
    shown: list[str], place: Path, faults: Sequence[str], worth: Iterable[str] = ()
) -> int:
    shown.append(f"  card       {place} " + ("does not agree:" if faults else "agrees"))
    click.echo("\n".join([*shown, *(f"    {fault}" for fault in faults), *worth]))
    return 1 if faults else 0


def _faults_of_pictures(files: EstimatorFiles, card: Path, settings: Settings) -> list[str]:
    """Of a card that says how pictures become the numbers: as the service finds them."""
    source = replace(settings.model_source.of(files.model), card=card, vectorizer=files.vectorizer)
    try:
        load_model(source, DirectReader(settings.image_limits)).close()
    except CardError as error:
        return [str(error)]
    return []


def overview(files: EstimatorFiles, sha256: str, found: EstimatorDescription) -> Iterator[str]:
    framework = found.summary.framework if found.summary else "scikit-learn"
    yield f"{files.model}: {framework}, {files.model.stat().st_size:,} bytes"
    yield f"  sha256     {sha256}"
    if files.vectorizer is not None:
        yield f"  with       {files.vectorizer}, {files.vectorizer.stat().st_size:,} bytes"
    if found.summary is not None:
        yield from _wrapped("takes", _taken(found.summary))
        labels = found.summary.labels
        yield from _wrapped("gives", f"{len(labels)} labels: {_some(labels)}")
    for number, step in enumerate(found.steps, start=1):
        yield from _wrapped("" if number > 1 else "steps", _step(number, step))
    for problem in found.problems:
        yield f"  cannot be served: {problem}"


def _taken(summary: PlanSummary) -> str:
    if summary.takes == "texts":
        return "texts"
    names = f": {_some(summary.feature_names)}" if summary.feature_names else ""
    missing = " (some may be missing)" if summary.allows_missing else ""
    return f"rows of {summary.n_features} numbers{missing}{names}"


def _step(number: int, step: PlanStep) -> str:
    return f"{number}. {step.class_name}" + (f": {step.told}" if step.told else "")


def _some(names: Sequence[object]) -> str:
    more = f", ... ({len(names)} in all)" if len(names) > _MOST_NAMES else ""
    return ", ".join(map(_plain, names[:_MOST_NAMES])) + more


def _plain(name: object) -> str:
    """On one line, and nothing that a terminal would obey: it comes out of a file."""
    return str(name) if str(name).isprintable() else ascii(str(name))


def _wrapped(head: str, text: str) -> Iterator[str]:
    indent = " " * 13
    first = f"  {head:10} "
    yield from textwrap.wrap(
        text, _WIDTH, initial_indent=first, subsequent_indent=indent, break_long_words=False
    )


def _scalar(value: object) -> str:
    text: str = yaml.safe_dump(
        value, default_flow_style=True, allow_unicode=True, width=float("inf")
    )
    return text.strip().removesuffix("...").strip()
