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
        now_s = self._clock()
        began_s, count = self._counts.pop(caller, (now_s, 0))
        if now_s - began_s >= self._rate.window_s:
            began_s, count = now_s, 0
        most = self._rate.requests
        self._counts[caller] = began_s, min(count + 1, most + 1)
        if len(self._counts) > self._most:
            self._counts.popitem(last=False)
        left_s = max(1, math.ceil(began_s + self._rate.window_s - now_s))
        return Standing(
            self._rate,
            remaining=max(0, most - count - 1),
            reset_s=left_s,
            is_over=count >= most,
            is_told=count > most,
        )
