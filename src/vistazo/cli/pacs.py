"""vistazo pacs."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from vistazo.cli.location import LOCATION
from vistazo.errors import SettingsError
from vistazo.models.fetch import Location
from vistazo.pacs.asked import Asked, Secrets, base_of, modality_of, since_of
from vistazo.pacs.ledger import STATES
from vistazo.pacs.peers import called_of, peer_of, title_of
from vistazo.pacs.spool import existing_spool

if TYPE_CHECKING:
    from vistazo.classifier import Classifier

_Command = TypeVar("_Command", bound=Callable[..., Any])


class _Read(click.ParamType):  # type: ignore[type-arg]
    """What a function reads, or says in a ValueError that it cannot."""

    def __init__(self, name: str, read: Callable[[str], object]) -> None:
        self.name, self._read = name, read

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> object:
        if not isinstance(value, str):
            return value
        try:
            return self._read(value)
        except ValueError as error:
            self.fail(f"{error}.", param, ctx)


_URL, _SECONDS = _Read("URL", base_of), click.FloatRange(0.1, 86_400)
_FILE: Any = {"type": click.Path(exists=True, dir_okay=False), "metavar": "FILE"}
_OPTIONS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("--spool", "The folder in which X-rays and reports wait; nothing else is in it.",
     {"type": click.Path(file_okay=False, path_type=Path), "metavar": "FOLDER"}),
    ("--peer", "Who may send X-rays: the AE title, or *, and an address or network. Several.",
     {"type": _Read("TITLE@ADDRESS", peer_of), "multiple": True}),
    ("--title", "Our own AE title.",
     {"type": _Read("TITLE", title_of), "default": "VISTAZO", "show_default": True}),
    ("--host", "Address to listen on; 0.0.0.0 for every one.",
     {"default": "127.0.0.1", "show_default": True, "metavar": "ADDRESS"}),
    ("--port", "Port to listen on.",
     {"type": click.IntRange(1, 65535), "default": 11112, "show_default": True}),
    ("--send-to", "An archive that takes reports by C-STORE. Several: each gets all.",
     {"type": _Read("TITLE@HOST:PORT", called_of), "multiple": True}),
    ("--dicomweb", ("Look for X-rays there (QIDO-RS, WADO-RS). Reports go there, too (STOW-RS), "
     "unless --send-to or --stow says otherwise."), {"type": _URL}),
    ("--stow", "An archive that takes reports by STOW-RS.", {"type": _URL}),
    ("--no-heatmap", "Send structured reports alone, as to who takes no Secondary Captures.",
     {"is_flag": True}),
    ("--since", "Look for studies of that day and later, or of the last days.",
     {"type": _Read("DAY|Nd", since_of), "default": "1d", "show_default": True}),
    ("--every", "Seconds between two looks.",
     {"type": _SECONDS, "default": 30.0, "show_default": True}),
    ("--modality", "Look for these; by default those that the card accepts, else CR and DX.",
     {"type": _Read("CODE", modality_of), "multiple": True}),
    ("--tls-cert", "Listen within TLS, with this certificate (PEM).", _FILE),
    ("--tls-key", "Its key.", _FILE),
    ("--tls-ca", "Who signs the certificates of others; who calls then needs one.", _FILE),
    ("--send-tls", "Send within TLS, too.", {"is_flag": True}),
    ("--max-object-bytes", "Largest X-ray.",
     {"type": click.IntRange(10_000), "default": 64_000_000, "show_default": True}),
    ("--max-waiting", "Most X-rays in the spool; one more is refused (0xA700).",
     {"type": click.IntRange(1), "default": 10_000, "show_default": True}),
    ("--max-waiting-bytes", "Most bytes in the spool.",
     {"type": click.IntRange(10_000), "default": 10_000_000_000, "show_default": True}),
    ("--max-associations", "Most associations at once.",
     {"type": click.IntRange(1, 100), "default": 10, "show_default": True}),
    ("--timeout", "Seconds that another side may say nothing.",
     {"type": _SECONDS, "default": 30.0, "show_default": True}),
    ("--give-up-after", "Hours after which a report that cannot be sent is put aside.",
     {"type": click.FloatRange(0.001, 100_000), "default": 168.0, "show_default": True}),
)  # fmt: skip


def _options(function: _Command) -> _Command:
    for name, said, how in reversed(_OPTIONS):
        variable = "PACS_" + name.removeprefix("--").replace("-", "_").upper()
        function = click.option(name, envvar=variable, show_envvar=True, help=said, **how)(function)
    return function


the_spool = click.argument("spool", type=click.Path(file_okay=False, path_type=Path))


@click.group(name="pacs", invoke_without_command=True)
@_options
@click.option("--model", type=LOCATION, metavar="PATH|LINK", help="Instead of MODEL_PATH.")
@click.pass_context
def command(context: click.Context, /, model: Location | None, **given: Any) -> None:
    """Classify the X-rays of an archive (PACS), and send it the reports.

    X-rays come by C-STORE from whoever --peer names, or are looked for with --dicomweb. What was
    taken is on the disk, in the spool, until its report has been accepted; then it is deleted. The
    same X-ray gives one report, however often it comes, and whatever is killed.

    Who we are to an archive over HTTP is read from PACS_DICOMWEB_TOKEN, or from PACS_DICOMWEB_USER
    and PACS_DICOMWEB_PASSWORD. The model and its limits are set as for 'vistazo serve'.

    Needs the extra 'pacs'. Ctrl-C ends it once what is in work is done.

    \b
    Examples:
      vistazo pacs --spool spool/ --peer PACS@10.0.0.5 --host 0.0.0.0 --send-to PACS@10.0.0.5:104
      vistazo pacs --spool spool/ --dicomweb https://pacs.example/dicom-web --since 2d
      vistazo pacs status spool/
      vistazo pacs retry spool/
    """  # noqa: D301
    if context.invoked_subcommand is not None:
        return
    if given["spool"] is None:
        raise click.UsageError("Say where X-rays and reports wait: --spool FOLDER.")
    asked = Asked(peers=given.pop("peer"), modalities=given.pop("modality"), **given)
    asked.check()
    _run(asked, model)


@command.command(name="status")
@the_spool
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def status(spool: Path, as_json: bool) -> int:
    """Say how many X-rays wait, and what became of the others.

    Exit status: 0; 1 where something was given up.
    """
    with existing_spool(spool) as found:
        counts = found.ledger.counts()
        refused, failed = found.ledger.reasons("refused"), found.ledger.reasons("failed")
        held = found.ledger.held()
    if as_json:
        reasons = {"refused_for": dict(refused), "failed_for": dict(failed)}
        click.echo(json.dumps({**counts, "bytes": held.n_bytes, **reasons}, indent=2))
        return 1 if counts["failed"] else 0
    for state in STATES:
        click.echo(f"{state:9} {counts[state]}")
        for reason, number in {"refused": refused, "failed": failed}.get(state, []):
            click.echo(f"          {number} {reason}")
    return 1 if counts["failed"] else 0


@command.command(name="retry")
@the_spool
@click.option("--refused", is_flag=True, help="Forget what was refused, too.")
def retry(spool: Path, *, refused: bool) -> None:
    """Try again what was given up, also while the station runs.

    What was refused is deleted: with --refused it is taken as new where it is sent again, or is
    still listed by the archive that is looked through.
    """
    with existing_spool(spool) as found:
        click.echo(f"{found.retry()} to be tried again")
        if refused:
            click.echo(f"{found.retry_refused()} to be taken if they come again")


def _run(asked: Asked, model: Location | None) -> None:
    # Only here: 'status' needs no model, and is asked often.
    from vistazo.loading import load_classifier
    from vistazo.pacs.building import station_of
    from vistazo.pacs.model_reporter import ModelReporter
    from vistazo.pacs.spool import SpoolLimits, open_spool
    from vistazo.pictures import ImageLimits
    from vistazo.reports.writer import ReportPolicy, ReportWriter
    from vistazo.service.isolation.pool import IsolatedReader
    from vistazo.service.settings import Settings
    from vistazo.service.small_plan import memory_limit_bytes
    from vistazo.service.telemetry import configure_logging

    _check_installed()
    secrets, settings = _secrets(), Settings.from_environment()
    configure_logging(settings.log_format, settings.log_level)
    source = settings.model_source if model is None else settings.model_source.of(model)
    limits = ImageLimits(asked.max_object_bytes, settings.max_pixels)
    room = SpoolLimits(asked.max_waiting, asked.max_waiting_bytes)
    with ExitStack() as stack:
        stop = stack.enter_context(_told_to_stop())
        spool = stack.enter_context(open_spool(asked.spool, room))
        reader = IsolatedReader(limits, settings.isolation_policy)
        stack.callback(reader.close)
        reader.start()
        classifier = load_classifier(source, reader, stop.is_set)
        stack.callback(classifier.close)
        writer = ReportWriter(ReportPolicy(settings.job_timeout_s, memory_limit_bytes()))
        stack.callback(writer.close)
        asked = replace(asked, modalities=asked.modalities or _modalities(classifier))
        threads, drain_s = settings.threads, settings.drain_timeout_s
        reporter = ModelReporter(classifier, writer, not asked.no_heatmap)
        station = station_of(
            asked, secrets, spool, reporter, stack, threads=threads, drain_s=drain_s
        )
        station.start()
        click.echo(_said(asked), err=True)
        stop.wait()
        station.stop()


def _check_installed() -> None:
    """Raises SettingsError."""
    from vistazo.reports.installed import check_installed

    check_installed()
    if importlib.util.find_spec("pynetdicom") is None:
        raise SettingsError(
            "'vistazo pacs' needs pynetdicom, which is not installed: pip install 'vistazo[pacs]'."
        )


@contextmanager
def _told_to_stop() -> Iterator[threading.Event]:
    """Ctrl-C and SIGTERM set it: what is in work then ends by itself. A second Ctrl-C does not
    wait for that.
    """
    event = threading.Event()

    def stop(number: int, _: object) -> None:
        if event.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        event.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield event
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _secrets() -> Secrets:
    """Raises SettingsError."""
    given = {
        name: os.environ.get(f"PACS_DICOMWEB_{name.upper()}", "").strip()
        for name in ("user", "password", "token")
    }
    if given["token"] and given["user"]:
        raise SettingsError("Set PACS_DICOMWEB_TOKEN or PACS_DICOMWEB_USER, not both.")
    return Secrets(**given)


def _modalities(classifier: Classifier) -> tuple[str, ...]:
    """Those that the card accepts."""
    accepts = classifier.card.input.accepts
    return accepts.modalities if accepts is not None and accepts.modalities else ("CR", "DX")


def _said(asked: Asked) -> str:
    ways_in = [f"X-rays come to {asked.title} on {asked.host}:{asked.port}"] if asked.peers else []
    if asked.dicomweb is not None:
        ways_in.append(f"are looked for in {asked.dicomweb}")
    ways_out = [*map(str, asked.send_to), *filter(None, [asked.stow_base])]
    return f"{' and '.join(ways_in)}; reports go to {', '.join(ways_out)}. Ctrl-C ends it."
