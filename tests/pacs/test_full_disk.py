"""A disk that is full, by us or by others, holds the station up, and does not lock it."""

from __future__ import annotations

import logging
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest

from vistazo.pacs.destinations import Parcel, Receipt
from vistazo.pacs.patience import Patience
from vistazo.pacs.reporting import Reported, Reporting
from vistazo.pacs.spool import Made, Spool, SpoolFullError, SpoolLimits, open_spool
from vistazo.pacs.station import Station

Free = Callable[[int], None]
_QUICK = Patience(first_s=0.02, longest_s=0.05)


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> Free:
    """Says how many bytes the disk of the spool has left."""

    def is_left(n_bytes: int) -> None:
        usage = SimpleNamespace(total=10**9, used=10**9 - n_bytes, free=n_bytes)
        monkeypatch.setattr("vistazo.pacs.spool.shutil.disk_usage", lambda _: usage)

    return is_left


@dataclass
class Model:
    """A reporter that honours the protocol."""

    n_bytes: int = 10

    def report(self, data: bytes) -> Reported:
        uid = data.decode().strip()
        return Reported(uid, (Made(f"{uid}.1", bytes(self.n_bytes)),))


@dataclass
class Shelf:
    """A destination that honours the protocol."""

    name: str = "shelf"
    taken: list[str] = field(default_factory=list)

    def send(self, parcels: Iterable[Parcel]) -> Iterator[Receipt]:
        for parcel in parcels:
            self.taken.append(parcel.key)
            yield Receipt(parcel.key)


def kept(spool: Spool, uid: str = "1.2.3") -> str:
    path = spool.incoming / "a.part"
    path.write_bytes(uid.encode())
    spool.keep(path, uid)
    return spool.ledger.key_of(uid)


def refuse(spool: Spool, *, writing: bool) -> None:
    """SQLite refuses to write, as on a full disk, or no more."""
    spool.ledger._database.execute(f"PRAGMA query_only = {'ON' if writing else 'OFF'}")


def test_no_x_ray_is_taken_where_its_report_would_have_no_room(spool: Spool, free: Free) -> None:
    free(50_000_020)
    spool.check_room(10)
    with pytest.raises(SpoolFullError, match="disk"):
        spool.check_room(11)
    free(49_000_000)
    with pytest.raises(SpoolFullError, match="disk"):
        kept(spool)
    assert spool.ledger.held().instances == 0


def test_an_x_ray_that_could_not_be_noted_leaves_nothing(spool: Spool, tmp_path: Path) -> None:
    refuse(spool, writing=True)
    with pytest.raises(sqlite3.Error):
        kept(spool)
    assert not list((tmp_path / "spool" / "work").iterdir())
    refuse(spool, writing=False)
    assert spool.picture(kept(spool)) == b"1.2.3"


def test_a_report_leaves_the_ledger_its_room_and_is_made_later(
    spool: Spool, free: Free, tmp_path: Path
) -> None:
    key = kept(spool)
    reporting = Reporting(spool, Model(), Patience(first_s=0.0))
    free(25_000_000)
    assert reporting.report_next()
    assert spool.reports(key) == []
    assert spool.ledger.counts()["waiting"] == 1
    free(25_000_010)
    assert reporting.report_next()
    assert len(spool.reports(key)) == 1


def test_a_report_that_could_not_be_written_or_noted_leaves_nothing(
    spool: Spool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    key, made = kept(spool), [Made("1.2.4", b"report"), Made("1.2.5", b"heatmap")]
    refuse(spool, writing=True)
    with pytest.raises(sqlite3.Error):
        spool.keep_reports(key, made)
    refuse(spool, writing=False)
    monkeypatch.setattr("vistazo.pacs.spool.sync", _full_at_the_second())
    with pytest.raises(OSError, match="full"):
        spool.keep_reports(key, made)
    assert [path.name for path in (tmp_path / "spool" / "work" / key).iterdir()] == ["picture.dcm"]


def _full_at_the_second() -> Callable[[Path], None]:
    synced: list[Path] = []

    def sync(place: Path) -> None:
        synced.append(place)
        if len(synced) == 2:
            raise OSError(28, "full")

    return sync


def test_what_was_sent_and_cannot_be_noted_is_told_once_and_done_once_it_can(
    spool: Spool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    key, shelf = kept(spool), Shelf()
    spool.keep_reports(key, [Made("1.2.4", b"report")])
    refuse(spool, writing=True)
    station = Station(spool, Model(), [shelf], None, None, _QUICK)
    station.start()
    try:
        _until(lambda: len(shelf.taken) > 3)
        [told] = [record for record in caplog.records if record.levelno >= logging.WARNING]
        assert (told.levelno, told.exc_info) == (logging.WARNING, None)
        refuse(spool, writing=False)
        _until(lambda: spool.ledger.counts()["sent"] == 1)
    finally:
        station.stop()
    assert not list((tmp_path / "spool" / "work").iterdir())


@pytest.mark.longer
def test_a_disk_that_we_filled_is_emptied_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a real one of 8 MB, of which we leave 1 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    if shutil.which("mount") is None:
        pytest.skip("no disk can be mounted here")
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)]
    unmount = ["umount", "-l", str(place)]
    done = subprocess.run(mount, check=False, stderr=subprocess.DEVNULL)
    if done.returncode:
        pytest.skip("no disk can be mounted here")
    monkeypatch.setattr("vistazo.pacs.spool._LEFT_FREE_BYTES", 1_000_000)
    try:
        with open_spool(place / "spool", SpoolLimits(10_000, 10**10)) as spool:
            taken = _filled(spool, Model(150_000))
            shelf = Shelf()
            station = Station(spool, Model(150_000), [shelf], None, None, _QUICK)
            station.start()
            _until(lambda: spool.ledger.counts()["sent"] == taken, 20.0)
            station.stop()
            assert sorted(shelf.taken) == sorted(set(shelf.taken))
    finally:
        subprocess.run(unmount, check=True)


def _filled(spool: Spool, model: Model) -> int:
    """With X-rays of 150 kB and their reports, until it takes no more; how many it took."""
    reporting = Reporting(spool, model, Patience(first_s=0.0))
    for number in range(100):
        path = spool.incoming / "a.part"
        uid = f"1.2.{number}"
        path.write_bytes(uid.encode().ljust(150_000, b" "))
        try:
            spool.keep(path, uid)
        except SpoolFullError:
            path.unlink()
            return number
        if number % 2:
            reporting.report_next()
    raise AssertionError("the disk is not full")


def _until(happened: Callable[[], bool], within_s: float = 5.0) -> None:
    deadline_s = time.monotonic() + within_s
    while not happened():
        assert time.monotonic() < deadline_s
        time.sleep(0.01)
