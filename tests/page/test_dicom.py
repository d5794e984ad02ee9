"""DICOM on the page: what no browser can show, in folders without suffixes, with a header that says
of whom and from where.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from builders import encoded, film
from dicom_files import dicom_file
from page import stubs
from page.test_appearance import scan_in_both_schemes
from page.test_closer import pixels_of, saved_by
from page.test_report import printed
from page.windows import speak
from vistazo.api import page_routes
from vistazo.pictures.header_codes import BODY_PART_WORDS, LATERALITIES, VIEWS, WINDOWS

OpenPage = Callable[..., Any]

HEADER = {
    "modality": "CR",
    "view": "PA",
    "laterality": "U",
    "body_part": "CHEST",
    "age_years": 4.0,
    "frame": 1,
    "frames": 1,
    "window": "linear",
}
PAGE = Path(page_routes.__file__).with_name("page")
_FRONTAL = {"Modality": "CR", "ViewPosition": "PA", "PatientAge": "004Y"}


def dicom_of(width: int, height: int, **keywords: Any) -> bytes:
    """A film of 12 bits, seen through a window that leaves out a quarter of its values."""
    levels = np.asarray(film(width, height), np.uint16) * 16
    window = {"WindowCenter": 2048, "WindowWidth": 3072}
    return dicom_file(levels, bits_stored=12, **{**_FRONTAL, **window, **keywords})


@pytest.fixture(scope="module")
def a_dicom(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dicom") / "IM000001.dcm"
    path.write_bytes(dicom_of(640, 520))
    return path


def as_read(url: str, file: Path, **query: int) -> Image.Image:
    answer = httpx.post(f"{url}/preview", files={"file": file.read_bytes()}, params=query)
    assert answer.status_code == 200, answer.text
    return Image.open(io.BytesIO(answer.content))


def opened(open_page: OpenPage, *files: Path, stub: Any = None, **look: Any) -> Any:
    page = open_page(stub, **look)
    page.set_input_files("#files", list(files))
    page.wait_for_selector(f"#list li:nth-child({len(files)})")
    page.wait_for_selector("#list:not(:has(.pending))")
    return page


def answered(**fields: Any) -> dict[str, stubs.Stub]:
    return {"**/predict?explain=*": stubs.answered(**fields)}


def previewing(asked: list[str], then: stubs.Stub = stubs.from_service) -> dict[str, stubs.Stub]:
    """``asked`` are the names of the files and the sides that they are wanted with."""

    def answer(route: Any) -> None:
        name = re.search(rb'filename="([^"]+)"', route.request.post_data_buffer)
        assert name
        side = route.request.url.partition("max_side_px=")[2]
        asked.append(f"{name[1].decode()} {side}")
        then(route)

    return {"**/preview?*": answer}


SHOWN = "#result figure:has-text('the service drew it') .picture"


# ---- what is seen


@pytest.mark.longer
def test_a_dicom_file_is_classified_and_shown_as_windowed_under_its_heatmap(
    open_page: OpenPage, service_url: str, a_dicom: Path, tmp_path: Path
) -> None:
    page = opened(open_page, a_dicom)
    page.wait_for_selector(SHOWN)
    assert "%" in page.locator("#result .said").inner_text()
    assert page.locator("#result .heat").is_visible()
    page.wait_for_function("() => document.querySelector('#list img')?.naturalWidth > 0")
    page.click("#layer")
    saved = pixels_of(saved_by(page, tmp_path))[:520]
    read = np.asarray(as_read(service_url, a_dicom).convert("RGB"), np.int16)
    assert np.array_equal(saved, read)
    assert read.min() == 0
    assert read.max() == 255
    page.get_by_role("button", name="Zoom in").click()
    assert page.locator(".zoom output").inner_text() == "150%"
    page.click("text=What the model saw")
    page.wait_for_selector("#result .seen")
    page.click("#result >> text='Picture'")
    page.wait_for_selector(SHOWN)


@pytest.mark.longer
def test_paper_has_the_picture_its_heatmap_and_what_the_header_said(
    open_page: OpenPage, a_dicom: Path
) -> None:
    page = opened(open_page, a_dicom, stub=answered(dicom=HEADER), locale="es-ES")
    page.wait_for_selector("#result .picture")
    page.wait_for_selector("#print")
    [sheet] = printed(page)
    assert sheet.ratios == [pytest.approx(640 / 520, rel=0.02)] * 3
    assert (
        "Cabecera Proyección: posteroanterior (PA); Edad: 4 años; Lado: impar; Modalidad"
        in sheet.text
    )
    page.evaluate("() => { window.print = () => document.body.classList.add('printed'); }")
    page.click("#print")
    page.wait_for_selector("body.printed")
    widths = "[...document.querySelectorAll('#report img')].map((image) => image.naturalWidth)"
    assert page.evaluate(widths) == [640, 640, 256]


@pytest.mark.longer
def test_one_is_drawn_at_a_time_what_is_looked_at_first_and_none_before_its_answer(
    open_page: OpenPage, tmp_path: Path
) -> None:
    files = [tmp_path / f"{place}.dcm" for place in range(4)]
    for file in files:
        file.write_bytes(dicom_of(96, 96))
    asked: list[str] = []
    held: list[Any] = []
    stub = {**answered(), **previewing(asked, stubs.holding(held))}
    page = opened(open_page, *files, stub=stub)
    page.wait_for_selector("#result .blind:has-text('is drawing it')")
    wait_for(page, lambda: held)
    page.wait_for_timeout(150)
    assert asked == ["0.dcm 1600"], "one at a time"
    # Who looks at another waits for none that nobody looks at any more.
    page.locator("#list .open").nth(2).click()
    wait_for(page, lambda: len(asked) == 2)
    assert asked[1] == "2.dcm 1600"
    held[1].continue_()
    page.wait_for_selector(SHOWN)
    # Then the others in view, small ones.
    wait_for(page, lambda: len(held) == 3)
    held[2].continue_()
    wait_for(page, lambda: len(held) == 4)
    assert [each.split()[1] for each in asked[2:]] == ["96", "96"]
    assert page.locator("#list img").count() == 2
    # What is taken out is not drawn to its end, and what is drawn is drawn once.
    removed = asked[3].split()[0]
    page.click(f"[aria-label='Remove {removed}']")
    wait_for(page, lambda: len(held) == 5)
    held[4].continue_()
    wait_for(page, lambda: page.locator("#list img").count() == 3)
    page.wait_for_timeout(150)
    assert len(asked) == 5


def wait_for(page: Any, is_so: Callable[[], Any]) -> None:
    for _ in range(750):
        if is_so():
            return
        page.wait_for_timeout(20)
    raise AssertionError("it did not come")


@pytest.mark.longer
def test_before_it_is_sent_nothing_of_it_leaves_the_browser(
    open_page: OpenPage, a_dicom: Path
) -> None:
    asked: list[str] = []
    ask = {"**/model": stubs.described({}, on_card={"page": {"ask": True}})}
    page = open_page({**ask, **previewing(asked)})
    page.set_input_files("#files", a_dicom)
    page.wait_for_selector("#result .blind:has-text('once it is analysed')")
    page.wait_for_timeout(300)
    assert asked == []
    page.click("#predict")
    page.wait_for_selector(SHOWN)
    assert asked == ["IM000001.dcm 1600"]


@pytest.mark.longer
def test_a_drawing_that_fails_leaves_the_answer_standing_and_can_be_tried_again(
    open_page: OpenPage, a_dicom: Path
) -> None:
    failing = stubs.in_turn(stubs.problem(500, "internal"), stubs.from_service)
    page = opened(open_page, a_dicom, stub={**answered(), "**/preview?*": failing})
    page.wait_for_selector("#result .blind:has-text('could not draw it either')")
    assert "97%" in page.locator("#result .said").inner_text()
    assert page.locator("#result .heat").count() == 0
    scan_in_both_schemes(page)
    page.click("#draw-again")
    page.wait_for_selector(SHOWN)
    assert page.locator("#result .heat").is_visible()


@pytest.mark.longer
def test_only_some_drawings_are_held_and_all_go_when_the_list_is_cleared(
    open_page: OpenPage, tmp_path: Path
) -> None:
    files = [tmp_path / f"{place}.dcm" for place in range(15)]
    for file in files:
        file.write_bytes(dicom_of(40, 40))
    png = encoded(film(40, 40))
    drawn = {"**/preview?*": lambda route: route.fulfill(content_type="image/png", body=png)}
    page = opened(open_page, *files, stub={**answered(), **drawn}, own=True)
    page.evaluate(
        """() => {
            const [make, revoke] = [URL.createObjectURL, URL.revokeObjectURL];
            window.live = new Set();
            URL.createObjectURL = (blob) => { const url = make(blob); live.add(url); return url; };
            URL.revokeObjectURL = (url) => { live.delete(url); revoke(url); };
        }"""
    )
    for place in range(15):
        page.locator("#list .open").nth(place).click()
        page.wait_for_selector(f"#list li:nth-child({place + 1}) [aria-current]")
        page.wait_for_selector(SHOWN)
    # At most 12 large ones, and a small one of each.
    assert page.evaluate("live.size") <= 12 + 15
    page.locator("#list .open").first.click()
    page.wait_for_selector(SHOWN)
    page.click("#clear")
    assert page.evaluate("live.size") == 0


@pytest.mark.longer
def test_one_that_its_header_keeps_out_is_told_why_and_seen_in_the_list(
    open_page: OpenPage, a_dicom: Path
) -> None:
    asked: list[str] = []
    refused = {
        "status": 422,
        "code": "rejected_upload",
        "detail": "The header says an age of 42 years; the model was made for 1 to 5 years.",
        "errors": [{"rule": "age", "detail": "In technical words.", "figures": [42, 1, 5]}],
    }
    stub = {"**/predict?*": lambda route: route.fulfill(status=422, json=refused)}
    page = opened(open_page, a_dicom, stub={**stub, **previewing(asked)}, locale="es-ES")
    told = page.locator("#result .banner").inner_text()
    assert all(number in told for number in ("42", "1", "5"))
    assert "technical" not in told
    page.wait_for_function("() => document.querySelector('#list img')?.naturalWidth > 0")
    assert asked == ["IM000001.dcm 96"]


# ---- what the header said


@pytest.mark.longer
@pytest.mark.parametrize(
    ("language", "said", "short"),
    [
        (
            "English",
            [
                "View posteroanterior (PA)",
                "Age 4 years",
                "Side unpaired",
                "Modality computed radiography (CR)",
                "Body part chest",
                "Position turned, as the file asks",
            ],
            "PA · 4 years",
        ),
        (
            "Español",
            [
                "Proyección posteroanterior (PA)",
                "Edad 4 años",
                "Lado impar",
                "Modalidad radiografía computarizada (CR)",
                "Parte del cuerpo tórax",
                "Posición enderezada, como pide el archivo",
            ],
            "PA · 4 años",
        ),
    ],
    ids=["en", "es"],
)
def test_result_list_and_csv_say_what_the_header_said(
    open_page: OpenPage, a_dicom: Path, language: str, said: list[str], short: str
) -> None:
    dicom = {**HEADER, "frame": 2, "frames": 30, "turned": True}
    page = opened(open_page, a_dicom, stub=answered(dicom=dicom))
    speak(page, language)
    told = " ".join(page.locator("#header-said").inner_text().split())
    assert [each for each in said if each not in told] == []
    assert re.search("2 (of|de) 30", told)
    assert short in page.locator("#list .state").inner_text()
    with page.expect_download() as download:
        page.click("#csv")
    text = Path(download.value.path()).read_text("utf-8-sig")
    [row] = csv.DictReader(io.StringIO(text))
    assert (row["modality"], row["view"], row["age_years"]) == ("CR", "PA", "4")
    assert (row["frame"], row["frames"], row["laterality"]) == ("2", "30", "U")
    assert row["turned"] == "true"


AGES = {
    0.0: ("under 1 month", "menos de 1 mes"),
    0.08: ("1 month", "1 mes"),
    0.25: ("3 months", "3 meses"),
    1.41: ("17 months", "17 meses"),
    1.99: ("23 months", "23 meses"),
    2.0: ("2 years", "2 años"),
    5.9: ("5 years", "5 años"),
    101: ("101 years", "101 años"),
}


def test_ages_are_told_as_people_tell_them(open_page: OpenPage) -> None:
    ages = "all => import('/page/header.js').then(({ ageText }) => all.map(ageText))"
    for place, locale in enumerate(("en-GB", "es-ES")):
        told = open_page(locale=locale).evaluate(ages, list(AGES))
        assert told == [texts[place] for texts in AGES.values()]


def test_every_code_that_an_answer_can_tell_has_words_in_both_languages() -> None:
    text = (PAGE / "header.js").read_text("utf-8")
    for name, codes in (("views", VIEWS), ("sides", LATERALITIES), ("windows", WINDOWS)):
        tables = re.findall(rf"{name}: {{(.*?)}}", text, re.DOTALL)
        assert len(tables) == 2
        for table in tables:
            assert set(re.findall(r"(\w+): \"", table)) == set(codes)


def test_every_body_part_that_an_answer_can_tell_has_words() -> None:
    text = (PAGE / "header_codes.js").read_text("utf-8")
    [table] = re.findall(r"PARTS = {(.*?)\n}", text, re.DOTALL)
    rows = re.findall(r'(\w+): \["([^"]+)", "([^"]+)"\]', table)
    assert {code for code, *_ in rows} == set(BODY_PART_WORDS.values())


@pytest.mark.longer
def test_of_a_picture_that_is_no_dicom_nothing_is_said_of_a_header(
    open_page: OpenPage, a_film: Path
) -> None:
    page = opened(open_page, a_film, stub=answered())
    assert page.locator("#header-said, #list small").count() == 0
    with page.expect_download() as download:
        page.click("#csv")
    assert "modality" not in Path(download.value.path()).read_text("utf-8-sig")


@pytest.mark.longer
def test_what_the_service_reads_in_a_header_is_what_the_page_says(
    open_page: OpenPage, a_dicom: Path
) -> None:
    page = opened(open_page, a_dicom)
    told = " ".join(page.locator("#header-said").inner_text().split())
    for said in ("posteroanterior (PA)", "Age 4 years", "(CR)", "by the window"):
        assert said in told


# ---- a phone, and those who cannot see


@pytest.mark.longer
@pytest.mark.parametrize("width", [320, 390, 1440])
def test_with_a_header_nothing_is_wider_than_the_window_and_axe_finds_no_fault(
    open_page: OpenPage, a_dicom: Path, width: int
) -> None:
    warnings = ["other_view", "other_age", "burned_in_annotation", "one_of_several_frames"]
    stub = answered(dicom={**HEADER, "view": "LLD", "frames": 30}, warnings=warnings)
    look = {"viewport": {"width": width, "height": 800}, "locale": "es-ES"}
    page = opened(open_page, a_dicom, stub=stub, **look)
    page.wait_for_selector("#result .picture")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert "añade" not in page.locator("#result").inner_text(), "a warning without words"
    scan_in_both_schemes(page)


# ---- folders


@pytest.fixture(scope="module")
def a_disc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    disc = tmp_path_factory.mktemp("disc")
    for folder in ("DICOM/PAT0", "DICOM/PAT1", ".Trashes", "__MACOSX"):
        (disc / folder).mkdir(parents=True)
    small = dicom_of(64, 64)
    for name in ("DICOM/PAT0/1.2.840.113619.2.5", "DICOM/PAT1/IM1", ".Trashes/IM9", ".hidden"):
        (disc / name).write_bytes(small)
    (disc / "__MACOSX" / "x.png").write_bytes(encoded(film(64, 64)))
    (disc / "DICOM" / "PAT1" / "b.png").write_bytes(encoded(film(64, 64)))
    for name in ("DICOMDIR", "README", "viewer.exe", "DICOM/1.2.3"):
        (disc / name).write_bytes(small if name == "DICOMDIR" else b"no picture" * 30)
    return disc


@pytest.mark.longer
def test_of_a_chosen_folder_the_pictures_are_taken_and_the_others_counted(
    open_page: OpenPage, a_disc: Path
) -> None:
    page = open_page(answered(), locale="es-ES")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Elegir una carpeta").press("Enter")
    chooser.value.set_files(a_disc)
    page.wait_for_selector("#found:has-text('imágenes 3, otros archivos 4')")
    assert page.locator("#list .name").all_inner_texts() == [
        "1.2.840.113619.2.5", "IM1", "b.png",
    ]  # fmt: skip


DROP = """() => {
    const file = (name, text) => ({
        isDirectory: false, name, file: (then) => then(new File([text], name)),
    });
    const folder = (name, within) => ({
        isDirectory: true, name,
        createReader: () => {
            const left = [...within];
            return { readEntries: (then) => then(left.splice(0, 2)) };
        },
    });
    const dicom = "\\0".repeat(128) + "DICM";
    const gone = { isDirectory: false, name: "IM3", file: (then, fail) => fail(new Error("gone")) };
    const top = folder("disc", [
        file("IM2", dicom), file("DICOMDIR", dicom), file(".IM", dicom), file("notes", "text"),
        folder("below", [file("1.2.3", dicom), file("a.dcm", "")]), gone,
    ]);
    const event = new Event("drop", { bubbles: true, cancelable: true });
    const items = [top].map((entry) => ({ webkitGetAsEntry: () => entry }));
    Object.defineProperty(event, "dataTransfer", { value: { items, files: [] } });
    document.body.dispatchEvent(event);
}"""


@pytest.mark.longer
def test_a_folder_can_be_dropped_however_many_it_holds(open_page: OpenPage) -> None:
    page = open_page({**answered(), "**/preview?*": stubs.problem(422, "corrupt_image")})
    page.evaluate(DROP)
    page.wait_for_selector("#found:has-text('pictures 3, other files 3')")
    assert page.locator("#list .name").all_inner_texts() == ["IM2", "1.2.3", "a.dcm"]
