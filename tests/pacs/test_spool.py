"""What lies in the spool outlives whoever works on it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from vistazo.errors import SettingsError
from vistazo.pacs.spool import Made, Spool, SpoolFullError, SpoolLimits, existing_spool, open_spool

_LIMITS = SpoolLimits(10, 1_000_000)


def received(spool: Spool, data: bytes = b"an x-ray") -> Path:
    path = spool.incoming / "a.part"
    path.write_bytes(data)
    return path


def kept(spool: Spool, uid: str = "1.2.3") -> str:
    spool.keep(received(spool), uid)
    return spool.ledger.key_of(uid)


def test_an_x_ray_is_kept_reported_on_sent_and_deleted(spool: Spool, tmp_path: Path) -> None:
    key = kept(spool)
    assert spool.picture(key) == b"an x-ray"
    spool.keep_reports(key, [Made("1.2.4", b"report"), Made("1.2.5", b"heatmap")])
    assert [path.read_bytes() for path in spool.reports(key)] == [b"report", b"heatmap"]
    assert [entry.key for entry in spool.ledger.due("reported", 5)] == [key]
    spool.end(key, "sent")
    assert list((tmp_path / "spool" / "work").iterdir()) == []
    assert spool.ledger.held().instances == 0


@pytest.mark.parametrize("state", ["waiting", "reported", "sent", "refused"])
def test_the_same_instance_is_kept_once_whatever_became_of_it(spool: Spool, state: str) -> None:
    key = kept(spool)
    if state != "waiting":
        spool.keep_reports(key, [Made("1.2.4", b"report")])
    if state in ("sent", "refused"):
        spool.end(key, "sent" if state == "sent" else "refused", "view")
    spool.keep(received(spool, b"another"), "1.2.3")
    assert spool.ledger.counts()[state] == 1
    assert not list(spool.incoming.iterdir())


def test_other_bytes_than_those_that_were_refused_are_taken_anew(spool: Spool) -> None:
    key = kept(spool)
    spool.refuse_bytes(key, "corrupt_image")
    kept(spool)
    assert spool.ledger.counts()["refused"] == 1
    spool.keep(received(spool, b"the whole x-ray"), "1.2.3")
    assert spool.picture(key) == b"the whole x-ray"
    assert spool.ledger.counts()["waiting"] == 1


def test_what_was_refused_can_be_taken_anew_when_that_is_asked_for(spool: Spool) -> None:
    spool.end(kept(spool), "refused", "view")
    assert spool.retry_refused() == 1
    kept(spool)
    assert spool.ledger.counts()["waiting"] == 1


def test_a_report_of_ours_that_comes_back_is_not_kept(spool: Spool) -> None:
    spool.keep_reports(kept(spool), [Made("1.2.4", b"report")])
    kept(spool, "1.2.4")
    assert spool.ledger.held().instances == 1


def test_what_was_given_up_lies_aside_with_its_reason_and_can_be_tried_again(
    spool: Spool, tmp_path: Path
) -> None:
    key = kept(spool)
    spool.keep_reports(key, [Made("1.2.4", b"report")])
    spool.end(key, "failed", "the archive answered 0xC000")
    place = tmp_path / "spool" / "failed" / key
    assert (place / "reason.txt").read_text() == "the archive answered 0xC000\n"
    assert (place / "report-0.dcm").read_bytes() == b"report"
    assert spool.retry() == 1
    assert [entry.key for entry in spool.ledger.due("reported", 5)] == [key]
    assert spool.reports(key)


def test_where_no_heatmaps_are_wanted_those_that_wait_or_were_given_up_are_left_out(
    spool: Spool,
) -> None:
    keys = [kept(spool, uid) for uid in ("1.2.3", "1.2.4")]
    for key in keys:
        spool.keep_reports(key, [Made(f"1.3.{key}", b"report"), Made(f"1.4.{key}", b"heatmap")])
    spool.end(keys[0], "failed", "the archive takes no Secondary Captures")
    spool.drop_heatmaps()
    assert spool.retry() == 1
    assert [[path.read_bytes() for path in spool.reports(key)] for key in keys] == [[b"report"]] * 2


def test_what_was_given_up_and_comes_again_is_new(spool: Spool) -> None:
    key = kept(spool)
    spool.end(key, "failed", "no room")
    assert kept(spool) == key
    assert spool.ledger.counts() == {
        "waiting": 1, "reported": 0, "sent": 0, "refused": 0, "failed": 0,
    }  # fmt: skip


def test_a_full_spool_says_so_and_what_was_given_up_counts(tmp_path: Path) -> None:
    with open_spool(tmp_path / "small", SpoolLimits(3, 1_000)) as spool:
        for number in range(3):
            kept(spool, f"1.2.{number}")
        spool.end(spool.ledger.key_of("1.2.0"), "failed", "why")
        with pytest.raises(SpoolFullError):
            spool.check_room()
        with pytest.raises(SpoolFullError):
            spool.keep(received(spool), "1.3")
        spool.end(spool.ledger.key_of("1.2.1"), "sent")
        spool.check_room()


def test_what_a_killed_process_left_is_put_right(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    with open_spool(folder, _LIMITS) as spool:
        begun, ended, gone, failed = (kept(spool, f"1.2.{number}") for number in range(4))
        received(spool)
        # Killed between two steps: renamed and not noted, noted and not deleted, and so on.
        untold = folder / "work" / ("ab" * 16)
        untold.mkdir()
        (untold / "picture.dcm").write_bytes(b"untold")
        (folder / "work" / ("cd" * 16)).mkdir()
        spool.ledger.ended(ended, "sent")
        spool.ledger.ended(failed, "failed", "why")
        (folder / "work" / gone / "picture.dcm").unlink()
    with open_spool(folder, _LIMITS) as spool:
        assert {entry.key for entry in spool.ledger.due("waiting", 10)} == {begun, "ab" * 16}
        assert {path.name for path in (folder / "work").iterdir()} >= {begun, "ab" * 16}
        assert not (folder / "work" / ended).exists()
        assert not (folder / "work" / ("cd" * 16)).exists()
        assert (folder / "failed" / failed / "picture.dcm").exists()
        assert spool.ledger.counts()["failed"] == 2
        assert not list(spool.incoming.iterdir())


def test_it_is_its_owners_alone_and_works_for_one(spool: Spool, tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    with pytest.raises(SettingsError, match="Another run is writing"), open_spool(folder, _LIMITS):
        pass
    with existing_spool(folder) as beside:
        assert beside.ledger.held().instances == 0


def test_no_uid_is_in_the_ledger(spool: Spool, tmp_path: Path) -> None:
    key = kept(spool, "1.2.826.0.1.77777")
    spool.keep_reports(key, [Made("1.2.826.0.1.88888", b"")])
    spool.end(key, "sent")
    found = b"".join(path.read_bytes() for path in (tmp_path / "spool").glob("ledger*"))
    assert b"77777" not in found
    assert b"88888" not in found


def test_what_is_no_spool_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is no spool"), existing_spool(tmp_path):
        pass
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool" / "ledger.sqlite").write_bytes(b"no database" * 1000)
    with pytest.raises(SettingsError, match="move the spool aside"):
        open_spool(tmp_path / "spool", _LIMITS).__enter__()
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SettingsError, match="cannot be used"):
        open_spool(tmp_path / "file", _LIMITS).__enter__()


def test_what_ended_long_ago_is_forgotten(spool: Spool) -> None:
    for number in range(3):
        spool.end(kept(spool, f"1.2.{number}"), "sent")
    kept(spool, "1.2.9")
    spool.ledger.forget(1)
    assert spool.ledger.counts()["sent"] == 3
    spool.ledger.forget(-1)
    assert (spool.ledger.counts()["sent"], spool.ledger.counts()["waiting"]) == (0, 1)
