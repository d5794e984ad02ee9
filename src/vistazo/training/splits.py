"""Three parts by patient: to train on, to choose on, to report on."""

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
    """Row numbers of the films of each part; no patient is in two."""

    training: Rows
    validation: Rows
    holdout: Rows


def split_by_patient(labels: Rows, patients: Rows, config: SplitConfig) -> Split:
    """Draw whole patients, label by label, until each part has its share of the label's films.

    A patient with films of several labels is drawn with the label of the first. Raises
    SettingsError where a part is left without a label.
    """
    random = np.random.default_rng(config.seed)
    part_of = np.zeros(len(labels), dtype=np.int64)
    _, first = np.unique(patients, return_index=True)
    for label in np.unique(labels):
        order = random.permutation(first[labels[first] == label])
        sizes = np.array([(patients == patients[row]).sum() for row in order])
        films = int((labels == label).sum())
        low, high = (
            int(np.searchsorted(_before(sizes), share * films)) for share in config.held_out
        )
        high = len(order) if config.held_out[1] == 1 else high
        part_of[np.isin(patients, patients[order[low:high]])] = _HOLDOUT
        others, sizes = (np.concatenate([all_[high:], all_[:low]]) for all_ in (order, sizes))
        chosen = others[_before(sizes) < config.validation * films]
        part_of[np.isin(patients, patients[chosen])] = _VALIDATION
    split = Split(*(np.flatnonzero(part_of == part) for part in (_TRAINING, _VALIDATION, _HOLDOUT)))
    _require_every_label(split, labels)
    return split


def _before(sizes: Rows) -> Rows:
    """How many films the patients before each one have."""
    return np.asarray(np.cumsum(sizes) - sizes)


def _require_every_label(split: Split, labels: Rows) -> None:
    for name, rows in vars(split).items():
        missing = set(np.unique(labels)) - set(np.unique(labels[rows]))
        if missing:
            raise SettingsError(
                f"Too few patients: the {name} part has no film of {len(missing)} of the labels."
            )
