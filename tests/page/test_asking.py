"""Where the card asks for a button, pictures wait for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from page import stubs
from page.test_appearance import scan
from page.test_page_for_everyone import reach

OpenPage = Callable[..., Any]

ASKING = {"**/model": stubs.described({}, on_card={"page": {"ask": True}})}


def test_pictures_wait_for_the_button_and_can_be_taken_out_with_the_keyboard_alone(
    open_page: OpenPage, a_film: Path, another_film: Path
) -> None:
    asked: list[str] = []
    answering = {"**/predict?*": stubs.noting(asked, stubs.answered())}
    page = open_page(ASKING | answering)
    page.set_input_files("#files", [a_film, another_film])
    page.set_input_files("#files", a_film)
    page.wait_for_selector("#status:text-is('Not sent yet: 3')")
    assert page.locator("#result .picture").is_visible()
    page.focus("#files")
    reach(page, "#predict")
    reach(page, "#list li:nth-child(1) .open")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.ariaLabel") == "Remove another.jpeg"
    page.keyboard.press("Enter")
    assert page.locator("#status").inner_text() == "another.jpeg is removed."
    assert page.evaluate("document.activeElement.className") == "open"
    assert asked == []
    page.keyboard.press("Shift+Tab")
    while not page.locator("#predict").evaluate("e => e === document.activeElement"):
        page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")
    page.wait_for_selector("#list li:not(.pending) >> nth=1")
    assert asked == ["explain=true"] * 2
    assert page.evaluate("document.activeElement.id") == "shown"
    assert page.locator("#asking").is_hidden()


@pytest.mark.longer
def test_the_last_one_taken_out_leaves_an_empty_desk_and_the_focus_where_pictures_are_added(
    open_page: OpenPage, a_film: Path
) -> None:
    page = open_page(ASKING, locale="es-ES")
    page.set_input_files("#files", a_film)
    assert page.locator("#predict").inner_text() == "Predecir"
    page.click("[aria-label='Quitar film.png']")
    assert page.locator("#result").is_hidden()
    assert page.locator("#asking").is_hidden()
    assert page.evaluate("document.activeElement.id") == "files"


@pytest.mark.longer
def test_pictures_that_were_added_before_the_card_was_known_wait_too(
    open_page: OpenPage, a_film: Path
) -> None:
    asked: list[str] = []
    held: list[Any] = []
    answering = {"**/predict?*": stubs.noting(asked, stubs.answered())}
    page = open_page({"**/model": stubs.holding(held), **answering}, wait=False)
    page.set_input_files("#files", a_film)
    page.wait_for_selector("#list li")
    ASKING["**/model"](held.pop())
    page.wait_for_selector("#asking:not([hidden])")
    assert asked == []
    page.click("#predict")
    page.wait_for_selector("#result .label")


@pytest.mark.longer
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1366])
def test_what_waits_is_looked_at(
    open_page: OpenPage,
    a_film: Path,
    another_film: Path,
    screenshots: Path,
    scheme: str,
    width: int,
) -> None:
    look = {"color_scheme": scheme, "locale": "en-GB" if scheme == "light" else "es-ES"}
    page = open_page(ASKING, viewport={"width": width, "height": 800}, **look)
    page.set_input_files("#files", [a_film, another_film])
    scan(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.screenshot(path=screenshots / f"asking-{scheme}-{width}.png")
    page.click("#predict")
    page.wait_for_selector("#list li:not(.pending) >> nth=1")
    page.screenshot(path=screenshots / f"asked-{scheme}-{width}.png")
