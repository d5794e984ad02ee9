"""A real browser on a real service. Skipped, and said so, where there is no browser."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from builders import encoded, film
from vistazo.api.app import create_app
from vistazo.service.settings import Settings

playwright = pytest.importorskip(
    "playwright.sync_api", reason="THE PAGE IS NOT TESTED: playwright is not installed"
)

_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
_FLAGS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "chrome")
_MOST_MS = 15_000


@pytest.fixture(scope="session")
def service_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The default model, served. It takes the pictures that tests draw for films."""
    cache = tmp_path_factory.mktemp("cache")
    yield from _serve(Settings(threads=1, cache_dir=cache, out_of_distribution="off"))


@pytest.fixture(scope="session")
def watchful_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The default model, served as it is by default: it knows that they are none."""
    yield from _serve(Settings(threads=1, cache_dir=tmp_path_factory.mktemp("cache")))


def _serve(settings: Settings) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(create_app(settings), port=0, log_config=None))
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


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Once a file: while it runs, Playwright keeps the thread's event loop for itself."""
    program = next(filter(None, map(shutil.which, _CHROMIUM)), None)
    if program is None:
        pytest.skip("THE PAGE IS NOT TESTED: there is no chromium (apt-get install chromium)")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Any, service_url: str) -> Iterator[Callable[..., Any]]:
    """``open_page(stubs, **context)``: the page in a window of its own, its model loaded.

    ``stubs`` maps a URL pattern to what answers instead of the service. A test in which the page
    reports an error of its own, such as a breach of its policy, fails.
    """
    errors: list[str] = []
    contexts = []

    def open_it(
        stubs: dict[str, Callable[[Any], None]] | None = None,
        *,
        url: str = service_url,
        wait: bool = True,
        **context: Any,
    ) -> Any:
        window = browser.new_context(**{"locale": "en-GB", **context})
        contexts.append(window)
        page = window.new_page()
        page.set_default_timeout(_MOST_MS)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", partial(_note, errors))
        for pattern, answer in (stubs or {}).items():
            page.route(pattern, answer)
        page.goto(url)
        if wait:
            page.wait_for_selector("#about:not([hidden])")
        return page

    yield open_it
    for window in contexts:
        window.close()
    assert errors == []


def _note(errors: list[str], message: Any) -> None:
    # A request that was answered with an error is told about too; the page says so itself.
    if message.type == "error" and not message.text.startswith("Failed to load resource"):
        errors.append(message.text)


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
