"""When something is tried again, and when no more."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Patience:
    """The n-th wait is ``first_s`` doubled n times, at most ``longest_s``, of which chance takes up
    to half: what failed together does not come back together. Who cannot be reached is tried for
    ``give_up_s``; what is refused, ``refusals`` times.
    """

    first_s: float = 1.0
    longest_s: float = 300.0
    give_up_s: float = 7 * 86_400.0
    refusals: int = 5

    def wait_s(self, failures: int) -> float:
        """Before the next try, after so many failures."""
        doubled_s = self.first_s * 2.0 ** min(max(failures - 1, 0), 30)
        return float(min(doubled_s, self.longest_s) * random.uniform(0.5, 1.0))  # noqa: S311
