"""From a model's scores to calibrated probabilities, and from those to a decision."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vistazo.model_card import ModelCard

# Keeps the logarithm of a saturated score finite: the smallest normal float32 is about 1e-38.
_TINY = 1e-30

UNCERTAIN = "uncertain"


@dataclass(frozen=True)
class Decision:
    """``probabilities`` in label order, each in 0..1."""

    probabilities: tuple[float, ...]
    predicted_class: str
    confidence: float
    warnings: tuple[str, ...]


def decide(scores: NDArray[np.float32], card: ModelCard) -> Decision:
    """Decide from the scores (k,) of one picture.

    Two classes: the positive label from the card's threshold on. Otherwise the most probable label.
    """
    probabilities = tuple(float(p) for p in calibrate(scores, card))
    warnings: tuple[str, ...] = ()
    chosen = int(np.argmax(probabilities))
    if card.is_binary:
        positive = probabilities[card.positive_index]
        is_positive = positive >= card.output.threshold
        chosen = card.positive_index if is_positive else 1 - card.positive_index
        band = card.output.uncertain_band
        if band is not None and band[0] <= positive <= band[1]:
            warnings = (UNCERTAIN,)
    return Decision(probabilities, card.labels[chosen], probabilities[chosen], warnings)


def calibrate(scores: NDArray[np.float32], card: ModelCard) -> NDArray[np.float64]:
    """Probabilities (..., labels) from scores (..., k), tempered as the card says.

    Temperature scaling: Guo et al. 2017, On Calibration of Modern Neural Networks. A model that
    ends in probabilities is taken back to logits first; the softmax does not mind the constant
    that the logarithm cannot give back.
    """
    values = np.asarray(scores, dtype=np.float64)
    kind, temperature = card.output.kind, card.output.temperature
    if kind == "multilabel":
        return _sigmoid(_logit(values) / temperature)
    if kind == "softmax":
        return _softmax(np.log(np.clip(values, _TINY, 1)) / temperature)
    if values.shape[-1] == 1:
        logits = values if kind == "logits" else _logit(values)
        positive = _sigmoid(logits / temperature)
        return np.concatenate([1 - positive, positive], axis=-1)
    return _softmax(values / temperature)


def _logit(p: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.log(np.clip(p, _TINY, 1)) - np.log(np.clip(1 - p, _TINY, 1))


def _sigmoid(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    return 0.5 * (1 + np.tanh(logits / 2))


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))
