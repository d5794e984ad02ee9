"""Structured logs: one event a line, as JSON or for a console.

What may be logged is what the code names: never a file name, a pixel, or a field of a picture.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sys
import time
import traceback
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Literal

from vistazo.service.log_sink import LogSink

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
trace_id: ContextVar[str | None] = ContextVar("trace_id", default=None)


@contextlib.contextmanager
def of_request(the_request_id: str, the_trace_id: str | None = None) -> Iterator[None]:
    """What is logged inside belongs to this request, and to this trace."""
    tokens = request_id.set(the_request_id), trace_id.set(the_trace_id)
    try:
        yield
    finally:
        request_id.reset(tokens[0])
        trace_id.reset(tokens[1])


_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}


# Libraries that quote what they read: while debugging Pillow logs the texts in a picture, and the
# parser of forms quotes a broken one; others the address of a collector of traces.
_QUOTING = ("PIL", "python_multipart", "opentelemetry", "urllib3")

# Loggers of what a stranger can cause as often as he likes, without a request.
_SELDOM = (
    "uvicorn.error", "asyncio", "vistazo.api.connection_limits", "vistazo.service.tracing",
    "vistazo.pacs.listener", "vistazo.pacs.receiving",
)  # fmt: skip
_SELDOM_S = 10.0

# Loggers that tell of exceptions in a request without being within it.
_OF_REQUESTS = ("uvicorn.error", "asyncio")
# And of what no request brought, even where one asked for it.
_OF_MODELS = ("vistazo.service.reload.reloader",)


def configure_logging(log_format: Literal["auto", "json", "console"], level: str) -> None:
    """Send every log of the process to standard error, in one format."""
    handler = LogSink()
    handler.setFormatter(formatter(log_format))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True  # uvicorn's own command sets it off
        logger.setLevel(logging.WARNING)
    for name in _QUOTING:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    for name in _SELDOM:
        logging.getLogger(name).filters[:] = [Seldom()]


def formatter(log_format: Literal["auto", "json", "console"]) -> logging.Formatter:
    is_console = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())
    return _ConsoleFormatter() if is_console else _JsonFormatter()


def tell_a_person_who_waits(level: str) -> None:
    """For commands: what takes a while, such as a download, is logged where a terminal shows it."""
    if sys.stderr.isatty():
        configure_logging("console", level)


def _fields(record: logging.LogRecord) -> dict[str, object]:
    fields = {name: value for name, value in vars(record).items() if name not in _STANDARD}
    current = {"request_id": request_id.get(), "trace_id": trace_id.get()}
    return {**{name: value for name, value in current.items() if value}, **fields}


class Seldom(logging.Filter):
    """Lets a line through once in ten seconds; the next one says how many were ``left_out``."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[tuple[str, int], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        now_s, place = time.monotonic(), (record.pathname, record.lineno)
        last_s, left_out = self._seen.get(place, (-_SELDOM_S, 0))
        if now_s - last_s < _SELDOM_S:
            self._seen[place] = last_s, left_out + 1
            return False
        self._seen[place] = now_s, 0
        if left_out:
            record.left_out = left_out
        return True


def _message(record: logging.LogRecord) -> str:
    """Of the event loop the first line alone: the next ones quote exceptions."""
    message = record.getMessage()
    return message.partition("\n")[0] if record.name in _OF_REQUESTS else message


def _exception(record: logging.LogRecord) -> str | None:
    """Where and of what kind; its words too, but not within a request, which they may quote."""
    error = record.exc_info[1] if record.exc_info else None
    if error is None:
        return None
    is_of_a_request = request_id.get() is not None and record.name not in _OF_MODELS
    may_quote = is_of_a_request or record.name in _OF_REQUESTS
    told = _without_words(error, set()) if may_quote else traceback.format_exception(error)
    return "".join(told).rstrip()


def _without_words(error: BaseException, told: set[int]) -> Iterator[str]:
    """Causes first, as Python has it; each once, as one that a group holds may come of it."""
    if id(error) in told:
        return
    told.add(id(error))
    cause = error.__cause__ or error.__context__
    if cause is not None and id(cause) not in told:
        yield from _without_words(cause, told)
        yield "\n"
    yield "Traceback (most recent call last):\n"
    yield from traceback.format_tb(error.__traceback__)
    yield f"{type(error).__qualname__}\n"
    for each in error.exceptions if isinstance(error, BaseExceptionGroup) else ():
        yield from _without_words(each, told)


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        event: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": _message(record),
            **_fields(record),
        }
        if exception := _exception(record):
            event["exception"] = exception
        return json.dumps(event, default=str, ensure_ascii=False)


class _ConsoleFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).astimezone().strftime("%H:%M:%S")
        fields = "".join(f"  {name}={value}" for name, value in _fields(record).items())
        line = f"{time}  {record.levelname.lower():7}  {_message(record)}{fields}"
        exception = _exception(record)
        return f"{line}\n{exception}" if exception else line
