"""Three parts by group: to train on, to choose on, to report on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vistazo.errors import SettingsError
from vistazo.training.config import SplitConfig

Rows = NDArray[np.int64]

_TRAINING, _VALIDATION, _HOLDOUT = range(3)


@dataclass(frozen=True, eq=False)
class Split:
    """Row numbers of the pictures of each part; no group is in two."""

    training: Rows
    validation: Rows
    holdout: Rows


def split_by_group(labels: Rows, groups: Rows, config: SplitConfig) -> Split:
    """Draw whole groups, label by label, until each part has its share of the label's pictures.

    A group with pictures of several labels is drawn with the label of the first. Raises
    SettingsError where a part is left without a label.
    """
    random = np.random.default_rng(config.seed)
    part_of = np.zeros(len(labels), dtype=np.int64)
    _, first = np.unique(groups, return_index=True)
    for label in np.unique(labels):
        order = random.permutation(first[labels[first] == label])
        sizes = np.array([(groups == groups[row]).sum() for row in order])
        count = int((labels == label).sum())
        low, high = (
            int(np.searchsorted(_before(sizes), share * count)) for share in config.held_out
        )
        high = len(order) if config.held_out[1] == 1 else high
        part_of[np.isin(groups, groups[order[low:high]])] = _HOLDOUT
        others, sizes = (np.concatenate([all_[high:], all_[:low]]) for all_ in (order, sizes))
        chosen = others[_before(sizes) < config.validation * count]
        part_of[np.isin(groups, groups[chosen])] = _VALIDATION
    split = Split(*(np.flatnonzero(part_of == part) for part in (_TRAINING, _VALIDATION, _HOLDOUT)))
    _require_every_label(split, labels)
    return split


def _before(sizes: Rows) -> Rows:
    """How many pictures the groups before each one have."""
    return np.asarray(np.cumsum(sizes) - sizes)


def _require_every_label(split: Split, labels: Rows) -> None:
    for name, rows in vars(split).items():
        missing = set(np.unique(labels)) - set(np.unique(labels[rows]))
        if missing:
            raise SettingsError(
                f"Too few groups: the {name} part has no picture of {len(missing)} of the labels."
            )
