"""Which output of a model means which label: found from labelled pictures, or left open."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vistazo.training.assignment import Order, best_assignment, cheapest_cycles

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

# Many preparations are tried on the same pictures, so that 2 standard errors would come by chance.
_SURE_Z = 4.0
# Of the way from chance to perfection: "moderate" agreement, Landis and Koch 1977. A wrong
# preparation may tie outputs to labels in the wrong way round, but hardly as closely.
_FAIR_KAPPA = 0.4
_FEW = 200  # labels of which every two are tried


def most_likely_order(log_probabilities: Floats, labels: Labels) -> Order:
    """The output of each label under which the pictures (n, k) are most likely.

    Every label counts the same, however many pictures it has.
    """
    return best_assignment(_mean_by_label(log_probabilities, labels))


def weigh_order(log_probabilities: Floats, labels: Labels, unit_of: Order) -> tuple[str, ...]:
    """Say what speaks against the certainty of an order; nothing where it is certain.

    It is held against every exchange of two labels, and the likeliest cycle of more through each. A
    difference is paired: picture by picture, one order's log-likelihood less the other's.
    """
    z = _least_z(log_probabilities, labels, unit_of)
    accuracy = _balanced_accuracy(log_probabilities, labels, unit_of)
    chance, doubts = 1 / len(unit_of), list[str]()
    if z < _SURE_Z:
        doubts.append(
            "another order of the labels explains the pictures nearly as well (the difference is "
            f"{z:.1f} standard errors; {_SURE_Z:g} are needed)"
        )
    if (accuracy - chance) / (1 - chance) < _FAIR_KAPPA:
        doubts.append(
            f"the model is right on {accuracy:.0%} of the pictures, where guessing gives "
            f"{chance:.0%}: either it has not learned these labels, or none of the preparations "
            "is its own"
        )
    return tuple(doubts)


def _mean_by_label(values: Floats, labels: Labels) -> Floats:
    """Mean of each column (k) over the pictures of each label: (label, k). 0 without pictures."""
    means = np.zeros((values.shape[1], values.shape[1]))
    for label in np.unique(labels):
        means[label] = values[labels == label].mean(axis=0)
    return means


def _balanced_accuracy(values: Floats, labels: Labels, unit_of: Order) -> float:
    is_right = values.argmax(axis=1) == unit_of[labels]
    return float(np.mean([is_right[labels == label].mean() for label in np.unique(labels)]))


def _least_z(values: Floats, labels: Labels, unit_of: Order) -> float:
    """How far the order is from its nearest rival, in standard errors."""
    k = len(unit_of)
    loss, error, counts = np.zeros((k, k)), np.zeros((k, k)), np.bincount(labels, minlength=k)
    for label in range(k):
        own = values[labels == label]
        # What each picture of this label loses, were its output that of another label.
        lost = own[:, [unit_of[label]]] - own[:, unit_of]
        if len(own) > 1:
            loss[label], error[label] = lost.mean(axis=0), lost.var(axis=0, ddof=1) / len(own)
    exchanges = [(a, b) for a in range(k) for b in range(a)] if k <= _FEW else []
    rivals = {*exchanges, *cheapest_cycles(loss)}
    return min(_z(loss, error, counts, cycle) for cycle in rivals)


def _z(loss: Floats, error: Floats, counts: Order, cycle: tuple[int, ...]) -> float:
    """Of a paired test; Student's t is brought to the normal scale (Wallace 1959)."""
    here, there = list(cycle), [*cycle[1:], cycle[0]]
    freedom = float((counts[here] - 1).sum())
    if freedom < 1:
        return 0.0
    t = float(loss[here, there].sum() / (np.sqrt(error[here, there].sum()) + 1e-9))
    size = np.sqrt(freedom * np.log1p(t * t / freedom)) * (8 * freedom + 1) / (8 * freedom + 3)
    return float(np.copysign(size, t))
