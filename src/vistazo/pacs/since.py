"""The days of the studies that are looked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True)
class Since:
    """Studies from ``first`` on, or of the last ``days``."""

    first: date | None
    days: int = 1

    def as_range(self, today: date) -> str:
        """As a query has it (PS3.4, section C.2.2.2.5)."""
        return f"{self.first or today - timedelta(days=self.days):%Y%m%d}-"
