"""Cells of CSV that no spreadsheet takes for a formula, and that can be read again."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def guarded(value: object) -> object:
    """A text such as "=1+1" stands behind an apostrophe; what is no text is left as it is."""
    return f"'{value}" if isinstance(value, str) and _would_count(value) else value


def unguarded(cell: str) -> str:
    """The text that became this cell."""
    return cell[1:] if cell.startswith("'") and _would_count(cell) else cell


def csv_line(values: Sequence[object]) -> str:
    """With its line end (RFC 4180); numbers with six decimals."""
    out = io.StringIO(newline="")
    cells = [f"{v:.6f}" if isinstance(v, float) else guarded(v) for v in values]
    csv.writer(out).writerow(cells)
    return out.getvalue()


def _would_count(text: str) -> bool:
    """As a formula; with its apostrophes before it too, so that a guarded one is told from it."""
    return text.lstrip("'").startswith(_FORMULA)
