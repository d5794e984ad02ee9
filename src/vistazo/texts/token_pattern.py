"""The pattern that finds the words of a text, and what a text may cost with it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from re import _parser as parser  # type: ignore[attr-defined]

import numpy as np

from vistazo.errors import TextTooCostlyError
from vistazo.texts.character_sets import Bounds, all_characters, bounds_of, run_lengths
from vistazo.texts.pattern_shape import PatternShape
from vistazo.texts.pattern_source import UnsafePatternError

__all__ = ["TokenPattern", "UnsafePatternError", "token_pattern"]

_LONGEST = 1000
# Of what a pattern may try: half a second to two.
_MOST_STEPS = 5e7
# Known to be linear; a test looks that they are. To find it out takes a tenth of a second.
LINEAR = frozenset(
    {r"(?u)\b\w\w+\b", r"\b\w\w+\b", r"(?u)\b\w+\b", r"\b\w+\b", r"\w+", r"\S+", r"[a-zA-Z]+"}
)


@dataclass(frozen=True, eq=False)
class Effort:
    """How much a pattern may try, for a text's runs of the characters that it matches.

    At each place of a run of n characters at most (n + 1) ** ``exponent``, times ``factor``; where
    it ``is_anchored`` it begins at the run's two ends only. ``peeked`` are the characters of which
    it looks ahead at any number, m of them with (m + 1) ** ``peek_exponent`` steps: before
    anything else (``peeks_first``), or where the run ends (``peeks_last``), or anywhere.
    """

    consumed: Bounds
    exponent: int
    factor: int
    is_anchored: bool
    peeked: Bounds | None = None
    peek_exponent: int = 0
    peeks_first: bool = False
    peeks_last: bool = False

    def steps(self, text: str) -> float:
        runs = run_lengths(text, self.consumed) + 1.0
        starts = np.minimum(runs, 2.0) if self.is_anchored else runs
        peek, n_first = 0.0, 0
        if self.peeked is not None:
            longest = run_lengths(text, self.peeked).max(initial=0) + 1.0
            peek, n_first = longest**self.peek_exponent, len(text) if self.peeks_first else 0
        at_each = runs ** (self.exponent - 1) * (
            runs + peek if self.peeks_last else runs * max(1.0, peek)
        )
        return float(self.factor * (starts * at_each).sum() + n_first * peek)


@dataclass(frozen=True, eq=False)
class TokenPattern:
    """``effort`` is None where any text costs as much as it is long."""

    pattern: str
    effort: Effort | None = None

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.pattern)

    def found_in(self, text: str) -> list[str]:
        """All words in order; of a pattern with a group, what the group has.

        Raises TextTooCostlyError before a search that could take too long.
        """
        if self.effort is not None and self.effort.steps(text) > _MOST_STEPS:
            raise TextTooCostlyError(
                "To find the words of the text could take too long: it is long, or something in it "
                "is very long without a space. Send a shorter one, or take that out."
            )
        return self._compiled.findall(text)


def token_pattern(pattern: str) -> TokenPattern:
    """Raises UnsafePatternError where ``re`` cannot be given it, whatever the text."""
    if pattern in LINEAR:
        return TokenPattern(pattern)
    if len(pattern) > _LONGEST:
        raise UnsafePatternError(f"is longer than {_LONGEST:,} characters")
    try:
        compiled = re.compile(pattern)
        parsed = parser.parse(pattern)
    except (re.error, RecursionError, OverflowError, ValueError) as error:
        raise UnsafePatternError("is no regular expression") from error
    if compiled.groups > 1:
        raise UnsafePatternError("has more than one group")
    return TokenPattern(pattern, effort_of(PatternShape(compiled.flags, all_characters()), parsed))


def effort_of(shape: PatternShape, parsed: object) -> Effort | None:
    """None where it is linear. Raises UnsafePatternError."""
    shape.read(parsed)  # type: ignore[arg-type]
    if shape.fails_early:
        return None
    is_anchored = shape.is_anchored and not (shape.consumed & ~shape.words).any()
    if is_anchored and shape.exponent == 1 and not shape.peeks:
        return None
    effort = Effort(bounds_of(shape.consumed), shape.exponent, shape.n_choices, is_anchored)
    if not shape.peeks:
        return effort
    if len(shape.peeks) > 1:
        raise UnsafePatternError("looks ahead at any length more than once")
    peek = shape.peeks[0]
    return replace(
        effort,
        factor=effort.factor * peek.n_choices,
        peeked=bounds_of(peek.consumed),
        peek_exponent=peek.exponent,
        peeks_first=shape.peeks_first,
        peeks_last=not (shape.consumed & peek.consumed).any(),
    )
