"""vistazo evaluate."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from vistazo.answers.likeness import OUT_OF_DISTRIBUTION
from vistazo.classifier import Classifier
from vistazo.cli.evaluate_samples import evaluate_samples
from vistazo.cli.figure_table import beside, figure_table, notes, sentences
from vistazo.cli.gate import exit_status, require_option, told
from vistazo.cli.labelled_data import LabelledData, with_labelled_data
from vistazo.errors import SettingsError
from vistazo.models.card import ModelCard
from vistazo.pictures import ImageLimits
from vistazo.service.settings import Settings
from vistazo.service.telemetry import tell_a_person_who_waits
from vistazo.training.progress import Progress
from vistazo.training.remarks import remarks
from vistazo.training.report import EVALUATION, add_served_figures, write_json
from vistazo.training.requirement import Requirement, check_measured, settle
from vistazo.training.served import Scored, describe, score


@click.command(name="evaluate")
@click.argument("model", type=click.Path(path_type=Path))
@with_labelled_data
@click.option("--out", type=click.Path(path_type=Path), help="By default runs/evaluation-NAME.")
@click.option(
    "--record", is_flag=True, help="Also add the figures to the evaluation.json beside MODEL."
)
@require_option
@click.option("--json", "is_json", is_flag=True, help="Print evaluation.json instead of a table.")
def command(
    where: LabelledData,
    model: Path,
    out: Path | None,
    requirements: Sequence[Requirement],
    *,
    record: bool,
    is_json: bool,
) -> int:
    """Measure MODEL on DATA as it is served: the same code, calibration and threshold.

    DATA is a folder with one folder of pictures per label of the model's card, or a MedMNIST .npz
    file (its part 'test', where it has one); with --training, by default the folder that CONFIG
    names, and then the folders of its data.other too. Intervals are from resampling groups, as
    CONFIG or --group tells them; else pictures.

    Of a model of texts or of rows of numbers DATA is a .csv, .xlsx, .json or .jsonl with a column
    of labels (label, class, category ..., or the only one that holds the model's labels), and one
    of texts (text ...) or those of the numbers. Groups are those of --group-column; else equal
    texts are one. mistakes.csv has the numbers of those that were answered wrongly, and none of
    what they say.

    Where the figures show that the labels are in the wrong order, or that everything gets one
    answer, a note says what to mend.

    OUT gets evaluation.json and the plots; mistakes.png shows pictures: mind who may see them.

    With --require it is a gate, for a check before a model is deployed. What is measured has to
    reach the bar, not its interval; with --training, on the pictures that served no choice. A
    figure that is undefined reaches none.

    What cannot be classified is reported and left out. Exit status: 0, or 1 where there was such a
    picture, text or row; 3 where a requirement is not met.

    \b
    Examples:
      vistazo evaluate my_model.h5 parts/
      vistazo evaluate my_model.keras breastmnist_128.npz --json
      vistazo evaluate my_model.keras pictures/ --training training.yaml --out runs/held-out
      vistazo evaluate my_model.keras pictures/ --require auc=0.95 --require sensitivity=0.9
      vistazo evaluate my_model.keras pictures/ --group '(person\\d+)'
      vistazo evaluate news.joblib labelled_texts.csv
      vistazo evaluate iris.pkl flowers.csv --label-column species
    """  # noqa: D301 - \b is click's mark for a block that keeps its lines
    _check(where, record=record)
    settings, progress = Settings.from_environment(), Progress()
    tell_a_person_who_waits(settings.log_level)
    classifier = where.load(model, settings)
    check_measured(requirements, is_binary=classifier.card.is_binary)
    out = out or Path("runs") / f"evaluation-{classifier.card.name}"
    if not isinstance(classifier, Classifier):
        labelled = where.read(classifier)
        return evaluate_samples(
            classifier, labelled, _made(out), progress, requirements, is_json=is_json
        )
    out = _made(out)
    selection = where.select(classifier.card.labels, [model], progress)
    scored = score(classifier, selection, settings.threads, progress)
    document = describe(classifier, selection, scored) | scored.figures()
    first = next(iter(scored.parts))
    document["remarks"] = remarks(classifier.card, model, scored.of(first)[0], document[first])
    document["requirements"] = settle(requirements, document[first])
    _write(scored, document, settings.image_limits, out)
    if record:
        add_served_figures(model, {part: document[part] for part in scored.parts})
    as_json = json.dumps(document, indent=2, ensure_ascii=False)
    click.echo(as_json if is_json else _report(classifier.card, scored, document, out))
    return exit_status(document["requirements"], len(scored.refused))


def _check(where: LabelledData, *, record: bool) -> None:
    if record and where.training is None:
        raise click.UsageError("--record needs --training: it records pictures that were held out.")
    if importlib.util.find_spec("matplotlib") is None:
        raise SettingsError(
            "The plots need Matplotlib. './scripts/vistazo evaluate' installs it; or: "
            "pip install -r scripts/requirements/evaluation.txt"
        )


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise click.UsageError(f"{folder} cannot be made: {error.strerror}.") from error
    return folder


def _write(scored: Scored, document: Mapping[str, Any], limits: ImageLimits, out: Path) -> None:
    from vistazo.training.plots import draw_all

    write_json(out / EVALUATION, document)
    first = next(iter(scored.parts))
    answers, pictures = scored.of(first)
    draw_all(answers, document[first], pictures, limits, out)


def _report(card: ModelCard, scored: Scored, document: Mapping[str, Any], out: Path) -> str:
    answers = scored.answers
    lines = [
        f"{card.name} {card.version}, as it is served: temperature {card.output.temperature:g}"
    ]
    if answers.positive is not None:
        lines[0] += f", {answers.names[answers.positive]} from {answers.threshold:g} on"
    figures = {part: document[part] for part in scored.parts}
    lines += ["", *figure_table(figures), *beside(figures), "", *sentences(card, figures)]
    lines += told(document["requirements"], next(iter(scored.parts)))
    lines += notes(document["remarks"])
    for warning, count in scored.warnings.items():
        if warning == OUT_OF_DISTRIBUTION:
            continue  # it is a figure of each part
        lines.append(f"{count} of {len(answers)} answers carry the warning '{warning}'.")
    if scored.refused:
        pictures = "picture" if len(scored.refused) == 1 else "pictures"
        lines.append(f"{len(scored.refused)} {pictures} could not be classified.")
    return "\n".join([*lines, f"The plots and {EVALUATION} are in {out}."])
