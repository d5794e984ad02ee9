"""From what is said of each pair of classes to what is said of each class.

Pairs are in the order 01 02 ... 12 ..., a value above zero speaking for the first of the pair.
"""

from __future__ import annotations

import numpy as np

from vistazo.models.plan.matrix import Dense

_LEAST_ROUNDS = 100


def votes_of(found: Dense, n_classes: int) -> Dense:
    """How many pairs (n, pairs) speak for each class: (n, n_classes). A zero is for the second."""
    first, second = np.triu_indices(n_classes, 1)
    votes = np.zeros((n_classes, len(found)))
    np.add.at(votes, first, (found > 0).T)
    np.add.at(votes, second, (found <= 0).T)
    return votes.T


def one_against_rest(found: Dense, n_classes: int) -> Dense:
    """Votes and, to break ties, sums of the values (n, pairs), as scikit-learn has them from 0.21:
    x / (3 (|x| + 1)) is below a vote. Before, they depended on the other rows. Here a value of zero
    votes for the first of its pair.
    """
    first, second = np.triu_indices(n_classes, 1)
    sums, votes = np.zeros((2, n_classes, len(found)))
    np.add.at(sums, first, found.T)
    np.subtract.at(sums, second, found.T)
    np.add.at(votes, first, (found >= 0).T)
    np.add.at(votes, second, (found < 0).T)
    return np.asarray((votes + sums / (3 * (np.abs(sums) + 1))).T)


def coupled(first: Dense, n_classes: int) -> Dense:
    """Probabilities of the classes (n, n_classes) of those of the first of each pair (n, pairs).

    Method 2 of Wu, Lin & Weng (JMLR 2004), with the rounds and the end of libsvm: it stops where
    it is near, so that its answer is that of its steps.
    """
    against = np.zeros((len(first), n_classes, n_classes))  # r[i, j]: of i, where it is i or j
    above = np.triu_indices(n_classes, 1)
    against[:, above[0], above[1]] = first
    against[:, above[1], above[0]] = 1 - first
    matrix = -against * against.transpose(0, 2, 1)
    diagonal = np.arange(n_classes)
    matrix[:, diagonal, diagonal] = (against**2).sum(axis=1)
    chances = np.full((len(first), n_classes), 1 / n_classes)
    going = np.arange(len(first))
    for _ in range(max(_LEAST_ROUNDS, n_classes)):
        going = going[_far(matrix[going], chances[going])]
        if not len(going):
            break
        chances[going] = _stepped(matrix[going], chances[going])
    return chances


def _far(matrix: Dense, chances: Dense) -> Dense:
    products = np.einsum("ntj,nj->nt", matrix, chances)
    mean = (chances * products).sum(axis=1, keepdims=True)
    return np.asarray(np.abs(products - mean).max(axis=1) >= 0.005 / chances.shape[1])


def _stepped(matrix: Dense, chances: Dense) -> Dense:
    """One round: the probability of each class in turn, the others scaled to fit."""
    products = np.einsum("ntj,nj->nt", matrix, chances)
    mean = (chances * products).sum(axis=1)
    for place in range(chances.shape[1]):
        own = matrix[:, place, place]
        step = (mean - products[:, place]) / own
        mean = (mean + step * (step * own + 2 * products[:, place])) / (1 + step) ** 2
        scale = (1 + step)[:, None]
        products = (products + step[:, None] * matrix[:, place]) / scale
        chances[:, place] += step
        chances = chances / scale
    return chances
