"""vistazo records."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from vistazo.cli.record_rows import COLUMNS, as_csv, as_object, as_words
from vistazo.cli.time_span import Moment
from vistazo.service.records.database import existing
from vistazo.service.records.listing import Wanted, answers, models_named, newest
from vistazo.service.records.retention import forget
from vistazo.service.records.summary import worth_of
from vistazo.service.records.worth import Share, Worth
from vistazo.service.settings import Settings

_Command = TypeVar("_Command", bound=Callable[..., Any])

the_folder = click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder of the records; by default the one in RECORDS_DIR.",
)
the_model = click.option(
    "--model", metavar="MODEL", help="Of this name, version, or beginning of a SHA-256."
)


def _which(function: _Command) -> _Command:
    """The options that say which answers are wanted."""
    for option in (
        click.option("--disagreeing", "is_disagreeing", is_flag=True,
            help="Only where feedback said otherwise."),
        click.option("--judged", "is_judged", is_flag=True, help="Only where there is feedback."),
        click.option("--caller", metavar="NAME", help="Given to this key."),
        click.option("--label", metavar="LABEL", help="That said this."),
        click.option("--until", "until_ms", type=Moment(is_end=True),
            help="Until then; of a month, say, all of it."),
        click.option("--since", "from_ms", type=Moment(),
            help="From then on, such as 2026-05 or 2026-05-31T14:00 (UTC)."),
        the_model,
        the_folder,
    ):  # fmt: skip
        function = option(function)
    return function


@click.group(name="records")
def command() -> None:
    """Look up what was answered, what was true, and forget it.

    Works while the service runs. There is something where it runs with RECORDS_DIR.

    \b
    Examples:
      vistazo records list --dir records/
      vistazo records export --model pneumonia --since 2026-05 --until 2026-05 > may.csv
      vistazo records export --disagreeing --jsonl > wrong.jsonl
      vistazo records worth
      vistazo records forget 0b6e5f1c2d3e4f5061728394a5b6c7d8
    """  # noqa: D301


@command.command(name="list")
@_which
@click.option("--most", default=50, show_default=True, type=click.IntRange(1, 100_000),
    help="So many, the newest.")  # fmt: skip
def show(folder: Path | None, most: int, **which: Any) -> None:
    """Show the newest answers, the last one at the end."""
    with existing(_place(folder)) as database:
        found = newest(database, Wanted(**which), most)
    for answer in found:
        click.echo(as_words(answer))
    if not found:
        click.echo("No such answer is kept.", err=True)


@command.command(name="export")
@_which
@click.option("--jsonl", "is_jsonl", is_flag=True, help="An object a line; by default CSV.")
def export(folder: Path | None, *, is_jsonl: bool, **which: Any) -> None:
    """Write all such answers to the standard output, as CSV or JSON lines.

    Exit status 0 where there is none, too.
    """
    with existing(_place(folder)) as database:
        if not is_jsonl:
            click.echo(",".join(COLUMNS) + "\r\n", nl=False)
        for answer in answers(database, Wanted(**which)):
            if is_jsonl:
                click.echo(json.dumps(as_object(answer), ensure_ascii=False))
            else:
                click.echo(as_csv(answer), nl=False)


@command.command(name="worth")
@the_folder
@the_model
def worth(folder: Path | None, model: str | None) -> None:
    """Show how right answers were over time, by those that somebody judged.

    These are seldom a fair sample of all: people tell of what surprised them.
    """
    with existing(_place(folder)) as database:
        found = models_named(database, model)
        for name, version, sha256 in found:
            click.echo(f"{name} {version} {sha256[:8]}")
            for line in _in_words(worth_of(database, sha256)):
                click.echo(f"  {line}")
    if not found:
        click.echo("No answer of such a model is kept.", err=True)


@command.command(name="forget")
@click.argument("request_id")
@the_folder
def forget_request(request_id: str, folder: Path | None) -> int:
    """Delete what is kept of the request REQUEST_ID: answers, feedback, pictures.

    What was given in the last second may not be written yet. Copies elsewhere, such as of a backup,
    are not found. Exit status 1 where nothing of it was kept.
    """
    place = _place(folder)
    with existing(place) as database:
        gone = forget(database, place, request_id)
    if not gone:
        click.echo("Nothing is kept of that request.", err=True)
        return 1
    click.echo(f"{gone} {'answer is' if gone == 1 else 'answers are'} forgotten.")
    return 0


def _place(folder: Path | None) -> Path:
    folder = folder or Settings.from_environment().records_dir
    if folder is None:
        raise click.UsageError("There is no folder to look in: give --dir, or set RECORDS_DIR.")
    return folder.expanduser()


def _in_words(found: Worth) -> Iterator[str]:
    yield f"{found.labelled} of {found.answers} answers were judged"
    if found.accuracy is None:
        return
    yield f"accuracy {_share(found.accuracy)}"
    if found.expected_calibration_error is not None:
        yield f"expected calibration error {found.expected_calibration_error:.3f}"
    for period in found.over_time:
        days = f"{_day(period.from_ms)} to {_day(period.to_ms)}"
        yield f"{days}  {_share(period.accuracy)}, {period.accuracy.count} judged"


def _share(share: Share) -> str:
    return f"{share.value:.3f} ({share.low:.3f} to {share.high:.3f})"


def _day(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d}"
