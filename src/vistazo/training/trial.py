"""What a model makes of labelled pictures that are prepared in one way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vistazo.errors import UnsupportedModelError
from vistazo.models.card import InputSpec
from vistazo.models.output_spec import OutputKind
from vistazo.models.signature import ModelSignature
from vistazo.training.assignment import Order
from vistazo.training.calibration import balanced_weights, fit_temperature
from vistazo.training.label_order import most_likely_order

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

_TINY = 1e-7  # one confident mistake shall not outweigh all the rest
_SAME = 1e-3  # nats, on every picture
_KINDS: dict[str, OutputKind] = {"softmax": "softmax", "linear": "logits"}


@dataclass(frozen=True, eq=False)
class Trial:
    """``logits`` (n, k) are the model's; ``log_probabilities`` and ``losses`` (n,) are calibrated.

    ``unit_of[label]`` is the output that stands for a label; ``weights`` make every label count the
    same.
    """

    spec: InputSpec
    labels: Labels
    unit_of: Order
    logits: Floats
    log_probabilities: Floats
    losses: Floats
    weights: Floats

    @property
    def log_loss(self) -> float:
        return float(np.mean(self.weights * self.losses))

    @property
    def accuracy(self) -> float:
        is_right = self.log_probabilities.argmax(axis=1) == self.unit_of[self.labels]
        return float(np.mean(self.weights * is_right))

    def behind(self, other: Trial) -> float:
        """By how many standard errors this is worse than another, picture by picture."""
        lost = self.weights * (self.losses - other.losses)
        spread = float(lost.std(ddof=1)) / len(lost) ** 0.5 if len(lost) > 1 else 0.0
        return float(lost.mean()) / (spread + 1e-9)

    def at_temperature(self, temperature: float) -> Floats:
        """Log-probabilities (n, k) when the model's logits are divided by this."""
        return _log_softmax(self.logits / temperature)

    def is_like(self, other: Trial) -> bool:
        """Whether the preparations make no difference to the answers."""
        return bool(np.abs(self.log_probabilities - other.log_probabilities).max() < _SAME)


def try_out(spec: InputSpec, logits: Floats, labels: Labels, unit_of: Order | None) -> Trial:
    """Weigh the ``logits`` (n, k) of pictures by their labels, in a known order or the likeliest.

    An overconfident model is toned down first, or one mistake would decide; none is made surer than
    it is: how sure it is tells the preparations apart that make no mistake at all.
    """
    if unit_of is None:
        unit_of = most_likely_order(_log_softmax(logits), labels)
    weights, truth = balanced_weights(labels), unit_of[labels]
    probabilities = np.exp(_log_softmax(logits))
    temperature = max(1.0, fit_temperature(probabilities, truth, weights))
    calibrated = _log_softmax(logits / temperature)
    losses = -calibrated[np.arange(len(truth)), truth]
    return Trial(spec, labels, unit_of, logits, calibrated, losses, weights)


def output_kind(signature: ModelSignature, scores: NDArray[np.float32]) -> OutputKind:
    """What the numbers of a model are, by its last activation; else by how some ``scores`` look."""
    if signature.activation in _KINDS:
        return _KINDS[signature.activation]
    are_probabilities = bool((scores >= 0).all() and (scores <= 1).all())
    if signature.activation == "sigmoid" or (
        signature.activation == "unknown" and are_probabilities
    ):
        if signature.units == 1:
            return "sigmoid"
        add_up = np.allclose(scores.sum(axis=1), 1, atol=1e-3)
        return "softmax" if add_up and signature.activation == "unknown" else "multilabel"
    if signature.activation == "unknown":
        return "logits"
    raise UnsupportedModelError(
        f"The model ends in '{signature.activation}': what its numbers mean cannot be found out. "
        "Write its card by hand."
    )


def logits_of(scores: NDArray[np.float32], kind: OutputKind) -> Floats:
    """Logits (n, k), one per label, of scores (n, units); of one unit, those of 0 and 1.

    Of independent sigmoids too: their softmax is how probable each label is, if it is just one.
    """
    values = np.nan_to_num(np.asarray(scores, np.float64), posinf=1e6, neginf=-1e6)
    if kind == "softmax":
        return np.log(np.clip(values, _TINY, 1))
    if kind in ("sigmoid", "multilabel"):
        values = np.log(np.clip(values, _TINY, 1)) - np.log(np.clip(1 - values, _TINY, 1))
    if values.shape[1] == 1:
        values = np.concatenate([np.zeros_like(values), values], axis=1)
    return values


def _log_softmax(logits: Floats) -> Floats:
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return np.asarray(np.maximum(shifted - log_sum, np.log(_TINY)), dtype=np.float64)
