"""Write a model's figures into the documents that tell them, as its card has them.

    .venv/bin/python scripts/write_figures.py

In docs/systems/*.md and artifacts/*/README.md, what stands between the two lines

    <!-- figures: artifacts/pneumonia/pneumonia.card.yaml -->
    <!-- end of figures -->

is replaced: a sentence for each group of the card's figures, and a table with a row for each. With
"cifras" in the place of "figures" the table alone, in Spanish.
Run it after a training; a test fails until then.
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from vistazo.answers.measured import group_name  # noqa: E402
from vistazo.cli.worth import worths  # noqa: E402
from vistazo.models.card import ModelCard  # noqa: E402
from vistazo.models.card_file import read_card  # noqa: E402

_BLOCK = re.compile(
    r"(?P<begin><!-- (?P<word>figures|cifras): (?P<card>\S+) -->\n)(?P<told>.*?)"
    r"(?P<end><!-- end of figures -->)",
    re.DOTALL,
)
_WIDTH = 100
_COLUMNS = {
    "pictures": "pictures",
    "auc": "AUC",
    "accuracy": "accuracy",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "expected_calibration_error": "calibration error",
    "out_of_distribution": "marked as not its kind",
}
_SPANISH = {
    "pictures": "imágenes",
    "auc": "AUC",
    "accuracy": "exactitud",
    "sensitivity": "sensibilidad",
    "specificity": "especificidad",
    "expected_calibration_error": "error de calibración",
    "out_of_distribution": "señaladas como extrañas",
    # Groups that every training has; others have their titles in the card.
    "unseen_pictures_of_the_same_collection": "Imágenes no vistas de la misma colección",
    "those_that_look_like_the_other_label": "Las que se parecen a la otra etiqueta",
}


def with_figures(text: str, root: Path) -> str:
    """The document ``text`` with every block as the card says now; cards lie under ``root``.

    Raises ValueError where a block does not end, CardError where a card cannot be read.
    """
    if len(re.findall("<!-- (?:figures|cifras): ", text)) != len(_BLOCK.findall(text)):
        raise ValueError(
            "'<!-- figures: CARD -->' needs a line '<!-- end of figures -->' below it."
        )
    return _BLOCK.sub(lambda block: _written(block, read_card(root / block["card"])), text)


def _written(block: re.Match[str], card: ModelCard) -> str:
    spanish = block["word"] == "cifras"
    lines = _spanish_table(card) if spanish else [*_sentences(card), "", *_table(card)]
    return block["begin"] + "\n".join(["", *lines, "", block["end"]])


def _sentences(card: ModelCard) -> Iterator[str]:
    for worth in worths(card, card.figures):
        sentence = str(worth).replace(worth.group, f"**{worth.group}**", 1)
        yield from textwrap.wrap(
            sentence,
            _WIDTH,
            initial_indent="- ",
            subsequent_indent="  ",
            break_on_hyphens=False,
            break_long_words=False,
        )


def _table(card: ModelCard) -> Iterator[str]:
    columns = [name for name in _COLUMNS if any(name in group for group in card.figures.values())]
    yield _row(["", *(_COLUMNS[name] for name in columns)])
    yield "|" + "---|" * (1 + len(columns))
    for name, group in card.figures.items():
        cells = [_in_words(group[column]) if column in group else "" for column in columns]
        yield _row([group_name(name, group, card.language), *cells])


def _spanish_table(card: ModelCard) -> Iterator[str]:
    """The same rows, with Spanish words and commas."""
    named = {
        name: {**group, "title": _SPANISH.get(name) or group_name(name, group, card.language, "es")}
        for name, group in card.figures.items()
    }
    head, *rows = _table(card.model_copy(update={"figures": named}))
    for name, words in _COLUMNS.items():
        head = head.replace(f"| {words} |", f"| {_SPANISH[name]} |")
    yield head
    for row in rows:
        swapped = re.sub(r"(?<=\d)[.,](?=\d)", lambda mark: ",."[mark[0] == ","], row)
        yield swapped.replace(" to ", " a ")


def _row(cells: list[str]) -> str:
    return "|" + "|".join(f" {cell} " if cell else " " for cell in cells) + "|"


def _in_words(figure: Mapping[str, Any] | float | None) -> str:
    """``0.998 (0.996 to 1.000)``, a count as it is; nothing where it is undefined."""
    if isinstance(figure, int):
        return f"{figure:,}"
    parts = figure if isinstance(figure, Mapping) else {"value": figure}
    value, low, high = (parts.get(name) for name in ("value", "low", "high"))
    if value is None:
        return ""
    return f"{value:.3f}" + ("" if low is None or high is None else f" ({low:.3f} to {high:.3f})")


def main() -> int:
    pages = [*ROOT.glob("docs/systems/*.md"), *ROOT.glob("artifacts/*/README.md")]
    for document in sorted(pages):
        before = document.read_text(encoding="utf-8")
        after = with_figures(before, ROOT)
        if after != before:
            document.write_text(after, encoding="utf-8")
            print(f"{document.relative_to(ROOT)} has the figures of its card now.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
