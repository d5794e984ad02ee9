"""What somebody at the page sees and does."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from page import stubs
from page.windows import speak

OpenPage = Callable[..., Any]


def add(page: Any, *files: Path) -> None:
    page.set_input_files("#files", list(files))
    page.wait_for_selector(f"#list li:not(.pending) >> nth={len(files) - 1}")


def test_a_picture_gets_its_class_in_words_and_numbers(open_page: OpenPage, a_film: Path) -> None:
    page = open_page()
    add(page, a_film)
    label = page.locator("#result .label").inner_text()
    assert label in ("Normal", "Pneumonia")
    rows = page.locator("#result .probabilities li")
    assert rows.count() == 2
    assert re.search(r"\d%", rows.filter(has_text=label).inner_text())
    assert page.locator("#result .said").inner_text().startswith("For the model, ")
    assert label in page.locator("#status").inner_text()


def test_each_bar_is_as_long_as_its_label_is_probable(open_page: OpenPage, a_film: Path) -> None:
    shares = {"NORMAL": 0.25, "PNEUMONIA": 0.75}
    answer = stubs.answered(probabilities=shares)
    page = open_page({"**/predict?*": answer}, reduced_motion="reduce")
    add(page, a_film)
    lengths = page.evaluate(
        """() => [...document.querySelectorAll("#result .bar")].map(
            (bar) => bar.firstChild.getBoundingClientRect().width / bar.clientWidth)"""
    )
    assert lengths == pytest.approx(list(shares.values()), abs=0.02)


def test_the_model_itself_says_that_a_picture_is_no_film(
    open_page: OpenPage, watchful_url: str, a_film: Path
) -> None:
    page = open_page(url=watchful_url)
    add(page, a_film)
    banner = page.locator("#result .banner.out_of_distribution").inner_text()
    assert "does not look like" in banner
    assert "chest X-rays of children of one to five years" in banner
    assert page.locator("#result .label s").is_visible()


def test_several_pictures_are_listed_and_each_can_be_looked_at(
    open_page: OpenPage, a_film: Path, another_film: Path
) -> None:
    page = open_page()
    add(page, a_film, another_film, a_film)
    assert page.locator("#result .file").inner_text() == "film.png"
    page.click("#list li:nth-child(2) button")
    assert page.locator("#result .file").inner_text() == "another.jpeg"
    assert page.locator("#list [aria-current]").count() == 1


def test_more_pictures_can_be_dropped_and_pasted(open_page: OpenPage) -> None:
    page = open_page()
    for kind, field in (("drop", "dataTransfer"), ("paste", "clipboardData")):
        page.evaluate(
            """async ([kind, field]) => {
                const canvas = new OffscreenCanvas(64, 64);
                canvas.getContext("2d");
                const transfer = new DataTransfer();
                transfer.items.add(new File([await canvas.convertToBlob()], `${kind}.png`));
                const event = new Event(kind, { bubbles: true, cancelable: true });
                Object.defineProperty(event, field, { value: transfer });
                document.body.dispatchEvent(event);
            }""",
            [kind, field],
        )
        page.wait_for_selector(f"#list li:not(.pending) >> text={kind}.png")


def test_a_corrupt_file_is_told_in_words_with_what_to_do_and_the_others_go_on(
    open_page: OpenPage, a_corrupt_film: Path, a_film: Path
) -> None:
    page = open_page()
    add(page, a_corrupt_film, a_film)
    assert "damaged" in page.locator("#result .banner").inner_text()
    assert "export it again" in page.locator("#result .banner").inner_text()
    assert "No result" in page.locator("#list li:nth-child(1)").inner_text()
    assert "%" in page.locator("#list li:nth-child(2)").inner_text()


def test_a_file_that_is_no_picture_is_told_apart(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page()
    text = tmp_path / "film.png"
    text.write_text("these are words")
    add(page, text)
    assert "not a picture" in page.locator("#result .banner").inner_text()


def test_a_warning_that_the_page_does_not_know_is_shown_as_it_is(
    open_page: OpenPage, a_film: Path
) -> None:
    page = open_page({"**/predict?*": stubs.answered(warnings=["moon_is_full"])})
    add(page, a_film)
    assert "moon_is_full" in page.locator("#result .banner").inner_text()


def test_the_heatmap_lies_over_the_film_as_strong_as_wished_for_the_label_wished(
    open_page: OpenPage, a_film: Path
) -> None:
    page = open_page()
    add(page, a_film)
    film, heat = (page.locator(f"#result .{name}").bounding_box() for name in ("picture", "heat"))
    assert heat == pytest.approx(film, abs=1)
    page.locator("#heat-strength").fill("25")
    assert page.locator("#result .heat").evaluate("e => e.style.opacity") == "0.25"
    other = "NORMAL" if page.locator("#heat-label").input_value() == "PNEUMONIA" else "PNEUMONIA"
    with page.expect_request(f"**/predict?*label={other}"):
        page.select_option("#heat-label", other)
    page.wait_for_selector(f"figcaption:has-text('{other}')")
    assert page.locator("#heat-strength").input_value() == "25"


@pytest.mark.longer
def test_on_a_slow_network_one_picture_is_sent_at_a_time_and_its_way_is_shown(
    open_page: OpenPage, tmp_path: Path, a_film: Path
) -> None:
    import numpy as np
    from PIL import Image

    from builders import encoded

    noise = np.random.default_rng(0).integers(0, 255, (300, 400), dtype=np.uint8)
    slow = tmp_path / "slow.png"
    slow.write_bytes(encoded(Image.fromarray(noise)))
    page = open_page(own=True)
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    limits = {"offline": False, "latency": 50, "downloadThroughput": -1, "uploadThroughput": 80_000}
    network.send("Network.emulateNetworkConditions", limits)
    page.set_input_files("#files", [slow, a_film])
    page.wait_for_function(
        "() => /Sending, [1-9]\\d?% of 1\\d+ kB/.test(document.querySelector('#result').innerText)"
    )
    assert 0 < float(page.locator("#result progress").get_attribute("value")) < 1
    assert page.locator("#list .state").all_inner_texts()[1] == "Waiting"
    page.wait_for_selector("#result .label")


@pytest.mark.longer
def test_a_busy_service_is_asked_again(open_page: OpenPage, a_film: Path) -> None:
    busy = stubs.problem(429, "queue_full", **{"Retry-After": "1"})
    page = open_page({"**/predict?*": stubs.in_turn(busy, stubs.from_service)})
    page.set_input_files("#files", a_film)
    page.wait_for_selector("#list :text('Busy')")
    page.wait_for_selector("#result .label")


def test_a_service_that_is_starting_is_waited_for(open_page: OpenPage) -> None:
    starting = stubs.problem(503, "not_ready", **{"Retry-After": "1"})
    page = open_page({"**/model": stubs.in_turn(starting, stubs.from_service)}, wait=False)
    page.wait_for_selector("#lead:has-text('starting')")
    page.wait_for_selector("#about:not([hidden])")


def test_what_further_outputs_say_stands_below_and_in_the_csv(
    open_page: OpenPage, a_film: Path
) -> None:
    more = {"bone_age": {"kind": "value"}, "smile": {"kind": "sigmoid"}, "map": {"kind": "ignored"}}
    smile = {"predicted_class": "<i>", "confidence": 0.6, "warnings": ["uncertain"]}
    said = {"finding": {}, "bone_age": {"value": -31.25, "unit": "years"}, "smile": smile}
    page = open_page(
        {
            "**/model": stubs.described({}, on_card={"more_outputs": more}),
            "**/predict?*": stubs.answered(outputs=said),
        }
    )
    add(page, a_film)
    further = page.locator("section.probabilities:has(h3:text-is('What else the model says')) li")
    further.nth(1).wait_for()
    age, smile = further.all_inner_texts()
    assert age.split("\n") == ["Bone age", "-31.25 years"]
    assert smile.split("\n") == ["Smile: <i>", "The model is not sure.", "60%"]
    with page.expect_download() as download:
        page.click("#csv")
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    [row] = csv.DictReader(io.StringIO(text, newline=""))
    assert (row["bone_age"], row["smile"], "map" in row) == ("-31.25", "<i>", False)
    speak(page, "Español")
    page.locator("h3:text-is('Qué más dice el modelo')").wait_for()


def test_the_results_of_the_session_can_be_taken_along(
    open_page: OpenPage, a_film: Path, a_corrupt_film: Path, tmp_path: Path
) -> None:
    page = open_page()
    formula = tmp_path / '=cmd,"x".png'
    formula.write_bytes(a_film.read_bytes())
    add(page, a_film, a_corrupt_film, formula)
    with page.expect_download() as download:
        page.click("#csv")
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    good, bad, hostile = csv.DictReader(io.StringIO(text, newline=""))
    assert good["file"] == "film.png"
    assert float(good["NORMAL"]) + float(good["PNEUMONIA"]) == pytest.approx(1, abs=1e-5)
    assert "damaged" in bad["error"]
    assert hostile["file"].startswith("'=cmd,")
    assert download.value.suggested_filename == "pneumonia.csv"
    page.click("#clear")
    assert page.locator("#list li").count() == 0
    assert page.locator("#result").is_hidden()


def test_who_has_no_picture_tries_the_one_beside_the_model(open_page: OpenPage) -> None:
    page = open_page(locale="es-ES")
    assert page.locator("#credit").inner_text().startswith("Dibujado por código")
    page.click("text=Probar con un ejemplo")
    page.wait_for_selector("#result .label")
    assert page.locator("#list .name").inner_text() == "example.jpeg"
    assert page.locator("#example").is_hidden()
