"""How right answers were, by those of which somebody said what was true.

These are seldom a fair sample of all answers: people tell of what surprised them. Where all answers
of a day are judged, right ones too, the figures are those of the day.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

_Z = 1.959964  # of the 95 % interval of a normal distribution
_BINS = 10
_MOST_PERIODS = 12
_FEWEST_IN_A_PERIOD = 20
WINDOW = 100


@dataclass(frozen=True, slots=True)
class JudgedAnswer:
    """``at_ms`` is when it was given (Unix time)."""

    at_ms: int
    is_right: bool
    confidence: float | None


@dataclass(frozen=True)
class Share:
    """``right`` of ``count``; ``low`` and ``high`` bound the share with 95 % confidence (Wilson
    1927).
    """

    right: int
    count: int
    value: float
    low: float
    high: float

    @staticmethod
    def of(right: int, count: int) -> Share:
        """Of at least one."""
        value, spread = right / count, _Z**2 / count
        middle = (value + spread / 2) / (1 + spread)
        half = math.sqrt(spread * value * (1 - value) + spread**2 / 4) / (1 + spread)
        low, high = max(0.0, middle - half), min(1.0, middle + half)
        return Share(right, count, value, min(low, value), max(high, value))


@dataclass(frozen=True)
class Period:
    """Of answers from ``from_ms`` to ``to_ms``, both included."""

    from_ms: int
    to_ms: int
    accuracy: Share


@dataclass(frozen=True)
class Worth:
    """Of one model's ``answers``, ``labelled`` of them were judged; the other figures are of the
    newest of these. ``newest`` are the last ``WINDOW``, None where there is none.
    """

    answers: int
    labelled: int
    accuracy: Share | None
    newest: Share | None
    expected_calibration_error: float | None
    over_time: tuple[Period, ...]

    @staticmethod
    def of(judged: Sequence[JudgedAnswer], answers: int, labelled: int) -> Worth:
        """``judged`` in the order of their time."""
        newest = judged[-WINDOW:]
        return Worth(
            answers,
            labelled,
            _accuracy(judged) if judged else None,
            _accuracy(newest) if newest else None,
            _calibration_error(judged),
            tuple(_period(part) for part in _parts(judged)),
        )


def _accuracy(judged: Sequence[JudgedAnswer]) -> Share:
    return Share.of(sum(each.is_right for each in judged), len(judged))


def _period(judged: Sequence[JudgedAnswer]) -> Period:
    return Period(judged[0].at_ms, judged[-1].at_ms, _accuracy(judged))


def _parts(judged: Sequence[JudgedAnswer]) -> list[Sequence[JudgedAnswer]]:
    """Of about as many each, so that their intervals are about as wide."""
    count = max(1, min(_MOST_PERIODS, len(judged) // _FEWEST_IN_A_PERIOD))
    bounds = [round(place * len(judged) / count) for place in range(count + 1)]
    return [judged[low:high] for low, high in pairwise(bounds) if high > low]


def _calibration_error(judged: Sequence[JudgedAnswer]) -> float | None:
    """Expected calibration error of the confidence, ten bins of equal width (Naeini et al. 2015).

    None where no answer has a confidence.
    """
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(_BINS)]
    for each in judged:
        if each.confidence is not None:
            place = min(int(each.confidence * _BINS), _BINS - 1)
            bins[place].append((each.confidence, each.is_right))
    total = sum(map(len, bins))
    gaps = (abs(sum(said - is_right for said, is_right in pairs)) for pairs in bins)
    return sum(gaps) / total if total else None
