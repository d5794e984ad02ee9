"""A pattern from a stranger's file never takes more than its share of time."""

import re
import time
from re import _parser as parser  # type: ignore[attr-defined]

import numpy as np
import pytest

from vistazo.errors import TextTooCostlyError
from vistazo.texts.character_sets import all_characters, bounds_of, run_lengths
from vistazo.texts.pattern_shape import PatternShape
from vistazo.texts.token_pattern import (
    LINEAR,
    Effort,
    TokenPattern,
    UnsafePatternError,
    effort_of,
    token_pattern,
)

_EVERYTHING = all_characters()
_KNOWN: dict[str, np.ndarray] = {}  # sets of characters, each found once


def _effort(pattern: str) -> Effort | None:
    shape = PatternShape(re.compile(pattern).flags, _EVERYTHING, _by_source=_KNOWN)
    return effort_of(shape, parser.parse(pattern))


@pytest.mark.parametrize(
    "pattern",
    [
        *sorted(LINEAR),
        r"(?u)\b\w\w+\b|!|\?",
        r"[a-z]+(?:[-'][a-z]+)*",
        r"\b([^\W\d_]+)\b",
        r"\b[a-zA-Z]{3,}\b",
        r"\w+(?:'\w+)?|[^\w\s]",
        r"(?<![\w#])\w{3,}",
        r"[^,]+",
    ],
)
def test_common_patterns_are_linear(pattern: str) -> None:
    assert _effort(pattern) is None


@pytest.mark.parametrize(
    ("pattern", "exponent", "is_anchored"),
    [
        (r"[A-Za-z0-9]+(?=\s+)", 1, False),
        (r"(?ui)\b\w*[a-z]+\w*\b", 3, True),
        (r"\w*[a-z]+\w*x", 3, False),
        (r"(?u)\w+(?:-\w+)+", 1, False),
        (r"(?:a|ab)*c", 1, False),
        (r"\w{50,}\b", 1, False),
        (r"(?>a+)b|[ac]+d", 1, False),
    ],
)
def test_of_others_the_text_says_how_far_they_go(
    pattern: str, exponent: int, is_anchored: bool
) -> None:
    effort = _effort(pattern)
    assert effort is not None
    assert (effort.exponent, effort.is_anchored) == (exponent, is_anchored)


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?:a|aa)+$",
        r"(?:a|a)*b",
        r"(?:\w+\s?)+!",
        r"(?:a+)+b",
        r"(?:.*a){12}",
        r"(?:a{1000}){1000}",
        r"(?:x?){40}y",
        r"(?:a*)*",
        r"(?:|)" * 30,
        r"(\w)\1",
        r"(?i:a)b",
        r"(?=a+)(?=b+)c",
        r"(?=a(?=b+))",
        "[a-z]" * 41,
        r"(?P<x>a)?(?(x)b|c)",
    ],
)  # fmt: skip
def test_patterns_that_could_go_on_without_end_are_refused(pattern: str) -> None:
    with pytest.raises(UnsafePatternError):
        _effort(pattern)


@pytest.mark.parametrize(
    "pattern", ["a" * 1001, "(" * 499 + ")" * 499, "[", "(a)(b)", "a{1,99999999999}"]
)
def test_what_is_no_pattern_for_words_is_refused(pattern: str) -> None:
    with pytest.raises(UnsafePatternError):
        token_pattern(pattern)


def test_a_long_run_is_refused_and_ordinary_text_is_not() -> None:
    pattern = TokenPattern(r"[A-Za-z0-9]+(?=\s+)", _effort(r"[A-Za-z0-9]+(?=\s+)"))
    assert pattern.found_in("one two, three four") == ["one", "three"]
    assert len(pattern.found_in("some words\n" * 9000)) == 18_000
    with pytest.raises(TextTooCostlyError, match="without a space"):
        pattern.found_in("ok " + "a" * 20_000)


@pytest.mark.longer
@pytest.mark.parametrize(
    "pattern", [r"[A-Za-z0-9]+(?=\s+)", r"\w*[a-z]+\w*x", r"(?=\S*['-])([a-z'-]+)", r"a*a*a*b"]
)
@pytest.mark.parametrize("unit", ["a", "a-", "a ", " ", "-"])
def test_what_is_not_refused_ends_soon(pattern: str, unit: str) -> None:
    """``re`` is asked for just what it is still allowed to do."""
    made = TokenPattern(pattern, _effort(pattern))
    n = 100_000
    while n > 1:
        try:
            start = time.process_time()
            made.found_in(unit * n)
            break
        except TextTooCostlyError:
            n = n * 2 // 3
    assert time.process_time() - start < 3


def test_runs_are_measured_in_characters() -> None:
    words = bounds_of(PatternShape(re.UNICODE, _EVERYTHING, _by_source=_KNOWN).words)
    assert run_lengths("añb 東京1_😀x\ud800", words).tolist() == [3, 4, 1]
    assert run_lengths("", words).tolist() == []
