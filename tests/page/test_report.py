"""What is printed: read back from the PDF that the browser makes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from builders import encoded, film
from page import stubs

pdfium = pytest.importorskip(
    "pypdfium2", reason="WHAT THE PAGE PRINTS IS NOT READ: pypdfium2 is not installed"
)

OpenPage = Callable[..., Any]

_STRANGE = stubs.answered(warnings=["uncertain", "out_of_distribution"])
_NORMAL = stubs.answered(predicted_class="NORMAL", confidence=0.97, request_id="r2")
_HASH = "0" * 64
_FACTS = ["Solo para investigación", "pneumonia 1.0.0", _HASH, "r1", "Analizada", "Impresa"]
_MARGIN_PX = 12
# What paper looks like is fetched with the first answer.
_STYLED = """async () => {
    const link = document.querySelector("link[href$='print.css']");
    if (!link.sheet) await new Promise((done) => link.addEventListener("load", done));
}"""


@dataclass(frozen=True, eq=False)
class Sheet:
    """A printed page: its text, its brightness, uint8 (height, width), a pixel per point, and the
    width by height of each of its images.
    """

    text: str
    light: NDArray[np.uint8]
    ratios: list[float]


def printed(page: Any, **paper: Any) -> list[Sheet]:
    """As "Print" of the browser's menu prints it."""
    pages = pdfium.PdfDocument(page.pdf(**{"format": "A4", **paper}))
    return [Sheet(_text(each), _light(each), _ratios(each)) for each in pages]


def _light(page: Any) -> NDArray[np.uint8]:
    return np.asarray(page.render().to_pil().convert("L"))


def _ratios(page: Any) -> list[float]:
    images = page.get_objects(filter=[pdfium.raw.FPDF_PAGEOBJ_IMAGE])
    boxes = [image.get_bounds() for image in images]
    return [(right - left) / (top - bottom) for left, bottom, right, top in boxes]


def _text(page: Any) -> str:
    return " ".join(page.get_textpage().get_text_range().split())


def answer(page: Any, *files: Path) -> None:
    page.set_input_files("#files", list(files))
    page.wait_for_selector(f"#list li:nth-child({len(files)})")
    page.wait_for_selector("#list:not(:has(.pending))")
    page.wait_for_selector("#print")
    page.evaluate(_STYLED)


def test_every_answered_picture_is_a_page_black_on_white_from_a_dark_screen_too(
    open_page: OpenPage, a_film: Path, another_film: Path, a_corrupt_film: Path
) -> None:
    by_name = {"film.png": _STRANGE, "another.jpeg": _NORMAL}

    def answering(route: Any) -> None:
        body = route.request.post_data_buffer
        stub = next((stub for name, stub in by_name.items() if name.encode() in body), None)
        (stub or stubs.problem(422, "corrupt_image"))(route)

    page = open_page({"**/predict?*": answering}, color_scheme="dark", locale="es-ES")
    answer(page, a_film, another_film, a_corrupt_film)
    strange, normal, refused = printed(page)
    assert [part for part in ["film.png", *_FACTS] if part not in strange.text] == []
    warned, verdict = map(strange.text.index, ("Esto no se parece", "No válido: Neumonía"))
    assert warned < verdict
    assert "another.jpeg Normal" in normal.text
    assert "Mapa de calor para Neumonía, con una intensidad del 60 %" in normal.text
    assert "corrupt.jpeg: El archivo está dañado" in refused.text
    assert "corrupt.jpeg" not in strange.text + normal.text
    for sheet in (strange, normal, refused):
        light = sheet.light
        edges = (light[:_MARGIN_PX], light[-_MARGIN_PX:], light[:, :_MARGIN_PX])
        assert min(map(np.min, edges)) == 255
        assert np.median(light) == 255
        assert light.min() < 40
    # The picture, the picture once more, and its layer.
    assert strange.ratios == [pytest.approx(640 / 520, rel=0.02)] * 3
    assert normal.ratios == [pytest.approx(400 / 500, rel=0.02)] * 3
    assert page.locator("#report").inner_html() == ""


def test_print_prints_this_picture_or_all_once_they_can_be_seen(
    open_page: OpenPage, a_film: Path, another_film: Path
) -> None:
    page = open_page({"**/predict?*": stubs.answered()})
    answer(page, a_film, another_film)
    page.evaluate(
        """() => {
            window.asked = [];
            window.print = () => {
                dispatchEvent(new Event("beforeprint"));
                const images = [...document.querySelectorAll("#report img")];
                window.asked.push([
                    document.querySelectorAll("#report .sheet").length,
                    images.filter((image) => image.complete && image.naturalWidth).length,
                ]);
                dispatchEvent(new Event("afterprint"));
            };
        }"""
    )
    page.click("#print")
    page.wait_for_function("() => asked.length == 1")
    page.click("#print-all")
    page.wait_for_function("() => asked.length == 2")
    page.keyboard.press("Control+p")
    page.wait_for_function("() => asked.length == 3")
    assert page.evaluate("asked") == [[1, 3], [2, 6], [2, 6]]


@pytest.mark.longer
def test_what_the_browser_cannot_show_is_drawn_for_paper_though_nobody_looked_at_it(
    open_page: OpenPage, tmp_path: Path
) -> None:
    files = [tmp_path / f"{name}.tiff" for name in ("one", "two", "three")]
    for file in files:
        file.write_bytes(encoded(film(640, 520), "TIFF"))
    page = open_page({"**/predict?*": stubs.from_service})
    answer(page, *files)
    page.evaluate("() => { window.print = () => document.body.classList.add('printed'); }")
    page.click("#print-all")
    page.wait_for_selector("body.printed")
    pictures = "[...document.querySelectorAll('#report img')].map((image) => image.naturalWidth)"
    layer = 256
    assert page.evaluate(pictures) == [640, 640, layer] * 3
    assert "cannot show this kind of picture." not in page.locator("#report").inner_text()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    # Seen later, it is as it was drawn.
    page.locator("#list .open").nth(1).click()
    page.wait_for_selector("#result figure:has-text('service drew it') .picture")


@pytest.mark.longer
def test_pictures_far_down_the_list_are_printed_like_those_in_view(
    open_page: OpenPage, tmp_path: Path
) -> None:
    files = [tmp_path / f"{place}.png" for place in range(60)]
    for file in files:
        file.write_bytes(encoded(film(1920, 1560)))
    page = open_page({"**/predict?*": stubs.answered()})
    answer(page, *files)
    loaded = (
        "() => [...document.querySelectorAll('#list img')].every((image) => image.naturalWidth)"
    )
    assert not page.evaluate(loaded)
    whole = [pytest.approx(640 / 520, rel=0.02)] * 3
    # Chromium 150 does not wait for what only printing makes it load: it says so, and comes later.
    for sheet in printed(page):
        assert sheet.ratios == whole or "not loaded yet" in sheet.text
    page.wait_for_function(loaded)
    for sheet in printed(page):
        assert sheet.ratios == whole
        assert "not loaded yet" not in sheet.text


@pytest.mark.longer
def test_a_page_without_an_answer_is_printed_as_it_is_on_white(open_page: OpenPage) -> None:
    (first, *_) = printed(open_page(color_scheme="dark"))
    assert "Drop pictures here" in first.text
    assert np.median(first.light) > 240


@pytest.mark.longer
@pytest.mark.parametrize("locale", ["en-GB", "es-ES"])
@pytest.mark.parametrize("paper", ["A4", "Letter"])
@pytest.mark.parametrize("landscape", [False, True])
def test_however_much_there_is_to_say_a_picture_takes_one_page(
    open_page: OpenPage, tmp_path: Path, locale: str, paper: str, *, landscape: bool
) -> None:
    labels = {f"label_{number}_with_a_rather_long_name": 0.0001 for number in range(999)}
    doubtful = {"predicted_class": "glass", "confidence": 0.8, "warnings": ["uncertain"]}
    outputs = dict.fromkeys(("first", "second", "third", "fourth", "fifth"), doubtful)
    outputs["age"] = {"value": 33.25, "unit": "years", "warnings": []}
    much = stubs.answered(
        warnings=["uncertain", "out_of_distribution"],
        probabilities={"the_one": 0.9, **labels},
        predicted_class="the_one",
        outputs=outputs,
        dicom={"modality": "CR", "view": "LLD", "laterality": "U", "body_part": "CHESTABDPELVIS",
               "age_years": 1.5, "frame": 12, "frames": 300, "window": "linear_exact"},
    )  # fmt: skip
    sizes, files = [(640, 520), (200, 1600), (1800, 300), (64, 64)] * 5, []
    for place, (width, height) in enumerate(sizes):
        files.append(tmp_path / f"{place}_{'a_very_long_name_' * 10}.png")
        files[-1].write_bytes(encoded(film(width, height)))
    page = open_page({"**/predict?*": much}, locale=locale)
    answer(page, *files)
    sheets = printed(page, format=paper, landscape=landscape)
    assert len(sheets) == 20
    for place, (sheet, (width, height)) in enumerate(zip(sheets, sizes, strict=True)):
        assert sheet.ratios == [pytest.approx(width / height, rel=0.05)] * 3
        assert f"{place}_a_very" in sheet.text
        assert "33.25 years".replace(".", "," if locale == "es-ES" else ".") in sheet.text
        assert _HASH[:32] in sheet.text
        assert "name_.png" in sheet.text.replace(" ", "")
