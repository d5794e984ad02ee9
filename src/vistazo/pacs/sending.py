"""Reports go to every destination, and are tried again for as long as patience lasts."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from vistazo.pacs.destinations import Destination, Parcel, Receipt, UnreachableError
from vistazo.pacs.ledger import Entry
from vistazo.pacs.patience import Patience
from vistazo.pacs.spool import Spool, age_s

log = logging.getLogger(__name__)

_AT_ONCE = 50


@dataclass
class _Way:
    """One destination, and since when it cannot be reached."""

    to: Destination
    failures: int = 0
    not_before_s: float = 0.0

    @property
    def is_open(self) -> bool:
        return time.monotonic() >= self.not_before_s


@dataclass
class Sender:
    """``send_due`` is for one thread."""

    spool: Spool
    destinations: Sequence[Destination]
    patience: Patience = field(default_factory=Patience)
    is_stopping: Callable[[], bool] = lambda: False
    _ways: list[_Way] = field(init=False)

    def __post_init__(self) -> None:
        self._ways = [_Way(destination) for destination in self.destinations]

    def send_due(self) -> int:
        """Send what can be sent now; how many reports have gone to their last destination."""
        sent = 0
        for way in self._ways:
            if way.is_open:
                sent += self._send(way)
        self._give_up()
        return sent

    def _send(self, way: _Way) -> int:
        entries = self.spool.ledger.due("reported", _AT_ONCE, not_by=way.to.name)
        if not entries:
            return 0
        by_key = {entry.key: entry for entry in entries}
        parcels = [Parcel(entry.key, self.spool.reports(entry.key)) for entry in entries]
        sent = 0
        try:
            for receipt in way.to.send(parcels):
                sent += self._note(by_key[receipt.key], way.to.name, receipt)
                if self.is_stopping():
                    break
            way.failures = 0
        except UnreachableError as error:
            way.failures += 1
            wait_s = self.patience.wait_s(way.failures)
            way.not_before_s = time.monotonic() + wait_s
            if error.key:
                tries = by_key[error.key].tries + 1
                self.spool.ledger.postponed(error.key, self.patience.wait_s(tries), str(error))
            log.warning(
                "reports cannot be sent now",
                extra={"to": way.to.name, "reason": str(error), "again_in_s": round(wait_s, 1)},
            )
        return sent

    def _note(self, entry: Entry, name: str, receipt: Receipt) -> bool:
        if receipt.refused:
            self._refused(entry, name, receipt.refused)
            return False
        current = self.spool.ledger.entry(entry.key)
        accepted = (current or entry).accepted_by | {name}
        if not all(way.to.name in accepted for way in self._ways):
            self.spool.ledger.accepted(entry.key, accepted)
            return False
        self.spool.end(entry.key, "sent")
        took_s = round(age_s(entry, time.time()), 1)
        log.info("a report was sent", extra={"instance": entry.key, "after_s": took_s})
        return True

    def _refused(self, entry: Entry, name: str, why: str) -> None:
        if entry.tries + 1 >= self.patience.refusals:
            self._fail(entry, f"{name}: {why}")
            return
        self.spool.ledger.postponed(entry.key, self.patience.wait_s(entry.tries + 1), why)
        log.warning(
            "a report was refused", extra={"instance": entry.key, "to": name, "reason": why}
        )

    def _give_up(self) -> None:
        """What has waited for longer than it may."""
        for entry in self.spool.ledger.due("reported", _AT_ONCE):
            if age_s(entry, time.time()) <= self.patience.give_up_s:
                return  # they come by age
            self._fail(entry, "It could not be sent in time.")

    def _fail(self, entry: Entry, why: str) -> None:
        self.spool.end(entry.key, "failed", why)
        log.error("a report was given up", extra={"instance": entry.key, "reason": why})
