"""The days of the studies that are looked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

# Of an absence: what came longer ago may have been forgotten, and would be classified once more.
_LONGEST = timedelta(days=365)


@dataclass(frozen=True)
class Since:
    """Studies from ``first`` on, or of the last ``days``; after an absence of as many days before
    the last look.
    """

    first: date | None
    days: int = 1

    def as_range(self, today: date, last_look: date | None = None) -> str:
        """As a query has it (PS3.4, section C.2.2.2.5)."""
        from_here = today if last_look is None else min(today, max(last_look, today - _LONGEST))
        return f"{self.first or from_here - timedelta(days=self.days):%Y%m%d}-"
