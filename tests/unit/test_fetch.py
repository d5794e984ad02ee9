"""Files from links, from a real server that does what servers on the web do."""

from __future__ import annotations

import contextlib
import hashlib
import io
import logging
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import certifi
import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from file_server import (
    Act,
    Files,
    Served,
    announce,
    cut,
    endless,
    hang_up,
    redirect,
    serving,
    silent,
    status,
)
from vistazo.errors import DownloadError, ModelError, ModelNotFoundError
from vistazo.models.fetch import Link, ModelFiles, Patience, Place, located, parse_location
from vistazo.models.fetch.names import from_disposition, from_url, model_name

SOURCES = Path(__file__).parents[2] / "src"
QUICK = Patience(
    connect_s=1, idle_s=0.2, total_s=10, attempts=3, first_wait_s=0.01, longest_wait_s=0.5
)


def archive(size: int = 300_000, seed: int = 0) -> bytes:
    """What a .keras file is from outside: a zip of things that cannot be compressed."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as file:
        file.writestr("model.weights.h5", np.random.default_rng(seed).bytes(size))
    return memory.getvalue()


MODEL, OTHER = archive(), archive(seed=1)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture(autouse=True)
def one_certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here is encrypted, and to read all certificates takes longer than most tests."""
    first = Path(certifi.where()).read_text().partition("-----END CERTIFICATE-----")
    (tmp_path / "one.pem").write_text("".join(first[:2]))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "one.pem"))


@pytest.fixture
def files() -> Iterator[Files]:
    with serving() as files:
        files["/m.keras"] = MODEL
        yield files


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def fetch(files: Files, cache: Path) -> Callable[..., ModelFiles]:
    """``fetch("/m.keras", sha256=...)``: the files that are then there."""

    def fetched(path: str = "/m.keras", patience: Patience = QUICK, **more: object) -> ModelFiles:
        link = Link(path if "://" in path else files.url + path)
        with located(Place(link, cache, **more), patience=patience) as found:  # type: ignore[arg-type]
            return found

    return fetched


Fetch = Callable[..., ModelFiles]


def left_over(cache: Path) -> list[Path]:
    return list(cache.rglob("*.partial"))


def refused(fetch: Fetch, cache: Path, *args: object, **more: object) -> str:
    """The words, after nothing was kept."""
    with pytest.raises(ModelError) as error:
        fetch(*args, **more)
    assert not [path for path in cache.rglob("*") if path.is_file()]
    return str(error.value)


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


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4cac1962\nsize 84977953\n"
PAGE = b"<!DOCTYPE html><html><head><title>%s</title></head><body>%s</body></html>"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (PAGE % (b"My model", b"Press Download"), "a web page, not a file"),
        (
            b"\xef\xbb\xbf\n " + PAGE % (b"x", b"y" * 200_000),
            "a web page, not a file",
        ),
        (PAGE % (b"Google Drive - Quota exceeded", b"..."), "its quota is used up"),
        (
            PAGE % (b"Error", b" " * 9_000 + b"Too many users have viewed or downloaded this file"),
            "its quota is used up",
        ),
        (PAGE % (b"Google Drive - Virus scan warning", b"..."), "the page about viruses"),
        (PAGE % (b"Sign in - Google Accounts", b"..."), "a sign-in page"),
        (PAGE % (b"x", b"https://accounts.google.com/ServiceLogin?continue=1"), "a sign-in page"),
        (POINTER, "a Git LFS pointer"),
        (b"", "an empty file"),
        (b'{"error": {"code": 403, "message": "downloadQuotaExceeded"}}', "JSON"),
        (b"Not available in your region.", "text, not a model"),
        (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "a web page"),
    ],
)
def test_what_is_no_model_is_told_from_its_first_bytes(
    fetch: Fetch, files: Files, cache: Path, data: bytes, said: str
) -> None:
    files["/m.keras"] = data
    assert said in refused(fetch, cache)
    assert files.paths() == ["/m.keras"], "it is no use to try again"


def test_a_page_without_an_end_is_not_read_to_its_end(
    fetch: Fetch, files: Files, cache: Path
) -> None:
    files["/m.keras"] = Served(PAGE % (b"x", b"y" * 500), [endless()])
    assert "a web page" in refused(fetch, cache)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (404, "There is nothing at"),
        (410, "There is nothing at"),
        (401, "anyone who has the link"),
        (403, "anyone who has the link"),
        (418, "answered 418"),
    ],
)
def test_a_refusal_says_what_to_do(
    fetch: Fetch, files: Files, cache: Path, number: int, said: str
) -> None:
    files["/m.keras"].acts = [status(number)]
    assert said in refused(fetch, cache, "/m.keras?key=s3cret")


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


@pytest.mark.parametrize(
    ("path", "disposition", "name"),
    [
        ("/download?id=1", 'attachment; filename="lungs.h5"', "lungs.h5"),
        ("/download?id=1", "attachment; filename*=UTF-8''pulm%C3%B3n%201.h5", "pulm-n-1.h5"),
        ("/download?id=1", 'attachment; filename="../../etc/x.keras"', "x.keras"),
        ("/download?id=1", 'attachment; filename="..\\\\..\\\\x.keras"', "x.keras"),
        ("/download?id=1", 'attachment; filename=".keras"', "keras.keras"),
        ("/download?id=1", f'attachment; filename="{"x" * 500}.keras"', "x" * 80 + ".keras"),
        ("/download?id=1", "attachment; filename=", "download.keras"),
        ("/download?id=1", None, "download.keras"),
        ("/in/lungs.keras", 'attachment; filename="blob"', "lungs.keras"),
        ("/%2e%2e%2fx%00.keras", None, "x.keras"),
        ("/", None, "model.keras"),
    ],
)
def test_the_name_is_a_safe_one_with_a_models_ending(
    fetch: Fetch, files: Files, path: str, disposition: str | None, name: str
) -> None:
    headers = {"Content-Disposition": disposition} if disposition else {}
    files[path] = Served(MODEL, headers=headers)
    assert fetch(path).model.name == name


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_name_becomes_a_safe_one(disposition: str, path: str) -> None:
    offered = from_disposition(disposition), from_url("https://h.example/" + quote(path))
    name = model_name(offered, None)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*\.(keras|h5|hdf5|onnx)", name, re.IGNORECASE)
    assert len(name) < 100


def hdf5(folder: Path) -> bytes:
    with h5py.File(folder / "made.h5", "w") as file:
        file["weights"] = list(range(10_000))
    return (folder / "made.h5").read_bytes()


def onnx() -> bytes:
    from onnx import TensorProto, helper

    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    node = helper.make_node("Constant", [], ["y"], value_floats=[1.0] * 5_000)
    model = helper.make_model(helper.make_graph([node], "g", [], [output]))
    return bytes(model.SerializeToString())


@pytest.mark.parametrize("kind", ["h5", "keras", "onnx"])
def test_without_a_name_the_bytes_tell_the_ending_and_a_missing_end(
    fetch: Fetch, files: Files, cache: Path, tmp_path: Path, kind: str
) -> None:
    whole = {"h5": lambda: hdf5(tmp_path), "keras": lambda: MODEL, "onnx": onnx}[kind]()
    files["/file"] = Served(whole)
    files["/cut"] = whole[:-100]
    assert "cut short" in refused(fetch, cache, "/cut")
    assert fetch("/file").model.name == f"file.{kind}"


def test_the_card_the_labels_and_the_baseline_come_from_beside_the_model(
    fetch: Fetch, files: Files
) -> None:
    files["/in/a%20b.keras"] = MODEL
    files["/in/a%20b.card.yaml"] = b"name: m"
    files["/in/labels.txt"] = b"0 NORMAL\n1 PNEUMONIA\n"
    files["/in/a%20b.baseline.npz"] = MODEL
    found = fetch("/in/a%20b.keras")
    assert found.model.name == "a-b.keras"
    assert found.card
    assert found.card.read_bytes() == b"name: m"
    assert found.labels
    assert found.labels.name == "labels.txt"
    assert found.baseline
    assert found.baseline.name.endswith(".baseline.npz")


def test_what_is_not_beside_the_model_is_not_there(fetch: Fetch, files: Files) -> None:
    files["/m.card.yaml"] = PAGE % (b"Not found", b"a page with status 200")
    files["/labels.txt"] = Served(b"", [status(403)])
    files["/m.baseline.npz"] = Served(b"", [status(500)] * 9)
    found = fetch()
    assert (found.card, found.labels, found.baseline) == (None, None, None)


def test_a_card_that_is_too_large_is_none(fetch: Fetch, files: Files) -> None:
    files["/m.card.yaml"] = b"x" * 1_000_001
    assert fetch().card is None


def test_a_card_that_has_changed_is_fetched_again_and_one_that_has_gone_is_gone(
    fetch: Fetch, files: Files
) -> None:
    for card in (b"version: 1", b"version: 2"):
        files["/m.card.yaml"] = card
        found = fetch().card
        assert found
        assert found.read_bytes() == card
    del files["/m.card.yaml"]
    assert fetch().card is None


def test_nothing_is_looked_for_beside_a_link_that_names_no_model(
    fetch: Fetch, files: Files
) -> None:
    files["/download"] = MODEL
    fetch("/download?file=m.keras")
    assert files.paths() == ["/download?file=m.keras"]


def test_the_key_of_a_link_goes_along_to_what_lies_beside_it(fetch: Fetch, files: Files) -> None:
    fetch("/m.keras?sig=s3cret")
    assert "/m.card.yaml?sig=s3cret" in files.paths()


def test_parts_may_have_links_of_their_own_for_a_model_of_this_machine(
    files: Files, cache: Path, tmp_path: Path
) -> None:
    model = tmp_path / "mine.h5"
    files["/cards/1.yaml"] = b"name: m"
    files["/class_indices.json"] = b'{"A": 0}'
    place = Place(
        model,
        cache,
        card=Link(files.url + "/cards/1.yaml"),
        labels=Link(files.url + "/class_indices.json"),
    )
    with located(place, patience=QUICK) as found:
        assert found.model == model
        assert found.card
        assert found.card.read_bytes() == b"name: m"
        assert found.labels
        assert found.labels.name == "class_indices.json"
        assert found.baseline is None


def test_parts_that_are_named_are_not_looked_for(
    fetch: Fetch, files: Files, tmp_path: Path
) -> None:
    card = tmp_path / "my.yaml"
    assert fetch(card=card).card == card
    assert "/m.card.yaml" not in files.paths()


def test_a_part_that_is_named_by_a_link_must_be_there(fetch: Fetch, files: Files) -> None:
    with pytest.raises(ModelNotFoundError, match="There is nothing at"):
        fetch(card=Link(files.url + "/no.yaml"))


def test_without_links_nothing_is_asked_or_made(cache: Path, tmp_path: Path) -> None:
    with located(Place(tmp_path / "m.keras", cache)) as found:
        assert found == ModelFiles(tmp_path / "m.keras", None, None, None)
    assert not cache.exists()


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


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://h.example/in/m.keras?key=1", "https://h.example/.../m.keras"),
        ("https://me:pw@h.example:8443/m.keras#x", "https://h.example:8443/m.keras"),
        ("https://1drv.ms/u/s!AkCh-QtrC8VfZl1kzfziYZ", "https://1drv.ms/..."),
        ("https://h.example", "https://h.example/..."),
    ],
)
def test_a_link_shows_its_host_and_file_only(url: str, shown: str) -> None:
    assert str(Link(url)) == shown
    assert url not in repr(Link(url))


def test_what_begins_like_a_web_address_is_a_link_and_all_else_a_path() -> None:
    assert parse_location(" https://h.example/m.keras ") == Link("https://h.example/m.keras")
    assert parse_location("HTTP://h.example/m.keras") == Link("HTTP://h.example/m.keras")
    for path in ("m.keras", "/a/m.keras", "C:\\m.keras", "C://m.keras", "https/m.keras"):
        assert parse_location(path) == Path(path)
    for wrong in ("ftp://h.example/m.keras", "https://", "https:///m.keras", "https://[x/m"):
        with pytest.raises(ValueError, match="https"):
            parse_location(wrong)


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
    )
    deadline = time.monotonic() + 20
    while not left_over(cache) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert not re.search("Traceback|Error", out + said)
    assert not left_over(cache)
