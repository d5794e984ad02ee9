"""What a run says while it works: one line per epoch, and a bar within it on a terminal."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

_BAR_WIDTH = 30
_REDRAW_EVERY_S = 0.2
_PACE_AFTER_S = 1.0


@dataclass(frozen=True)
class EpochFigures:
    """What an epoch gave.

    ``auc`` is that of the averaged weights on validation pictures: the mean over labels, each
    against the rest.
    """

    epoch: int
    loss: float
    auc: float
    seconds: float

    def to_json(self) -> dict[str, float]:
        return {name: round(value, 4) for name, value in asdict(self).items()}


class Progress:
    """Lines go to the stream and, with the time, to the log file; the bar to a terminal only."""

    def __init__(self, log: Path | None = None, stream: TextIO | None = None) -> None:
        self._log = log
        self._stream = stream if stream is not None else sys.stderr
        self._drawn_at = 0.0
        self._bar_shown = False
        self._bar_of = ""
        self._began = 0.0, 0

    def say(self, line: str) -> None:
        self.clear()
        print(line, file=self._stream, flush=True)
        if self._log is not None:
            with self._log.open("a", encoding="utf-8") as log:
                log.write(f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} {line}\n")

    def epoch(self, done: EpochFigures, epochs: int, pace_s: float) -> None:
        """``pace_s``: seconds per epoch of this run, from which the time left is foretold."""
        left_s = (epochs - done.epoch) * pace_s
        self.say(
            f"epoch {done.epoch:>{len(str(epochs))}}/{epochs}  loss {done.loss:.4f}  "
            f"validation AUC {done.auc:.4f}  {done.seconds:.0f} s  {_left(left_s)}"
        )

    def bar(self, what: str, done: int, total: int) -> None:
        """With how many a second there were since it was first drawn, and the time left. Once all
        is done it is gone.
        """
        if not self._stream.isatty():
            return
        now = time.monotonic()
        if what != self._bar_of or done < self._began[1]:
            self._bar_of, self._began = what, (now, done)
        elif self._bar_shown and done < total and now - self._drawn_at < _REDRAW_EVERY_S:
            return
        self._drawn_at, self._bar_shown = now, True
        filled = min(_BAR_WIDTH * done // max(total, 1), _BAR_WIDTH)
        bar = "#" * filled + "-" * (_BAR_WIDTH - filled)
        pace = self._pace(done, total, now)
        self._stream.write(f"\r{what} [{bar}] {done}/{total}{pace}\x1b[K")
        self._stream.flush()
        if done >= total:
            self.clear()

    def clear(self) -> None:
        """Take the bar away, for what is to stand in its place."""
        if self._bar_shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._bar_shown = False

    def _pace(self, done: int, total: int, now: float) -> str:
        began, before = self._began
        if done == before or now - began < _PACE_AFTER_S:
            return ""
        rate = (done - before) / (now - began)
        return f"  {rate:.{0 if rate >= 10 else 1}f}/s  {_left((total - done) / rate)}"


def _left(seconds: float) -> str:
    if seconds <= 0:
        return "done"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s left" if minutes else f"{rest} s left"
