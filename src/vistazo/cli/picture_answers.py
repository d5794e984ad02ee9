"""Pictures on the command line: from files to answers that are printed."""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

import click

from vistazo.classifier import Classifier, Prediction
from vistazo.errors import CorruptImageError, InputError, UploadTooLargeError
from vistazo.models.card import ModelCard
from vistazo.pictures.folders import is_of_a_program
from vistazo.service.settings import Settings

_SUFFIXES = {".png", ".jpg", ".jpeg"}


@dataclass(frozen=True)
class Row:
    """A prediction, or the reason why there is none."""

    file: Path
    prediction: Prediction | None
    error: InputError | None


def predict_pictures(
    classifier: Classifier,
    paths: Iterable[Path],
    settings: Settings,
    style: str | None,
    *,
    explain: Path | None,
    show_input: Path | None,
) -> int:
    """Classify and print; give the exit status."""
    files = list(picture_files(paths))
    heatmaps, inputs = _targets(files, explain, ".png"), _targets(files, show_input, ".input.png")
    rows: list[Row] = []
    try:
        found = _classify(classifier, files, heatmaps, inputs, settings)
        for row in _with_progress(found, len(files)):
            rows.append(row)  # noqa: PERF402 - an interrupted run still prints what it has
    finally:
        _print(rows, classifier.card, style)
    return 1 if any(row.error for row in rows) else 0


def picture_files(paths: Iterable[Path]) -> Iterator[Path]:
    """The files themselves; of a folder, every PNG and JPEG in it and below that is not hidden."""
    for path in paths:
        if path.is_dir():
            found = [
                file
                for file in sorted(path.rglob("*"))
                if file.suffix.lower() in _SUFFIXES
                and not is_of_a_program(file.relative_to(path))
                and file.is_file()
            ]
            if not found:
                raise click.UsageError(f"There is no PNG or JPEG in {path}.")
            yield from found
        else:
            yield path


def _targets(files: list[Path], folder: Path | None, ending: str) -> list[Path | None]:
    """Where what is made of each file goes: ``film.jpeg.png``, numbered where two share a name."""
    if folder is None:
        return [None] * len(files)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise click.UsageError(f"{folder} cannot be made: {error.strerror}.") from error
    met: Counter[str] = Counter()
    targets: list[Path | None] = []
    for file in files:
        met[file.name] += 1
        number = f".{met[file.name]}" if met[file.name] > 1 else ""
        targets.append(folder / f"{file.name}{number}{ending}")
    return targets


def _classify(
    classifier: Classifier,
    files: list[Path],
    heatmaps: list[Path | None],
    inputs: list[Path | None],
    settings: Settings,
) -> Iterator[Row]:
    def classify(file: Path, heatmap: Path | None, shown: Path | None) -> Row:
        try:
            data = read_file(file, settings.max_upload_bytes)
            if shown is not None:  # first: a picture that the model then refuses is shown too
                shown.write_bytes(classifier.seen(data).png())
            if heatmap is None:
                return Row(file, classifier.classify(data), None)
            prediction, png = classifier.overlay(data)
        except InputError as error:
            return Row(file, None, error)
        heatmap.write_bytes(png)
        return Row(file, prediction, None)

    with ThreadPoolExecutor(settings.threads) as executor:
        try:
            yield from executor.map(classify, files, heatmaps, inputs)
        finally:
            executor.shutdown(wait=True, cancel_futures=True)


def read_file(file: Path, max_bytes: int) -> bytes:
    """Raises InputError where it cannot be read, or has more bytes than a request may have."""
    try:
        if file.stat().st_size > max_bytes:
            raise UploadTooLargeError(f"The file has over {max_bytes} bytes (MAX_UPLOAD_BYTES).")
        return file.read_bytes()
    except OSError as error:
        raise CorruptImageError(f"The file cannot be read: {error.strerror}.") from error


def _with_progress(rows: Iterator[Row], length: int) -> Iterator[Row]:
    if length == 1 or not sys.stderr.isatty():
        yield from rows
        return
    with click.progressbar(rows, length=length, label="Classifying", file=sys.stderr) as bar:
        yield from bar


def _print(rows: list[Row], card: ModelCard, style: str | None) -> None:
    labels = card.labels
    if style == "json":
        click.echo(
            json.dumps([_as_dict(row, labels) for row in rows], indent=2, ensure_ascii=False)
        )
    elif style == "csv":
        _print_csv(rows, labels, sys.stdout)
    else:
        if card.own_notice:
            click.echo(card.own_notice, err=True)
        print_table(rows)


def _as_dict(row: Row, labels: tuple[str, ...]) -> dict[str, object]:
    if row.prediction is None:
        error = row.error
        return {"file": str(row.file), "code": error.code if error else "", "error": str(error)}
    decision, likeness = row.prediction.decision, row.prediction.in_distribution
    return {
        "file": str(row.file),
        "predicted_class": decision.predicted_class,
        "confidence": decision.confidence,
        "probabilities": dict(zip(labels, decision.probabilities, strict=True)),
        "in_distribution": likeness and asdict(likeness),
        "warnings": list(decision.warnings),
    }


def _print_csv(rows: list[Row], labels: tuple[str, ...], out: TextIO) -> None:
    writer = csv.writer(out)
    columns = ["predicted_class", "confidence", *labels, "in_distribution", "warnings"]
    writer.writerow(["file", *columns, "error"])
    for row in rows:
        if row.prediction is None:
            writer.writerow([row.file, *("" for _ in columns), row.error])
            continue
        decision, likeness = row.prediction.decision, row.prediction.in_distribution
        writer.writerow(
            [
                row.file,
                decision.predicted_class,
                f"{decision.confidence:.6f}",
                *(f"{p:.6f}" for p in decision.probabilities),
                f"{likeness.score:.6f}" if likeness else "",
                " ".join(decision.warnings),
                "",
            ]
        )


def print_table(rows: list[Row]) -> None:
    """One line a picture, for people."""
    width = max((len(str(row.file)) for row in rows), default=0)
    for row in rows:
        if row.prediction is None:
            text = f"cannot be classified: {row.error}"
        else:
            decision = row.prediction.decision
            doubt = f"  ({', '.join(decision.warnings)})" if decision.warnings else ""
            text = f"{decision.predicted_class}  {decision.confidence:.1%}{doubt}"
        click.echo(f"{row.file!s:{width}}  {text}")
