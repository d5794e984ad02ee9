"""Which pictures a worker is given at a time, and what becomes of those over which workers died.

A worker may die of anything: somebody kills it, its machine goes away, or a picture takes it down.
So a span is tried again, then halved, until it is one picture: that one is then to blame.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

from vistazo.scale.archive.part import Row
from vistazo.scale.archive.plan import Shard
from vistazo.scale.archive.source import Entry

_WHOLE_TRIES, _HALF_TRIES = 3, 2


@dataclass(frozen=True)
class Span:
    """Pictures of a shard from the ``first`` on; so many workers died over just these."""

    shard: int
    first: int
    entries: tuple[Entry, ...]
    deaths: int = 0
    tries: int = _WHOLE_TRIES


class Spans:
    """What is left to do of ``shards``: these are asked for as they are needed."""

    def __init__(self, shards: Iterator[Shard]) -> None:
        self._shards = shards
        self._again: deque[Span] = deque()
        self._begun: dict[int, tuple[Shard, dict[int, list[Row]]]] = {}

    def next(self) -> Span | None:
        """None where nothing is left that could be begun."""
        if self._again:
            return self._again.popleft()
        shard = next(self._shards, None)
        if shard is None:
            return None
        self._begun[shard.number] = shard, {}
        return Span(shard.number, 0, shard.entries)

    def are_left(self) -> bool:
        """Whether there would be a next one."""
        span = self.next()
        if span is not None:
            self._again.appendleft(span)
        return span is not None

    def done(self, span: Span, rows: list[Row]) -> tuple[Shard, list[Row]] | None:
        """The whole shard, where this was the last of it."""
        shard, found = self._begun[span.shard]
        found[span.first] = rows
        if sum(map(len, found.values())) < len(shard.entries):
            return None
        del self._begun[span.shard]
        return shard, [row for first in sorted(found) for row in found[first]]

    def died(self, span: Span) -> Entry | None:
        """Have it tried again; or the one picture over which workers always die."""
        deaths, entries = span.deaths + 1, span.entries
        if deaths < span.tries:
            self._again.append(replace(span, deaths=deaths))
            return None
        if len(entries) == 1:
            return entries[0]
        half = len(entries) // 2
        for first, part in ((0, entries[:half]), (half, entries[half:])):
            self._again.append(Span(span.shard, span.first + first, part, 0, _HALF_TRIES))
        return None
