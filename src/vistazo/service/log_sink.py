"""Where the log goes: a place that may be full, stopped or gone, and must not stop the service."""

from __future__ import annotations

import logging
import os
import select
import sys
from typing import TextIO

# Into a pipe that polls as writable so many bytes go without waiting (PIPE_BUF, POSIX: at least
# 512; Linux 4096).
_PIECE_BYTES = 512
# For a reader who is merely slow. Of one who has stopped nothing is expected until he reads again.
_PATIENCE_MS = 100


class LogSink(logging.StreamHandler[TextIO]):
    """Standard error. A line that it does not take is left out, and the next one says how many were
    (``lines_lost``): whoever reads the log, or does not, holds up nobody.
    """

    def __init__(self) -> None:
        super().__init__(sys.stderr)
        self._lost = 0
        self._is_stuck = self._is_cut = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line, or count it as lost."""
        try:
            descriptor = self.stream.fileno() if hasattr(select, "poll") else None
        except (AttributeError, OSError, ValueError):  # none, closed, or in memory
            descriptor = None
        if descriptor is None:
            super().emit(record)
            return
        if self._lost:
            record.lines_lost = self._lost
        try:
            self._write(descriptor, (self.format(record) + "\n").encode(errors="replace"))
            self._lost = 0
        except OSError:  # a full disk, a reader who has gone
            self._lost += 1

    def _write(self, descriptor: int, line: bytes) -> None:
        unwritten = memoryview(b"\n" + line if self._is_cut else line)
        while unwritten:
            self._wait_for_room(descriptor)
            unwritten = unwritten[os.write(descriptor, unwritten[:_PIECE_BYTES]) :]
            self._is_cut = True
        self._is_cut = False

    def _wait_for_room(self, descriptor: int) -> None:
        """Raises TimeoutError where there is none."""
        room = select.poll()
        room.register(descriptor, select.POLLOUT)
        if not room.poll(0 if self._is_stuck else _PATIENCE_MS):
            self._is_stuck = True
            raise TimeoutError
        self._is_stuck = False


def open_standard_streams() -> None:
    """Where one is closed: else the next file or connection would be it, and libraries write there,
    whatever it is.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # it takes the lowest number that is free
