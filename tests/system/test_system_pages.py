"""The answers that the pages of the five systems show are those that the systems give."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from builders import encoded
from documents import DOCS, ROOT, text_of
from shown_answers import as_shown
from vistazo.training.drawn.documents import draw_document
from vistazo.training.drawn.parts import draw_part

LEAVES = ROOT.parent / "shared" / "data" / "leaves" / "Cedar_apple_rust"


def blocks(page: str) -> list[Any]:
    found = re.findall(r"```json\n(.*?)```", text_of(f"systems/{page}"), re.DOTALL)
    return [json.loads(block) for block in found]


def part() -> bytes:
    return encoded(draw_part(100_000, is_sound=False))


def document() -> bytes:
    return encoded(draw_document(300_000))


def leaf() -> bytes:
    if not LEAVES.is_dir():
        pytest.skip("the photographs of leaves are not here")
    return min(LEAVES.iterdir()).read_bytes()


@pytest.mark.longer
@pytest.mark.parametrize(
    ("page", "model", "picture"),
    [
        ("quality.md", "parts/trained_best_model2.h5", part),
        ("pictures.md", "pictures/finalModel.keras", document),
        ("leaves.md", "leaves/leaves.keras", leaf),
    ],
)
def test_a_page_shows_what_the_system_answers(
    page: str, model: str, picture: Callable[[], bytes], running: Callable[..., Any]
) -> None:
    (shown,) = blocks(page)
    sent = {"file": (shown["filename"], picture())}
    with running(MODEL_PATH=str(ROOT / "artifacts" / model)) as service:
        answer = httpx.post(f"{service.url}/predict", files=sent).json()
    assert list(answer) == list(shown)
    assert as_shown(answer) == as_shown(shown)


@pytest.mark.longer
def test_the_page_on_news_shows_what_it_answers(running: Callable[..., Any]) -> None:
    asked, shown = blocks("news.md")
    with running(MODEL_PATH=str(ROOT / "artifacts" / "news" / "news.joblib")) as service:
        assert httpx.post(f"{service.url}/falsetrue", json=asked).json() == shown
        answer = httpx.post(f"{service.url}/predict", json={"text": asked["texts"][0]}).json()
    assert answer["warnings"] == ["out_of_distribution"]


@pytest.mark.longer
def test_the_page_on_texts_shows_what_is_printed_of_them(
    vistazo: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "texts.json").write_text(json.dumps(blocks("news.md")[0]["texts"]), "utf-8")
    monkeypatch.setenv("MODEL_PATH", str(ROOT / "artifacts" / "news" / "news.joblib"))
    done = vistazo("predict", "--json", "texts.json", cwd=tmp_path)
    shown = re.search(r"```json\n(.*?)```", text_of("texts.md"), re.DOTALL)
    assert shown
    assert as_shown(json.loads(done.stdout)) == json.loads(shown[1])


def test_there_is_a_page_for_each_system_and_it_begins_alike() -> None:
    pages = sorted(page.name for page in (DOCS / "systems").glob("*.md") if ".es." not in page.name)
    assert pages == ["leaves.md", "news.md", "pictures.md", "pneumonia.md", "quality.md"]
    for page in pages:
        headings = re.findall(r"^## (.*)", text_of(f"systems/{page}"), re.MULTILINE)
        assert headings[:2] == ["Run it and ask it", "How good is it?"]
        assert f"./scripts/demo {page.removesuffix('.md')}\n" in text_of(f"systems/{page}")
