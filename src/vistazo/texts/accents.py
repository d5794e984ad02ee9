"""Accents taken off, as scikit-learn's strip_accents_ascii and strip_accents_unicode do it.

These bring the whole text into a normal form, NFKD (Unicode Standard Annex 15): each character is
decomposed, then marks that combine are put in order. That takes time with the square of their
number, 40 s for a hundred thousand marks in a row. All marks are dropped afterwards, so that their
order does not matter: here characters are decomposed one by one, each kind of them once.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

# "unicode_once": as before scikit-learn 0.22, where a text that is decomposed already is left.
Accents = Literal["", "ascii", "unicode", "unicode_once"]

_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_FEW = 32


def without_accents(text: str, accents: Accents) -> str:
    if not accents or text.isascii():
        return text
    if accents == "ascii":
        return text.translate(_Ascii())
    if accents == "unicode_once" and unicodedata.is_normalized("NFKD", text):
        return text
    found = set(_NOT_ASCII.findall(text))
    if len(found) > _FEW:
        return text.translate(_WithoutMarks())
    for each in found:  # ten times as fast as a table, where a language has a dozen of them
        text = text.replace(each, _without_marks(each))
    return text


class _Ascii(dict[int, str]):
    """Of each character what is ASCII in its decomposition; nothing for others."""

    def __missing__(self, code: int) -> str:
        decomposed = unicodedata.normalize("NFKD", chr(code))
        self[code] = "".join(each for each in decomposed if each.isascii())
        return self[code]


class _WithoutMarks(dict[int, str]):
    """Of each character its decomposition without marks that combine."""

    def __missing__(self, code: int) -> str:
        self[code] = _without_marks(chr(code))
        return self[code]


def _without_marks(character: str) -> str:
    decomposed = unicodedata.normalize("NFKD", character)
    return "".join(each for each in decomposed if not unicodedata.combining(each))
