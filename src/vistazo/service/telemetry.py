"""Structured logs: one event a line, as JSON or for a console.

What may be logged is what the code names: never a file name, a pixel, or a field of a picture.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Literal

from vistazo.service.log_sink import LogSink

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}


# Libraries that quote what they read: while debugging Pillow logs the texts in a picture, and the
# parser of forms quotes a broken one.
_QUOTING = ("PIL", "python_multipart")

# Loggers of what a stranger can cause as often as he likes, without a request.
_SELDOM = ("uvicorn.error", "asyncio", "vistazo.api.connection_limits")
_SELDOM_S = 10.0


def configure_logging(log_format: Literal["auto", "json", "console"], level: str) -> None:
    """Send every log of the process to standard error, in one format."""
    is_console = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())
    handler = LogSink()
    handler.setFormatter(_ConsoleFormatter() if is_console else _JsonFormatter())
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


def tell_a_person_who_waits(level: str) -> None:
    """For commands: what takes a while, such as a download, is logged where a terminal shows it."""
    if sys.stderr.isatty():
        configure_logging("console", level)


def _fields(record: logging.LogRecord) -> dict[str, object]:
    fields = {name: value for name, value in vars(record).items() if name not in _STANDARD}
    current = request_id.get()
    return {"request_id": current, **fields} if current else fields


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


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        event: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            event["exception"] = self.formatException(record.exc_info)
        return json.dumps(event, default=str, ensure_ascii=False)


class _ConsoleFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).astimezone().strftime("%H:%M:%S")
        fields = "".join(f"  {name}={value}" for name, value in _fields(record).items())
        line = f"{time}  {record.levelname.lower():7}  {record.getMessage()}{fields}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line
