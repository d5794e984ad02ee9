from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vistazo.training.evaluation import auc
from vistazo.training.shortcuts import fit_look, misleading


def _pictures(brightness: NDArray[np.float64]) -> NDArray[np.uint8]:
    noise = np.random.default_rng(0).normal(0, 10, (len(brightness), 16, 16, 1))
    return np.clip(brightness[:, None, None, None] + noise, 0, 255).astype(np.uint8)


def test_a_look_that_gives_the_label_away_is_found_out() -> None:
    labels = np.arange(200) % 2
    pixels = _pictures(np.where(labels == 1, 150.0, 100.0))
    assert auc(fit_look(pixels, labels).scores(pixels), labels == 1) > 0.99


def test_a_look_without_the_label_tells_little_of_new_pictures() -> None:
    random = np.random.default_rng(5)
    labels, pixels = random.integers(0, 2, 600), _pictures(random.uniform(80, 160, 600))
    scores = fit_look(pixels[:400], labels[:400]).scores(pixels[400:])
    assert 0.35 < auc(scores, labels[400:] == 1) < 0.65


def test_misleading_pictures_are_the_half_of_each_label_nearer_to_the_other() -> None:
    scores = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8])
    labels = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    found = misleading(scores, labels)
    assert np.flatnonzero(found).tolist() == [2, 3, 4, 5]
