"""Whether it is worth asking."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping

from vistazo.service.shared_state.call import REASONS, Reason

log = logging.getLogger(__name__)

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 30.0
# Up for so long, it is well again: before, each loss doubles the pause, and the log stays short.
_STEADY_S = 60.0


class Breaker:
    """Open at first: nobody waits for what has never answered. The log is told of each turn, once.

    ``what`` is shared through it, at the ``address``. ``clock`` never goes back.
    """

    def __init__(
        self, what: str, address: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.is_closed = False
        self._about = {"what": what, "redis": address}
        self._clock = clock
        self._is_told = False  # that it is open
        self._pause_s = _FIRST_PAUSE_S
        self._since_s = self._next_s = -float("inf")
        self._failures: Counter[str] = Counter()

    @property
    def failures(self) -> Mapping[str, int]:
        """How often it went wrong, by the reason; every reason is there from the start."""
        return {reason: self._failures[reason] for reason in REASONS}

    @property
    def may_be_tried(self) -> bool:
        """Closed, or the pause after the last failure is over."""
        return self.is_closed or self._clock() >= self._next_s

    def succeeded(self) -> None:
        if self.is_closed:
            return
        self.is_closed, self._is_told, self._since_s = True, False, self._clock()
        log.info("state is shared with other instances", extra=self._about)

    def failed(self, reason: Reason) -> None:
        now_s = self._clock()
        self._failures[reason] += 1
        if self.is_closed and now_s - self._since_s >= _STEADY_S:
            self._pause_s = _FIRST_PAUSE_S
        self.is_closed, self._next_s = False, now_s + self._pause_s
        self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)
        if not self._is_told:
            self._is_told = True
            about = {**self._about, "reason": REASONS[reason]}
            log.warning("state is not shared: this instance goes on with its own", extra=about)
