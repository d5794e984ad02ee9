"""When something is tried again, and when no more."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Patience:
    """The n-th wait is ``first_s`` doubled n times, at most ``longest_s``, of which chance takes up
    to half: what failed together does not come back together. Who cannot be reached, or is in
    trouble, is tried for ``give_up_s``; what is refused for what it is, ``refusals`` times, with
    waits that begin at ``refusal_first_s`` and make four to eight hours in all. A defect of
    ours is met ``defects`` times.
    """

    first_s: float = 1.0
    longest_s: float = 300.0
    give_up_s: float = 7 * 86_400.0
    refusals: int = 10
    defects: int = 5
    refusal_first_s: float = 60.0
    refusal_longest_s: float = 4 * 3_600.0

    def wait_s(self, failures: int) -> float:
        """Before the next try, after so many failures."""
        return _wait_s(self.first_s, self.longest_s, failures)

    def refusal_wait_s(self, refusals: int) -> float:
        """Before the next try, after so many refusals."""
        return _wait_s(self.refusal_first_s, self.refusal_longest_s, refusals)


def _wait_s(first_s: float, longest_s: float, failures: int) -> float:
    doubled_s = first_s * 2.0 ** min(max(failures - 1, 0), 30)
    return float(min(doubled_s, longest_s) * random.uniform(0.5, 1.0))  # noqa: S311
