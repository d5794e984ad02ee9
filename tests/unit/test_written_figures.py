"""What documents tell of a model's figures is what its card says."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from builders import card
from vistazo.models.card_file import read_card, write_card
from worth_cases import figure, of_two

ROOT = Path(__file__).parents[2]
CARD = "artifacts/pneumonia/pneumonia.card.yaml"
DOCUMENT = "Before.\n<!-- figures: some.card.yaml -->\nold\n<!-- end of figures -->\nAfter.\n"
EXPECTED = """\
Before.
<!-- figures: some.card.yaml -->

- **Own** (626 pictures): of 100 BRIGHT pictures it misses 3 (0 to 10); of 100 DARK pictures it
  calls 10 BRIGHT.
- **Adults** (1,080 pictures): of 100 pictures it marks 93 (90 to 95) as not of the kind it knows.

| | pictures | AUC | sensitivity | specificity | marked as not its kind |
|---|---|---|---|---|---|
| Own | 626 | | 0.970 (0.900 to 1.000) | 0.900 | |
| Adults | 1,080 | | | | 0.925 (0.900 to 0.950) |

<!-- end of figures -->
After.
"""
with_figures = runpy.run_path(str(ROOT / "scripts" / "write_figures.py"))["with_figures"]


@pytest.mark.parametrize(
    ("document", "card"),
    [
        ("docs/systems/pneumonia.md", CARD),
        ("docs/systems/pneumonia.es.md", CARD),
        ("docs/systems/leaves.md", "artifacts/leaves/leaves.card.yaml"),
        ("docs/systems/leaves.es.md", "artifacts/leaves/leaves.card.yaml"),
        ("docs/systems/quality.md", "artifacts/parts/trained_best_model2.card.yaml"),
        ("docs/systems/quality.es.md", "artifacts/parts/trained_best_model2.card.yaml"),
        ("docs/systems/pictures.md", "artifacts/pictures/finalModel.card.yaml"),
        ("docs/systems/pictures.es.md", "artifacts/pictures/finalModel.card.yaml"),
        ("artifacts/pneumonia/README.md", CARD),
        ("artifacts/leaves/README.md", "artifacts/leaves/leaves.card.yaml"),
        ("artifacts/parts/README.md", "artifacts/parts/trained_best_model2.card.yaml"),
        ("artifacts/pictures/README.md", "artifacts/pictures/finalModel.card.yaml"),
    ],
)
def test_a_document_tells_the_figures_of_the_card(document: str, card: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    word = "cifras" if document.endswith(".es.md") else "figures"
    begin, end = f"<!-- {word}: {card} -->\n", "<!-- end of figures -->"
    told = with_figures(text, ROOT).partition(begin)[2].partition(end)[0]
    rows = [line for line in told.splitlines() if line.startswith("| ")][1:]
    assert len(rows) == len(read_card(ROOT / card).figures) > 0
    assert text.partition(begin)[2].partition(end)[0] == told, (
        f"Run '.venv/bin/python scripts/write_figures.py'; it writes into {document}:\n{told}"
    )


def test_each_group_gets_its_sentence_and_its_row_and_the_rest_stays(tmp_path: Path) -> None:
    groups = {
        "own": of_two(figure(0.97, 0.9, 1), 0.9, auc=figure(None, None, None)),
        "adults": {"pictures": 1080, "out_of_distribution": figure(0.925, 0.9, 0.95)},
    }
    write_card(card(figures=groups), tmp_path / "some.card.yaml")
    assert with_figures(DOCUMENT, tmp_path) == EXPECTED


def test_a_spanish_page_has_the_table_in_spanish(tmp_path: Path) -> None:
    title = {"en": "Adults", "es": "Adultos"}
    groups = {
        "unseen_pictures_of_the_same_collection": of_two(figure(0.97, 0.9, 1), 0.9),
        "adults": {"title": title, "pictures": 1080, "out_of_distribution": figure(0.925, 0.9, 1)},
    }
    write_card(card(figures=groups), tmp_path / "some.card.yaml")
    told = with_figures(DOCUMENT.replace("figures: ", "cifras: "), tmp_path)
    assert "sensibilidad | especificidad | señaladas como extrañas |" in told
    assert "| Adultos | 1.080 |" in told
    assert "| 0,925 (0,900 a 1,000) |" in told
    assert "| Imágenes no vistas de la misma colección |" in told


def test_a_block_without_an_end_is_told_and_nothing_is_lost() -> None:
    with pytest.raises(ValueError, match="end of figures"):
        with_figures(DOCUMENT.replace("<!-- end", "<!-- and"), ROOT)
