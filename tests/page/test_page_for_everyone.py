"""For whom the page is there: any keyboard, language, model and key."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from page import stubs
from page.conftest import Guarded
from page.windows import speak

OpenPage = Callable[..., Any]

PLAIN_CARD = {
    "name": "castings",
    "version": "1",
    "language": "en",
    "labels": ["whole", "broken"],
    "output": {"kind": "sigmoid", "threshold": 0.4},
    "figures": {},
}


def add(page: Any, file: Path) -> None:
    page.set_input_files("#files", file)
    page.wait_for_selector("#list li:not(.pending)")


def test_a_service_that_wants_a_key_gets_the_one_that_is_typed(
    open_page: OpenPage, a_film: Path
) -> None:
    sent: list[str] = []

    def guarded(route: Any) -> None:
        sent.append(route.request.headers.get("authorization", ""))
        stub = stubs.from_service if sent[-1] == "Bearer right" else stubs.problem(401, "no_key")
        stub(route)

    page = open_page({"**/model": guarded, "**/predict?*": guarded}, wait=False)
    page.fill("#key-value", "wrong")
    page.press("#key-value", "Enter")
    page.wait_for_selector("#key-why:has-text('not accepted')")
    page.fill("#key-value", "right")
    page.click("text=Use this key")
    add(page, a_film)
    assert page.locator("#result .label").count() == 1
    assert sent == ["", "Bearer wrong", "Bearer right", "Bearer right"]


def test_keys_that_are_refused_are_asked_for_again_and_in_words(
    open_page: OpenPage, guarded: Guarded
) -> None:
    page = open_page(url=guarded.url, wait=False)
    for typed, said in (
        ("clave ñ", "not accepted"),
        ("vz_wrong", "not accepted"),
        (guarded.keys["graphs"], "not for this"),
    ):
        page.fill("#key-value", typed)
        page.press("#key-value", "Enter")
        page.wait_for_selector(f"#key-why:has-text('{said}')")
    page.fill("#key-value", f"  {guarded.keys['ward']} ")
    page.press("#key-value", "Enter")
    page.wait_for_selector("#about:not([hidden])")


def test_a_key_that_was_revoked_meanwhile_is_asked_for_once_for_all_pictures(
    open_page: OpenPage, guarded: Guarded, a_film: Path, another_film: Path
) -> None:
    page = open_page(url=guarded.url, wait=False)
    page.fill("#key-value", guarded.keys["ward"])
    page.press("#key-value", "Enter")
    page.wait_for_selector("#about:not([hidden])")
    guarded.admit("graphs", "other")
    time.sleep(1.1)  # the file is looked at once in a second
    page.set_input_files("#files", [a_film, another_film])
    page.wait_for_selector("#key-why:has-text('not accepted')")
    page.fill("#key-value", guarded.keys["other"])
    page.press("#key-value", "Enter")
    page.wait_for_selector("#list:not(:has(li.pending))")
    assert page.locator("#list li").count() == 2
    assert page.locator("#result .label").count() == 1
    assert not page.is_visible("dialog")
    guarded.admit("graphs", "ward", "other")


@pytest.mark.parametrize(("locale", "said"), [("en-GB", "as much as you may"), ("es-ES", "todo")])
def test_who_has_sent_too_much_is_told_so_where_the_wait_is_long(
    open_page: OpenPage, a_film: Path, locale: str, said: str
) -> None:
    over = stubs.problem(429, "rate_limited", **{"Retry-After": "3600"})
    page = open_page({"**/predict?*": over}, locale=locale)
    add(page, a_film)
    page.wait_for_selector(f"#result:has-text('{said}')")


def test_who_has_no_key_is_told_so(open_page: OpenPage) -> None:
    page = open_page({"**/model": stubs.problem(401, "no_key")}, wait=False)
    page.click("dialog >> text=Cancel")
    page.wait_for_selector("#lead:has-text('wants a key')")


def test_everything_can_be_done_with_the_keyboard(
    open_page: OpenPage, a_film: Path, another_film: Path
) -> None:
    page = open_page(own=True)
    page.on("filechooser", lambda chooser: chooser.set_files([a_film, another_film]))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.wait_for_function("document.activeElement.id === 'files'")
    page.keyboard.press("Space")
    page.wait_for_selector("#list li:not(.pending) >> nth=1")
    reach(page, "#list li:nth-child(1) .open")
    page.keyboard.press("ArrowDown")
    assert page.locator("#result .file").inner_text() == "another.jpeg"
    assert page.evaluate("document.activeElement.getAttribute('aria-current')") == "true"
    reach(page, "#result summary")
    page.keyboard.press("Enter")
    assert page.locator("#result details[open]").count() == 1
    reach(page, "#heat-strength")
    page.keyboard.press("Home")
    assert page.locator("#result .heat").evaluate("e => e.style.opacity") == "0"


def reach(page: Any, selector: str, most: int = 30) -> None:
    """Press Tab until the focus is there, and is to be seen."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.locator(selector).evaluate("e => e === document.activeElement"):
            outline = page.locator(selector).evaluate("e => getComputedStyle(e).outlineStyle")
            assert outline != "none"
            return
    raise AssertionError(f"the keyboard does not reach {selector}")


def test_the_page_speaks_the_browsers_language_until_another_is_chosen(
    open_page: OpenPage, a_film: Path
) -> None:
    page = open_page(locale="es-MX")
    assert page.locator("html").get_attribute("lang") == "es"
    assert "Solo para investigación" in page.locator(".notice").inner_text()
    add(page, a_film)
    speak(page, "English")
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("#result .said").inner_text().startswith("For the model")
    assert page.evaluate("document.activeElement.textContent") == "English"
    page.reload()
    page.wait_for_selector(".notice:has-text('Research use only')")


def test_the_texts_of_another_language_come_when_it_is_chosen(open_page: OpenPage) -> None:
    page = open_page({"**/spanish.js": lambda route: route.abort()}, own=True)
    page.click(".languages :text('Español')")
    page.wait_for_selector("#status:text('could not be reached')")
    assert page.locator("html").get_attribute("lang") == "en"
    page.unroute_all()
    speak(page, "Español")
    assert page.locator("html").get_attribute("lang") == "es"
    loaded = "performance.getEntriesByType('resource').map((entry) => entry.name)"
    assert any(name.endswith("/spanish.js") for name in page.evaluate(loaded))


def test_the_next_visitor_in_the_same_window_finds_nothing_of_the_last_one(
    open_page: OpenPage, a_film: Path
) -> None:
    """Of the tests themselves: they take turns in windows (windows.py)."""
    page = open_page({"**/predict?*": stubs.answered(predicted_class="MOON")})
    add(page, a_film)
    speak(page, "Español")
    page.evaluate("sessionStorage.setItem('vistazo-key', 'right')")
    page = open_page()
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    add(page, a_film)
    assert page.locator("#list li").count() == 1
    assert "MOON" not in page.locator("#list").inner_text()


def test_every_string_is_there_in_every_language(open_page: OpenPage) -> None:
    shapes = open_page().evaluate(
        """async () => {
            const { LANGUAGES, stringsOf } = await import("/page/strings.js");
            const codes = Object.keys(LANGUAGES);
            const strings = await Promise.all(codes.map((code) => stringsOf(code)));
            const names = (text) => [...text.matchAll(/\\{\\w+\\}/g)].map(String).sort().join();
            const shape = (part) => typeof part === "string" ? names(part)
                : typeof part === "number" ? part
                : Object.fromEntries(Object.keys(part).map((key) => [key, shape(part[key])]));
            const { WORDS } = await import("/page/drift_words.js");
            return [strings, Object.values(WORDS)].map((each) => each.map(shape));
        }"""
    )
    for languages in shapes:
        assert len(languages) >= 2
        assert all(language == languages[0] for language in languages)


def test_the_card_decides_titles_and_labels(open_page: OpenPage, a_film: Path) -> None:
    labels = ["Apple scab", "Black rot", "Cedar rust", "<b>healthy</b>"]
    card = {
        "name": "apple_leaves",
        "version": "2",
        "labels": labels,
        "output": {"kind": "softmax", "threshold": 0.5},
        "figures": {},
        "intended_use": "To look at leaves.",
    }
    answer = stubs.answered(
        probabilities=dict(zip(labels, [0.05, 0.15, 0.1, 0.7], strict=True)),
        predicted_class=labels[3],
        confidence=0.7,
    )
    page = open_page({"**/model": stubs.changed(card=card), "**/predict?*": answer})
    assert page.title() == "Apple leaves · Vistazo"
    assert "To look at leaves." in page.locator("#about").inner_text()
    assert page.locator("#about .worth").inner_text().startswith("That was not measured")
    add(page, a_film)
    assert page.locator("#result .label").inner_text() == "<b>healthy</b>"
    names = page.locator("#result .probabilities .name").all_inner_texts()
    assert names == ["<b>healthy</b>", "Black rot", "Cedar rust", "Apple scab"]


@pytest.mark.parametrize(
    ("notice", "locale", "text", "spoken"),
    [
        ("Vorsicht.", "en-GB", "Vorsicht.", "de"),
        ({"es": "Con cuidado.", "de": "Vorsicht."}, "es-MX", "Con cuidado.", "es"),
        ({"es": "Con cuidado.", "de": "Vorsicht."}, "en-GB", "Vorsicht.", "de"),
        ({"es-MX": "Con cuidado.", "de": "Vorsicht."}, "es-ES", "Con cuidado.", "es-MX"),
        ({"fr": "<b>Attention.</b>"}, "en-GB", "<b>Attention.</b>", "fr"),
    ],
)
def test_the_notice_is_the_cards_in_the_visitors_language_else_in_the_cards(
    open_page: OpenPage, notice: Any, locale: str, text: str, spoken: str
) -> None:
    stub = stubs.changed(card={**PLAIN_CARD, "language": "de", "notice": notice})
    page = open_page({"**/model": stub}, locale=locale)
    assert page.locator(".notice").inner_text() == text
    assert page.locator(".notice").get_attribute("lang") == spoken


@pytest.mark.parametrize("card", [PLAIN_CARD, {**PLAIN_CARD, "notice": {}}])
def test_where_the_card_has_no_notice_none_is_shown(
    open_page: OpenPage, card: dict[str, Any]
) -> None:
    page = open_page({"**/model": stubs.changed(card=card)})
    assert page.locator(".notice").is_hidden()
    assert "medic" not in page.locator("body").inner_text().lower()


def test_the_notice_stays_in_view(open_page: OpenPage, a_film: Path) -> None:
    page = open_page(viewport={"width": 390, "height": 600})
    add(page, a_film)
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    assert page.evaluate("window.scrollY") > 0
    box = page.locator(".notice").bounding_box()
    assert 0 <= box["y"] < 200


def test_who_wants_less_motion_gets_none(open_page: OpenPage, a_film: Path) -> None:
    page = open_page(reduced_motion="reduce")
    add(page, a_film)
    moving = page.evaluate(
        """() => [...document.querySelectorAll("*")]
            .filter((e) => getComputedStyle(e).transitionDuration !== "0s").length"""
    )
    assert moving == 0
