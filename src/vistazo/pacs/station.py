"""Builds the station, runs it until it is told to stop, and ends it in order."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from vistazo.pacs.destinations import Destination
from vistazo.pacs.listener import Listener
from vistazo.pacs.patience import Patience
from vistazo.pacs.poller import Poller
from vistazo.pacs.reporting import Reporter, Reporting
from vistazo.pacs.sending import Sender
from vistazo.pacs.spool import Spool

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 0.5
_DISK_S = 30.0  # at most, between two tries of a disk that refuses
_DAY_S = 86_400.0
# What ended longer ago is forgotten: it would be classified if it came again.
KEPT_DAYS = 400.0


@dataclass
class Station:
    """Of ``listener`` and ``poller`` there is at least one."""

    spool: Spool
    reporter: Reporter
    destinations: Sequence[Destination]
    listener: Listener | None
    poller: Poller | None
    patience: Patience
    threads: int = 1
    drain_s: float = 30.0
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._reporting = Reporting(self.spool, self.reporter, self.patience)

    def start(self) -> None:
        """Raises SettingsError."""
        if self.listener is not None:
            self.listener.start()
        self._begin("sender", self._send)
        for number in range(self.threads):
            self._begin(f"reports-{number}", self._report)
        if self.poller is not None:
            self.poller.is_stopping = self._stop.is_set
            self._begin("poller", partial(self._poll, self.poller))

    def stop(self) -> None:
        """What is being received, classified or sent may end; nothing more is begun."""
        self._stop.set()
        with self.spool.changed:
            self.spool.changed.notify_all()
        deadline_s = time.monotonic() + self.drain_s
        if self.listener is not None:
            self.listener.stop(self.drain_s)
        for thread in self._threads:
            thread.join(max(0.1, deadline_s - time.monotonic()))

    def _begin(self, name: str, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=self._for_ever, args=(work,), name=name, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _for_ever(self, work: Callable[[], None]) -> None:
        failures, failed_s = 0, 0.0
        while not self._stop.is_set():
            try:
                work()
            except (sqlite3.Error, OSError) as error:  # a full disk, say, is not for ever
                is_new = time.monotonic() - failed_s > 2 * self.patience.longest_s
                failures, failed_s = 1 if is_new else failures + 1, time.monotonic()
                if failures == 1:
                    log.warning("the disk of the spool refuses", extra={"reason": _said(error)})
                self._stop.wait(min(self.patience.wait_s(failures), _DISK_S))
            except Exception:  # the boundary of a thread
                log.exception("unexpected error in the station")
                self._stop.wait(self.patience.first_s)

    def _report(self) -> None:
        reporting = self._reporting
        while not self._stop.is_set():
            if not reporting.report_next():
                self.spool.wait(_LOOK_EVERY_S)

    def _send(self) -> None:
        sender = Sender(self.spool, self.destinations, self.patience, self._stop.is_set)
        tidied_s = 0.0
        while not self._stop.is_set():
            if not sender.send_due():
                self.spool.wait(_LOOK_EVERY_S)
            if time.monotonic() - tidied_s > _DAY_S:
                self.spool.ledger.forget(KEPT_DAYS)
                tidied_s = time.monotonic()

    def _poll(self, poller: Poller) -> None:
        while not self._stop.is_set():
            self._stop.wait(poller.poll())


def _said(error: sqlite3.Error | OSError) -> str:
    """Without the name of a file."""
    return error.strerror or "OSError" if isinstance(error, OSError) else str(error)
