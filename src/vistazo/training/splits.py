"""Three parts by patient: to train on, to choose on, to report on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vistazo.errors import SettingsError
from vistazo.training.config import SplitConfig

Rows = NDArray[np.int64]


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
        own = first[labels[first] == label]
        wanted = (
            config.holdout * (labels == label).sum(),
            config.validation * (labels == label).sum(),
        )
        part, taken = 0, 0
        for row in random.permutation(own):
            films = patients == patients[row]
            while part < len(wanted) and taken >= wanted[part]:
                part, taken = part + 1, 0
            if part == len(wanted):
                break
            part_of[films] = part + 1
            taken += int(films.sum())
    split = Split(*(np.flatnonzero(part_of == part) for part in (0, 2, 1)))
    _require_every_label(split, labels)
    return split


def _require_every_label(split: Split, labels: Rows) -> None:
    for name, rows in vars(split).items():
        missing = set(np.unique(labels)) - set(np.unique(labels[rows]))
        if missing:
            raise SettingsError(
                f"Too few patients: the {name} part has no film of {len(missing)} of the labels."
            )
