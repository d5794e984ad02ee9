"""Over how many connections it takes: cuts, lies, limits, waits, redirects."""

from __future__ import annotations

import contextlib
import logging
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from downloads import MODEL, OTHER, QUICK, Fetch, archive, left_over, refused
from file_server import (
    Act,
    Files,
    Served,
    announce,
    cut,
    endless,
    redirect,
    silent,
    status,
)
from vistazo.errors import DownloadError
from vistazo.models.fetch import Link, Patience, Place, located

SOURCES = Path(__file__).parents[2] / "src"


@pytest.mark.parametrize(
    "act",
    [
        status(503, Retry_After="0"),
        status(429),
        status(502),
        cut(0),
        cut(100_000),
        silent(0.4),
        silent(0.4, after=1_000),
        announce(len(MODEL) + 10),
        announce(len(MODEL) - 10),
    ],
    ids=["503", "429", "502", "cut", "cut later", "silent", "silent later", "long", "short"],
)
@pytest.mark.parametrize("has_ranges", [True, False])
def test_a_passing_fault_is_got_over(
    fetch: Fetch, files: Files, act: Act, has_ranges: bool
) -> None:
    files["/m.keras"] = Served(MODEL, [act], has_ranges=has_ranges)
    assert fetch().model.read_bytes() == MODEL


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (status(503), "503"),
        (cut(100), "the connection was cut"),
        (silent(0.4), "the server fell silent"),
        (announce(len(MODEL) + 10), "the connection was cut"),
        (announce(len(MODEL) - 10), "cut short"),
    ],
)
def test_a_lasting_fault_is_told_after_some_attempts(
    fetch: Fetch, files: Files, cache: Path, act: Act, said: str
) -> None:
    files["/m.keras"] = Served(MODEL, [act] * 9, etag=None)
    assert said in refused(fetch, cache)
    assert files.paths() == ["/m.keras"] * QUICK.attempts


def test_after_a_cut_only_the_rest_is_asked_for(fetch: Fetch, files: Files) -> None:
    files["/m.keras"] = Served(MODEL, [cut(100_000), cut(50_000)])
    assert fetch().model.read_bytes() == MODEL
    ranges = [asked.headers.get("range") for asked in files.asked[:3]]
    assert ranges == [None, "bytes=100000-", "bytes=150000-"]


def test_connections_that_bring_much_may_be_many(fetch: Fetch, files: Files) -> None:
    large = archive(6_000_000)
    files["/m.keras"] = Served(large, [cut(1_000_000)] * 5)
    assert fetch().model.read_bytes() == large


def test_a_file_that_changes_between_its_parts_is_not_mixed(fetch: Fetch, files: Files) -> None:
    def cut_and_change(handler: object, served: Served) -> None:
        cut(100_000)(handler, served)  # type: ignore[arg-type]
        served.data = OTHER

    files["/m.keras"] = Served(MODEL, [cut_and_change])  # type: ignore[list-item]
    assert fetch().model.read_bytes() == OTHER
    assert files.asked[1].headers["if-range"] != files["/m.keras"].version()


@pytest.mark.parametrize("etag", [None, 'W/"weak"', '"\xe9"', ""])
def test_without_a_version_to_hold_on_to_a_cut_file_is_fetched_from_its_beginning(
    fetch: Fetch, files: Files, etag: str | None
) -> None:
    files["/m.keras"] = Served(MODEL, [cut(100_000)], etag=etag)
    assert fetch().model.read_bytes() == MODEL
    assert "range" not in files.asked[1].headers


def test_a_date_is_a_version_too(fetch: Fetch, files: Files) -> None:
    date = "Sat, 01 Feb 2025 10:00:00 GMT"
    files["/m.keras"] = Served(MODEL, [cut(100_000)], etag=None, headers={"Last-Modified": date})
    fetch()
    assert files.asked[1].headers["if-range"] == date


def test_a_server_that_asks_for_more_patience_than_there_is_is_not_waited_for(
    fetch: Fetch, files: Files, cache: Path
) -> None:
    files["/m.keras"].acts = [status(429, Retry_After="3600")]
    started = time.monotonic()
    assert "asks to wait 3600 s" in refused(fetch, cache)
    assert time.monotonic() - started < 2


def test_a_wait_that_is_asked_for_is_kept(fetch: Fetch, files: Files) -> None:
    files["/m.keras"].acts = [status(503, Retry_After="1")]
    started = time.monotonic()
    fetch(patience=Patience(first_wait_s=0.01))
    assert time.monotonic() - started >= 1


def test_a_file_over_the_limit_is_refused_by_its_announced_length(
    fetch: Fetch, files: Files, cache: Path
) -> None:
    assert "MAX_MODEL_BYTES" in refused(fetch, cache, max_bytes=100_000)
    assert files.paths() == ["/m.keras"]


def test_a_file_that_never_ends_is_refused_at_the_limit(
    fetch: Fetch, files: Files, cache: Path
) -> None:
    files["/m.keras"].acts = [endless()]
    assert "MAX_MODEL_BYTES" in refused(fetch, cache, max_bytes=1_000_000)


def test_a_file_that_trickles_is_given_up_after_the_whole_time(
    fetch: Fetch, files: Files, cache: Path
) -> None:
    files["/m.keras"] = Served(MODEL[:5], [endless(pause_s=0.05)])
    patience = Patience(idle_s=5, total_s=0.5)
    assert "more than 0.5 seconds" in refused(fetch, cache, patience=patience)


def test_redirects_are_followed_to_another_host_and_names_come_from_their_end(
    fetch: Fetch, files: Files
) -> None:
    files["/latest"] = Served(b"", [redirect("/there")])
    files["/there"] = Served(
        b"", [redirect(files.url.replace("127.0.0.1", "localhost") + "/m.keras")]
    )
    found = fetch("/latest")
    assert (found.model.name, found.model.read_bytes()) == ("m.keras", MODEL)


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("/m.keras", "in a circle"),
        ("file:///etc/passwd", "no web address"),
        ("ftp://example.org/m.keras", "no web address"),
        ("https:///m.keras", "no web address"),
        ("http://models.example/m.keras", "not encrypted"),
        ("https://[::1/m.keras", "Invalid URL"),
    ],
)
def test_a_redirect_that_leads_nowhere_good_is_not_followed(
    fetch: Fetch, files: Files, cache: Path, target: str, said: str
) -> None:
    files["/m.keras"].acts = [redirect(target)] * 20
    assert said in refused(fetch, cache)


def test_a_link_without_encryption_needs_a_hash(fetch: Fetch, cache: Path) -> None:
    assert "MODEL_SHA256" in refused(fetch, cache, "http://models.example/m.keras")


def test_certificates_that_cannot_be_read_are_told_in_words(
    fetch: Fetch, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(cache / "no.pem"))
    assert "SSL_CERT_FILE" in refused(fetch, cache)


def test_a_full_disk_is_told_in_words_and_nothing_is_left(files: Files, cache: Path) -> None:
    code = (
        "import resource, sys, pathlib\n"
        "from vistazo.models.fetch import *\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        f"place = Place(Link({files.url + '/m.keras'!r}), pathlib.Path({str(cache)!r}))\n"
        "try:\n"
        "    with located(place): pass\n"
        "except Exception as error:\n"
        "    print(type(error).__name__, error)\n"
    )
    said = run_python(code)
    assert said.startswith("DownloadError The download cannot be kept:")
    assert not [path for path in cache.rglob("*") if path.is_file()]


def run_python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(SOURCES)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_download_ends_soon_after_it_is_cancelled(files: Files, cache: Path) -> None:
    files["/m.keras"].acts = [silent(3)]
    started = time.monotonic()
    place = Place(Link(files.url + "/m.keras"), cache)
    with (
        pytest.raises(DownloadError, match="stopped"),
        located(place, lambda: time.monotonic() - started > 0.1),
    ):
        pass
    assert time.monotonic() - started < 1.5
    assert not left_over(cache)


def test_the_log_tells_of_progress_and_never_the_key_of_a_link(
    fetch: Fetch, files: Files, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    files["/m.keras"].acts = [cut(100_000), status(503), redirect("/m.keras?again=s3cret")]
    fetch("/m.keras?key=s3cret", patience=QUICK)
    refusing = Served(b"", [status(403)])
    files["/no.keras"] = refusing
    with pytest.raises(DownloadError) as error, contextlib.suppress(ZeroDivisionError):
        fetch(files.url.replace("//", "//me:s3cret@") + "/no.keras?key=s3cret#s3cret")
    assert "downloading" in caplog.messages
    assert "downloaded" in caplog.messages
    everything = caplog.text + repr([vars(record) for record in caplog.records])
    assert "s3cret" not in everything
    assert "s3cret" not in str(error.value)


def test_progress_is_seldom_enough_to_be_read(caplog: pytest.LogCaptureFixture) -> None:
    from vistazo.models.fetch.progress import Progress

    caplog.set_level(logging.INFO)
    now = 0.0
    progress = Progress("model", lambda: now)
    for second in range(100):
        now = float(second)
        progress.show(second * 10_000, 1_000_000)
    assert 9 <= len(caplog.records) <= 25
    caplog.clear()
    for _ in range(100):
        progress.show(990_000, 1_000_000)
    assert len(caplog.records) <= 1


@pytest.mark.skipif(sys.platform == "win32", reason="signals are another thing there")
def test_ctrl_c_ends_a_download_without_a_trace(files: Files, cache: Path) -> None:
    files["/m.keras"].acts = [silent(5, after=1_000)]
    process = subprocess.Popen(
        [sys.executable, "-m", "vistazo", "predict", "x.png"],
        env={
            "PYTHONPATH": str(SOURCES),
            "MODEL_PATH": files.url + "/m.keras",
            "CACHE_DIR": str(cache),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # As on a terminal: a shell lets what it starts in the background ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    deadline = time.monotonic() + 20
    while not left_over(cache) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, said = process.communicate(timeout=20)
    assert process.returncode == 130, said
    assert not re.search("Traceback|Error", out + said)
    assert not left_over(cache)
