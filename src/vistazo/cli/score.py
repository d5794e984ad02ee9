"""vistazo score."""

from __future__ import annotations

import contextlib
import json
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial

import click

from vistazo.classifier import Classifier
from vistazo.cli.location import LOCATION
from vistazo.cli.picture_files import in_words
from vistazo.loading import ModelSource, load_model
from vistazo.models.fetch import Location
from vistazo.pictures.folders import Skipped
from vistazo.scale.archive.local_engine import score_here
from vistazo.scale.archive.manifest import Manifest
from vistazo.scale.archive.places import archive_at, output_at
from vistazo.scale.archive.ray_engine import Cluster, Orders, score_on_ray
from vistazo.scale.archive.run import SHARD_FILES, Engine, Run
from vistazo.scale.archive.scoring import Scorer, columns_of
from vistazo.scale.archive.source import Archive
from vistazo.scale.archive.terms import Terms
from vistazo.scale.archive.worker import Task
from vistazo.service.isolation.pool import IsolatedReader
from vistazo.service.settings import Settings
from vistazo.service.telemetry import tell_a_person_who_waits
from vistazo.training.progress import Progress

_LOCAL, _RAY = "local", "ray"


@dataclass(frozen=True)
class _Asked:
    """``workers``, ``address`` and ``shard_files`` are None where they were not given."""

    engine: str
    workers: int | None
    address: str | None
    shard_files: int | None
    goes_below: bool
    as_json: bool


@click.command(name="score")
@click.argument("archive", metavar="ARCHIVE")
@click.argument("output", metavar="OUTPUT")
@click.option("--model", type=LOCATION, metavar="PATH|LINK", help="Instead of MODEL_PATH.")
@click.option("--weights", type=LOCATION, metavar="PATH|LINK", help="Instead of MODEL_WEIGHTS.")
@click.option(
    "--engine",
    type=click.Choice([_LOCAL, _RAY]),
    default=_LOCAL,
    help="local: THREADS of this machine (the default). ray: the machines of a Ray cluster.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 10_000),
    metavar="N",
    help="With --engine ray: processes of one core each; by default one for each core.",
)
@click.option(
    "--address",
    metavar="ADDRESS",
    help="With --engine ray: ray://host:port, auto for the cluster that this machine is in, or "
    "local for a Ray of its own; by default RAY_ADDRESS, or else local.",
)
@click.option(
    "--shard-files",
    type=click.IntRange(1, 10_000),
    metavar="N",
    help=f"Pictures of a shard, which is done, or not, as a whole ({SHARD_FILES}).",
)
@click.option(
    "--recursive/--no-recursive",
    default=True,
    help="Whether the pictures in the folders below count, too (they do).",
)
@click.option("--json", "as_json", is_flag=True, help="Print the manifest, as JSON.")
def command(  # noqa: PLR0917 - as many as there are options
    archive: str,
    output: str,
    model: Location | None,
    weights: Location | None,
    engine: str,
    workers: int | None,
    address: str | None,
    shard_files: int | None,
    recursive: bool,
    as_json: bool,
) -> int:
    """Classify an archive of pictures, on this machine or on many.

    ARCHIVE: a folder, or the link of one: s3://bucket/pictures and whatever else fsspec reads
    (scripts/requirements/archives.txt). Every picture in it and below is classified once.

    OUTPUT: a .csv, .jsonl or .parquet, here or behind a link; with a / at its end it is a folder of
    such files, one for each shard. OUTPUT.manifest.json says what it is, and is written last.

    Every picture has its row, in the order of their names. One that cannot be classified has the
    reason in it, and a code. The same command again goes on where it was stopped, by whatever; a
    run that is done is left as it is.

    Exit status: 0, or 1 where a picture could not be classified; 2 where it cannot be done.

    \b
    Examples:
      vistazo score pictures/ answers.csv
      vistazo score pictures/ answers.parquet --model my_model.keras
      vistazo score s3://bucket/pictures s3://bucket/answers.parquet
      vistazo score s3://bucket/pictures answers.parquet/ --engine ray --address auto
      vistazo score pictures/ answers.jsonl --engine ray --workers 4 --json
    """  # noqa: D301
    asked = _Asked(engine, workers, address, shard_files, recursive, as_json)
    if engine != _RAY and (workers is not None or address is not None):
        raise click.UsageError("--workers and --address are for --engine ray. Set THREADS instead.")
    settings = Settings.from_environment()
    tell_a_person_who_waits(settings.log_level)
    source = settings.model_source if model is None else settings.model_source.of(model, weights)
    source = replace(source, weights=weights or source.weights)
    return _score(archive_at(archive, goes_below=recursive), output, source, settings, asked)


def _score(
    archive: Archive, output: str, source: ModelSource, settings: Settings, asked: _Asked
) -> int:
    store, layout = output_at(output)
    archive.check()
    shown = _Shown()
    with _classifier(source, settings) as classifier:
        scorer = Scorer(classifier, archive, settings.max_upload_bytes, settings.threads)
        terms = Terms.of(
            archive.place,
            scorer.computes_with,
            settings.image_limits,
            asked.shard_files or SHARD_FILES,
            goes_below=asked.goes_below,
        )
        run = Run(
            archive, store, layout, terms, columns_of(classifier), shown, bool(asked.shard_files)
        )
        task = Task(source, archive, settings.image_limits, settings.job_timeout_s)
        engine = _engine(scorer, task, asked, shown.progress.say)
        with shown.told_how_to_go_on():
            manifest = run.to_its_end(engine, asked.engine)
    _tell(output, manifest, is_new=run.is_new, as_json=asked.as_json)
    return 1 if manifest.failed else 0


@contextlib.contextmanager
def _classifier(source: ModelSource, settings: Settings) -> Iterator[Classifier]:
    """Whose decoders may die. Raises UsageError for a model that takes no pictures."""
    reader = IsolatedReader(settings.image_limits, settings.isolation_policy)
    try:
        found = load_model(source, reader, when_of_pictures=reader.start)
        if not isinstance(found, Classifier):
            raise click.UsageError(
                f"The model takes {found.takes}, and no pictures: those are for vistazo predict."
            )
        yield found
    finally:
        reader.close()


def _engine(scorer: Scorer, task: Task, asked: _Asked, say: Callable[[str], None]) -> Engine:
    if asked.engine == _LOCAL:
        return partial(score_here, scorer)
    cluster = Cluster(asked.address, asked.workers)
    return partial(score_on_ray, cluster, Orders(task, scorer, say))


@dataclass
class _Shown:
    """The run, to a person who waits for it."""

    progress: Progress = field(default_factory=Progress)
    done: int = 0
    total: int = 0

    def listed(self, files: int) -> None:
        if files % 10_000 == 0 and sys.stderr.isatty():
            self.progress.say(f"{files} pictures found so far ...")

    def skipped(self, skipped: Skipped) -> None:
        for line in in_words(skipped):
            click.echo(line, err=True)

    def scored(self, files: int, total: int) -> None:
        self.done, self.total = files, total
        self.progress.bar("scoring", files, total)

    @contextlib.contextmanager
    def told_how_to_go_on(self) -> Iterator[None]:
        before = signal.signal(signal.SIGTERM, _stop)  # as batch systems end what takes too long
        try:
            yield
        except KeyboardInterrupt:
            so_far = f" after {self.done} of {self.total}" if self.total else ""
            self.progress.say(f"Stopped{so_far}. The same command goes on from there.")
            raise
        finally:
            signal.signal(signal.SIGTERM, before)
            self.progress.clear()


def _stop(*_: object) -> None:
    """As Ctrl-C does."""
    raise KeyboardInterrupt


def _tell(output: str, manifest: Manifest, *, is_new: bool, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(manifest.model_dump(mode="json"), indent=2, ensure_ascii=False))
        return
    without = f", {manifest.failed} of them without an answer" if manifest.failed else ""
    pictures = "picture" if manifest.files == 1 else "pictures"
    when = f"{manifest.seconds:.0f} s" if is_new else f"done before, {manifest.finished}"
    click.echo(f"{output}: {manifest.files} {pictures}{without}; {when}")
