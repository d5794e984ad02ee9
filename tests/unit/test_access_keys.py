"""The keys: their form, their list, their file."""

from __future__ import annotations

import logging
import os
import stat
import time
from pathlib import Path

import pytest

from vistazo.errors import SettingsError
from vistazo.service.access import watched_file
from vistazo.service.access.api_key import digest_of, is_key, new_key
from vistazo.service.access.key_file import change_key_file, read_key_file
from vistazo.service.access.key_ring import MOST_KEYS, KeyEntry, KeyRing, read_entries
from vistazo.service.access.keys import Keys


def entry(name: str, key: str | None = None) -> KeyEntry:
    return KeyEntry(name, frozenset({"predict"}), digest_of(key or new_key()))


def test_a_key_is_found_by_itself_alone() -> None:
    ours, others = new_key(), [entry(f"other-{n}") for n in range(3)]
    ring = KeyRing([*others[:2], entry("ours", ours), others[2]])
    found = ring.find(ours)
    assert found is not None
    assert found.name == "ours"
    assert ring.find(new_key()) is None


@pytest.mark.parametrize(
    "made_up",
    ["", "secret", "vz_", "vz_" + "a" * 49, "vz_" + "a" * 10_000, "hmac-sha256-" + "0" * 64, "ñ"],
)
def test_a_key_that_a_person_made_up_opens_nothing_though_its_digest_is_in_the_list(
    made_up: str,
) -> None:
    assert not is_key(made_up)
    assert KeyRing([entry("by-hand", made_up or " ")]).find(made_up) is None


def test_a_key_with_one_character_changed_is_no_key() -> None:
    key = new_key()
    for place in range(len(key)):
        assert not is_key(f"{key[:place]}{'A' if key[place] != 'A' else 'B'}{key[place + 1 :]}")


def test_what_is_kept_of_a_key_does_not_hold_it_and_is_read_as_it_was_written() -> None:
    key = new_key()
    kept = KeyEntry("ward-7", frozenset({"predict", "metrics"}), digest_of(key))
    assert str(kept).startswith("ward-7:predict+metrics:hmac-sha256-")
    assert key[3:46] not in str(kept)
    assert read_entries(f"# a comment: {key}\n{kept},{entry('b')}\n", "API_KEYS")[0] == kept


@pytest.mark.parametrize(
    "written",
    [
        new_key(),
        "s3cret-of-mine",
        f"ward:{new_key()}",
        f"ward:predict:{new_key()}",
        f"ward:all:hmac-sha256-{'0' * 64}",
        f"ward::hmac-sha256-{'0' * 64}",
        f"w@rd:predict:hmac-sha256-{'0' * 64}",
        f"ward:predict:hmac-sha256-{'0' * 63}",
        f"ward:predict:sha256-{'0' * 64}",
    ],
    ids=range(9),  # a key is another one in each process of the tests
)
def test_a_list_that_cannot_be_read_is_refused_without_quoting_it(written: str) -> None:
    with pytest.raises(SettingsError, match="API_KEYS, entry 2") as refused:
        read_entries(f"{entry('good')} {written}", "API_KEYS")
    assert written not in str(refused.value)
    assert "vz_" not in str(refused.value)


def test_two_keys_of_one_name_and_too_many_are_refused() -> None:
    with pytest.raises(SettingsError, match="ward"):
        KeyRing([entry("ward"), entry("ward")])
    with pytest.raises(SettingsError, match=str(MOST_KEYS)):
        KeyRing([KeyEntry(f"k{n}", frozenset(), b"0" * 32) for n in range(MOST_KEYS + 1)])


def test_the_file_of_keys_is_its_owners_alone_and_written_whole(tmp_path: Path) -> None:
    path, first = tmp_path / "keys.txt", entry("first")
    change_key_file(path, lambda entries: [*entries, first])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_key_file(path) == (first,)
    path.chmod(0o644)
    change_key_file(path, lambda entries: [*entries, entry("second")])
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [each.name for each in read_key_file(path)] == ["first", "second"]
    with pytest.raises(SettingsError, match="first"):
        change_key_file(path, lambda entries: [*entries, entry("first")])
    assert len(read_key_file(path)) == 2
    assert os.listdir(tmp_path) == ["keys.txt"]  # noqa: PTH208


def test_two_who_change_the_file_at_once_do_not_lose_a_key(tmp_path: Path) -> None:
    path = tmp_path / "keys.txt"

    def change(entries: tuple[KeyEntry, ...]) -> list[KeyEntry]:
        with pytest.raises(SettingsError, match=r"keys\.txt\.new"):
            change_key_file(path, lambda _: [])
        return [*entries, entry("first")]

    change_key_file(path, change)
    assert [each.name for each in read_key_file(path)] == ["first"]


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is looked at whenever it is asked for."""
    monkeypatch.setattr(watched_file, "_LOOK_S", 0)


@pytest.mark.usefixtures("at_once")
def test_a_changed_file_is_read_again_and_a_broken_one_changes_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, first, second = tmp_path / "keys.txt", new_key(), new_key()
    change_key_file(path, lambda _: [entry("first", first)])
    keys = Keys(None, path)
    assert keys.find(first)
    change_key_file(path, lambda _: [entry("second", second)])
    assert keys.find(second)
    assert keys.find(first) is None
    good = path.read_text()
    for broken in (f"{good}\nvz_oops", "", "\udcff", good.replace("predict", "everything")):
        path.write_text(broken, errors="surrogateescape")
        caplog.clear()
        assert keys.find(second), broken
        assert keys.find(second)
        assert [record.levelno for record in caplog.records] == [logging.ERROR]  # once
        assert "vz_oops" not in str(vars(caplog.records[0]))
    path.unlink()
    assert keys.find(second)
    path.write_text(str(entry("third", first)))
    assert keys.find(second) is None
    assert keys.find(first)


@pytest.mark.usefixtures("at_once")
def test_a_file_of_the_same_size_and_time_that_is_another_is_read(tmp_path: Path) -> None:
    path, first, second = tmp_path / "keys.txt", new_key(), new_key()
    change_key_file(path, lambda _: [entry("name", first)])
    keys, then = Keys(None, path), path.stat()
    change_key_file(path, lambda _: [entry("name", second)])
    os.utime(path, ns=(then.st_atime_ns, then.st_mtime_ns))
    assert keys.find(second)
    assert keys.find(first) is None


def test_a_file_that_is_none_stops_the_start(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(b"#" * 1_000_001)
    for name in ("missing", "pipe", "large", "."):
        with pytest.raises(SettingsError, match="API_KEYS_FILE"):
            Keys(None, tmp_path / name)


def test_a_key_is_looked_for_as_long_wherever_it_stands_and_soon() -> None:
    first, nowhere = new_key(), new_key()
    ring = KeyRing([entry("first", first), *(entry(f"k{n}") for n in range(MOST_KEYS - 1))])

    def least_s(key: str) -> float:
        times = []
        for _ in range(20):
            started = time.perf_counter()
            ring.find(key)
            times.append(time.perf_counter() - started)
        return min(times)

    # Who stopped at the first would take a hundredth.
    assert least_s(nowhere) < 0.002
    assert least_s(first) > least_s(nowhere) / 2
