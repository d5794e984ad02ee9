"""Reports go to every destination, and are tried again for as long as patience lasts."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from vistazo.pacs.destinations import Destination, Parcel, Receipt, UnreachableError
from vistazo.pacs.ledger import Entry, Sending
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
        # Killed before it was noted, or there was one way more.
        for entry in self.spool.ledger.of("reported"):
            self._end_if_settled(entry)

    def send_due(self) -> int:
        """Send what can be sent now; how many reports have gone to their last destination."""
        sent = 0
        for way in self._ways:
            if way.is_open:
                sent += self._send(way)
        self._give_up()
        return sent

    def _send(self, way: _Way) -> int:
        due = {each.entry.key: each for each in self.spool.ledger.to_send(way.to.name, _AT_ONCE)}
        if not due:
            return 0
        sent = 0
        try:
            for receipt in way.to.send([Parcel(key, self.spool.reports(key)) for key in due]):
                self._note(due[receipt.key], way.to.name, receipt)
                sent += self._end_if_settled(due[receipt.key].entry)
                if self.is_stopping():
                    break
            way.failures = 0
        except UnreachableError as error:
            self._wait(way, error, due.get(error.key))
        return sent

    def _wait(self, way: _Way, error: UnreachableError, over: Sending | None) -> None:
        way.failures += 1
        wait_s = self.patience.wait_s(way.failures)
        way.not_before_s = time.monotonic() + wait_s
        if over is not None:
            own_s = self.patience.wait_s(over.tries + 1)
            self.spool.ledger.not_sent(over.entry.key, way.to.name, own_s, by_refusal=False)
        log.warning(
            "reports cannot be sent now",
            extra={"to": way.to.name, "reason": str(error), "again_in_s": round(wait_s, 1)},
        )

    def _note(self, sending: Sending, name: str, receipt: Receipt) -> None:
        ledger, key, why = self.spool.ledger, sending.entry.key, receipt.refused
        if not why:
            ledger.settled(key, name, "accepted")
            return
        if not receipt.is_for_now and sending.refusals + 1 >= self.patience.refusals:
            ledger.settled(key, name, "refused", why)
            return
        wait_s = self.patience.wait_s(sending.tries + 1)
        if not receipt.is_for_now:
            wait_s = self.patience.refusal_wait_s(sending.refusals + 1)
        ledger.not_sent(key, name, wait_s, by_refusal=not receipt.is_for_now)
        log.warning("a report was refused", extra={"instance": key, "to": name, "reason": why})

    def _end_if_settled(self, entry: Entry) -> bool:
        """Whether it is sent: every destination has it. Where one has refused it, it has failed."""
        outcomes = self.spool.ledger.outcomes(entry.key)
        if not all(way.to.name in outcomes for way in self._ways):
            return False
        ours = [(way.to.name, *outcomes[way.to.name]) for way in self._ways]
        refused = [f"{name}: {why}" for name, outcome, why in ours if outcome == "refused"]
        if refused:
            self._fail(entry, "; ".join(refused))
            return False
        self.spool.end(entry.key, "sent")
        took_s = round(age_s(entry, time.time()), 1)
        log.info("a report was sent", extra={"instance": entry.key, "after_s": took_s})
        return True

    def _give_up(self) -> None:
        """What has waited for longer than it may."""
        for entry in self.spool.ledger.due("reported", _AT_ONCE):
            if age_s(entry, time.time()) <= self.patience.give_up_s:
                return  # they come by age
            self._fail(entry, "It could not be sent in time.")

    def _fail(self, entry: Entry, why: str) -> None:
        self.spool.end(entry.key, "failed", why)
        log.error("a report was given up", extra={"instance": entry.key, "reason": why})
