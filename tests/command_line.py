"""``vistazo``, run in this process: to start one takes longer than most of what it is asked."""

from __future__ import annotations

import io
import logging
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from vistazo import cli

Done = subprocess.CompletedProcess[str]


def run_here(
    arguments: tuple[str, ...], environment: Mapping[str, str], cwd: Path | None = None
) -> Done:
    """What a process of its own would give. An exception that it does not catch is raised.

    Not for ``serve``, which changes what is of the whole process.
    """
    assert arguments[:1] != ("serve",)
    printed, said = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, _logging_left_alone():
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.chdir(cwd or Path.cwd())
        patch.setattr(sys, "argv", ["vistazo", *arguments])
        with (
            redirect_stdout(printed),
            redirect_stderr(said),
            pytest.raises(SystemExit) as ended,
        ):
            cli.main()
    return Done(arguments, int(str(ended.value.code)), printed.getvalue(), said.getvalue())


@contextmanager
def _logging_left_alone() -> Iterator[None]:
    """A command sends the logs of its whole process where it wants them."""
    before = {logger: _state(logger) for logger in _loggers()}
    yield
    for logger in _loggers():
        level, handlers, filters, logger.propagate = before.get(
            logger, (logging.NOTSET, [], [], True)
        )
        logger.handlers[:], logger.filters[:] = handlers, filters
        logger.setLevel(level)


def _loggers() -> list[logging.Logger]:
    named = logging.root.manager.loggerDict.values()
    return [logging.root, *(each for each in named if isinstance(each, logging.Logger))]


def _state(logger: logging.Logger) -> tuple[int, list[logging.Handler], list[Any], bool]:
    return logger.level, logger.handlers[:], logger.filters[:], logger.propagate
