"""vistazo benchmark."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import click

from vistazo import benchmark
from vistazo.benchmark import Figure
from vistazo.cli.sample_answers import read_samples
from vistazo.loading import load_classifier, load_model
from vistazo.models.fetch import located
from vistazo.pictures.reader import DirectReader
from vistazo.samples.classifier import SampleClassifier
from vistazo.service.settings import Settings


@click.command(name="benchmark")
@click.option(
    "--pictures", type=click.Path(exists=True, path_type=Path), help="Full-size pictures."
)
@click.option("--copies", type=click.Path(exists=True, path_type=Path), help="Their small copies.")
@click.option(
    "--samples",
    type=click.Path(exists=True, path_type=Path),
    help="Texts, or rows of numbers, as 'predict' takes them: for a model of these.",
)
@click.option("--repeat", default=5, show_default=True, help="Runs; medians are reported.")
@click.option("--requests", default=200, show_default=True, help="Requests to one service.")
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
def command(
    pictures: Path | None,
    copies: Path | None,
    samples: Path | None,
    repeat: int,
    requests: int,
    *,
    is_json: bool,
) -> int:
    """Measure start, memory, speed and conversion of the model in MODEL_PATH.

    Exit status: 0, or 1 where a promised figure is not met.

    \b
    Examples:
      vistazo benchmark --pictures chest_xray_fullres --copies chest_xray/train
      MODEL_PATH=news.joblib vistazo benchmark --samples texts.json
    """  # noqa: D301 - \b is click's mark for a block that keeps its lines
    if sys.platform != "linux":
        raise click.UsageError("The benchmark reads /proc, which only Linux has.")
    figures = []
    measured = _measure(repeat) if samples is None else _of_samples(samples, repeat)
    for figure in chain(measured, _of_pictures(pictures, copies, requests)):
        figures.append(figure)
        if not is_json:
            click.echo(_line(figure))
    if is_json:
        click.echo(benchmark.as_json(figures))
    return 1 if any(figure.is_met is False for figure in figures) else 0


def _measure(repeat: int) -> Iterator[Figure]:
    yield from benchmark.start_figures(repeat)
    with located(Settings.from_environment().model_source.place) as found:
        yield from benchmark.convert_figures(found.model, repeat)


def _of_samples(samples: Path, repeat: int) -> Iterator[Figure]:
    settings = Settings.from_environment()
    classifier = load_model(settings.model_source, DirectReader(settings.image_limits))
    if not isinstance(classifier, SampleClassifier):
        raise click.UsageError("The model takes pictures: --pictures, not --samples.")
    yield from _measure(repeat)
    yield from benchmark.sample_figures(classifier, read_samples(classifier, samples), repeat)


def _of_pictures(pictures: Path | None, copies: Path | None, requests: int) -> Iterator[Figure]:
    if pictures is None:
        return
    settings = Settings.from_environment()
    files = sorted(path for path in pictures.rglob("*") if path.is_file())
    yield from benchmark.request_figures(files, requests)
    if copies is not None:
        classifier = load_classifier(settings.model_source, DirectReader(settings.image_limits))
        yield from benchmark.copy_figures(
            files,
            copies,
            lambda path: classifier.classify(path.read_bytes()).decision.predicted_class,
        )


def _line(figure: Figure) -> str:
    line = f"{figure.name:40} {figure.value:8.2f} {figure.unit}"
    if figure.bar is None:
        return line
    sign = "at least" if figure.at_least else "at most"
    return f"{line:56} {sign} {figure.bar:g}: {'met' if figure.is_met else 'NOT MET'}"
