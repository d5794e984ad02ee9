"""vistazo evaluate."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from vistazo.answers.likeness import OUT_OF_DISTRIBUTION
from vistazo.classifier import Classifier
from vistazo.cli.evaluate_samples import evaluate_samples
from vistazo.cli.figure_table import beside, figure_table, notes, sentences
from vistazo.errors import SettingsError
from vistazo.loading import load_model
from vistazo.models.card import ModelCard
from vistazo.pictures import ImageLimits
from vistazo.pictures.reader import DirectReader
from vistazo.service.settings import Settings
from vistazo.service.telemetry import tell_a_person_who_waits
from vistazo.training.config import read_config
from vistazo.training.labelled_samples import read_labelled
from vistazo.training.progress import Progress
from vistazo.training.remarks import remarks
from vistazo.training.report import EVALUATION, add_served_figures, write_json
from vistazo.training.selection import Selection, check_run, select_all, select_held_out
from vistazo.training.served import Scored, describe, score


@click.command(name="evaluate")
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("data", type=click.Path(path_type=Path), required=False)
@click.option(
    "--training",
    type=click.Path(path_type=Path),
    metavar="CONFIG",
    help="The file MODEL was trained with: score only what that run held out.",
)
@click.option("--vectorizer", type=click.Path(path_type=Path), help="Instead of VECTORIZER_PATH.")
@click.option("--text-column", metavar="NAME", help="The column of the texts in DATA.")
@click.option("--label-column", metavar="NAME", help="The column of the labels in DATA.")
@click.option(
    "--group-column", metavar="NAME", help="A column of what belongs together, such as a source."
)
@click.option("--out", type=click.Path(path_type=Path), help="By default runs/evaluation-NAME.")
@click.option(
    "--record", is_flag=True, help="Also add the figures to the evaluation.json beside MODEL."
)
@click.option("--json", "is_json", is_flag=True, help="Print evaluation.json instead of a table.")
def command(  # noqa: PLR0917 - as many as there are options
    model: Path,
    data: Path | None,
    training: Path | None,
    vectorizer: Path | None,
    text_column: str | None,
    label_column: str | None,
    group_column: str | None,
    out: Path | None,
    *,
    record: bool,
    is_json: bool,
) -> int:
    """Measure MODEL on DATA as it is served: the same code, calibration and threshold.

    DATA is a folder with one folder of pictures per label of the model's card, or a MedMNIST .npz
    file (its part 'test', where it has one); with --training, by default the folder that CONFIG
    names, and then the folders of its data.other too. Intervals are from resampling groups, as
    CONFIG tells them; else pictures.

    Of a model of texts or of rows of numbers DATA is a .csv, .xlsx, .json or .jsonl with a column
    of labels (label, class, category ..., or the only one that holds the model's labels), and one
    of texts (text ...) or those of the numbers. Groups are those of --group-column; else equal
    texts are one. mistakes.csv has the numbers of those that were answered wrongly, and none of
    what they say.

    Where the figures show that the labels are in the wrong order, or that everything gets one
    answer, a note says what to mend.

    OUT gets evaluation.json and the plots; mistakes.png shows pictures: mind who may see them.

    What cannot be classified is reported and left out. Exit status: 0, or 1 where there was such a
    picture, text or row.

    \b
    Examples:
      vistazo evaluate my_model.h5 parts/
      vistazo evaluate my_model.keras breastmnist_128.npz --json
      vistazo evaluate my_model.keras pictures/ --training training.yaml --out runs/held-out
      vistazo evaluate news.joblib labelled_texts.csv
      vistazo evaluate iris.pkl flowers.csv --label-column species
    """  # noqa: D301 - \b is click's mark for a block that keeps its lines
    _check(data, training, record=record)
    settings, progress = Settings.from_environment(), Progress()
    tell_a_person_who_waits(settings.log_level)
    source = settings.model_source.of(model)
    source = replace(source, vectorizer=vectorizer or settings.vectorizer_path)
    if source.out_of_distribution == "reject":  # what would be refused is counted instead
        source = replace(source, out_of_distribution="warn")
    classifier = load_model(source, DirectReader(settings.image_limits))
    place = out or Path("runs") / f"evaluation-{classifier.card.name}"
    if not isinstance(classifier, Classifier):
        if data is None or training is not None:
            raise click.UsageError("--training is for pictures. Name the table to measure: DATA.")
        labelled = read_labelled(
            data, classifier, texts=text_column, labels=label_column, groups=group_column
        )
        return evaluate_samples(classifier, labelled, _made(place), progress, is_json=is_json)
    out = _made(place)
    selection = _select(classifier, model, data, training, progress)
    scored = score(classifier, selection, settings.threads, progress)
    document = describe(classifier, selection, scored) | scored.figures()
    first = next(iter(scored.parts))
    document["remarks"] = remarks(classifier.card, model, scored.of(first)[0], document[first])
    _write(scored, document, settings.image_limits, out)
    if record:
        add_served_figures(model, {part: document[part] for part in scored.parts})
    as_json = json.dumps(document, indent=2, ensure_ascii=False)
    click.echo(as_json if is_json else _report(classifier.card, scored, document, out))
    return 1 if scored.refused else 0


def _check(data: Path | None, training: Path | None, *, record: bool) -> None:
    if data is None and training is None:
        raise click.UsageError("Missing argument 'DATA' (with --training it may be left out).")
    if record and training is None:
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


def _select(
    classifier: Classifier,
    model: Path,
    data: Path | None,
    training: Path | None,
    progress: Progress,
) -> Selection:
    labels = classifier.card.labels
    if training is not None:
        config = read_config(training, data)
        selection = select_held_out(config, labels, progress)
        check_run(model, config, selection, progress)
        return selection
    if data is None:
        raise ValueError("what to score was not checked")
    return select_all(data, labels)


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
    lines += notes(document["remarks"])
    for warning, count in scored.warnings.items():
        if warning == OUT_OF_DISTRIBUTION:
            continue  # it is a figure of each part
        lines.append(f"{count} of {len(answers)} answers carry the warning '{warning}'.")
    if scored.refused:
        pictures = "picture" if len(scored.refused) == 1 else "pictures"
        lines.append(f"{len(scored.refused)} {pictures} could not be classified.")
    return "\n".join([*lines, f"The plots and {EVALUATION} are in {out}."])
