"""The folder in which X-rays wait for their reports, and reports for their way back.

    ledger.sqlite          what came, and what became of it
    incoming/              what is still being received
    work/KEY/picture.dcm   an X-ray, there before its sender is told so
    work/KEY/report-N.dcm  its report: 0, and 1 is the heatmap
    failed/KEY/            the same, given up; reason.txt says why

What has been accepted is deleted. The order of each step is such that a process killed between two
of them leaves what ``recover`` can put right.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import logging
import os
import shutil
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from vistazo.errors import SettingsError
from vistazo.pacs.ledger import Entry, Ledger, State, open_ledger
from vistazo.rows.one_writer import be_its_writer

log = logging.getLogger(__name__)

_PICTURE, _REPORT, _HEATMAP = "picture.dcm", "report-*.dcm", "report-1.dcm"
# Left free on its disk by X-rays, so that their reports can be made and the ledger written: what is
# sent can only be deleted once that is noted. Reports leave half of it to the ledger.
_LEFT_FREE_BYTES = 50_000_000
_FOR_REPORTS = 2  # bytes that a report may take, for each of its X-ray


class SpoolFullError(Exception):
    """As much is waiting as may, or as the disk has room for."""


@dataclass(frozen=True)
class SpoolLimits:
    instances: int
    n_bytes: int


@dataclass(frozen=True)
class Made:
    """A file of a report, and its SOP Instance UID."""

    uid: str
    data: bytes


class Spool:
    """Safe to use from several threads at once. Raises OSError and sqlite3.Error where the disk
    refuses.
    """

    def __init__(self, folder: Path, ledger: Ledger, limits: SpoolLimits) -> None:
        self.ledger = ledger
        self.changed = threading.Condition()
        self._folder, self._limits = folder, limits
        self._keeping = threading.Lock()

    @property
    def incoming(self) -> Path:
        """Where whoever receives may write."""
        return self._folder / "incoming"

    def check_room(self, n_bytes: int = 0) -> None:
        """Raises SpoolFullError where there is none for one more, of so many bytes."""
        held = self.ledger.held()
        if held.instances >= self._limits.instances or (
            held.n_bytes + n_bytes > self._limits.n_bytes
        ):
            raise SpoolFullError("The spool is full.")
        if self._free_bytes() < _FOR_REPORTS * n_bytes + _LEFT_FREE_BYTES:
            raise SpoolFullError("The disk of the spool is nearly full.")

    def keep(self, received: Path, uid: str) -> None:
        """Take over a file in ``incoming``; afterwards it is on the disk, and there is none there.

        What is known, or a report of ours, is not kept again; but what had failed is, and other
        bytes than those that were refused. Raises SpoolFullError.
        """
        key = self.ledger.key_of(uid)
        with self._keeping:
            if self.ledger.is_own(key) or not self._is_new(self.ledger.entry(key), received):
                received.unlink()
                return
            n_bytes = received.stat().st_size
            self.check_room(n_bytes)
            sync(received)
            place = self._work(key)
            try:
                place.mkdir(mode=0o700, exist_ok=True)
                received.replace(place / _PICTURE)
                sync(place)
                sync(place.parent)
                self.ledger.came(key, n_bytes)
            except BaseException:  # its sender is told that it was not taken
                shutil.rmtree(place, ignore_errors=True)
                raise
            shutil.rmtree(self._failed(key), ignore_errors=True)
        self._tell()

    def picture(self, key: str) -> bytes:
        return (self._work(key) / _PICTURE).read_bytes()

    def reports(self, key: str) -> list[Path]:
        return sorted(self._work(key).glob(_REPORT))

    def keep_reports(self, key: str, made: Sequence[Made]) -> None:
        """All of them or none."""
        n_bytes = sum(len(each.data) for each in made)
        if self._free_bytes() < n_bytes + _LEFT_FREE_BYTES // 2:
            raise OSError(errno.ENOSPC, "The disk of the spool is nearly full")
        place = self._work(key)
        _remove_reports(place)  # of a process that was killed
        try:
            for number, each in enumerate(made):
                part = place / f"report-{number}.part"
                part.write_bytes(each.data)
                sync(part)
                part.replace(place / f"report-{number}.dcm")
            sync(place)
            self.ledger.reported(key, [self.ledger.key_of(each.uid) for each in made], n_bytes)
        except BaseException:
            _remove_reports(place)
            raise
        self._tell()

    def end(self, key: str, state: State, reason: str = "") -> None:
        """It is sent or refused, and deleted; or failed, and put aside."""
        self.ledger.ended(key, state, reason)
        self._tidy(key, state, reason)

    def refuse_bytes(self, key: str, reason: str) -> None:
        """It is refused and deleted, and others may come under its UID."""
        self.ledger.ended(key, "refused", reason, self._digest(self._work(key) / _PICTURE))
        self._tidy(key, "refused", reason)

    def retry(self) -> int:
        """All that failed is tried again; how many that are."""
        failed = self.ledger.of("failed")
        for entry in failed:
            if self._failed(entry.key).exists() and not self._work(entry.key).exists():
                self._failed(entry.key).rename(self._work(entry.key))
            reported = bool(self.reports(entry.key))
            self.ledger.again(entry.key, "reported" if reported else "waiting")
        return len(failed)

    def drop_heatmaps(self) -> None:
        """Of reports that wait to be sent, or were given up: for an archive that takes none."""
        for name in ("work", "failed"):
            for heatmap in (self._folder / name).glob(f"*/{_HEATMAP}"):
                heatmap.unlink()

    def retry_refused(self) -> int:
        """All that was refused is new where it comes again, or is still listed; how many."""
        return self.ledger.forget_refused()

    def recover(self) -> None:
        """After a process that was killed: what was begun is put right."""
        for left in self.incoming.iterdir():
            left.unlink()
        for place in (self._folder / "work").iterdir():
            self._recover(place)
        for entry in (*self.ledger.of("waiting"), *self.ledger.of("reported")):
            if not (self._work(entry.key) / _PICTURE).exists():
                self.ledger.ended(entry.key, "failed", "Its file is gone from the spool.")

    def wait(self, timeout_s: float) -> None:
        """Until something changes, or some time is over."""
        with self.changed:
            self.changed.wait(timeout_s)

    def _is_new(self, entry: Entry | None, received: Path) -> bool:
        if entry is None or entry.state == "failed":
            return True
        return bool(entry.digest) and entry.digest != self._digest(received)

    def _digest(self, file: Path) -> str:
        with file.open("rb") as data:
            return self.ledger.key_of(hashlib.file_digest(data, "sha256").hexdigest())

    def _recover(self, place: Path) -> None:
        entry = self.ledger.entry(place.name)
        has_picture = (place / _PICTURE).exists()
        if entry is None and has_picture:  # kept, and the sender was not told
            self.ledger.came(place.name, (place / _PICTURE).stat().st_size)
        elif entry is None:
            shutil.rmtree(place)
        elif entry.state not in ("waiting", "reported"):
            self._tidy(entry.key, entry.state, "The process was killed as it gave up.")

    def _tidy(self, key: str, state: State, reason: str) -> None:
        place = self._work(key)
        if state != "failed":
            shutil.rmtree(place, ignore_errors=True)
            return
        with contextlib.suppress(OSError):
            (place / "reason.txt").write_text(f"{reason}\n", encoding="utf-8")
        shutil.rmtree(self._failed(key), ignore_errors=True)
        place.rename(self._failed(key))

    def _free_bytes(self) -> int:
        return shutil.disk_usage(self._folder).free

    def _tell(self) -> None:
        with self.changed:
            self.changed.notify_all()

    def _work(self, key: str) -> Path:
        return self._folder / "work" / key

    def _failed(self, key: str) -> Path:
        return self._folder / "failed" / key


@contextlib.contextmanager
def open_spool(folder: Path, limits: SpoolLimits) -> Iterator[Spool]:
    """For the one process that works on it, its owner's alone. Raises SettingsError."""
    with contextlib.ExitStack() as stack:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)
            for name in ("incoming", "work", "failed"):
                (folder / name).mkdir(mode=0o700, exist_ok=True)
            lock = stack.enter_context((folder / "lock").open("wb"))
        except OSError as error:
            raise SettingsError(f"The spool {folder} cannot be used: {error.strerror}.") from error
        be_its_writer(lock, str(folder))
        ledger = open_ledger(folder / "ledger.sqlite")
        stack.callback(ledger.close)
        spool = Spool(folder, ledger, limits)
        try:
            spool.recover()
        except OSError as error:
            raise SettingsError(f"The spool {folder} cannot be used: {error}.") from error
        yield spool


@contextlib.contextmanager
def existing_spool(folder: Path) -> Iterator[Spool]:
    """For a command beside that process. Raises SettingsError."""
    if not (folder / "ledger.sqlite").is_file():
        raise SettingsError(f"{folder} is no spool: name the folder that 'vistazo pacs' works on.")
    with contextlib.closing(open_ledger(folder / "ledger.sqlite")) as ledger:
        yield Spool(folder, ledger, SpoolLimits(0, 0))


def sync(place: Path) -> None:
    """On the disk: a file's bytes, or a folder's names."""
    if place.is_dir() and os.name == "nt":  # where folders are no files
        return
    descriptor = os.open(place, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_reports(place: Path) -> None:
    for file in place.glob("report-*"):
        file.unlink()


def age_s(entry: Entry, now_s: float) -> float:
    """Since it came."""
    return now_s - entry.came_ms / 1000
