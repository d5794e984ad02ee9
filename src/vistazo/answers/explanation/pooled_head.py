"""Finds out what a head does by asking it: no engine has to show its weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vistazo.engines.base import Head, maps_at_once

Floats = NDArray[np.float32]

_TOLERANCE = 1e-3


def pooled_weights(head: Head, features: Floats) -> Floats | None:
    """The weights (fc, k) of a head that gives ``features.mean((1, 2)) @ weights + bias``.

    None where it does anything else, such as a hidden layer, a flattened map, a maximum.
    ``features`` (1, fh, fw, fc) is one example, and says how large the numbers are.
    """
    trials = _trials(features)
    bias = head(np.zeros_like(features))
    answers = head(trials) - bias
    if not _is_linear_and_without_place(answers):
        return None
    weights = _responses(head, features.shape) - bias
    expected = trials.mean(axis=(1, 2)) @ weights
    return weights if _agree(expected, answers) else None


def _trials(features: Floats) -> Floats:
    """A map, another one, their sum, and the first with its places in another order."""
    random = np.random.default_rng(0)
    size = np.float32(max(float(np.abs(features).max()), 1e-3))
    one, other = random.normal(0, size, (2, *features.shape[1:])).astype(np.float32)
    return np.stack([one, other, one + other, one[::-1, ::-1]])


def _is_linear_and_without_place(answers: Floats) -> bool:
    one, other, both, turned = answers
    return _agree(one + other, both) and _agree(one, turned)


def _agree(expected: Floats, found: Floats) -> bool:
    scale = max(float(np.abs(found).max()), 1e-6)
    return bool(np.abs(expected - found).max() <= _TOLERANCE * scale)


def _responses(head: Head, shape: tuple[int, ...]) -> Floats:
    """The head's answer (fc, k) to each channel alone, at 1 everywhere."""
    _, height, width, channels = shape
    at_once = maps_at_once((height, width, channels))
    answers = []
    for start in range(0, channels, at_once):
        asked = np.arange(start, min(start + at_once, channels))
        maps = np.zeros((len(asked), height, width, channels), np.float32)
        maps[np.arange(len(asked)), :, :, asked] = 1
        answers.append(head(maps))
    return np.concatenate(answers)
