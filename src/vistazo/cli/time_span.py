"""Times as people write them: a year, a month, a day, or a time of day; UTC where nothing else is
said.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click

_FORMS = ("%Y", "%Y-%m", "%Y-%m-%d")
_LAST_DAYS_MS = datetime(9998, 1, 1, tzinfo=UTC)


class Moment(click.ParamType):  # type: ignore[type-arg]
    """``is_end``: of a year, month or day that was named its end, the beginning of the next one.

    Gives milliseconds of Unix time.
    """

    name = "TIME"

    def __init__(self, *, is_end: bool = False) -> None:
        self._is_end = is_end

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> int:
        for length, form in enumerate(_FORMS):
            try:
                start = datetime.strptime(value, form).replace(tzinfo=UTC)
            except ValueError:
                continue
            return _ms(_next(start, length) if self._is_end else start)
        try:
            given = datetime.fromisoformat(value)
            return _ms(given if given.tzinfo else given.replace(tzinfo=UTC))
        except (ValueError, OverflowError):
            self.fail(
                f"'{value}' is no time: write 2026, 2026-05, 2026-05-31 or 2026-05-31T14:00.",
                param,
                ctx,
            )


def _next(start: datetime, length: int) -> datetime:
    """The beginning of the next year, month or day."""
    if start > _LAST_DAYS_MS:
        return start
    if length == 0:
        return start.replace(year=start.year + 1)
    if length == 1:
        return (start + timedelta(days=31)).replace(day=1)
    return start + timedelta(days=1)


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
