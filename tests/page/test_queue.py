"""The pictures' queue where something comes between: a filter, a refused key, another model."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from page import stubs
from page.test_many import by_name, names

OpenPage = Callable[..., Any]

DONE = "#list:has(li):not(:has(li.pending))"
BUSY = stubs.problem(429, "rate_limited", **{"Retry-After": "60"})
NO_KEY = stubs.problem(401, "no_key")

pytestmark = pytest.mark.longer


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory, a_film: Path) -> list[Path]:
    """One to five: the names that ``by_name`` knows."""
    folder = tmp_path_factory.mktemp("queue")
    for name in ("one", "two", "three", "four", "five"):
        (folder / f"{name}.png").write_bytes(a_film.read_bytes())
    return [folder / f"{name}.png" for name in ("one", "two", "three", "four", "five")]


def add(page: Any, files: list[Path]) -> None:
    page.set_input_files("#files", files)
    page.wait_for_selector(DONE)


def failing(*failing_names: str) -> stubs.Stub:
    fails = [f'"{name}.png"'.encode() for name in failing_names]

    def answer(route: Any) -> None:
        is_one = any(name in route.request.post_data_buffer for name in fails)
        (stubs.problem(500, "internal") if is_one else by_name)(route)

    return answer


def test_where_a_filter_drops_the_picture_that_is_shown_another_one_is_shown(
    open_page: OpenPage, pictures: list[Path]
) -> None:
    page = open_page({"**/predict?*": failing("one", "two")})
    add(page, pictures[:3])
    page.click("#kind-failed")
    held: list[Any] = []
    page.unroute("**/predict?*")
    page.route("**/predict?*", stubs.holding(held))
    page.click("#again")
    assert names(page) == ["two"]
    assert page.inner_text("#list [aria-current] .name") == page.inner_text("#shown") == "two.png"


def test_what_is_under_way_is_not_sent_again(open_page: OpenPage, pictures: list[Path]) -> None:
    asked: list[str] = []
    stub = stubs.in_turn(stubs.problem(500, "internal"), BUSY, by_name)
    page = open_page({"**/predict?*": stubs.noting(asked, stub)})
    add(page, pictures[:1])
    page.evaluate("window.again = document.getElementById('again')")
    page.click("#again")
    page.wait_for_selector("#list .state:has-text('Busy')")
    page.evaluate("again.click()")
    page.wait_for_timeout(200)
    assert len(asked) == 2


@pytest.mark.parametrize("taken_out_with", ["#clear", "#list .remove"])
def test_who_takes_out_what_waits_for_a_busy_service_holds_up_nothing(
    open_page: OpenPage, pictures: list[Path], taken_out_with: str
) -> None:
    page = open_page({"**/predict?*": stubs.in_turn(BUSY, BUSY, by_name)})
    page.set_input_files("#files", pictures[:2])
    busy = "#list li:nth-child({}) .state:has-text('Busy')"
    for place in (1, 2):
        page.wait_for_selector(busy.format(place))
    while page.is_visible(taken_out_with):
        page.locator(taken_out_with).first.click()
    add(page, pictures[2:3])
    assert names(page) == ["three"]


@pytest.mark.parametrize(
    "refusal",
    [NO_KEY, stubs.problem(429, "rate_limited", **{"Retry-After": "3600"})],
    ids=["no key", "sent too much"],
)
def test_where_no_more_may_be_sent_the_rest_waits_for_the_button(
    open_page: OpenPage, pictures: list[Path], refusal: stubs.Stub
) -> None:
    asked: list[str] = []
    page = open_page({"**/predict?*": stubs.noting(asked, refusal)})
    page.set_input_files("#files", pictures)
    if refusal is NO_KEY:
        page.click("#key button[value=cancel]")
    page.wait_for_selector("#asking:not([hidden])")
    page.wait_for_timeout(300)
    assert not page.is_visible("dialog")
    assert len(asked) <= 2
    assert page.inner_text("#unsent") == f"Not sent yet: {5 - len(asked)}"
    assert "Not sent yet" in page.inner_text("#status")
    page.unroute("**/predict?*")
    page.route("**/predict?*", by_name)
    page.click("#predict")
    page.wait_for_selector(DONE)
    page.click("#again-all")
    page.wait_for_selector("#list:not(:has(li.failed)):not(:has(li.pending))")


def test_who_has_taken_out_every_result_is_not_asked_before_leaving(
    open_page: OpenPage, pictures: list[Path]
) -> None:
    page = open_page({"**/predict?*": by_name}, own=True)
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    add(page, pictures[:2])
    page.click("#list li:nth-child(2) .open")
    with page.expect_download():
        page.click("#csv")
    page.click("#again")  # another answer, that nobody has taken along
    page.wait_for_selector(DONE)
    page.reload()
    assert asked == ["beforeunload"]
    page.wait_for_selector("#about:not([hidden])")
    add(page, pictures[:1])
    page.click("#list .remove")
    page.reload()
    assert asked == ["beforeunload"]


def test_a_delete_key_that_is_held_removes_one_picture(
    open_page: OpenPage, pictures: list[Path]
) -> None:
    page = open_page({"**/predict?*": by_name})
    add(page, pictures)
    page.focus("#list [tabindex='0']")
    for _ in range(3):
        page.keyboard.down("Delete")
    page.keyboard.up("Delete")
    assert names(page) == ["two", "three", "four", "five"]


def test_before_the_model_is_known_there_is_no_file_to_download(
    open_page: OpenPage, pictures: list[Path]
) -> None:
    held: list[Any] = []
    page = open_page({"**/model": stubs.holding(held), "**/predict?*": by_name}, wait=False)
    page.set_input_files("#files", pictures[:1])
    page.wait_for_selector("#list li")
    assert page.is_disabled("#csv")
    held[0].continue_()
    page.wait_for_selector(DONE)
    assert page.is_enabled("#csv")


def test_an_answer_of_another_model_brings_its_card_and_it_is_said(
    open_page: OpenPage, pictures: list[Path]
) -> None:
    other = {"name": "lungs", "version": "2", "sha256": "1" * 64}
    fields = {"sha256": other["sha256"]}
    answer = stubs.answered(model=other)
    model = stubs.described({}, on_card={"title": "Other lungs"}, **fields)
    page = open_page(
        {
            "**/model": stubs.in_turn(stubs.from_service, model),
            "**/predict?*": stubs.in_turn(stubs.changed(heatmap=None), answer),
        }
    )
    add(page, pictures[:1])
    assert page.is_hidden("#renewed")
    page.set_input_files("#files", pictures[1:2])
    page.wait_for_selector("#renewed:not([hidden])")
    assert page.inner_text("#title") == "Other lungs"
    assert page.inner_text("#status") == page.inner_text("#renewed")
    with page.expect_download() as download:
        page.click("#csv")
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    rows = [*csv.DictReader(io.StringIO(text, newline=""))]
    assert [bool(row["threshold"]) for row in rows] == [False, True]
    page.click("#clear")
    assert page.is_hidden("#renewed")


def test_where_a_filter_holds_nothing_any_more_the_order_is_shown_as_it_is(
    open_page: OpenPage, pictures: list[Path]
) -> None:
    page = open_page({"**/predict?*": stubs.in_turn(stubs.problem(500, "internal"), by_name)})
    add(page, pictures[:3])
    page.select_option("#order", "doubt")
    page.click("#kind-failed")
    page.click("#again")
    page.wait_for_selector(DONE)
    assert names(page) == ["one", "two", "three"]
    assert page.input_value("#order") == "added"


def test_who_takes_out_the_last_one_of_a_filter_stays_in_the_list(
    open_page: OpenPage, pictures: list[Path]
) -> None:
    page = open_page({"**/predict?*": failing("three")})
    add(page, pictures[:3])
    page.click("#kind-failed")
    page.click("#list .remove")
    assert names(page) == ["one", "two"]
    assert page.evaluate("document.activeElement.innerText").startswith("one.png")


def test_an_example_that_does_not_come_leaves_the_credit(open_page: OpenPage) -> None:
    page = open_page(
        {"**/page/example": stubs.in_turn(stubs.problem(500, "internal"), stubs.from_service)}
    )
    credit = page.inner_text("#credit")
    page.click("#try")
    page.wait_for_selector("#untried:has-text('Something went wrong')")
    assert page.inner_text("#credit") == credit != ""
    page.click("#try")
    page.wait_for_selector("#list li")
    assert page.inner_text("#untried") == ""
