"""The shards of an archive on this machine: one after the other, on all threads."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator

from vistazo.scale.archive.part import Row
from vistazo.scale.archive.plan import Shard
from vistazo.scale.archive.scoring import Scorer
from vistazo.scale.archive.source import Entry


def score_here(
    scorer: Scorer, shards: Iterable[Shard], told: Callable[[int], None]
) -> Iterator[tuple[Shard, list[Row]]]:
    """Each shard and its rows. The threads go from one shard to the next without a pause; ``told``
    of so many rows as they come. Raises VistazoError.
    """
    begun: deque[Shard] = deque()

    def entries() -> Iterator[Entry]:
        for shard in shards:
            begun.append(shard)
            yield from shard.entries

    rows: list[Row] = []
    with contextlib.closing(scorer.rows(entries())) as found:
        for row in found:
            rows.append(row)
            told(1)
            if len(rows) == len(begun[0].entries):
                scorer.check_storage(rows)
                yield begun.popleft(), rows
                rows = []
