"""X-rays are looked for in an archive by DICOMweb: another way into the same spool."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from vistazo.errors import CorruptImageError, InputError, UploadTooLargeError
from vistazo.pacs.destinations import UnreachableError
from vistazo.pacs.dicomweb import Archive, Found, UnfetchableError
from vistazo.pacs.part10 import SOP_INSTANCE, file_meta
from vistazo.pacs.patience import Patience
from vistazo.pacs.since import Since
from vistazo.pacs.spool import Spool, SpoolFullError

log = logging.getLogger(__name__)

_HEAD_BYTES = 4_096
_MOST_UNFETCHED = 10_000
_DAY_S = 86_400.0


@dataclass(frozen=True)
class _Unfetched:
    """It is listed, and does not come. Times are those of the monotonic clock."""

    since_s: float
    tries: int = 0
    not_before_s: float = 0.0


@dataclass
class Poller:
    """``poll`` is for one thread; it says how long to wait before the next one."""

    archive: Archive
    spool: Spool
    modalities: tuple[str, ...]
    since: Since
    every_s: float
    patience: Patience = field(default_factory=Patience)
    is_stopping: Callable[[], bool] = lambda: False
    _failures: int = 0
    _unfetched: dict[str, _Unfetched] = field(default_factory=dict)

    def poll(self) -> float:
        """Fetch what is not known yet. Seconds until it is to be asked again."""
        try:
            for modality in self.modalities:
                self._poll(modality)
            self._failures = 0
            return self.every_s
        except SpoolFullError as error:  # there will be room, once reports have been sent
            log.warning("no X-rays are fetched now", extra={"reason": str(error)})
            return self.every_s
        except (UnreachableError, OSError) as error:
            self._failures += 1
            wait_s = max(self.every_s, self.patience.wait_s(self._failures))
            why = str(error) if isinstance(error, UnreachableError) else type(error).__name__
            log.warning(
                "the archive cannot be asked now",
                extra={"reason": why, "again_in_s": round(wait_s, 1)},
            )
            return wait_s

    def _poll(self, modality: str) -> None:
        ledger, today = self.spool.ledger, date.today()  # noqa: DTZ011
        place = f"{self.archive.name} {modality}"
        last = ledger.last_look(place)
        for page in self.archive.pages(modality, self.since.as_range(today, last)):
            for found in page:
                if self.is_stopping():
                    return
                self._look_at(found)
            if self.is_stopping():
                return
        self._forget_what_is_listed_no_more(time.monotonic())
        if last != today and not self._unfetched:
            ledger.looked(place, today)

    def _look_at(self, found: Found) -> None:
        key = self.spool.ledger.key_of(found.instance)
        if key in self._unfetched and time.monotonic() < self._unfetched[key].not_before_s:
            return
        if self.spool.ledger.entry(key) is None and not self.spool.ledger.is_own(key):
            self.spool.check_room()
            self._fetch(found, key)

    def _fetch(self, found: Found, key: str) -> None:
        part = self.spool.incoming / f"{secrets.token_hex(16)}.part"
        try:
            self.archive.fetch(found, part)
            with part.open("rb") as file:
                if file_meta(file.read(_HEAD_BYTES)).get(SOP_INSTANCE) != found.instance:
                    raise CorruptImageError("The archive gave another instance.")
            self.spool.keep(part, found.instance)
            self._unfetched.pop(key, None)
        except UploadTooLargeError as error:
            self._refuse(key, error.code)
        except (InputError, UnfetchableError) as error:  # the others may come all the same
            self._postpone(key, error.code if isinstance(error, InputError) else str(error))
        finally:
            part.unlink(missing_ok=True)

    def _postpone(self, key: str, why: str) -> None:
        now_s = time.monotonic()
        before = self._unfetched.get(key) or _Unfetched(now_s)
        if now_s - before.since_s > self.patience.give_up_s:
            self._refuse(key, why)
            return
        tries = before.tries + 1
        not_before_s = now_s + self.patience.wait_s(tries)
        if len(self._unfetched) >= _MOST_UNFETCHED:
            self._forget_what_is_listed_no_more(now_s)
        if len(self._unfetched) < _MOST_UNFETCHED:  # others are tried at each look
            self._unfetched[key] = _Unfetched(before.since_s, tries, not_before_s)
        log.warning("an X-ray cannot be fetched now", extra={"instance": key, "reason": why})

    def _forget_what_is_listed_no_more(self, now_s: float) -> None:
        before_s = now_s - 2 * self.every_s - _DAY_S
        listed = {
            key: each for key, each in self._unfetched.items() if each.not_before_s > before_s
        }
        self._unfetched = listed

    def _refuse(self, key: str, why: str) -> None:
        self._unfetched.pop(key, None)
        self.spool.ledger.refused(key, why)
        log.warning("an X-ray was refused", extra={"instance": key, "rule": why})
