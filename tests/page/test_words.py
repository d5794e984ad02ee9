"""The words of the page: the card's in the reader's language, and of what cannot be relied on."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from page import stubs
from page.windows import speak

OpenPage = Callable[..., Any]
STRANGE = {
    "warnings": ["uncertain", "out_of_distribution"],
    "in_distribution": {"score": 0.25, "verdict": False},
}

PREFER = "(value) => Object.defineProperty(navigator, 'language', { value, configurable: true })"


def add(page: Any, *files: Path) -> None:
    page.set_input_files("#files", list(files))
    page.wait_for_selector(f"#list li:not(.pending) >> nth={len(files) - 1}")


def taken_along(page: Any, separator: str) -> list[dict[str, str]]:
    with page.expect_download() as download:
        page.click("#csv")
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=separator))


def test_the_card_is_read_in_the_language_of_the_page_and_says_for_what_the_model_is(
    open_page: OpenPage, a_film: Path
) -> None:
    page = open_page({"**/predict?*": stubs.answered()}, locale="es-ES")
    drop = page.locator(".drop").inner_text()
    assert "Hecho para radiografías de tórax de niños de uno a cinco años." in drop
    assert page.locator("#title").inner_text() == "Neumonía en radiografías de tórax de niños"
    assert page.locator("#lead").inner_text().endswith("Normal, Neumonía.")
    assert "Investigación y docencia" in page.locator("#about dl").inner_text()
    assert "imágenes de la clase Neumonía" in page.locator("#about .worth").first.inner_text()
    add(page, a_film)
    assert page.locator("#result .label").inner_text() == "Neumonía"
    assert "Hecho para" in page.locator("#result .verdict").inner_text()
    assert "Neumonía" in page.locator("#list .state").inner_text()
    assert "Neumonía" in page.locator("#status").inner_text()
    speak(page, "English")
    assert page.locator("#result .label").inner_text() == "Pneumonia"
    assert page.locator("#result [lang=es], #about [lang=es]").count() == 0
    assert "Made for chest X-rays of children" in page.locator(".drop").inner_text()


def test_what_a_card_says_in_one_language_only_is_marked_as_of_that(
    open_page: OpenPage, a_film: Path
) -> None:
    own = {"title": "Lungs", "made_for": "X-rays", "language": "en", "label_titles": {}}
    own |= {"label_titles": {"PNEUMONIA": {"de": "Lungenentzündung"}}, "limits": {"de": "Viele."}}
    model = {"**/model": stubs.described({}, on_card=own), "**/predict?*": stubs.answered()}
    page = open_page(model, locale="es-ES")
    add(page, a_film)
    for text, where, language in (
        ("Lungs", "#title", "en"),
        ("Lungenentzündung", "#result .label", "de"),
        ("Lungenentzündung", "#list .state b", "de"),
        ("NORMAL", "#result .probabilities .name >> nth=0", None),
        ("Viele.", "#about dl [lang=de]", "de"),
    ):
        assert page.locator(where).inner_text() == text
        assert page.locator(where).get_attribute("lang") == language


def test_the_verdict_on_a_strange_picture_is_struck_through_under_the_warning(
    open_page: OpenPage, a_film: Path
) -> None:
    page = open_page({"**/predict?*": stubs.answered(**STRANGE)}, locale="es-ES")
    add(page, a_film)
    [strange, doubtful], label = page.locator("#result .banner").all(), page.locator(".label")
    assert "radiografías de tórax de niños de uno a cinco años" in strange.inner_text()
    assert "no está seguro" in doubtful.inner_text()
    assert label.inner_text().startswith("No válido:")  # for those who do not see the line
    assert label.locator("s").inner_text() == "Neumonía"
    assert "No te fíes" in page.locator("#result .said").inner_text()
    above, below = doubtful.bounding_box(), label.bounding_box()
    assert above["y"] + above["height"] <= below["y"]
    assert page.locator("#result .probabilities .chosen").count() == 0
    state = page.locator("#list .state")
    assert state.inner_text().startswith("No es de su tipo")
    assert re.fullmatch(r"Neumonía 97\s%", state.locator("s").inner_text())
    assert "no es del tipo que conoce" in page.locator("#status").inner_text()
    [row] = taken_along(page, ";")
    assert (row["warnings"], row["predicted_class"]) == ("uncertain out_of_distribution", "")
    assert (row["closest_label"], row["likeness"]) == ("PNEUMONIA", "0,25")


def test_a_table_is_one_that_the_readers_spreadsheet_takes_and_runs_nothing_there(
    open_page: OpenPage, a_film: Path, tmp_path: Path
) -> None:
    formula = tmp_path / "=1+1;x.png"
    formula.write_bytes(a_film.read_bytes())
    stub = {"**/predict?*": stubs.answered(), "**/model": stubs.described({}, sha256="0" * 64)}
    page = open_page(stub, locale="es-ES", own=True)
    add(page, formula)
    # The page speaks Spanish to each of them; not all write 0,97.
    for reader, mark in {"de-DE": ";,", "es-MX": ",.", "en-GB": ",.", "ar-EG": ",."}.items():
        separator, decimal = mark
        page.evaluate(PREFER, reader)
        [row] = taken_along(page, separator)
        assert row["file"] == "'=1+1;x.png"
        assert row["predicted_class"] == row["closest_label"] == "PNEUMONIA"
        assert row["PNEUMONIA"] == row["confidence"] == f"0{decimal}97"
        assert row["threshold"] == f"0{decimal}568"
        assert re.fullmatch(r"20\d\d-\d\d-\d\dT[\d:]{8}\.\d{3}Z", row["time"])
        assert [row[f"model{of}"] for of in ("", "_version", "_sha256")] == [
            "pneumonia",
            "1.0.0",
            "0" * 64,
        ]


def test_the_rules_that_a_picture_breaks_are_told_in_the_language_of_the_page(
    open_page: OpenPage, a_film: Path
) -> None:
    named = (("min_side_px", [20, 32]), ("max_pixels", [5000, 6000.0, 16e6]), ("new", [7]))
    broken = [{"rule": rule, "detail": "Technical.", "figures": it} for rule, it in named]
    problem = {"code": "rejected_upload", "detail": "In technical words.", "errors": broken}
    refused = lambda route: route.fulfill(status=422, json=problem)  # noqa: E731
    page = open_page({"**/predict?*": refused}, locale="es-ES")
    add(page, a_film)
    told = page.locator("#result .problem").inner_text()
    assert "un lado tiene 20 píxeles y hacen falta 32 como mínimo." in told
    assert "Tiene 5000 \N{MULTIPLICATION SIGN} 6000 píxeles; en total se aceptan 16.000.000" in told
    assert "El archivo está hecho de una forma que no se acepta" in told
    assert "echnical" not in told
    assert page.locator("#result .details [lang=en]").inner_text() == "In technical words."
