"""Many pictures on the page: the list, its totals, and a service that goes away meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from page import stubs

OpenPage = Callable[..., Any]

PHONE = {"width": 390, "height": 780}
# What comes of the picture of each name.
ANSWERS: dict[str, dict[str, Any]] = {
    "one.png": {"predicted_class": "PNEUMONIA", "confidence": 0.97},
    "two.png": {"predicted_class": "NORMAL", "confidence": 0.9},
    "three.png": {"predicted_class": "PNEUMONIA", "confidence": 0.6, "warnings": ["uncertain"]},
    "four.png": {"predicted_class": "NORMAL", "warnings": ["out_of_distribution"]},
    "five.png": {"predicted_class": "PNEUMONIA", "confidence": 0.8},
}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory, a_film: Path) -> list[Path]:
    folder = tmp_path_factory.mktemp("many")
    for name in ANSWERS:
        (folder / name).write_bytes(a_film.read_bytes())
    return [folder / name for name in ANSWERS]


def by_name(route: Any) -> None:
    body = route.request.post_data_buffer
    [fields] = [ANSWERS[name] for name in ANSWERS if f'"{name}"'.encode() in body]
    stubs.answered(**fields)(route)


def add(page: Any, files: list[Path]) -> None:
    page.set_input_files("#files", files)
    page.wait_for_selector("#list:not(:has(li.pending)):has(li)")


def names(page: Any) -> list[str]:
    return [text.removesuffix(".png") for text in page.locator("#list .name").all_inner_texts()]


def test_many_are_counted_by_class_and_doubt_filtered_and_put_in_order(
    open_page: OpenPage, pictures: list[Path]
) -> None:
    page = open_page({"**/predict?*": by_name})
    add(page, pictures)
    chips = page.locator("#tally .kinds button")
    told = ["All 5", "Pneumonia 3", "Normal 1", "Not of its kind 1", "Not sure 1"]
    assert chips.all_inner_texts() == told
    assert page.locator("#status").inner_text().startswith("All 5 are done. Pneumonia 3, Normal 1,")
    chips.nth(1).click()
    assert names(page) == ["one", "three", "five"]
    assert page.evaluate("document.activeElement.innerText") == "Pneumonia 3"
    chips.nth(4).click()
    assert names(page) == ["three"]
    assert page.locator("#result .file").inner_text() == "three.png"
    chips.nth(0).click()
    page.select_option("#order", "doubt")
    assert names(page) == ["four", "three", "five", "two", "one"]
    page.select_option("#order", "class")
    assert names(page) == ["two", "one", "three", "five", "four"]


@pytest.mark.longer
def test_of_many_it_is_said_how_far_it_has_come(open_page: OpenPage, pictures: list[Path]) -> None:
    held: list[Any] = []
    two = stubs.in_turn(stubs.answered(), stubs.answered(), stubs.holding(held))
    page = open_page({"**/predict?*": two})
    page.set_input_files("#files", pictures)
    page.wait_for_selector("#tally .progress:has-text('2 of 5')")
    assert page.locator("#tally progress").get_attribute("value") == "2"
    page.click("[aria-label='Remove five.png']")
    assert page.locator("#tally .progress").inner_text() == "2 of 4"
    assert page.locator("#status").inner_text() == "five.png is removed."
    page.click("#clear")
    assert page.locator("#results").is_hidden()


def test_one_tab_stop_holds_the_list_and_the_arrow_keys_move_through_it(
    open_page: OpenPage, pictures: list[Path]
) -> None:
    page = open_page({"**/predict?*": by_name})
    add(page, pictures)
    assert page.locator("#list [tabindex='0']").count() == 1
    page.focus("#list [tabindex='0']")
    for key, shown in (
        ("ArrowDown", "two"),
        ("End", "five"),
        ("ArrowDown", "five"),
        ("Home", "one"),
    ):
        page.keyboard.press(key)
        assert page.locator("#result .file").inner_text() == f"{shown}.png"
        assert page.evaluate("document.activeElement.innerText").startswith(f"{shown}.png")
    page.keyboard.press("Delete")
    assert names(page) == ["two", "three", "four", "five"]
    assert page.evaluate("document.activeElement.innerText").startswith("two.png")
    page.keyboard.press("Tab")
    assert page.locator("#list").evaluate("e => !e.contains(document.activeElement)")


def test_on_a_phone_a_chosen_result_comes_into_view_and_there_is_a_way_back(
    open_page: OpenPage, pictures: list[Path]
) -> None:
    page = open_page({"**/predict?*": by_name}, viewport=PHONE, locale="es-ES")
    add(page, pictures)
    page.click("#list li:nth-child(4) .open")
    title = page.locator("#shown")
    assert title.inner_text() == "four.png"
    assert 100 < title.bounding_box()["y"] < 300
    assert page.evaluate("document.activeElement.id") == "shown"
    page.click("#next")
    assert page.locator("#shown").inner_text() == "five.png"
    assert page.locator(".way span").inner_text() == "5 de 5"
    page.click("#back")
    line = page.locator("#list li:nth-child(5) .open")
    assert line.evaluate("e => e === document.activeElement")
    assert 100 < line.bounding_box()["y"] < PHONE["height"] - 60
    page.set_viewport_size({"width": 320, "height": 600})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_what_waits_goes_on_by_itself_when_the_service_is_back(
    open_page: OpenPage, pictures: list[Path]
) -> None:
    away = {"is": True}

    def cut_while_away(then: stubs.Stub) -> stubs.Stub:
        return lambda route: route.abort() if away["is"] else then(route)

    stub = {
        "**/predict?*": cut_while_away(by_name),
        "**/health/ready": cut_while_away(stubs.from_service),
    }
    page = open_page(stub)
    page.set_input_files("#files", pictures)
    page.wait_for_selector("#away:not([hidden])")
    assert "Nothing is lost" in page.locator("#status").inner_text()
    assert page.locator("#list .pending").count() == len(pictures)
    away["is"] = False
    page.click("#look-now")
    page.wait_for_selector("#list:not(:has(li.pending))")
    assert page.locator("#away").is_hidden()
    assert page.locator("#list .failed").count() == 0


@pytest.mark.longer
def test_a_picture_that_breaks_the_connection_each_time_is_given_up(
    open_page: OpenPage, pictures: list[Path]
) -> None:
    page = open_page({"**/predict?*": lambda route: route.abort()})
    page.evaluate("setInterval(() => dispatchEvent(new Event('online')), 20)")
    page.set_input_files("#files", pictures[:2])
    page.wait_for_selector("#list:not(:has(li.pending)):has(li)")
    assert "could not be reached" in page.locator("#result .banner").inner_text()
    page.unroute_all()
    page.click("#again-all")
    page.wait_for_selector("#list:not(:has(li.failed)):not(:has(li.pending))")


@pytest.mark.longer
def test_pictures_that_come_while_the_service_is_away_are_kept(
    open_page: OpenPage, pictures: list[Path]
) -> None:
    page = open_page(
        {"**/list.js": stubs.in_turn(lambda route: route.abort(), stubs.from_service)}, own=True
    )
    page.set_input_files("#files", pictures[:1])
    page.wait_for_selector("#lead:has-text('Nothing is lost')")
    page.wait_for_selector("#result .label")
    assert "Shows how" in page.locator("#lead").inner_text()


@pytest.mark.longer
def test_who_leaves_with_results_that_were_not_saved_is_asked(
    open_page: OpenPage, pictures: list[Path]
) -> None:
    page = open_page({"**/predict?*": by_name}, own=True)
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    add(page, pictures[:2])
    page.click("#list li:nth-child(2) .open")
    page.reload()
    assert asked == ["beforeunload"]
    page.wait_for_selector("#about:not([hidden])")
    add(page, pictures[:2])
    with page.expect_download():
        page.click("#csv")
    page.reload()
    assert asked == ["beforeunload"]
