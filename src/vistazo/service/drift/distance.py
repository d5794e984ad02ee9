"""How far two samples of counts are from each other, and whether that can be chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

_SMOOTHING = 0.5  # of an answer in each bin, so that an empty one is no infinity
_FEWEST_EXPECTED = 5.0  # in a bin, for chi-square to be near the truth (Cochran 1954)
_NEGLIGIBLE = 1e-17
# Answers come in bunches: X-rays of one patient, articles of one day, the same few hundred pictures
# of a test again and again. However many there are, they say no more than so many that have nothing
# to do with each other.
_SAY_AT_MOST = 600
# What has moved is seen as well with fewer bins, and what is chance less often.
_MOST_GROUPS = 5


@dataclass(frozen=True)
class Distance:
    """``psi``: population stability index, less what chance alone gives samples of this size, and
    never negative. ``js_distance``: Jensen-Shannon distance, 0..1. ``p_value``: how often two
    samples of one kind are as far apart.
    """

    psi: float
    js_distance: float
    p_value: float


SAME = Distance(0.0, 0.0, 1.0)


def distance(
    window: Sequence[float],
    shares: Sequence[float],
    size: float,
    most_groups: int | None = _MOST_GROUPS,
) -> Distance:
    """Of counts in bins from a reference of ``size`` answers, of which each bin had a share.

    Neighbouring bins are taken together: to about so many groups, and in each of them five answers
    are to be expected at least.
    """
    answers = sum(window)
    if not answers:
        return SAME
    n, m = 1 / (1 / answers + 1 / _SAY_AT_MOST), size
    groups = _merged(
        [each * n / answers for each in window], [each * m for each in shares], most_groups
    )
    if len(groups) < 2:
        return SAME
    counts, expected = [each for each, _ in groups], [each for _, each in groups]
    degrees = len(groups) - 1
    psi = population_stability_index(counts, expected) - degrees * (1 / n + 1 / m)
    return Distance(
        max(psi, 0.0),
        jensen_shannon_distance(counts, expected),
        chi_square_survival(likelihood_ratio(counts, expected), degrees),
    )


def population_stability_index(one: Sequence[float], other: Sequence[float]) -> float:
    """Of two samples of counts, smoothed.

    Of samples of one kind it is about chi-square with bins - 1 degrees, times the sum of the
    inverses of their sizes (Yurdakul 2018, Statistical Properties of Population Stability Index).
    """
    p, q = _smoothed(one), _smoothed(other)
    return sum((a - b) * math.log(a / b) for a, b in zip(p, q, strict=True))


def jensen_shannon_distance(one: Sequence[float], other: Sequence[float]) -> float:
    """The root of the divergence in bits, 0..1 (Endres and Schindelin 2003)."""
    n, m = sum(one), sum(other)
    p, q = [each / n for each in one], [each / m for each in other]
    middle = [(a + b) / 2 for a, b in zip(p, q, strict=True)]
    divergence = (_divergence(p, middle) + _divergence(q, middle)) / 2
    return math.sqrt(min(max(divergence / math.log(2), 0.0), 1.0))


def likelihood_ratio(one: Sequence[float], other: Sequence[float]) -> float:
    """The G statistic of two samples of counts: 2 (n + m) times their Jensen-Shannon divergence, in
    which each counts by its size. Chi-square with bins - 1 degrees where they are of one kind.
    """
    n, m = sum(one), sum(other)
    both = [(a + b) / (n + m) for a, b in zip(one, other, strict=True)]
    ours = n * _divergence([each / n for each in one], both)
    theirs = m * _divergence([each / m for each in other], both)
    return max(2 * (ours + theirs), 0.0)


def chi_square_survival(value: float, degrees: int) -> float:
    """How often chi-square is above ``value``: the finite sums of Abramowitz and Stegun 26.4.4, 5.

    Without scipy, which is not here where the service runs.
    """
    half = value / 2
    if half <= 0:
        return 1.0
    is_odd = degrees % 2 == 1
    total = math.erfc(math.sqrt(half)) if is_odd else 0.0
    for step in range((degrees - 1) // 2 if is_odd else degrees // 2):
        power = step + 0.5 if is_odd else step
        total += math.exp(power * math.log(half) - half - math.lgamma(power + 1))
    return min(total, 1.0)


def binomial_survival(count: int, trials: int, share: float) -> float:
    """How often so many of the ``trials`` or more come out, where each does with this ``share``."""
    if count <= 0 or share >= 1:
        return 1.0
    if share <= 0:
        return 0.0
    total = 0.0
    for successes in range(count, trials + 1):
        term = math.exp(
            math.lgamma(trials + 1) - math.lgamma(successes + 1)
            - math.lgamma(trials - successes + 1)
            + successes * math.log(share) + (trials - successes) * math.log1p(-share)
        )  # fmt: skip
        total += term
        if successes > trials * share and term < _NEGLIGIBLE * total:
            break
    return min(total, 1.0)


def _merged(
    window: Sequence[float], expected: Sequence[float], most_groups: int | None
) -> list[tuple[float, float]]:
    """Counts of both in groups of neighbours, each with enough of the two samples, where each of
    them counts as much as the other: else few answers would be lost among those of a large
    reference, though all of them were where none of those are.
    """
    n, m = sum(window), sum(expected)
    least = _FEWEST_EXPECTED / min(n, m)
    if most_groups is not None:  # tenths by twos: their share varies a little
        least = max(least, 1 / (most_groups + 1))
    groups: list[tuple[float, float]] = []
    ours = theirs = 0.0
    for one, other in zip(window, expected, strict=True):
        ours, theirs = ours + one, theirs + other
        if (ours / n + theirs / m) / 2 >= least:
            groups.append((ours, theirs))
            ours = theirs = 0.0
    if groups and ours + theirs:
        last = groups.pop()
        groups.append((last[0] + ours, last[1] + theirs))
    return groups


def _smoothed(counts: Sequence[float]) -> list[float]:
    total = sum(counts) + _SMOOTHING * len(counts)
    return [(each + _SMOOTHING) / total for each in counts]


def _divergence(of: Sequence[float], against: Sequence[float]) -> float:
    """Kullback-Leibler, in nats; what does not occur adds nothing."""
    return sum(a * math.log(a / b) for a, b in zip(of, against, strict=True) if a > 0)
