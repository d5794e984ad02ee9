"""vistazo evaluate."""

from __future__ import annotations

import importlib.util
import json
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from vistazo.classifier import Classifier
from vistazo.errors import SettingsError
from vistazo.loading import load_classifier
from vistazo.models.card import ModelCard
from vistazo.pictures import ImageLimits
from vistazo.pictures.reader import DirectReader
from vistazo.service.settings import Settings
from vistazo.service.telemetry import tell_a_person_who_waits
from vistazo.training.config import read_config
from vistazo.training.progress import Progress
from vistazo.training.remarks import remarks
from vistazo.training.report import EVALUATION, add_served_figures, in_words, write_json
from vistazo.training.selection import Selection, check_run, select_all, select_held_out
from vistazo.training.served import Scored, describe, score

_FIGURES = {
    "auc": "AUC",
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "f1": "F1",
    "brier": "Brier score",
    "expected_calibration_error": "calibration error",
}
_NAME_WIDTH, _CELL_WIDTH, _LINE_WIDTH = 18, 26, 100


@click.command(name="evaluate")
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("data", type=click.Path(path_type=Path), required=False)
@click.option(
    "--training",
    type=click.Path(path_type=Path),
    metavar="CONFIG",
    help="The file MODEL was trained with: score only what that run held out.",
)
@click.option("--out", type=click.Path(path_type=Path), help="By default runs/evaluation-NAME.")
@click.option(
    "--record", is_flag=True, help="Also add the figures to the evaluation.json beside MODEL."
)
@click.option("--json", "is_json", is_flag=True, help="Print evaluation.json instead of a table.")
def command(
    model: Path,
    data: Path | None,
    training: Path | None,
    out: Path | None,
    *,
    record: bool,
    is_json: bool,
) -> int:
    """Measure MODEL on DATA as it is served: the same code, calibration and threshold.

    DATA is a folder with one folder of pictures per label of the model's card, or a MedMNIST .npz
    file (its part 'test', where it has one); with --training, by default the folder that CONFIG
    names. Intervals are from resampling groups, as CONFIG tells them; else pictures.

    Where the figures show that the labels are in the wrong order, or that everything gets one
    answer, a note says what to mend.

    OUT gets evaluation.json and the plots; mistakes.png shows pictures: mind who may see them.

    A picture that cannot be classified is reported and left out. Exit status: 0, or 1 where there
    was such a picture.

    \b
    Examples:
      vistazo evaluate my_model.h5 parts/
      vistazo evaluate my_model.keras breastmnist_128.npz --json
      vistazo evaluate my_model.keras pictures/ --training training.yaml --out runs/held-out
    """  # noqa: D301 - \b is click's mark for a block that keeps its lines
    _check(data, training, record=record)
    settings, progress = Settings.from_environment(), Progress()
    tell_a_person_who_waits(settings.log_level)
    classifier = load_classifier(
        settings.model_source.of(model), DirectReader(settings.image_limits)
    )
    out = _made(out or Path("runs") / f"evaluation-{classifier.card.name}")
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
    lines += ["", *_table({part: document[part] for part in scored.parts}), ""]
    for remark in document["remarks"]:
        lines += [*textwrap.wrap(f"Note: {remark}", _LINE_WIDTH, break_on_hyphens=False), ""]
    for warning, count in scored.warnings.items():
        lines.append(f"{count} of {len(answers)} answers carry the warning '{warning}'.")
    if scored.refused:
        pictures = "picture" if len(scored.refused) == 1 else "pictures"
        lines.append(f"{len(scored.refused)} {pictures} could not be classified.")
    return "\n".join([*lines, f"The plots and {EVALUATION} are in {out}."])


def _table(figures: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """A column for each part, a line for each figure with its 95 % interval."""
    heads = [textwrap.wrap(part.replace("_", " "), _CELL_WIDTH - 2) for part in figures]
    lines = [
        _line("", [head[row] if row < len(head) else "" for head in heads])
        for row in range(max(map(len, heads)))
    ]
    lines += [
        _line(name, [str(measured[name]) for measured in figures.values()])
        for name in ("pictures", "groups")
    ]
    for label in next(iter(figures.values()))["pictures_per_label"]:
        counts = [str(measured["pictures_per_label"][label]) for measured in figures.values()]
        lines.append(_line(f"  {label}", counts))
    for name, shown in _FIGURES.items():
        if any(name in measured for measured in figures.values()):
            lines.append(_line(shown, [in_words(measured[name]) for measured in figures.values()]))
    return lines


def _line(name: str, cells: list[str]) -> str:
    padded = "".join(f"  {cell:{_CELL_WIDTH}}" for cell in cells)
    return f"{name:{_NAME_WIDTH}}{padded}".rstrip()
