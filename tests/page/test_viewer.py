"""What somebody at the page looks at, and sends once more."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from page import stubs

OpenPage = Callable[..., Any]


def add(page: Any, file: Path) -> None:
    page.set_input_files("#files", file)
    page.wait_for_selector("#list li:not(.pending)")


def noted(then: stubs.Stub = stubs.from_service) -> tuple[dict[str, stubs.Stub], list[str]]:
    """What answers, and the questions that pictures are sent with, as they come."""
    questions: list[str] = []
    return {"**/predict?*": stubs.noting(questions, then)}, questions


def test_what_the_model_saw_is_fetched_once_when_somebody_looks(
    open_page: OpenPage, a_film: Path
) -> None:
    answering, questions = noted()
    page = open_page(answering)
    add(page, a_film)
    assert questions == ["explain=true"]
    page.click("text=What the model saw")
    image = page.wait_for_selector("#result .seen")
    assert image.get_attribute("alt") == "What the model saw of film.png"
    size = "image => image.decode().then(() => [image.naturalWidth, image.naturalHeight])"
    assert image.evaluate(size) == [96, 96]
    shape = image.bounding_box()
    assert shape["width"] == pytest.approx(shape["height"], abs=1) != 96
    told = "96 \xd7 96 pixels, grey, values from 0 to 1."
    assert told in page.locator("#result figcaption").inner_text()
    assert told in page.locator("#status").inner_text()
    assert page.locator("#result .heat").count() == 0
    page.click("#result >> text='Picture'")
    assert page.locator("#result .heat").count() == 1
    page.click("text=What the model saw")
    page.wait_for_selector("#result .seen")
    assert questions == ["explain=true", "show_input=true"]


def test_the_views_are_radio_buttons_that_keep_the_focus(open_page: OpenPage, a_film: Path) -> None:
    page = open_page(locale="es-ES")
    add(page, a_film)
    page.get_by_role("radio", name="Imagen").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("#result .seen")
    chosen = page.get_by_role("group", name="Qué mirar").get_by_role("radio", checked=True)
    assert chosen.evaluate("e => e.labels[0].textContent") == "Lo que vio el modelo"
    assert chosen.evaluate("e => e === document.activeElement")
    assert "96 \xd7 96 píxeles, gris" in page.locator("#result figcaption").inner_text()


def test_while_it_is_fetched_the_picture_stays_and_a_failure_is_told_and_can_be_repeated(
    open_page: OpenPage, a_film: Path
) -> None:
    waiting: list[Any] = []

    def hold(route: Any) -> None:
        waiting.append(route)

    page = open_page({"**/predict?show_input=true": hold})
    add(page, a_film)
    page.click("text=What the model saw")
    page.wait_for_selector("#result figure[aria-busy] .picture")
    stubs.problem(500, "internal")(waiting.pop())
    page.wait_for_selector("figcaption:has-text('could not be fetched. Something went wrong')")
    assert "%" in page.locator("#result .said").inner_text()
    page.click("#look-again")
    page.wait_for_selector("#result figure[aria-busy]")
    waiting.pop().continue_()
    page.wait_for_selector("#result .seen")


def test_looking_leaves_the_details_open(open_page: OpenPage, a_film: Path) -> None:
    page = open_page()
    add(page, a_film)
    page.click("#result summary")
    page.click("text=What the model saw")
    page.wait_for_selector("#result .seen")
    assert page.locator("#result details[open]").count() == 1


def test_an_answered_picture_can_be_sent_again(open_page: OpenPage, a_film: Path) -> None:
    first = stubs.answered(predicted_class="NORMAL", warnings=["uncertain"])
    answering, questions = noted(stubs.in_turn(first, stubs.from_service))
    page = open_page(answering)
    add(page, a_film)
    assert page.locator("#result .banner").count() == 1
    page.locator("#again").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#result .label:has-text('Pneumonia')")
    assert page.locator("#result .banner").count() == 0
    assert page.locator("#list li").count() == 1
    assert questions == ["explain=true"] * 2
    assert page.evaluate("document.activeElement.closest('#result') !== null")


def test_what_the_model_saw_is_asked_for_anew_once_a_picture_was_sent_again(
    open_page: OpenPage, a_film: Path
) -> None:
    answering, questions = noted()
    page = open_page(answering)
    add(page, a_film)
    page.click("text=What the model saw")
    page.wait_for_selector("#result .seen")
    page.click("text=Send again")
    page.wait_for_selector("#result .heat")
    page.click("text=What the model saw")
    page.wait_for_selector("#result .seen")
    assert questions == ["explain=true", "show_input=true"] * 2


def test_a_picture_that_was_refused_can_be_sent_again_too(
    open_page: OpenPage, a_film: Path
) -> None:
    refused = stubs.problem(422, "rejected_upload")
    page = open_page({"**/predict?*": stubs.in_turn(refused, stubs.from_service)})
    add(page, a_film)
    page.click("#result >> text=Try again")
    page.wait_for_selector("#result .label")


def test_the_same_file_can_be_chosen_again(open_page: OpenPage, a_film: Path) -> None:
    page = open_page()
    add(page, a_film)
    # A browser tells of a choice only where it differs from what the field holds.
    assert page.locator("#files").input_value() == ""
    page.set_input_files("#files", a_film)
    page.wait_for_selector("#list li:nth-child(2):not(.pending)")


def test_a_file_that_has_changed_since_it_was_added_is_not_taken_for_a_lost_connection(
    open_page: OpenPage, a_film: Path, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.png"
    mine.write_bytes(a_film.read_bytes())
    page = open_page()
    add(page, mine)
    mine.write_bytes(a_film.read_bytes() + b"more")
    os.utime(mine, (0, 0))
    page.click("text=Send again")
    page.wait_for_selector("#result .banner:has-text('can no longer be read')")


def test_a_file_of_another_kind_is_sent_when_dropped_and_the_service_says_what_is_accepted(
    open_page: OpenPage,
) -> None:
    page = open_page()
    page.evaluate(
        """() => {
            const transfer = new DataTransfer();
            const type = "application/dicom";
            transfer.items.add(new File([new Uint8Array(500)], "scan.dcm", { type }));
            const event = new Event("drop", { bubbles: true, cancelable: true });
            Object.defineProperty(event, "dataTransfer", { value: transfer });
            document.body.dispatchEvent(event);
        }"""
    )
    page.wait_for_selector("#result .banner:has-text('Save it as PNG or JPEG')")
