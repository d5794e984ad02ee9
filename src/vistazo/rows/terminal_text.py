"""Texts that others wrote, as a terminal shows them."""

from __future__ import annotations

import unicodedata


def plain(text: str) -> str:
    """Without what a terminal would obey; of the same length."""
    return "".join(c if unicodedata.category(c)[0] != "C" else "?" for c in text)
