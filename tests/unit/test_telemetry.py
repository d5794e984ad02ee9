import asyncio
import gc
import io
import logging
import re
import sys
from types import SimpleNamespace

import pytest

from vistazo.service.telemetry import Seldom, formatter, of_request


def test_a_line_that_comes_again_and_again_is_let_through_seldom_with_how_many_were_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def line(number: int) -> logging.LogRecord:
        return logging.makeLogRecord({"msg": "closed", "lineno": number})

    now = [100.0]
    # Of this module alone: the clock of all would stop services that other tests have running.
    clock = SimpleNamespace(monotonic=lambda: now[0])
    monkeypatch.setattr("vistazo.service.telemetry.time", clock)
    seldom = Seldom()
    passed = [seldom.filter(line(1)) for _ in range(1000)]
    assert passed == [True] + [False] * 999
    assert seldom.filter(line(2))  # another line
    now[0] += 11
    again = line(1)
    assert seldom.filter(again)
    assert vars(again)["left_out"] == 999


class QuotingError(Exception):
    """What a library raises, with what it has read in its words."""


def raised(words: str) -> logging.LogRecord:
    try:
        try:
            raise KeyError(words)
        except KeyError as error:
            error.add_note(words)
            raise QuotingError(f"cannot read {words}") from error
    except QuotingError:
        return logging.makeLogRecord({"msg": "unexpected error", "exc_info": sys.exc_info()})


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_within_a_request_an_exception_is_logged_without_its_words(log_format: str) -> None:
    form = formatter(log_format)
    with of_request("one"):
        line = form.format(raised("perez"))
    assert "perez" not in line
    assert "Quoting" in line
    assert "KeyError" in line
    assert re.search(r"test_telemetry.py.*line \d+, in raised", line)
    assert "cannot read perez" in form.format(raised("perez"))  # such as while a model is loaded
    record = raised("perez")
    record.name = (
        "vistazo.service.reload.reloader"  # or while one is loaded that a request asks for
    )
    with of_request("one"):
        assert "cannot read perez" in form.format(record)


def test_an_exception_that_came_of_a_group_that_holds_it_is_logged_once() -> None:
    """As where an answer fails that is sent as it is made: the group of tasks is taken apart."""
    words = "perez"
    try:
        try:
            raise ExceptionGroup("tasks", [QuotingError(words)])
        except ExceptionGroup as group:
            raise group.exceptions[0]  # noqa: B904 - as Starlette does
    except QuotingError:
        record = logging.makeLogRecord({"msg": "unexpected error", "exc_info": sys.exc_info()})
    with of_request("one"):
        line = formatter("json").format(record)
    assert line.count("Traceback") == 2
    assert line.endswith('QuotingError"}')
    assert words not in line


def test_what_the_event_loop_logs_of_a_forgotten_task_has_no_words_of_its_exception() -> None:
    async def forgotten() -> None:
        async def failing(words: str) -> None:
            raise QuotingError(words)

        task = asyncio.ensure_future(failing("perez"))
        await asyncio.wait([task])

    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(formatter("json"))
    logger = logging.getLogger("asyncio")
    logger.addHandler(handler)
    try:
        asyncio.run(forgotten())
        gc.collect()
    finally:
        logger.removeHandler(handler)
    assert "Task exception was never retrieved" in written.getvalue()
    assert "Quoting" in written.getvalue()
    assert "perez" not in written.getvalue()
