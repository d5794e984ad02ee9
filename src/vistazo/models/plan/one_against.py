"""Many classes by classifiers of two: one against the rest, one against one, and codes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vistazo.models.plan.matrix import Dense, Matrix
from vistazo.models.plan.operation import Decider, Decisions, operation


@operation
@dataclass(frozen=True, eq=False)
class OneAgainstRest:
    """A member for each class (one alone of two classes, for the second): the class of the one
    that is surest, of equal ones the last where ``last``.
    """

    members: tuple[Decider, ...]
    last: bool

    @property
    def n_classes(self) -> int:
        return max(2, len(self.members))

    def decide(self, values: Matrix) -> Decisions:
        found = [member.decide(values) for member in self.members]
        sure = np.stack([sureness(each) for each in found], axis=1)
        if len(found) == 1:
            above = sure[:, 0] > threshold(found[0])
            return Decisions(above.astype(np.int64), _chances(found), found[0].scores)
        best = sure.argmax(axis=1)
        if self.last:
            best = sure.shape[1] - 1 - sure[:, ::-1].argmax(axis=1)
        has_scores = all(each.scores is not None for each in found)
        return Decisions(best, _chances(found), sure if has_scores else None)


@operation
@dataclass(frozen=True, eq=False)
class OneAgainstOne:
    """A member for each pair of classes: 0 and 1, 0 and 2, ... It votes for one of them.

    Equal votes are told apart by the sum of how sure the members are, which counts less than a
    vote. Of two classes the second is predicted from above ``above``, or above the member's own
    threshold where it is None.
    """

    members: tuple[Decider, ...]
    n_classes: int
    above: float | None

    def decide(self, values: Matrix) -> Decisions:
        votes = np.zeros((len(values), self.n_classes))
        sure = np.zeros(votes.shape)
        firsts, seconds = np.triu_indices(self.n_classes, 1)
        for member, first, second in zip(self.members, firsts, seconds, strict=True):
            found = member.decide(values)
            confidence = sureness(found)
            sure[:, first] -= confidence
            sure[:, second] += confidence
            votes[:, first] += found.predicted == 0
            votes[:, second] += found.predicted == 1
        scores = votes + sure / (3 * (np.abs(sure) + 1))
        if self.n_classes > 2:
            return Decisions(scores.argmax(axis=1), None, scores)
        second_score = scores[:, 1]
        above = threshold(found) if self.above is None else self.above
        both = np.stack([-second_score, second_score], axis=1)
        return Decisions((second_score > above).astype(np.int64), None, both)


@operation
@dataclass(frozen=True, eq=False)
class Codes:
    """The class whose row of ``codes`` (k, members) is nearest to how sure the members are."""

    members: tuple[Decider, ...]
    codes: Dense

    @property
    def n_classes(self) -> int:
        return len(self.codes)

    def decide(self, values: Matrix) -> Decisions:
        sure = np.stack([sureness(member.decide(values)) for member in self.members], axis=1)
        away = [((sure - code) ** 2).sum(axis=1) for code in self.codes]
        return Decisions(np.stack(away, axis=1).argmin(axis=1))


def sureness(found: Decisions) -> NDArray[np.float64]:
    """Of the second of two classes (n,): the score where there is one, else the probability.

    Raises TypeError where there is neither.
    """
    known = found.probabilities if found.scores is None else found.scores
    if known is None:
        raise TypeError("a member gives neither scores nor probabilities")
    return np.asarray(known[:, 1])


def threshold(found: Decisions) -> float:
    return 0.5 if found.scores is None else 0.0


def _chances(found: list[Decisions]) -> Dense | None:
    """Each one's probability, divided by their sum where that is not zero."""
    own = [each.probabilities[:, 1] for each in found if each.probabilities is not None]
    if len(own) < len(found):
        return None
    chances = np.stack([1 - own[0], own[0]] if len(own) == 1 else own, axis=1)
    sums = chances.sum(axis=1, keepdims=True)
    return np.asarray(chances / np.where(sums == 0, 1, sums))
