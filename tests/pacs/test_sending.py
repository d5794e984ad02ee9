"""Reports go to where they belong, once and at last; and are made of what can be classified."""

from __future__ import annotations

import gc
import io
import logging
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ImplicitVRLittleEndian

from pacs_peers import archive, x_ray
from ports import free_port
from vistazo.errors import (
    BrokenRule,
    CorruptImageError,
    NotReadyError,
    RejectedUploadError,
    ReportNotNowError,
)
from vistazo.pacs.association import ArchiveEntity
from vistazo.pacs.destinations import Parcel, Receipt, UnreachableError
from vistazo.pacs.patience import Patience
from vistazo.pacs.peers import Called
from vistazo.pacs.reporting import Reported, Reporting
from vistazo.pacs.sending import Sender
from vistazo.pacs.spool import Made, Spool

_AT_ONCE = Patience(first_s=0.0, refusal_first_s=0.0)


def report(number: int) -> Made:
    return made_of(x_ray(number))


def made_of(of: Dataset) -> Made:
    buffer = io.BytesIO()
    of.save_as(buffer, implicit_vr=False, little_endian=True, enforce_file_format=True)
    return Made(str(of.SOPInstanceUID), buffer.getvalue())


def waiting(spool: Spool, uid: str = "1.2.3") -> str:
    path = spool.incoming / "a.part"
    path.write_bytes(b"an x-ray")
    spool.keep(path, uid)
    return spool.ledger.key_of(uid)


def reported(spool: Spool, number: int = 0) -> str:
    key = waiting(spool, f"1.2.{number}")
    spool.keep_reports(key, [report(10 * number + 1), report(10 * number + 2)])
    return key


@dataclass
class Shelf:
    """A destination that honours the protocol: what is in ``refuses`` is refused."""

    name: str = "shelf"
    refuses: str = ""
    is_for_now: bool = False
    is_away: bool = False
    breaks_after: int = 1_000
    poison: str = ""
    taken: list[str] = field(default_factory=list)

    def send(self, parcels: Iterable[Parcel]) -> Iterator[Receipt]:
        if self.is_away:
            raise UnreachableError("away")
        for number, parcel in enumerate(parcels):
            if number >= self.breaks_after:
                raise UnreachableError("cut off")
            if parcel.key == self.poison:
                raise UnreachableError("cut off", parcel.key)
            if not self.refuses:
                self.taken.append(parcel.key)
            yield Receipt(parcel.key, self.refuses, self.is_for_now)


def test_each_report_goes_once_to_every_destination(spool: Spool) -> None:
    keys = [reported(spool, number) for number in range(3)]
    here, there = Shelf("here"), Shelf("there", is_away=True)
    sender = Sender(spool, [here, there], _AT_ONCE)
    assert sender.send_due() == 0
    assert sender.send_due() == 0
    there.is_away = False
    assert sender.send_due() == 3
    assert (here.taken, there.taken) == (keys, keys)
    assert spool.ledger.counts()["sent"] == 3


def test_one_destination_that_is_away_holds_up_no_other(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vistazo.pacs.sending._AT_ONCE", 2)
    keys = [reported(spool, number) for number in range(4)]
    here = Shelf("here")
    sender = Sender(spool, [Shelf("there", is_away=True), here], _AT_ONCE)
    sender.send_due()
    sender.send_due()
    assert here.taken == keys


def test_what_went_before_an_association_broke_is_not_sent_again(spool: Spool) -> None:
    keys = [reported(spool, number) for number in range(3)]
    shelf = Shelf(breaks_after=2)
    sender = Sender(spool, [shelf], _AT_ONCE)
    assert [sender.send_due(), sender.send_due()] == [2, 1]
    assert shelf.taken == keys


def test_a_report_that_breaks_every_association_holds_up_no_other(spool: Spool) -> None:
    poison, *keys = [reported(spool, number) for number in range(3)]
    shelf = Shelf(poison=poison)
    patience = Patience(first_s=0.05)
    sender = Sender(spool, [shelf], patience)
    deadline_s = time.monotonic() + 5
    while len(shelf.taken) < 2 and time.monotonic() < deadline_s:
        sender.send_due()
        time.sleep(0.01)
    assert shelf.taken == keys
    assert spool.ledger.counts()["reported"] == 1


def test_who_is_away_is_not_asked_at_every_turn(spool: Spool) -> None:
    reported(spool)
    shelf = Shelf(is_away=True)
    sender = Sender(spool, [shelf], Patience(first_s=60))
    sender.send_due()
    shelf.is_away = False
    assert sender.send_due() == 0
    waits = [Patience().wait_s(failures) for failures in range(1, 60)]
    assert 0.5 <= waits[0] <= 1
    assert all(150 <= wait <= 300 for wait in waits[10:])


def test_what_is_refused_again_and_again_is_put_aside_with_the_reason(
    spool: Spool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    key = reported(spool)
    sender = Sender(spool, [Shelf(refuses="the archive answered 0xC000")], _AT_ONCE)
    for _ in range(10):
        assert spool.ledger.counts()["reported"] == 1
        sender.send_due()
    assert spool.ledger.reasons("failed") == [("shelf: the archive answered 0xC000", 1)]
    assert (tmp_path / "spool" / "failed" / key / "report-0.dcm").exists()
    assert caplog.records[-1].levelno == logging.ERROR


def test_an_archive_in_trouble_for_a_while_costs_no_report(spool: Spool) -> None:
    reported(spool)
    shelf = Shelf(refuses="the archive answered 0x0110", is_for_now=True)
    sender = Sender(spool, [shelf], _AT_ONCE)
    for _ in range(50):
        sender.send_due()
    shelf.refuses = ""
    assert sender.send_due() == 1


def test_what_is_refused_is_tried_again_over_hours() -> None:
    waits = [Patience().refusal_wait_s(refusals) for refusals in range(1, Patience().refusals)]
    assert 30 <= waits[0] <= 60
    assert sum(waits) > 4 * 3_600


def test_tries_in_vain_do_not_count_as_refusals(spool: Spool) -> None:
    key = reported(spool)
    shelf = Shelf(poison=key)
    sender = Sender(spool, [shelf], _AT_ONCE)
    for _ in range(20):
        sender.send_due()
    shelf.poison, shelf.refuses = "", "the archive answered 0xC000"
    sender.send_due()
    assert spool.ledger.counts()["reported"] == 1


def test_what_one_archive_makes_wait_or_refuses_for_good_goes_to_the_other_at_once(
    spool: Spool,
) -> None:
    keys = [reported(spool, number) for number in range(2)]
    here, there = Shelf("here", poison=keys[0]), Shelf("there")
    Sender(spool, [here, there], Patience(first_s=60)).send_due()
    assert there.taken == keys
    later = reported(spool, 2)
    here.poison, here.refuses = "", "the archive answered 0xC000"
    sender = Sender(spool, [here, there], Patience(refusals=1))
    sender.send_due()
    assert there.taken[-1] == later
    assert spool.ledger.reasons("failed")[0][0] == "here: the archive answered 0xC000"


def test_what_failed_is_tried_again_where_it_had_not_gone(spool: Spool) -> None:
    key = reported(spool)
    here, there = Shelf("here", refuses="no"), Shelf("there")
    sender = Sender(spool, [here, there], Patience(refusals=1))
    sender.send_due()
    here.refuses = ""
    assert spool.retry() == 1
    assert sender.send_due() == 1
    assert (here.taken, there.taken) == ([key], [key])


def test_what_every_archive_has_and_was_not_noted_is_noted_at_the_next_start(spool: Spool) -> None:
    key = reported(spool)
    spool.ledger.settled(key, "here", "accepted")
    Sender(spool, [Shelf("here")])
    assert spool.ledger.counts()["sent"] == 1


def test_what_cannot_be_sent_for_too_long_is_put_aside(spool: Spool) -> None:
    reported(spool)
    Sender(spool, [Shelf(is_away=True)], Patience(give_up_s=-1.0)).send_due()
    assert spool.ledger.counts()["failed"] == 1


def entity(port: int) -> ArchiveEntity:
    return ArchiveEntity(Called("ARCHIVE", "127.0.0.1", port), "VISTAZO", 5.0)


def test_a_real_archive_gets_the_files_as_they_are(spool: Spool) -> None:
    keys, taken = [reported(spool, number) for number in range(2)], []

    def take(found: Dataset) -> int:
        taken.append(str(found.SOPInstanceUID))
        return 0xB000 if len(taken) == 1 else 0

    with archive(take) as port:
        parcels = [Parcel(key, spool.reports(key)) for key in keys]
        receipts = list(entity(port).send(parcels))
    assert receipts == [Receipt(key) for key in keys]
    assert taken == [str(x_ray(number).SOPInstanceUID) for number in (1, 2, 11, 12)]


@pytest.mark.longer
def test_an_archive_that_refuses_or_has_no_room_is_understood(spool: Spool) -> None:
    parcel = Parcel("a", spool.reports(reported(spool)))
    with archive(lambda _: 0xC123) as port:
        assert list(entity(port).send([parcel])) == [Receipt("a", "the archive answered 0xC123")]
    for status in (0x0110, 0x0111):
        with archive(lambda _, status=status: status) as port:
            [receipt] = entity(port).send([parcel])
            assert bool(receipt.refused) == receipt.is_for_now == (status == 0x0110)
    with archive(lambda _: 0xA700) as port, pytest.raises(UnreachableError, match="no room"):
        list(entity(port).send([parcel]))


def test_an_archive_that_takes_implicit_vr_alone_gets_the_same_in_implicit_vr(
    spool: Spool,
) -> None:
    taken: list[Dataset] = []

    def take(found: Dataset) -> int:
        taken.append(found)
        return 0

    parcel = Parcel("a", spool.reports(reported(spool)))
    with archive(take, transfer_syntaxes=(ImplicitVRLittleEndian,)) as port:
        assert list(entity(port).send([parcel])) == [Receipt("a")]
    ours = [{each.tag: each.value for each in x_ray(number)} for number in (1, 2)]
    assert [{each.tag: each.value for each in found} for found in taken] == ours
    assert {found.original_encoding for found in taken} == {(True, True)}


def test_an_archive_that_answers_and_takes_none_of_it_refuses_it(spool: Spool) -> None:
    parcels = [Parcel(name, spool.reports(reported(spool))) for name in "ab"]
    with archive(lambda _: 0, takes=("1.2.840.10008.5.1.4.1.1.2",)) as port:
        receipts = list(entity(port).send(parcels))
    assert [receipt.key for receipt in receipts] == ["a", "b"]
    assert all("takes none of what we send" in receipt.refused for receipt in receipts)


def test_an_archive_that_takes_no_heatmaps_gets_none_of_it_and_is_told_what_can_be_done(
    spool: Spool,
) -> None:
    heatmap = x_ray(2)
    heatmap.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    key, taken = waiting(spool), []

    def take(found: Dataset) -> int:
        taken.append(found)
        return 0

    spool.keep_reports(key, [report(1), made_of(heatmap)])
    with archive(take) as port:
        [receipt] = entity(port).send([Parcel(key, spool.reports(key))])
    assert "Secondary Capture" in receipt.refused
    assert "--no-heatmap" in receipt.refused
    assert taken == []


# pynetdicom leaves a socket that could not connect to be collected.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_nobody_there_is_told_in_words(spool: Spool) -> None:
    parcel = Parcel("a", spool.reports(reported(spool)))
    with pytest.raises(UnreachableError, match="does not answer"):
        list(entity(free_port()).send([parcel]))
    gc.collect()


@dataclass
class Model:
    """A reporter that honours the protocol."""

    raises: Exception | None = None
    uid: str = "1.2.3"
    asked: int = 0

    def report(self, data: bytes) -> Reported:
        self.asked += 1
        assert data == b"an x-ray"
        if self.raises is not None:
            raise self.raises
        return Reported(self.uid, (report(1),))


def test_what_waits_becomes_a_report(spool: Spool) -> None:
    key, model = waiting(spool), Model()
    reporting = Reporting(spool, model)
    assert [reporting.report_next(), reporting.report_next()] == [True, False]
    assert len(spool.reports(key)) == 1
    assert spool.ledger.counts()["reported"] == 1


@pytest.mark.parametrize(
    ("error", "rule"),
    [
        (RejectedUploadError([BrokenRule("view", ""), BrokenRule("age", "")]), "view, age"),
        (CorruptImageError("damaged"), "corrupt_image"),
    ],
)
def test_what_the_model_refuses_is_noted_by_its_rule_and_done(
    spool: Spool, tmp_path: Path, error: Exception, rule: str
) -> None:
    waiting(spool)
    assert Reporting(spool, Model(error)).report_next()
    assert spool.ledger.reasons("refused") == [(rule, 1)]
    assert list((tmp_path / "spool" / "work").iterdir()) == []


@pytest.mark.parametrize(
    ("error", "is_taken"),
    [
        (RejectedUploadError([BrokenRule("view", ""), BrokenRule("max_pixels", "")]), False),
        (RejectedUploadError([BrokenRule("sop_class", "")]), False),
        (RejectedUploadError([BrokenRule("pixel_data", "")]), True),
        (CorruptImageError("damaged"), True),
    ],
    ids=["view", "sop_class", "pixel_data", "damaged"],
)
def test_what_was_refused_for_its_bytes_and_comes_whole_is_taken(
    spool: Spool, error: Exception, is_taken: bool
) -> None:
    key = waiting(spool)
    Reporting(spool, Model(error)).report_next()
    path = spool.incoming / "b.part"
    path.write_bytes(b"the whole x-ray")
    spool.keep(path, "1.2.3")
    entry = spool.ledger.entry(key)
    assert entry is not None
    assert entry.state == ("waiting" if is_taken else "refused")


def test_a_header_that_names_another_instance_is_refused(spool: Spool) -> None:
    waiting(spool)
    Reporting(spool, Model(uid="1.2.4")).report_next()
    assert spool.ledger.reasons("refused") == [("other_instance", 1)]
    path = spool.incoming / "b.part"
    path.write_bytes(b"the one that was meant")
    spool.keep(path, "1.2.3")
    assert spool.ledger.counts()["waiting"] == 1


@pytest.mark.parametrize(
    "error",
    [NotReadyError("later"), ReportNotNowError("its process was killed"), OSError(28, "No room")],
    ids=["not ready", "killed", "full"],
)
def test_what_is_not_there_now_is_waited_for_and_given_up_by_its_age(
    spool: Spool, error: Exception
) -> None:
    waiting(spool)
    model = Model(error)
    for _ in range(20):
        assert Reporting(spool, model, _AT_ONCE).report_next()
    assert spool.ledger.counts()["waiting"] == 1
    assert Reporting(spool, model, Patience(give_up_s=-1.0)).report_next()
    assert spool.ledger.counts()["failed"] == 1


def test_what_goes_wrong_here_is_tried_again_and_given_up_at_last(
    spool: Spool, caplog: pytest.LogCaptureFixture
) -> None:
    waiting(spool)
    model = Model(ZeroDivisionError("a header's words"))
    reporting = Reporting(spool, model, _AT_ONCE)
    while spool.ledger.counts()["waiting"]:
        assert reporting.report_next()
    assert model.asked == 5
    assert spool.ledger.counts()["failed"] == 1
