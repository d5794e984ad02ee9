"""What is kept, asked again, and served where the link fails."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from downloads import MODEL, OTHER, QUICK, Fetch, left_over, refused, sha256
from file_server import (
    Act,
    Files,
    Served,
    cut,
    hang_up,
    serving,
    silent,
    status,
)
from vistazo.errors import DownloadError
from vistazo.models.fetch import Link, Place, located


def test_a_link_gives_the_file_under_its_own_name_and_hash(fetch: Fetch, cache: Path) -> None:
    found = fetch()
    assert found.model.read_bytes() == MODEL
    assert found.model.name == "m.keras"
    assert sha256(MODEL) in str(found.model)
    assert not left_over(cache)


def test_what_is_kept_can_be_read_by_another_user(fetch: Fetch) -> None:
    found = fetch()
    for path in (found.model, *list(found.model.parents)[:3]):
        assert path.stat().st_mode & stat.S_IROTH


def test_a_link_seen_before_is_only_asked_whether_it_has_changed(
    fetch: Fetch, files: Files
) -> None:
    first = fetch().model
    files.asked.clear()
    assert fetch().model == first
    asked = files.asked[0]
    assert asked.headers["if-none-match"] == files["/m.keras"].version()


def test_a_changed_file_is_fetched_again(fetch: Fetch, files: Files) -> None:
    fetch()
    files["/m.keras"] = OTHER
    assert fetch().model.read_bytes() == OTHER


def test_a_cache_entry_that_was_damaged_is_fetched_again(fetch: Fetch) -> None:
    path = fetch().model
    path.write_bytes(MODEL[:-1])
    assert fetch().model.read_bytes() == MODEL


@pytest.mark.parametrize(
    "record",
    [
        "",
        "[]",
        '{"sha256": "../..", "name": "../../x"}',
        f'{{"sha256": "{sha256(MODEL)}", "name": "m.keras", "etag": 5}}',
    ],
)
def test_a_cache_record_that_was_damaged_is_written_again(
    fetch: Fetch, cache: Path, record: str
) -> None:
    fetch()
    [newest] = cache.rglob("newest.json")
    newest.write_text(record)
    assert fetch().model.read_bytes() == MODEL


def test_a_hash_that_is_not_the_files_is_refused_and_nothing_is_kept(
    fetch: Fetch, cache: Path
) -> None:
    words = refused(fetch, cache, sha256="0" * 64)
    assert sha256(MODEL) in words
    assert "MODEL_SHA256" in words


def test_with_the_right_hash_and_a_card_the_second_start_asks_nobody(
    fetch: Fetch, files: Files
) -> None:
    files["/m.card.yaml"] = b"name: m"
    first = fetch(sha256=sha256(MODEL))
    files.asked.clear()
    assert fetch(sha256=sha256(MODEL)) == first
    assert not files.asked


def test_with_the_right_hash_a_card_that_came_later_is_found(fetch: Fetch, files: Files) -> None:
    assert fetch(sha256=sha256(MODEL)).card is None
    files["/m.card.yaml"] = b"name: m"
    assert fetch(sha256=sha256(MODEL)).card is not None


def test_another_hash_than_that_in_the_cache_asks_the_link_again(
    fetch: Fetch, files: Files
) -> None:
    fetch()
    files["/m.keras"] = OTHER
    assert fetch(sha256=sha256(OTHER)).model.read_bytes() == OTHER
    with pytest.raises(DownloadError, match="MODEL_SHA256"):
        fetch(sha256=sha256(MODEL))


@pytest.mark.parametrize("act", [status(503), status(403), status(404), hang_up, silent(0.4)])
def test_where_a_link_fails_its_copy_in_the_cache_is_used_with_a_warning(
    fetch: Fetch, files: Files, act: Act, caplog: pytest.LogCaptureFixture
) -> None:
    files["/m.card.yaml"] = b"name: m"
    first = fetch()
    files["/m.keras"].acts = [act] * 9
    files.asked.clear()
    assert fetch() == first
    assert "its copy in the cache is used" in caplog.text
    assert len(files.asked) == 1, "and nothing else is waited for"


def test_where_the_network_is_down_the_cache_serves_at_once(cache: Path) -> None:
    with serving() as files:
        files["/m.keras"] = MODEL
        files["/m.card.yaml"] = b"name: m"
        place = Place(Link(files.url + "/m.keras"), cache)
        with located(place, patience=QUICK) as first:
            pass
    started = time.monotonic()
    with located(place) as found:
        assert found == first
    assert time.monotonic() - started < 2


def test_where_the_network_is_down_and_nothing_is_cached_the_words_say_so(
    fetch: Fetch, cache: Path
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = refused(fetch, cache, f"http://127.0.0.1:{port}/m.keras")
    assert "there is no connection" in words


@contextlib.contextmanager
def another_user() -> Iterator[Path]:
    """A cache made by root, then used by a user who cannot write it, as in the container."""
    if sys.platform == "win32" or os.geteuid() != 0:
        pytest.skip("only root can become another user")
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        try:
            yield Path(name)
        finally:
            os.seteuid(0)


def test_a_cache_made_at_build_time_serves_a_user_who_cannot_write_it(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")  # which lies in a folder of root's
    files["/m.card.yaml"] = b"name: m"
    with another_user() as cache:
        place = Place(Link(files.url + "/m.keras"), cache)
        with located(place, patience=QUICK) as first:
            assert first.card
        os.seteuid(65_534)
        for fault in ([], [hang_up] * 9):
            files["/m.keras"].acts = fault
            with located(place, patience=QUICK) as found:
                assert found == first
                assert found.model.read_bytes() == MODEL
        files["/m.keras"] = OTHER
        with located(place, patience=QUICK) as newer:
            assert newer.model.read_bytes() == OTHER


def test_where_the_cache_cannot_be_made_the_file_is_temporary(
    files: Files, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    blocked = tmp_path / "a file, not a folder"
    blocked.touch()
    place = Place(Link(files.url + "/m.keras"), blocked / "cache")
    with located(place, patience=QUICK) as found:
        assert found.model.read_bytes() == MODEL
    assert not found.model.exists()


def test_two_that_fetch_at_once_do_not_disturb_each_other(
    fetch: Fetch, files: Files, cache: Path
) -> None:
    meeting = threading.Barrier(4, timeout=10)

    def slow(handler: object, served: Served) -> None:
        meeting.wait()
        cut(100_000)(handler, served)  # type: ignore[arg-type]

    files["/m.keras"].acts = [slow] * 4  # type: ignore[list-item]
    with ThreadPoolExecutor(4) as starts:
        found = [start.result() for start in [starts.submit(fetch) for _ in range(4)]]
    assert len(set(found)) == 1
    assert found[0].model.read_bytes() == MODEL
    assert not left_over(cache)


def test_what_a_killed_process_left_is_removed_after_a_day(fetch: Fetch, cache: Path) -> None:
    folder = fetch().model.parents[1]
    old, young, before = folder / "a.partial", folder / "b.partial", folder / ("0" * 64)
    old.write_bytes(b"x")
    young.write_bytes(b"x")
    before.mkdir()
    (before / "m.keras").write_bytes(b"x")
    for path in (old, before):
        os.utime(path, (time.time() - 90_000,) * 2)
    os.utime(folder / sha256(MODEL), (time.time() - 90_000,) * 2)
    (folder / sha256(MODEL) / "m.keras").write_bytes(b"damaged, so that it is fetched again")
    assert fetch().model.read_bytes() == MODEL
    assert (old.exists(), before.exists(), young.exists()) == (False, False, True)
