"""How the page looks, to people and to the machines that read it out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from page import stubs

axe_core = pytest.importorskip(
    "axe_playwright_python.sync_playwright",
    reason="THE PAGE IS NOT SCANNED: axe-playwright-python is not installed",
)

OpenPage = Callable[..., Any]

_MOST_BYTES = 50_000
_MOST_UNPACKED_BYTES = 90_000
_WIDTHS_PX = (390, 820, 1440)
# Other tests put theirs into the same folder.
_LOOKED_AT = ("result", "doubtful", "refused", "seen", "key")
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_DOUBTS = [
    "The card says input.scale 'none', but its layer 'bn_conv1' remembers another one.",
    "Strange pictures are not told apart: the model's baseline cannot be used.",
]
_CONCLUDED = [
    {"field": "labels", "value": "NORMAL, PNEUMONIA", "why": "labels.txt beside the model"},
    {"field": "input.min_side_px", "value": "8", "why": "its own pictures are that small"},
    {"field": "input.scale", "value": "1/127.5-1", "why": "SCALE, although none would follow"},
]
_SHARE = {"value": 0.944, "low": 0.9217, "high": 0.9653}
_JUDGED = {
    "official_test_split": {
        "note": "Recipes were chosen on other pictures of this split.",
        "pictures": 317,
        **dict.fromkeys(("auc", "accuracy", "sensitivity", "specificity"), _SHARE),
        "out_of_distribution": {"value": 0.004, "low": 0.0, "high": 0.01},
    },
    "adults": {
        "title": {"en": "Adults", "es": "Adultos"},
        "pictures": 80,
        "out_of_distribution": _SHARE,
    },
}
_DOUBTFUL = {
    "**/model": stubs.described(_JUDGED, warnings=_DOUBTS, conclusions=_CONCLUDED),
    "**/predict?*": stubs.answered(warnings=["uncertain", "out_of_distribution"]),
}
_REFUSED = {"**/predict?*": stubs.problem(422, "corrupt_image")}
_LOCKED = {"**/model": stubs.problem(401, "no_key")}


def scan(page: Any) -> None:
    options = {"runOnly": {"type": "tag", "values": _RULES}}
    found = axe_core.Axe().run(page, options=options)
    assert found.violations_count == 0, found.generate_report()


def scan_in_both_schemes(page: Any) -> None:
    for scheme in ("light", "dark"):
        # Without motion: halfway between two schemes is no colour of either.
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        scan(page)


@pytest.mark.parametrize(
    "stub",
    [
        pytest.param({}, id="a result"),
        pytest.param(_DOUBTFUL, id="a doubtful result", marks=pytest.mark.longer),
        pytest.param(_REFUSED, id="no result", marks=pytest.mark.longer),
    ],
)
def test_axe_finds_no_fault_in(open_page: OpenPage, a_film: Path, stub: dict[str, Any]) -> None:
    page = open_page(stub, locale="es-ES")
    page.set_input_files("#files", a_film)
    page.wait_for_selector("#list li:not(.pending)")
    scan_in_both_schemes(page)


@pytest.mark.parametrize("locale", ["en-GB", "es-ES"])
def test_axe_finds_no_fault_in_the_empty_page_and_the_question_for_a_key(
    open_page: OpenPage, locale: str
) -> None:
    scan_in_both_schemes(open_page(locale=locale))
    page = open_page(_LOCKED, wait=False, locale=locale)
    page.wait_for_selector("dialog[open]")
    scan_in_both_schemes(page)


@pytest.mark.longer
def test_axe_finds_no_fault_in_what_the_model_saw(open_page: OpenPage, a_film: Path) -> None:
    page = open_page()
    look_at_the_input(page, a_film)
    scan_in_both_schemes(page)


def look_at_the_input(page: Any, film: Path) -> None:
    page.set_input_files("#files", film)
    page.check("#view-seen", force=True)
    page.wait_for_selector("#result .seen")


@pytest.mark.parametrize("width", [320, 390, 820, 1440])
def test_nothing_is_wider_than_the_window(
    open_page: OpenPage, a_film: Path, tmp_path: Path, width: int
) -> None:
    long_name = tmp_path / f"{'a_very_long_name' * 10}.png"
    long_name.write_bytes(a_film.read_bytes())
    stub = {**_DOUBTFUL, "**/predict?show_input=*": stubs.from_service}
    page = open_page(stub, viewport={"width": width, "height": 800}, locale="es-ES")
    page.set_input_files("#files", long_name)
    page.wait_for_selector("#list li:not(.pending)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    look_at_the_input(page, long_name)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.longer
def test_a_label_without_a_space_is_not_wider_than_a_phone(
    open_page: OpenPage, a_film: Path
) -> None:
    label = "Weichgewebsverkalkungsuntersuchungsergebnis" * 2
    card = {"labels": ["NORMAL", label], "label_titles": {}, "positive": label}
    said = {"predicted_class": label, "probabilities": {"NORMAL": 0.03, label: 0.97}}
    stub = {
        "**/model": stubs.described({}, on_card=card),
        "**/predict?*": stubs.answered(**said, heatmap=stubs.heat(label)),
    }
    page = open_page(stub, viewport={"width": 390, "height": 780})
    page.set_input_files("#files", a_film)
    page.wait_for_selector("#list li:not(.pending)")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.longer
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_screenshots_are_taken_to_be_looked_at(
    open_page: OpenPage, a_film: Path, screenshots: Path, scheme: str
) -> None:
    look = {"color_scheme": scheme, "locale": "en-GB" if scheme == "light" else "es-ES"}
    for name, stub in (("result", {}), ("doubtful", _DOUBTFUL), ("refused", _REFUSED)):
        page = open_page(stub, **look)
        page.set_input_files("#files", a_film)
        page.wait_for_selector("#list li:not(.pending)")
        _photograph(page, screenshots, f"{name}-{scheme}")
    page = open_page(**look)
    look_at_the_input(page, a_film)
    _photograph(page, screenshots, f"seen-{scheme}")
    page = open_page(_LOCKED, wait=False, **look)
    page.wait_for_selector("dialog[open]")
    _photograph(page, screenshots, f"key-{scheme}")
    taken = [screenshots.glob(f"{name}-{scheme}-*.png") for name in _LOOKED_AT]
    assert [len(list(files)) for files in taken] == [len(_WIDTHS_PX)] * len(_LOOKED_AT)


def _photograph(page: Any, folder: Path, name: str) -> None:
    for width in _WIDTHS_PX:
        page.set_viewport_size({"width": width, "height": 900})
        page.screenshot(path=folder / f"{name}-{width}.png", full_page=True)


def test_the_page_asks_nobody_else_and_for_little(open_page: OpenPage, service_url: str) -> None:
    page = open_page({"**/drift": stubs.problem(403, "forbidden")}, own=True)
    files = page.evaluate(
        "performance.getEntriesByType('resource').map((entry) => [entry.name, entry.transferSize])"
    )
    of_page = [name.removeprefix(service_url) for name, _ in files if "/page/" in name]
    unpacked = sum(len(httpx.get(service_url + name).content) for name in ["/", *of_page])
    files.append([f"{service_url}/", int(httpx.get(service_url).headers["content-length"])])
    assert all(name.startswith(service_url) for name, _ in files)
    assert sum(size for _, size in files) <= _MOST_BYTES
    assert unpacked < _MOST_UNPACKED_BYTES
