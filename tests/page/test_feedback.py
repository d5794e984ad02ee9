"""Who knows what was true says so at the page."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builders import brightness_classifier
from page import stubs
from page.conftest import _serve
from page.test_appearance import scan
from page.test_page_for_everyone import reach
from page.windows import speak
from vistazo.service.access.api_key import digest_of, new_key
from vistazo.service.access.key_file import change_key_file
from vistazo.service.access.key_ring import KeyEntry
from vistazo.service.access.scopes import AccessScope
from vistazo.service.records import summary
from vistazo.service.settings import Settings

OpenPage = Callable[..., Any]

NOTING = stubs.described({}, records={"feedback": True})
MANY = [f"Label {number}" for number in range(7)]


def noted(said: list[Any], *before: stubs.Stub) -> stubs.Stub:
    """Notes what is said, but for those that come before."""

    def note(route: Any) -> None:
        said.append(json.loads(route.request.post_data))
        agrees = said[-1]["label"] == "PNEUMONIA"
        more = {"index": 0, "predicted_class": "PNEUMONIA", "agrees": agrees}
        route.fulfill(json={**said[-1], **more})

    return stubs.in_turn(*before, note)


def of(feedback: stubs.Stub, **stub: stubs.Stub) -> dict[str, stubs.Stub]:
    answering = stub.get("answering", stubs.answered())
    model = stub.get("model", NOTING)
    return {"**/model": model, "**/predict?*": answering, "**/feedback": feedback}


def add(page: Any, film: Path) -> None:
    page.set_input_files("#files", film)
    page.wait_for_selector("#result .label")


def test_what_was_true_is_noted_thanked_for_once_it_is_and_can_be_changed(
    open_page: OpenPage, a_film: Path
) -> None:
    said: list[Any] = []
    page = open_page(of(noted(said, stubs.problem(404, "unknown_request"))))
    add(page, a_film)
    question = page.get_by_role("group", name="Was this right?")
    told = question.locator("p").last
    reach(page, "#truth-0")
    page.keyboard.press("Enter")
    page.wait_for_selector("#result .feedback .problem")
    assert told.inner_text().startswith("It was not noted. The service does not know this answer")
    assert question.get_by_role("button", pressed=True).count() == 0
    page.keyboard.press("Enter")
    page.wait_for_selector("#truth-0[aria-pressed=true]")
    assert told.inner_text() == "Thank you. Noted: Normal. You can still change it."
    assert page.locator("#status").inner_text() == told.inner_text()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("#truth-1[aria-pressed=true]")
    assert question.get_by_role("button", pressed=True).count() == 1
    assert page.evaluate("document.activeElement.id") == "truth-1"
    labels = ("NORMAL", "PNEUMONIA")
    assert said == [{"request_id": "r1", "label": label} for label in labels]
    with page.expect_download() as download:
        page.click("#csv")
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert (row["request_id"], row["feedback"]) == ("r1", "PNEUMONIA")


def test_nobody_is_asked_where_nothing_is_noted_and_who_keeps_pictures_says_so(
    open_page: OpenPage, a_film: Path
) -> None:
    model = stubs.described({}, records={"feedback": False, "pictures": True})
    page = open_page({"**/model": model, "**/predict?*": stubs.answered()})
    add(page, a_film)
    assert page.locator(".feedback").count() == 0
    assert "keeps the pictures" in page.locator("footer").inner_text()


@pytest.mark.longer
@pytest.mark.parametrize(
    ("refusal", "english", "spanish"),
    [
        (stubs.problem(403, "forbidden"), "scope feedback", "permiso feedback"),
        (stubs.problem(409, "feedback_off"), "In technical words.", "In technical words."),
        (
            stubs.problem(503, "feedback_not_kept", **{"Retry-After": "30"}),
            "cannot keep it now",
            "no puede guardarlo ahora",
        ),
        (lambda route: route.abort(), "could not be reached", "No se pudo llegar"),
    ],
    ids=["no scope", "off", "disk full", "no network"],
)
def test_what_was_not_noted_is_told_in_words_and_no_other_key_is_asked_for(
    open_page: OpenPage, a_film: Path, refusal: stubs.Stub, english: str, spanish: str
) -> None:
    page = open_page(of(refusal))
    add(page, a_film)
    page.click("#truth-0")
    page.wait_for_selector("#result .feedback .problem")
    told = page.locator("#result .feedback .problem")
    assert told.inner_text().startswith("It was not noted. ")
    assert english in told.inner_text()
    speak(page, "Español")
    assert told.inner_text().startswith("No se anotó. ")
    assert spanish in told.inner_text()
    assert not page.is_visible("dialog")
    assert page.locator("#result .feedback [aria-pressed=true]").count() == 0


@pytest.mark.longer
def test_of_many_labels_one_is_chosen_and_sent(open_page: OpenPage, a_film: Path) -> None:
    said: list[Any] = []
    shares = dict.fromkeys(MANY, 1 / 7)
    answering = stubs.answered(predicted_class=MANY[3], probabilities=shares)
    model = stubs.described({}, on_card={"labels": MANY}, records={"feedback": True})
    refused = stubs.problem(500, "internal")
    page = open_page(of(noted(said, refused), answering=answering, model=model))
    add(page, a_film)
    assert page.locator("#truth").input_value() == MANY[3]
    page.select_option("#truth", MANY[5])
    assert said == []
    page.click("#truth-send")
    page.wait_for_selector("#result .feedback .problem")
    assert page.locator("#truth").input_value() == MANY[5]
    page.click("#truth-send")
    page.wait_for_selector(f"#result .feedback :text('Noted: {MANY[5]}')")
    assert [each["label"] for each in said] == [MANY[5]]


@pytest.mark.longer
def test_what_is_said_while_the_picture_is_sent_again_is_not_of_the_new_answer(
    open_page: OpenPage, a_film: Path
) -> None:
    held: list[Any] = []
    answering = stubs.in_turn(stubs.answered(), stubs.answered(request_id="r2"))
    page = open_page(of(stubs.holding(held), answering=answering))
    add(page, a_film)
    page.click("#truth-0")
    page.click("#truth-1")
    page.click("#again")
    page.wait_for_selector("#result .label")
    (late,) = held
    late.fulfill(json={"request_id": "r1", "label": "NORMAL"})
    page.click("#truth-1")
    page.wait_for_function("() => document.querySelector('#result .feedback').innerText != ''")
    assert json.loads(held[-1].request.post_data) == {"request_id": "r2", "label": "PNEUMONIA"}
    assert page.locator("#result .feedback [aria-pressed=true]").count() == 0
    held[-1].abort()


@pytest.mark.longer
def test_another_heatmap_keeps_what_was_said_with_the_answer_that_it_was_said_of(
    open_page: OpenPage, a_film: Path
) -> None:
    said: list[Any] = []
    answering = stubs.in_turn(stubs.answered(), stubs.answered(request_id="r2"))
    page = open_page(of(noted(said), answering=answering))
    add(page, a_film)
    page.click("#truth-0")
    page.wait_for_selector("#truth-0[aria-pressed=true]")
    page.select_option("#heat-label", "NORMAL")
    page.wait_for_selector("#result:not([aria-busy])")
    page.click("#truth-1")
    page.wait_for_selector("#truth-1[aria-pressed=true]")
    assert [each["request_id"] for each in said] == ["r1", "r1"]


@pytest.mark.longer
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1366])
@pytest.mark.parametrize("labels", [2, 7])
def test_the_question_is_looked_at(
    open_page: OpenPage, a_film: Path, screenshots: Path, scheme: str, width: int, labels: int
) -> None:
    look = {"color_scheme": scheme, "locale": "en-GB" if scheme == "light" else "es-ES"}
    names = ["NORMAL", "PNEUMONIA", *MANY[2:labels]]
    model = stubs.described({}, on_card={"labels": names}, records={"feedback": True})
    refused = stubs.problem(404, "unknown_request")
    feedback = noted([], refused) if labels > 2 else noted([])
    page = open_page(of(feedback, model=model), viewport={"width": width, "height": 800}, **look)
    add(page, a_film)
    page.click("#truth-send" if labels > 4 else "#truth-1")
    page.wait_for_selector("#result .feedback p:nth-of-type(2):not(:empty)")
    page.wait_for_selector(".feedback .problem" if labels > 2 else "[aria-pressed=true]")
    scan(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    name = f"feedback-{labels}-{scheme}-{width}.png"
    page.screenshot(path=screenshots / name, full_page=True)


@pytest.mark.longer
def test_a_service_that_keeps_records_notes_what_was_said_of_a_picture(
    open_page: OpenPage, a_film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(summary, "_FRESH_S", 0.0)
    key, may_not = new_key(), new_key()
    file = tmp_path / "keys.txt"
    scopes: list[tuple[str, str, set[AccessScope]]] = [
        ("ward", key, {"predict", "feedback", "metrics"}),
        ("guest", may_not, {"predict"}),
    ]
    entries = [KeyEntry(name, frozenset(those), digest_of(each)) for name, each, those in scopes]
    change_key_file(file, lambda _: entries)
    settings = Settings(threads=1, api_keys_file=file, records_dir=tmp_path / "records")
    for url in _serve(settings, brightness_classifier):
        page = open_page(url=url, wait=False)
        enter(page, may_not)
        add(page, a_film)
        page.click("#truth-0")
        page.wait_for_selector("#result .feedback .problem:has-text('scope feedback')")
        page = open_page(url=url, wait=False)
        enter(page, key)
        add(page, a_film)
        for place, label in enumerate(("DARK", "BRIGHT")):
            page.click(f"#truth-{place}")
            page.wait_for_selector(f"#result .feedback :text('Noted: {label}.')")
        assert page.locator("#result .feedback [aria-pressed=true]").inner_text() == "BRIGHT"
        page.click("#drift > summary")
        page.wait_for_selector("#drift-found:has-text('of 1 answers that somebody checked')")


def enter(page: Any, key: str) -> None:
    page.fill("#key-value", key)
    page.press("#key-value", "Enter")
    page.wait_for_selector("#about:not([hidden])")
