"""How far a download is, in the log: seldom enough to be read."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

_EVERY_S = 5.0
_AT_MOST_EVERY_S = 1.0
_STEP = 0.1
_MB = 1_000_000


class Progress:
    """Speaks every few seconds, or earlier for another tenth of the file."""

    def __init__(self, what: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._what = what
        self._clock = clock
        self._spoke_at = clock()
        self._said = 0

    def begin(self, link: str, total: int | None) -> None:
        """``link`` as it may be shown."""
        log.info("downloading", extra={"file": self._what, "link": link, "bytes": total})

    def show(self, size: int, total: int | None) -> None:
        """``size`` bytes of ``total`` are here."""
        since_s = self._clock() - self._spoke_at
        went_far = total is not None and size - self._said >= _STEP * total
        if since_s < _AT_MOST_EVERY_S or (since_s < _EVERY_S and not went_far):
            return
        self._spoke_at, self._said = self._clock(), size
        fields: dict[str, object] = {"file": self._what, "megabytes": round(size / _MB, 1)}
        if total:
            fields["percent"] = round(100 * size / total)
        log.info("downloading", extra=fields)
