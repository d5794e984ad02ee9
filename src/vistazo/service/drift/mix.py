"""How often each class was answered, beside how often it was, or may be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from vistazo.answers.reference import Reference
from vistazo.service.drift.distance import Distance, binomial_survival, distance


@dataclass(frozen=True, eq=False)
class Mix:
    """``allowed`` is the least and greatest share of a label, where the card says one."""

    reference: Reference
    allowed: Mapping[str, tuple[float, float]]

    @property
    def shares(self) -> list[float]:
        """Of each label in the reference."""
        return [each / self.reference.count for each in self.reference.answered.tolist()]

    def moved(self, counts: Sequence[int]) -> float:
        """Which share of the answers, 0..1, is of other classes than in the reference: the total
        variation distance.
        """
        n = sum(counts)
        pairs = zip(counts, self.shares, strict=True)
        return sum(abs(count / n - share) for count, share in pairs) / 2

    def distance(self, counts: Sequence[int]) -> Distance:
        """Of these counts of the labels. Where the card allows shares, only what is beyond them is
        no chance: the exact test of each bound, Bonferroni for all.
        """
        shares = self.shares
        rising = sorted(range(len(counts)), key=shares.__getitem__)  # rare ones go together
        size = self.reference.count
        ours, theirs = [counts[at] for at in rising], [shares[at] for at in rising]
        found = distance(ours, theirs, size, most_groups=None)
        if not self.allowed:
            return found
        return replace(found, p_value=self._beyond(counts))

    def _beyond(self, counts: Sequence[int]) -> float:
        n, least_likely = sum(counts), 1.0
        for label, (least, most) in self.allowed.items():
            count = counts[self.reference.labels.index(label)]
            above = binomial_survival(count, n, most)
            below = binomial_survival(n - count, n, 1 - least)
            least_likely = min(least_likely, above, below)
        return min(2 * len(self.allowed) * least_likely, 1.0)
