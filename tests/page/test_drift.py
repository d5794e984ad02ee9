"""Whether all is as it was: what is shown of it, and to whom."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from builders import brightness_classifier, encoded, flat
from page import stubs
from page.conftest import _serve
from page.drift_answers import classes, drift, feedback, quantity
from page.test_appearance import scan
from page.test_page_for_everyone import reach
from page.windows import speak
from vistazo.answers.reference import Answered, Reference
from vistazo.service.access.api_key import digest_of, new_key
from vistazo.service.access.key_file import change_key_file
from vistazo.service.access.key_ring import KeyEntry
from vistazo.service.access.scopes import AccessScope
from vistazo.service.settings import Settings

OpenPage = Callable[..., Any]

TITLES = {"en-GB": "Is it still like at the beginning?", "es-ES": "¿Sigue todo como al principio?"}


def answering(*found: dict[str, Any]) -> dict[str, stubs.Stub]:
    def answer(each: dict[str, Any]) -> stubs.Stub:
        return lambda route: route.fulfill(json=each)

    return {"**/drift": stubs.in_turn(*map(answer, found))}


def test_what_has_changed_is_told_in_words_with_what_to_do_and_asked_for_anew_when_opened(
    open_page: OpenPage,
) -> None:
    names = ("brightness", "contrast", "classes")
    changed = drift("drifting", *names, feedback=feedback("drifting"))
    page = open_page(answering(drift(), changed))
    page.wait_for_selector("#drift:not([hidden])")
    assert page.locator("#drift-state").inner_text() == "Yes."
    page.focus("#drift > summary")
    page.keyboard.press("Enter")
    page.wait_for_selector("#drift-state:text('No.')")
    banners = page.locator("#drift .banner").all_inner_texts()
    assert banners[0].startswith("What is sent has changed.\nBrightness, since 12 May 2026, ")
    assert "\nContrast, since 12 May 2026" in banners[0]
    assert banners[0].endswith("\nLook whether the <b>exposure</b> changed.")
    assert "The mix of answers has changed." in banners[1]
    assert banners[2].endswith("Ask who labels.")
    assert "90.8% (84% \N{EN DASH} 94.9%)" in page.locator("#drift").inner_text()
    page.click("#drift li:has-text('Mix of answers') summary")
    table = page.get_by_role("table", name="Population stability index 1.234")
    cells = [row.locator("th, td").all_inner_texts() for row in table.locator("tr").all()]
    assert cells == [
        ["Mix of answers", "Baseline", "Last answers"],
        ["Normal", "50%", "75%"],
        ["Pneumonia", "50%", "25%"],
    ]
    heights = page.locator("#drift li:has-text('Mix of answers') i").evaluate_all(
        """(all) => all.map((bar) =>
            bar.getBoundingClientRect().height / bar.closest(".chart").clientHeight)"""
    )
    assert heights == pytest.approx([2 / 3, 1, 2 / 3, 1 / 3], abs=0.02)
    speak(page, "Español")
    assert page.locator("#drift > summary").inner_text() == f"{TITLES['es-ES']} No."
    assert page.locator("#drift .banner [lang=es]").first.inner_text().startswith("Mira si")


@pytest.mark.longer
@pytest.mark.parametrize("status", [401, 403, 404])
def test_who_may_not_know_hears_nothing_of_it_and_loads_nothing_for_it(
    open_page: OpenPage, status: int
) -> None:
    page = open_page({"**/drift": stubs.problem(status, "any")}, own=True)
    page.wait_for_timeout(200)
    assert page.locator("#drift").is_hidden()
    loaded = page.evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert not [name for name in loaded if "drift_words" in name]
    assert not page.is_visible("dialog")


@pytest.mark.longer
@pytest.mark.parametrize(
    ("found", "said"),
    [
        (drift(), "The last 1,250 answers are like the 626 of the baseline."),
        (drift("too_few", quantities=[]), "180 answers have come: too few to compare"),
        (
            drift("no_baseline", baseline=None, quantities=[]),
            "This model has no baseline to compare with.",
        ),
        (drift(feedback=feedback("steady")), "As many are right as expected."),
        (drift(feedback=feedback("too_few")), "Too few were checked"),
        (drift("steady", feedback=feedback("drifting")), "Fewer are right than expected."),
        (drift(feedback=feedback("steady", inputs_changed=True)), "Ask who labels."),
        (drift(feedback={"labelled": 0}), "626 of the baseline"),
    ],
    ids=["steady", "early", "no baseline", "right", "few", "concept", "inputs", "none checked"],
)
def test_each_state_is_told_in_a_sentence(
    open_page: OpenPage, found: dict[str, Any], said: str
) -> None:
    page = open_page(answering(found))
    page.click("#drift > summary")
    assert said in page.locator("#drift-found").inner_text()
    assert page.locator("#drift .quantities li").count() == len(found["quantities"])


@pytest.mark.longer
def test_a_service_that_cannot_be_reached_leaves_what_was_known_and_says_so(
    open_page: OpenPage,
) -> None:
    cut = stubs.in_turn(lambda route: route.fulfill(json=drift()), lambda route: route.abort())
    page = open_page({"**/drift": cut})
    page.click("#drift > summary")
    page.wait_for_selector("#drift .problem:has-text('could not be reached')")
    assert "626 of the baseline" in page.locator("#drift-found").inner_text()


@pytest.mark.longer
def test_a_key_that_may_no_longer_know_closes_it(open_page: OpenPage) -> None:
    taken = stubs.in_turn(lambda route: route.fulfill(json=drift()), stubs.problem(403, "any"))
    page = open_page({"**/drift": taken})
    page.click("#drift > summary")
    page.wait_for_selector("#drift[hidden]", state="attached")


@pytest.mark.longer
def test_of_a_thousand_labels_those_that_come_most_are_shown(open_page: OpenPage) -> None:
    labels = [f"<b>Label</b> {number}" for number in range(1000)]
    shares = [0.0] * 998 + [0.3, 0.7]
    found = drift(quantities=[classes(labels, shares)])
    page = open_page(answering(found), viewport={"width": 320, "height": 800})
    page.click("#drift > summary")
    page.click("#drift li summary")
    assert page.locator("#drift tbody tr").count() == 24
    assert page.locator("#drift tbody th").first.inner_text() == labels[-1]
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.longer
def test_a_bin_of_a_single_size_is_called_by_it(open_page: OpenPage) -> None:
    size = quantity("size", edges=[0.00012, 1024.0, 1024.0000000000002], baseline=[0.25] * 4)
    page = open_page(answering(drift(quantities=[size])), locale="es-ES")
    page.click("#drift > summary")
    page.click("#drift li summary")
    names = page.locator("#drift tbody th").all_inner_texts()
    dash = "\N{EN DASH}"
    assert names == [
        "< 0,00012",
        f"0,00012 {dash} 1024",
        "1024",
        "\N{GREATER-THAN OR EQUAL TO} 1024",
    ]


@pytest.mark.longer
def test_the_tables_can_be_reached_with_the_keyboard(open_page: OpenPage) -> None:
    page = open_page(answering(drift()), own=True)
    page.wait_for_selector("#drift:not([hidden])")
    reach(page, "#drift > summary")
    page.keyboard.press("Enter")
    page.wait_for_selector("#drift[open]")
    reach(page, "#drift li:nth-child(1) summary")
    page.keyboard.press("Enter")
    assert page.get_by_role("table", name="Population stability").count() == 1


@pytest.mark.longer
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1366])
def test_it_is_looked_at(open_page: OpenPage, screenshots: Path, scheme: str, width: int) -> None:
    look = {"color_scheme": scheme, "locale": "en-GB" if scheme == "light" else "es-ES"}
    found = drift("drifting", "brightness", "classes", feedback=feedback("drifting"))
    page = open_page(answering(found), viewport={"width": width, "height": 800}, **look)
    page.screenshot(path=screenshots / f"drift-closed-{scheme}-{width}.png", full_page=True)
    page.click("#drift > summary")
    for summary in page.locator("#drift-found summary").all():
        summary.click()
        break
    scan(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("#drift").screenshot(path=screenshots / f"drift-{scheme}-{width}.png")


@pytest.mark.longer
def test_a_key_for_it_shows_what_a_service_has_found_and_another_key_nothing(
    open_page: OpenPage, tmp_path: Path, screenshots: Path
) -> None:
    keys = {"ward": new_key(), "lead": new_key()}
    scopes: dict[str, frozenset[AccessScope]] = {
        "ward": frozenset({"predict"}),
        "lead": frozenset({"predict", "metrics"}),
    }
    entries = [KeyEntry(name, scopes[name], digest_of(key)) for name, key in keys.items()]
    file = tmp_path / "keys.txt"
    change_key_file(file, lambda _: entries)
    answers = [Answered(place % 2, {"confidence": 0.6 + place / 2000}) for place in range(600)]
    known = Reference.of(("DARK", "BRIGHT"), answers)
    card = {"drift": {"window": 50}}
    load = partial(brightness_classifier, reference=known, **card)
    for url in _serve(Settings(threads=1, api_keys_file=file), load):
        with httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {keys['ward']}"}
        ) as client:
            for _ in range(50):
                files = {"file": ("bright.png", encoded(flat(230)))}
                assert client.post("/predict", files=files).status_code == 200
        for name, key in keys.items():
            page = open_page(url=url, wait=False)
            page.fill("#key-value", key)
            page.press("#key-value", "Enter")
            page.wait_for_selector("#about:not([hidden])")
            page.wait_for_timeout(300)
            assert page.locator("#drift").is_visible() == (name == "lead")
        page.click("#drift > summary")
        page.wait_for_selector("#drift .banner:has-text('The mix of answers has changed.')")
        assert page.locator("#drift-state").inner_text() == "No."
        page.locator("#drift").screenshot(path=screenshots / "drift-served.png")
