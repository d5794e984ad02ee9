"""The page of a model that takes texts, or rows of numbers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from page import stubs
from page.conftest import _serve
from page.test_appearance import _photograph, scan
from page.test_page_for_everyone import reach
from page.windows import speak
from served_samples import reading_classifier, row_classifier
from vistazo.service.settings import Settings

OpenPage = Callable[..., Any]

WORDS = [["verdad", 2.0], ["dice", 0.5], ["bulo", -0.25], ["mentira", -1.0]]
ANSWER = {
    "predictions": [0.12, 0.88],
    "predicted_class": "true",
    "confidence": 0.88,
    "probabilities": {"false": 0.12, "true": 0.88},
    "model": {"name": "news", "version": "1.0.0", "sha256": "0" * 64},
    "warnings": ["uncertain", "out_of_distribution"],
    "request_id": "r1",
    "in_distribution": {"score": 0.625, "words": 8, "verdict": True},
    "explanation": {
        "label": "true",
        "method": "contributions",
        "words": [{"word": word, "weight": weight} for word, weight in WORDS],
    },
}
ANSWERED: dict[str, stubs.Stub] = {
    "**/predict?explain=true": lambda route: route.fulfill(json=ANSWER)
}


@pytest.fixture(scope="module")
def texts_url() -> Iterator[str]:
    notice = {"notice": "Research use only."}
    yield from _serve(Settings(threads=1), lambda: reading_classifier(title="True news", **notice))


@pytest.fixture(scope="module")
def rows_url() -> Iterator[str]:
    yield from _serve(Settings(threads=1), row_classifier)


def write(page: Any, typed: str) -> None:
    page.fill("#sample", typed)
    page.click("#writing button")
    page.wait_for_selector("#result:not([hidden]) #shown")


def test_a_text_gets_its_label_its_bars_and_the_words_that_spoke(
    open_page: OpenPage, texts_url: str
) -> None:
    sent: list[Any] = []

    def answer(route: Any) -> None:
        sent.append(json.loads(route.request.post_data))
        route.fulfill(json={**ANSWER, "warnings": []})

    page = open_page({"**/predict?explain=true": answer}, url=texts_url)
    assert not page.is_visible("#intake")
    assert page.locator("#title").inner_text() == "True news"
    write(page, "Dice la verdad.\nY más.")
    assert sent == [{"text": "Dice la verdad.\nY más."}]
    assert page.locator("#result .label").inner_text() == "true"
    assert page.locator("#result .said").inner_text() == "For the model, likely: 88%."
    assert page.locator("#result .words-wordsFor li").all_inner_texts() == [
        "verdad\n+2", "dice\n+0.5",
    ]  # fmt: skip
    assert page.locator("#result .words-wordsAgainst li").all_inner_texts() == [
        "mentira\n-1", "bulo\n-0.25",
    ]  # fmt: skip
    assert "8 words of the text the model knows 63%" in page.locator("#result").inner_text()
    assert page.locator("#status").inner_text() == "true, 88%"
    assert page.evaluate("document.activeElement.id") == "shown"


def test_a_refusal_is_told_and_the_text_is_still_there(open_page: OpenPage, texts_url: str) -> None:
    over = stubs.problem(422, "text_too_costly")
    page = open_page({"**/predict?explain=true": over}, url=texts_url, locale="es-ES")
    write(page, "la verdad")
    assert "demasiado tiempo" in page.locator("#result .problem").inner_text()
    assert page.input_value("#sample") == "la verdad"
    speak(page, "English")
    assert "too long" in page.locator("#result .problem").inner_text()


@pytest.mark.parametrize(("typed", "label"), [("3, 1.5", "B"), ("1,5; 3", "A")])
def test_numbers_are_typed_in_any_usual_way(
    open_page: OpenPage, rows_url: str, typed: str, label: str
) -> None:
    page = open_page(url=rows_url)
    assert "length, width" in page.locator("#sample-hint").inner_text()
    write(page, typed)
    assert page.locator("#result .label").inner_text() == label
    assert "no probabilit" in page.locator("#result .said").inner_text()


@pytest.mark.parametrize(
    ("typed", "said"), [("3, x", "'x' is no number"), ("3", "1"), ("3,", "lacks")]
)
def test_what_are_no_numbers_is_told(
    open_page: OpenPage, rows_url: str, typed: str, said: str
) -> None:
    page = open_page(url=rows_url)
    write(page, typed)
    assert said in page.locator("#result .problem").inner_text()


def test_a_text_can_be_sent_with_the_keyboard_alone(open_page: OpenPage, texts_url: str) -> None:
    page = open_page(url=texts_url, own=True)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_function("document.activeElement.id === 'sample'")
    page.keyboard.type("la verdad")
    reach(page, "#writing button")
    page.keyboard.press("Enter")
    page.wait_for_selector("#result:not([hidden]) #shown")
    assert page.locator("#result .words-wordsFor li").all_inner_texts() == ["verdad\n+1"]
    assert "model knows 50%" in page.locator("#result").inner_text()
    reach(page, "#result summary")


@pytest.mark.longer
def test_what_was_true_of_a_text_is_noted_too(open_page: OpenPage, texts_url: str) -> None:
    noted = {"request_id": "r1", "label": "false", "predicted_class": "true", "agrees": False}
    model = {"**/model": stubs.changed(records={"feedback": True})}
    feedback = {"**/feedback": lambda route: route.fulfill(json=noted)}
    page = open_page(ANSWERED | model | feedback, url=texts_url, own=True)
    write(page, "la verdad")
    reach(page, "#truth-0")
    page.keyboard.press("Enter")
    page.wait_for_selector("#truth-0[aria-pressed=true]")
    assert page.locator("#status").inner_text().startswith("Thank you. Noted: false.")
    assert page.evaluate("document.activeElement.id") == "truth-0"
    write(page, "la mentira")
    assert page.locator("#result [aria-pressed=true]").count() == 0


@pytest.mark.longer
@pytest.mark.parametrize("width", [320, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_fault_in_the_answer_to_a_text_and_nothing_is_too_wide(
    open_page: OpenPage, texts_url: str, scheme: str, width: int
) -> None:
    look = {"color_scheme": scheme, "viewport": {"width": width, "height": 800}}
    page = open_page(ANSWERED, url=texts_url, locale="es-ES", **look)
    write(page, "verdad " * 200 + "x" * 300)
    scan(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.longer
def test_screenshots_of_a_text_are_taken_to_be_looked_at(
    open_page: OpenPage, texts_url: str, rows_url: str, screenshots: Path
) -> None:
    page = open_page(ANSWERED, url=texts_url)
    write(page, "Dice la verdad y nada más que la verdad, que no es mentira. " * 8)
    _photograph(page, screenshots, "text-light")
    page = open_page(ANSWERED, url=texts_url, color_scheme="dark", locale="es-ES")
    write(page, "Dice la verdad y nada más que la verdad, que no es mentira. " * 8)
    _photograph(page, screenshots, "text-dark")
    page = open_page(url=rows_url)
    write(page, "3, 1.5")
    _photograph(page, screenshots, "row-light")
    assert len(list(screenshots.glob("text-*.png"))) == 6
