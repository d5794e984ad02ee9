"""How often somebody may ask."""

from __future__ import annotations

import math
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

# Those who asked last. To be forgotten does nobody harm: he may ask again from the beginning. An
# entry takes about 250 bytes.
MOST_CALLERS = 8_192

_RATE = re.compile(r"\s*([1-9][0-9]{0,8})\s*/\s*(second|minute|hour|day)\s*")
_SECONDS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}


@dataclass(frozen=True)
class Rate:
    """So many requests in so many seconds; the time begins with the first of them."""

    requests: int
    window_s: int


@dataclass(frozen=True)
class Standing:
    """What is left to a caller, and in how many seconds he has all of it again, at least 1.

    ``is_over`` where he has asked more than he may; ``is_told`` where that was so before already.
    """

    rate: Rate
    remaining: int
    reset_s: int
    is_over: bool
    is_told: bool


def parse_rate(text: str) -> Rate:
    """Raises ValueError."""
    parts = _RATE.fullmatch(text.lower())
    if parts is None:
        raise ValueError("write it like 60/minute: a number, and second, minute, hour or day")
    return Rate(int(parts[1]), _SECONDS[parts[2]])


class RateTable:
    """Counts the requests of each caller, as long as he is among the ``most`` who asked last.

    ``clock`` never goes back, whatever is done to the time of day.
    """

    def __init__(
        self, rate: Rate, most: int = MOST_CALLERS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = rate
        self._most = most
        self._clock = clock
        self._counts: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def count(self, caller: str) -> Standing:
        """One request more, and how the caller stands after it."""
        began_s, count = self._known(caller)
        return self._noted(caller, began_s, count + 1)

    def count_if_over(self, caller: str) -> Standing | None:
        """The same of somebody who has asked more than he may already; None of anybody else."""
        began_s, count = self._known(caller)
        return self._noted(caller, began_s, count + 1) if count > self._rate.requests else None

    def learn(self, caller: str, count: int, left_s: float) -> Standing:
        """Somebody who counts for several instances says how many it were with this request, and
        how long it is until he begins anew.
        """
        return self._noted(caller, self._clock() + left_s - self._rate.window_s, count)

    def _known(self, caller: str) -> tuple[float, int]:
        now_s = self._clock()
        began_s, count = self._counts.get(caller, (now_s, 0))
        return (now_s, 0) if now_s - began_s >= self._rate.window_s else (began_s, count)

    def _noted(self, caller: str, began_s: float, count: int) -> Standing:
        most = self._rate.requests
        self._counts[caller] = began_s, min(count, most + 1)
        self._counts.move_to_end(caller)
        if len(self._counts) > self._most:
            self._counts.popitem(last=False)
        return Standing(
            self._rate,
            remaining=max(0, most - count),
            reset_s=max(1, math.ceil(began_s + self._rate.window_s - self._clock())),
            is_over=count > most,
            is_told=count > most + 1,
        )
