"""A closer look at a picture: enlarged and moved, its layer off and on, saved as it is seen."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from builders import encoded, film
from page import stubs
from page.test_appearance import scan
from vistazo.answers.explanation.heatmap import _RAMP
from vistazo.api import page_routes

OpenPage = Callable[..., Any]

_ANSWERED = {
    "**/predict?explain=*": stubs.answered(),
    "**/predict?show_input=*": stubs.from_service,
}
_SCROLLED = "stage => [stage.scrollLeft, stage.scrollTop]"


def opened(open_page: OpenPage, file: Path, stub: Any = None, **look: Any) -> Any:
    page = open_page(stub or _ANSWERED, **look)
    page.set_input_files("#files", file)
    page.wait_for_selector("#save")
    return page


def zoom_of(page: Any) -> str:
    return str(page.locator(".zoom output").inner_text())


def test_a_picture_is_enlarged_and_moved_with_keys_buttons_wheel_and_mouse(
    open_page: OpenPage, a_film: Path
) -> None:
    page = opened(open_page, a_film)
    stage = page.locator("#result .stage")
    assert (zoom_of(page), stage.get_attribute("tabindex")) == ("100%", "-1")
    page.get_by_role("button", name="Zoom in").click()
    page.keyboard.press("+")
    assert zoom_of(page) == "225%"
    middle = stage.evaluate(_SCROLLED)
    assert min(middle) > 50, "it is not the middle that stays"
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 130, box["y"] + 110)
    page.mouse.up()
    dragged = stage.evaluate(_SCROLLED)
    assert [round(was - is_) for was, is_ in zip(middle, dragged, strict=True)] == [30, 10]
    stage.press("ArrowRight")
    page.wait_for_function("at => document.querySelector('.stage').scrollLeft > at", arg=dragged[0])
    page.keyboard.down("Control")
    page.mouse.wheel(0, -30)
    page.keyboard.up("Control")
    page.wait_for_function("() => document.querySelector('.zoom output').textContent != '225%'")
    # Whatever is shown anew stays as it was.
    page.click("text=What the model saw")
    page.wait_for_selector("#result .seen")
    scan(page)
    assert float(zoom_of(page).rstrip("%")) > 225
    page.locator("#view-seen").focus()
    page.keyboard.press("0")
    assert zoom_of(page) == "100%"


def test_one_key_takes_the_layer_off_and_on_where_the_focus_is_among_the_pictures(
    open_page: OpenPage, a_film: Path
) -> None:
    page = opened(open_page, a_film)
    layer = page.get_by_role("button", name="Heatmap H")
    is_seen = page.locator("#result .heat").is_visible
    page.locator("#skip").focus()
    page.keyboard.press("h")
    assert is_seen(), "a letter is a key of the whole page (WCAG 2.1.4)"
    page.locator("#list button").first.focus()
    page.keyboard.press("H")
    assert (is_seen(), layer.get_attribute("aria-pressed")) == (False, "false")
    assert page.locator(".shades").is_hidden()
    page.locator("#heat-label").focus()
    page.keyboard.press("h")
    assert not is_seen(), "typing in the list of labels"
    page.locator("#heat-strength").press("ArrowRight")
    assert (is_seen(), layer.get_attribute("aria-pressed")) == (True, "true")
    layer.click()
    assert not is_seen()


def test_the_legend_has_the_colours_that_the_service_draws() -> None:
    source = Path(page_routes.__file__).with_name("page").joinpath("ramp.js").read_text()
    rows = re.findall(r"^  \[([\d., ]+)\],$", source, re.MULTILINE)
    told = [[float(number) for number in row.split(",")] for row in rows]
    assert told == _RAMP.tolist()


def test_a_picture_is_saved_under_its_heatmap_with_what_was_said_of_it_below(
    open_page: OpenPage, a_film: Path, tmp_path: Path
) -> None:
    strange = stubs.answered(warnings=["out_of_distribution"])
    page = opened(open_page, a_film, {"**/predict?*": stubs.in_turn(stubs.answered(), strange)})
    saved = pixels_of(saved_by(page, tmp_path))
    original = pixels_of(a_film)
    height, width = original.shape[:2]
    assert saved.shape[1] == width
    changed = np.abs(saved[:height] - original).max(axis=2)
    assert changed[-20:, -20:].max() <= 1, "where nothing spoke for it"
    assert changed.max() > 50, "where most did"
    assert saved[height].min() == 255
    assert np.mean(saved[height:] < 60) > 0.01
    assert not has_line(saved[height:])
    page.click("#again")
    page.wait_for_selector("#result .out_of_distribution")
    # The verdict is struck out.
    assert has_line(pixels_of(saved_by(page, tmp_path))[height:])


def saved_by(page: Any, folder: Path) -> Path:
    with page.expect_download() as download:
        page.click("#save")
    path = folder / download.value.suggested_filename
    assert path.name.endswith(".vistazo.png")
    download.value.save_as(path)
    return path


def pixels_of(path: Path) -> NDArray[np.int16]:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"), np.int16)


def has_line(words: NDArray[np.int16]) -> bool:
    """Darker than any letter is long."""
    dark = (words.max(axis=2) < 60).astype(int)
    return max(np.convolve(row, np.ones(60, int), "valid").max() for row in dark) == 60


@pytest.mark.longer
def test_a_large_picture_is_saved_as_large_as_any_browser_can(
    open_page: OpenPage, tmp_path: Path
) -> None:
    large = tmp_path / "large.jpeg"
    large.write_bytes(encoded(film(5000, 3000), "JPEG"))
    height, width, _ = pixels_of(saved_by(opened(open_page, large), tmp_path)).shape
    assert 4000 < width <= 4096
    assert width * 3 / 5 + 200 < height
    assert width * height < 4096 * 4096


@pytest.mark.longer
def test_a_picture_that_the_browser_cannot_show_is_not_saved_and_that_is_said(
    open_page: OpenPage, tmp_path: Path
) -> None:
    unknown = tmp_path / "scan.png"
    unknown.write_bytes(b"II*\x00 something that only the service reads")
    page = opened(open_page, unknown, locale="es-ES")
    page.click("#save")
    page.wait_for_selector("#tool-said:has-text('no puede mostrar este tipo')")


def test_what_the_browser_cannot_show_the_service_draws_for_page_list_and_file(
    open_page: OpenPage, a_scan: Path, tmp_path: Path
) -> None:
    page = opened(open_page, a_scan, {"**/predict?*": stubs.from_service})
    page.wait_for_selector("figcaption:has-text('the service drew it')")
    page.wait_for_function("() => document.querySelector('#list img')?.naturalWidth >= 96")
    picture = page.locator("#result .picture")
    assert picture.evaluate("i => [i.naturalWidth, i.naturalHeight]") == [640, 520]
    # Its heatmap is a layer of its own, as over any other picture.
    layer = page.locator("#result .heat")
    assert layer.is_visible()
    page.locator("#layer").click()
    assert layer.is_hidden()
    plain = pixels_of(saved_by(page, tmp_path))
    assert plain.shape[1] == 640
    assert np.array_equal(plain[:520], pixels_of(a_scan))
    page.locator("#layer").click()
    page.select_option("#heat-label", "NORMAL")
    page.wait_for_selector("figcaption:has-text('for Normal')")
    saved = pixels_of(saved_by(page, tmp_path))
    assert np.ptp(saved[:520], axis=2).max() > 20, "the heatmap is drawn into it"


@pytest.fixture
def a_scan(tmp_path: Path) -> Path:
    path = tmp_path / "scan.tiff"
    path.write_bytes(encoded(film(640, 520), "TIFF"))
    return path


@pytest.mark.longer
def test_keys_change_nothing_of_a_picture_that_is_no_longer_shown(
    open_page: OpenPage, a_film: Path, another_film: Path
) -> None:
    refused = stubs.problem(422, "corrupt_image")
    stub = {"**/predict?*": stubs.in_turn(stubs.answered(), refused)}
    page = opened(open_page, a_film, stub)
    page.set_input_files("#files", another_film)
    page.wait_for_selector("#list li:nth-child(2).failed")
    page.locator("#list .open").first.focus()
    page.keyboard.press("ArrowDown")
    page.wait_for_selector("#result .banner")
    for key in ("h", "+"):
        page.keyboard.press(key)
    page.keyboard.press("ArrowUp")
    assert page.locator("#result .heat").is_visible()
    assert zoom_of(page) == "100%"


@pytest.mark.longer
def test_a_layer_that_is_off_is_not_saved(
    open_page: OpenPage, a_film: Path, tmp_path: Path
) -> None:
    page = opened(open_page, a_film)
    words = pixels_of(saved_by(page, tmp_path)).shape[0]
    page.click("#layer")
    saved = pixels_of(saved_by(page, tmp_path))
    original = pixels_of(a_film)
    assert np.abs(saved[: len(original)] - original).max() <= 1
    assert len(original) < saved.shape[0] < words, "it is said nothing of it"
