"""A real browser on a real service. Skipped, and said so, where there is no browser."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from builders import brightness_classifier, encoded, film
from page.windows import Windows, dress
from vistazo.api.app import create_app
from vistazo.classifier import Classifier
from vistazo.service.access.api_key import digest_of, new_key
from vistazo.service.access.key_file import change_key_file
from vistazo.service.access.key_ring import KeyEntry
from vistazo.service.access.scopes import AccessScope
from vistazo.service.settings import Settings

playwright = pytest.importorskip(
    "playwright.sync_api", reason="THE PAGE IS NOT TESTED: playwright is not installed"
)

_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
_FLAGS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
# The first has no windows to paint, and takes two thirds of the time for it.
_CHROMIUM = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "chrome")
_MOST_MS = 15_000


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds the default model, compiled once for all."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def service_url(cache: Path) -> Iterator[str]:
    """The default model, served. It takes the pictures that tests draw for films."""
    yield from _serve(Settings(threads=1, cache_dir=cache, out_of_distribution="off"))


@pytest.fixture(scope="session")
def watchful_url(cache: Path) -> Iterator[str]:
    """The default model, served as it is by default: it knows that they are none."""
    yield from _serve(Settings(threads=1, cache_dir=cache))


@dataclass(frozen=True)
class Guarded:
    """A service that wants a key: ``graphs`` may not classify, ``ward`` and ``other`` may."""

    url: str
    keys: dict[str, str]
    file: Path

    def admit(self, *names: str) -> None:
        """These, and nobody else."""
        scopes: dict[str, AccessScope] = {"graphs": "metrics"}
        entries = [
            KeyEntry(name, frozenset({scopes.get(name, "predict")}), digest_of(self.keys[name]))
            for name in names
        ]
        change_key_file(self.file, lambda _: entries)


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    names = ("graphs", "ward", "other")
    keys, file = {name: new_key() for name in names}, tmp_path_factory.mktemp("keys") / "keys.txt"
    Guarded("", keys, file).admit(*names)
    settings = Settings(threads=1, api_keys_file=file)
    for url in _serve(settings, brightness_classifier):
        yield Guarded(url, keys, file)


def _serve(settings: Settings, load: Callable[[], Classifier] | None = None) -> Iterator[str]:
    app = create_app(settings, load=load)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    deadline = time.monotonic() + _MOST_MS / 1000
    while httpx.get(f"{url}/health/ready").status_code != httpx.codes.OK:
        assert time.monotonic() < deadline, "the service did not become ready"
    yield url
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    """Once for the tests of the page, and not longer: while it runs, Playwright keeps the thread's
    event loop for itself.
    """
    program = next(filter(None, map(shutil.which, _CHROMIUM)), None)
    if program is None:
        pytest.skip("THE PAGE IS NOT TESTED: no chromium (apt-get install chromium)")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def windows(browser: Any) -> Windows:
    return Windows(browser)


@pytest.fixture
def open_page(windows: Windows, service_url: str) -> Iterator[Callable[..., Any]]:
    """``open_page(stubs, **look)``: the page with its model loaded, and nothing of before.

    ``stubs`` maps a URL pattern to what answers instead of the service. A test that listens to the
    window or changes its network asks for one of its ``own``. A test in which the page reports an
    error of its own, such as a breach of its policy, fails.
    """

    def open_it(
        stubs: dict[str, Callable[[Any], None]] | None = None,
        *,
        url: str = service_url,
        wait: bool = True,
        locale: str = "en-GB",
        own: bool = False,
        **look: Any,
    ) -> Any:
        page = windows.open(locale, own=own)
        dress(page, **look)
        for pattern, answer in (stubs or {}).items():
            page.route(pattern, answer)
        page.goto(url)
        if wait:
            page.wait_for_selector("#about:not([hidden])")
        return page

    windows.errors.clear()
    yield open_it
    windows.clear()
    assert windows.errors == []


@pytest.fixture(scope="session")
def a_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _write(tmp_path_factory, "film.png", encoded(film(640, 520)))


@pytest.fixture(scope="session")
def another_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _write(tmp_path_factory, "another.jpeg", encoded(film(400, 500), "JPEG"))


@pytest.fixture(scope="session")
def a_corrupt_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = encoded(film(640, 520), "JPEG")
    return _write(tmp_path_factory, "corrupt.jpeg", data[: len(data) // 3])


def _write(factory: pytest.TempPathFactory, name: str, data: bytes) -> Path:
    path = factory.mktemp("films") / name
    path.write_bytes(data)
    return path


@pytest.fixture(scope="session")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to be looked at: SCREENSHOTS, or a temporary one."""
    named = os.environ.get("SCREENSHOTS")
    folder = Path(named) if named else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
