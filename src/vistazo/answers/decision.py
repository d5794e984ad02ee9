"""From a model's scores to calibrated probabilities, and from those to a decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vistazo.models.output_spec import Decided

# Keeps the logarithm of a saturated score finite: the smallest normal float32 is about 1e-38.
_TINY = 1e-30

UNCERTAIN = "uncertain"


class Meaning(Protocol):
    """What a card says of numbers that classify: those of the model, or of a further output."""

    @property
    def labels(self) -> Sequence[str]: ...

    @property
    def output(self) -> Decided: ...

    @property
    def is_binary(self) -> bool: ...

    @property
    def positive_index(self) -> int: ...


@dataclass(frozen=True)
class Decision:
    """``probabilities`` in label order, each in 0..1."""

    probabilities: tuple[float, ...]
    predicted_class: str
    confidence: float
    warnings: tuple[str, ...]


def decide(scores: NDArray[np.float32], card: Meaning) -> Decision:
    """Decide from the scores (k,) of one picture.

    Two classes: the positive label from the card's threshold on. Otherwise the most probable label.
    """
    probabilities = tuple(calibrate(scores, card).tolist())
    warnings: tuple[str, ...] = ()
    chosen = probabilities.index(max(probabilities))
    if card.is_binary:
        positive = probabilities[card.positive_index]
        is_positive = positive >= card.output.threshold
        chosen = card.positive_index if is_positive else 1 - card.positive_index
        band = card.output.uncertain_band
        if band is not None and band[0] <= positive <= band[1]:
            warnings = (UNCERTAIN,)
    return Decision(probabilities, card.labels[chosen], probabilities[chosen], warnings)


def calibrate(scores: NDArray[np.float32], card: Meaning) -> NDArray[np.float64]:
    """Probabilities (..., labels) from scores (..., k), tempered as the card says."""
    values = np.asarray(scores, dtype=np.float64)
    kind, temperature = card.output.kind, card.output.temperature
    is_one_unit = values.shape[-1] == 1
    if kind == "multilabel":
        return _sigmoid(_logit(values) / temperature)
    if kind == "logits":
        logits = np.concatenate([np.zeros_like(values), values], axis=-1) if is_one_unit else values
        return _softmax(logits / temperature)
    if is_one_unit:
        values = np.concatenate([1 - values, values], axis=-1)
    return with_temperature(values, temperature)


def with_temperature(probabilities: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """Divide the logits of probabilities (..., k) by the temperature; they still add up to one.

    Temperature scaling: Guo et al. 2017, On Calibration of Modern Neural Networks,
    arXiv:1706.04599. The logarithm gives the logits back but for a constant, which the softmax does
    not mind; of two labels the result is the sigmoid of ``logit / temperature``.
    """
    return _softmax(np.log(np.clip(probabilities, _TINY, 1)) / temperature)


def _logit(p: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.log(np.clip(p, _TINY, 1)) - np.log(np.clip(1 - p, _TINY, 1))


def _sigmoid(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    return 0.5 * (1 + np.tanh(logits / 2))


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))
