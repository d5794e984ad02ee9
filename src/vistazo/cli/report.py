"""vistazo report."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import click

from vistazo.classifier import Classifier, Prediction
from vistazo.cli.location import LOCATION
from vistazo.cli.picture_files import in_words, picture_files, read_file
from vistazo.errors import DicomNeededError, InputError, SettingsError
from vistazo.loading import ModelSource, load_classifier
from vistazo.models.fetch import Location
from vistazo.pictures.bulk import in_threads
from vistazo.pictures.folders import Skipped
from vistazo.pictures.formats import format_of
from vistazo.reports.child import DicomFile
from vistazo.reports.installed import check_installed
from vistazo.reports.writer import ReportPolicy, ReportWriter
from vistazo.rows.picture_rows import name_of
from vistazo.rows.terminal_text import plain
from vistazo.service.isolation.pool import IsolatedReader
from vistazo.service.settings import Settings
from vistazo.service.small_plan import memory_limit_bytes
from vistazo.service.telemetry import tell_a_person_who_waits
from vistazo.training.checkpoint import replace_whole
from vistazo.training.progress import Progress


@click.command(name="report")
@click.argument(
    "paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE|FOLDER... OUT/"
)
@click.option("--model", type=LOCATION, metavar="PATH|LINK", help="Instead of MODEL_PATH.")
@click.option("--weights", type=LOCATION, metavar="PATH|LINK", help="Instead of MODEL_WEIGHTS.")
@click.option(
    "--heatmap/--no-heatmap",
    default=True,
    help="With what spoke for the class, as a secondary capture, or without.  [default: with]",
)
@click.option(
    "--recursive/--no-recursive",
    default=True,
    help="Of a folder: with the pictures in the folders below it, or without.  [default: with]",
)
@click.option(
    "--frame",
    type=click.IntRange(min=1),
    metavar="N",
    help="Of DICOM files of several frames: this one, from 1, instead of the one that the header "
    "calls representative, or the first.",
)
def command(  # noqa: PLR0917 - as many as there are options
    paths: tuple[Path, ...],
    model: Location | None,
    weights: Location | None,
    heatmap: bool,
    recursive: bool,
    frame: int | None,
) -> int:
    """Answer DICOM files as DICOM: a structured report of each, and a heatmap, into a folder.

    They belong to the study of their picture, as an archive is to take them: the report is not
    verified and preliminary. Files are named by their SOP Instance UID, which is the same for the
    same picture and the same model: the same command again writes the same names.

    What cannot be reported is named, with the reason. Exit status: 0, or 1 where there was such a
    one. It needs the extra 'reports': pip install "vistazo[reports]".

    \b
    Examples:
      vistazo report chest.dcm reports/
      vistazo report --no-heatmap study/ reports/
      vistazo report --frame 2 angiography.dcm reports/
      vistazo report --model my_model.keras study1/ study2/ chest.dcm reports/
    """  # noqa: D301
    if len(paths) < 2:
        raise click.UsageError("Name the files or folders, and last the folder for the reports.")
    *sources, out = paths
    check_installed()
    settings = Settings.from_environment()
    tell_a_person_who_waits(settings.log_level)
    _make(out)
    source = settings.model_source if model is None else settings.model_source.of(model, weights)
    source = replace(source, weights=weights or source.weights)
    files = _files(sources, goes_below=recursive)
    with _reporting(source, settings, out, frame, with_heatmap=heatmap) as reporting:
        return _report(reporting, files, settings.threads)


@contextlib.contextmanager
def _reporting(
    source: ModelSource, settings: Settings, out: Path, frame: int | None, *, with_heatmap: bool
) -> Iterator[_Reporting]:
    """With processes for what strangers wrote, as the service has them."""
    reader = IsolatedReader(settings.image_limits, settings.isolation_policy)
    writer = ReportWriter(ReportPolicy(settings.job_timeout_s, memory_limit_bytes()))
    try:
        classifier = load_classifier(source, reader).at_frame(frame)
        yield _Reporting(classifier, writer, settings.max_upload_bytes, out, with_heatmap)
    finally:
        writer.close()
        reader.close()


def _files(paths: Sequence[Path], *, goes_below: bool) -> list[Path]:
    skipped = Skipped()
    files = list(picture_files(paths, skipped, goes_below=goes_below))
    for line in in_words(skipped):
        click.echo(line, err=True)
    return files


class _NamedAlreadyError(Exception):
    """Two files say that they are the same picture, and are not."""


@dataclass(frozen=True)
class _Done:
    file: Path
    prediction: Prediction | None = None
    names: tuple[str, ...] = ()
    error: Exception | None = None

    def __str__(self) -> str:
        name = plain(name_of(self.file))
        if self.prediction is None:
            return f"{name}: no report. {self.error}"
        decision = self.prediction.decision
        return f"{name}: {decision.predicted_class} {decision.confidence:.3f}: " + " ".join(
            self.names
        )


@dataclass(frozen=True)
class _Reporting:
    classifier: Classifier
    writer: ReportWriter
    max_bytes: int
    out: Path
    with_heatmap: bool
    writing: threading.Lock = field(default_factory=threading.Lock)
    written: dict[str, tuple[Path, str]] = field(default_factory=dict)

    def of(self, file: Path) -> _Done:
        try:
            return self._done(file)
        except (InputError, DicomNeededError, _NamedAlreadyError) as error:
            return _Done(file, error=error.with_traceback(None))

    def _done(self, file: Path) -> _Done:
        """Raises InputError, DicomNeededError, and SettingsError where it cannot be written."""
        data = read_file(file, self.max_bytes)
        if format_of(data) != "dicom":
            raise DicomNeededError("It is no DICOM file: vistazo predict classifies it.")
        prediction, overlay = self._predicted(data)
        report = self.writer.write(data, prediction, self.classifier.card, overlay)
        made = [each for each in (report.report, report.heatmap) if each is not None]
        self._refuse_another(file, data, report.report.uid)
        return _Done(file, prediction, tuple(self._kept(each) for each in made))

    def _predicted(self, data: bytes) -> tuple[Prediction, bytes | None]:
        if self.with_heatmap:
            return self.classifier.overlay(data)
        return self.classifier.classify(data), None

    def _refuse_another(self, file: Path, data: bytes, uid: str) -> None:
        """Raises _NamedAlreadyError where this run wrote a report of that name of another file's
        bytes; a mere copy has the same report.
        """
        digest = hashlib.sha256(data).hexdigest()
        with self.writing:
            first, of = self.written.setdefault(uid, (file, digest))
        if of != digest:
            raise _NamedAlreadyError(
                f"It has the SOP Instance UID of {plain(name_of(first))}, whose report has been "
                "written: both would have one name. Report them into different folders."
            )

    def _kept(self, made: DicomFile) -> str:
        path = self.out / f"{made.uid}.dcm"
        with self.writing:  # a picture that lies there twice has one name
            replace_whole(path, partial(Path.write_bytes, data=made.data))
        return str(path)


def _report(reporting: _Reporting, files: Sequence[Path], threads: int) -> int:
    """All of them; the exit status."""
    progress, done, failed = Progress(), 0, 0
    with _told_what_is_kept(progress, reporting.out):
        for each in in_threads(reporting.of, files, threads):
            done, failed = done + 1, failed + (each.prediction is None)
            progress.clear()
            click.echo(str(each), err=each.prediction is None)
            if len(files) > 1:
                progress.bar("reporting", done, len(files))
    return 1 if failed else 0


@contextlib.contextmanager
def _told_what_is_kept(progress: Progress, out: Path) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        progress.say(f"Stopped. The reports in {out} are whole; the same command writes the rest.")
        raise
    finally:
        progress.clear()


def _make(folder: Path) -> None:
    """Raises SettingsError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"{folder} cannot be the folder for the reports: {error.strerror}. It is named last."
        ) from error
