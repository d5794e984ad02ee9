"""The ways of two people through the page, from adding pictures to taking the results along."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from builders import encoded
from page.conftest import _serve
from page.test_appearance import scan
from vistazo.service.settings import Settings
from vistazo.training.drawn.parts import draw_part

OpenPage = Callable[..., Any]

ARTIFACTS = Path(__file__).parents[2] / "artifacts"
PHONE = {"width": 390, "height": 780}
LAPTOP = {"width": 1366, "height": 660}
# 750 kbit/s, as a phone at the edge of a village sends.
SLOW_BYTES_PER_S = 750_000 // 8
WATCH = """() => {
    window.seen = [];
    const note = () => {
        const states = [...document.querySelectorAll("#list .state")].map((e) => e.textContent);
        if (states.join() !== seen.at(-1)?.join()) seen.push(states);
    };
    new MutationObserver(note).observe(document.body, { subtree: true, childList: true });
}"""


@pytest.fixture(scope="module")
def parts_url(cache: Path) -> Iterator[str]:
    model = ARTIFACTS / "parts" / "trained_best_model2.h5"
    yield from _serve(Settings(threads=1, cache_dir=cache, model_path=model))


@pytest.fixture(scope="module")
def large_films(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two JPEG files of about 1.8 MB."""
    folder = tmp_path_factory.mktemp("large")
    random = np.random.default_rng(17)
    for name in ("radiografia-1.jpg", "radiografia-2.jpg"):
        grain = random.normal(120, 40, (1780, 1500)).clip(0, 255).astype(np.uint8)
        (folder / name).write_bytes(encoded(Image.fromarray(grain), "JPEG", quality=92))
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def twenty_parts(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("parts")
    for number in range(20):
        part = draw_part(100_000 + number, is_sound=number % 2 == 0)
        part.save(folder / f"part-{number:02}.png")
    return sorted(folder.iterdir())


@pytest.mark.longer
def test_a_student_with_a_phone_sends_two_large_films_over_a_slow_line(
    open_page: OpenPage, large_films: list[Path], screenshots: Path
) -> None:
    assert all(1_500_000 < film.stat().st_size < 2_100_000 for film in large_films)
    page = open_page(own=True, locale="es-ES", viewport=PHONE)
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    limits = {"offline": False, "latency": 100, "downloadThroughput": -1}
    slow = {**limits, "uploadThroughput": SLOW_BYTES_PER_S}
    network.send("Network.emulateNetworkConditions", slow)
    page.evaluate(WATCH)
    page.set_input_files("#files", large_films)
    page.wait_for_selector("#list .state:has-text('Enviando, 5')")
    page.screenshot(path=screenshots / "walk-sending-390.png")
    page.wait_for_selector("#list:has(li):not(:has(li.pending))", timeout=120_000)
    assert page.locator("#list .failed").count() == 0
    seen = page.evaluate("seen")
    shown = [state.replace("\xa0", " ") for states in seen for state in states]
    assert any(" % de 1," in state and state.endswith("MB") for state in shown)
    for states in seen:
        assert sum(state.startswith("Enviando") for state in states) <= 1
    network.send("Network.emulateNetworkConditions", {**limits, "uploadThroughput": -1})
    page.click("#list li:nth-child(2) .open")
    assert 100 < page.locator("#shown").bounding_box()["y"] < 300
    page.screenshot(path=screenshots / "walk-chosen-390.png")
    scan(page)
    page.click("#back")
    with page.expect_download() as download:
        page.click("#csv")
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    rows = [*csv.DictReader(io.StringIO(text, newline=""), delimiter=";")]
    assert [row["file"] for row in rows] == [film.name for film in large_films]


@pytest.mark.longer
@pytest.mark.parametrize(
    ("window", "scheme"), [(LAPTOP, "dark"), (PHONE, "light")], ids=["laptop", "phone"]
)
def test_an_engineer_of_a_foundry_looks_through_twenty_parts(
    open_page: OpenPage,
    parts_url: str,
    twenty_parts: list[Path],
    screenshots: Path,
    window: dict[str, int],
    scheme: str,
) -> None:
    page = open_page(url=parts_url, own=True, viewport=window, color_scheme=scheme)
    name = f"{scheme}-{window['width']}"
    page.set_input_files("#files", twenty_parts)
    page.wait_for_selector("#list:not(:has(li.pending)) li:nth-child(20)")
    counts = page.locator("#tally .kinds button").all_inner_texts()
    assert counts[0] == "All 20"
    page.locator("#list li:nth-child(16) .open").click()
    assert page.locator("#result .file").inner_text() == "part-15.png"
    page.screenshot(path=screenshots / f"walk-sixteenth-{name}.png")
    box = page.locator("#result .file").bounding_box()
    assert 60 < box["y"] < window["height"] / 2, "the chosen result is not in view"
    scan(page)
    chip = page.locator("#tally .kinds .class", has_text="efective")
    chip.click()
    page.screenshot(path=screenshots / f"walk-filter-{name}.png")
    lines = page.locator("#list .state").all_inner_texts()
    assert len(lines) == int(chip.locator("b").inner_text())
    assert all("efective" in line for line in lines)
    page.select_option("#order", "doubt")
    page.locator("#list li:nth-child(1) .remove").click()
    page.locator("#tally .kinds button").first.click()
    assert page.locator("#list li").count() == 19
    page.screenshot(path=screenshots / f"walk-list-{name}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= window["width"]
    with page.expect_download() as download:
        page.click("#csv")
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    rows = [*csv.DictReader(io.StringIO(text, newline=""))]
    assert len(rows) == 19
    sha = httpx.get(f"{parts_url}/model").json()["sha256"]
    assert {row["model_sha256"] for row in rows} == {sha}
