"""vistazo benchmark."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from vistazo import benchmark
from vistazo.benchmark import Figure
from vistazo.loading import load_classifier
from vistazo.models.fetch import located
from vistazo.pictures.reader import DirectReader
from vistazo.service.settings import Settings


@click.command(name="benchmark")
@click.option(
    "--pictures", type=click.Path(exists=True, path_type=Path), help="Full-size pictures."
)
@click.option("--copies", type=click.Path(exists=True, path_type=Path), help="Their small copies.")
@click.option("--repeat", default=5, show_default=True, help="Runs; medians are reported.")
@click.option("--requests", default=200, show_default=True, help="Requests to one service.")
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
def command(
    pictures: Path | None, copies: Path | None, repeat: int, requests: int, *, is_json: bool
) -> int:
    """Measure start, memory, speed and conversion of the model in MODEL_PATH.

    Exit status: 0, or 1 where a promised figure is not met.

    \b
    Example:
      vistazo benchmark --pictures chest_xray_fullres --copies chest_xray/train
    """  # noqa: D301 - \b is click's mark for a block that keeps its lines
    if sys.platform != "linux":
        raise click.UsageError("The benchmark reads /proc, which only Linux has.")
    figures = []
    for figure in _measure(pictures, copies, repeat, requests):
        figures.append(figure)
        if not is_json:
            click.echo(_line(figure))
    if is_json:
        click.echo(benchmark.as_json(figures))
    return 1 if any(figure.is_met is False for figure in figures) else 0


def _measure(
    pictures: Path | None, copies: Path | None, repeat: int, requests: int
) -> Iterator[Figure]:
    settings = Settings.from_environment()
    yield from benchmark.start_figures(repeat)
    with located(settings.model_source.place) as found:
        yield from benchmark.convert_figures(found.model, repeat)
    if pictures is None:
        return
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
