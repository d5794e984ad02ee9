"""Patterns for words at random, and texts that make them try most: none takes long."""

from __future__ import annotations

import random
import re
import time
from re import _parser as parser  # type: ignore[attr-defined]

import numpy as np
import pytest

from vistazo.errors import TextTooCostlyError
from vistazo.texts.character_sets import all_characters
from vistazo.texts.pattern_shape import PatternShape
from vistazo.texts.token_pattern import TokenPattern, UnsafePatternError, effort_of

pytestmark = [pytest.mark.longer, pytest.mark.timeout(300)]

_PARTS = ["a", "b", "[ab]", r"\w", "-", "[^b]", ".", r"\s", " ", "[a-]", r"\b", r"\d"]
_OFTEN = ["*", "+", "?", "{2,}", "{2,5}", "*?", "+?", "{3}"]
_UNITS = ["a", "b", "ab", "a-", "a ", "a b-", "aab ", " ", "-", "ba", "1"]
_LONGEST_S = 3.0


def _pattern(chance: random.Random, depth: int) -> str:
    kind = chance.random()
    if depth == 0 or kind < 0.35:
        return chance.choice(_PARTS)
    first = _pattern(chance, depth - 1)
    if kind < 0.6:
        return first + _pattern(chance, depth - 1)
    if kind < 0.7:
        return f"(?:{first}|{_pattern(chance, depth - 1)})"
    if kind < 0.93:
        return f"(?:{first}){chance.choice(_OFTEN)}"
    return f"{chance.choice(['(?=', '(?!'])}{first})"


@pytest.mark.parametrize("seed", [1, 2])
def test_a_pattern_that_is_taken_ends_soon_on_any_text_that_is_taken(seed: int) -> None:
    """``re`` cannot be interrupted: one that does not end stops this test by its time limit."""
    chance, everything = random.Random(seed), all_characters()  # noqa: S311
    known: dict[str, np.ndarray] = {}
    taken, refused, until = 0, 0, time.monotonic() + 12
    while time.monotonic() < until:
        whole = "".join(_pattern(chance, 3) for _ in range(chance.choice([1, 2, 3])))
        pattern = chance.choice(["", "", r"\b"]) + whole + chance.choice(["", "", "b", r"\b", "$"])
        try:
            shape = PatternShape(re.compile(pattern).flags, everything, _by_source=known)
            made = TokenPattern(pattern, effort_of(shape, parser.parse(pattern)))
        except UnsafePatternError:
            refused += 1
            continue
        taken += 1
        for unit in _UNITS:
            _search(made, unit, chance.choice(["", "b", "!", " "]))
    assert taken > 30
    assert refused > 30


def _search(made: TokenPattern, unit: str, end: str) -> None:
    for n in (20_000,) if made.effort is None else (30, 100, 300, 1000, 4000):
        start = time.process_time()
        try:
            made.found_in((unit * n)[:n] + end)
        except TextTooCostlyError:
            return
        taken_s = time.process_time() - start
        assert taken_s < _LONGEST_S, (made.pattern, unit, n, taken_s)
