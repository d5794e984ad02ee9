"""Evidence for a label, part by part of the model's input, without gradients.

Three methods, the best one that a model allows:

* Class activation map (Zhou et al. 2016, Learning Deep Features for Discriminative Localization),
  where the head is a mean over space followed by anything linear: exact, and one forward pass.
* Feature ablation, for any other head: one window of the last spatial map at a time is faded out
  and the head asked again, the idea of Ablation-CAM (Desai and Ramaswamy 2020) for places instead
  of channels.
* Occlusion (Zeiler and Fergus 2014, Visualizing and Understanding Convolutional Networks), for a
  model whose head cannot run by itself: one patch of the input at a time is covered.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vistazo.answers.decision import calibrate
from vistazo.answers.explanation.pooled_head import pooled_weights
from vistazo.engines.base import Engine, Head, Outputs, maps_at_once
from vistazo.models.card import ModelCard

Floats = NDArray[np.float32]
Method = Literal["class_activation", "feature_ablation", "occlusion"]

# Along each side. More cost more and show little more: the last map of most networks has 7 or 8.
_CELLS = 8
# A window fades out this many cells from its centre. Wider than its cell, because a model makes up
# for one missing cell out of its neighbours: 2 points best (tests/unit/test_explanation_bars.py).
_REACH = 2
_TINY = 1e-12


@dataclass(frozen=True, eq=False)
class Evidence:
    """What speaks for ``label`` (above 0) and against it (below 0).

    ``grid`` is float32 (gh, gw), rows from the top, over the whole of the model's input. Its unit
    is the logit: of the class activation map, the cells add up to the label's logit, but for the
    bias.
    """

    label: str
    method: Method
    grid: Floats


class Explainer:
    """Safe to use from several threads at once."""

    def __init__(self, engine: Engine, card: ModelCard) -> None:
        self._engine = engine
        self._card = card
        self._lock = threading.Lock()
        self._is_probed = False
        self._weights: Floats | None = None

    def explain(self, pixels: Floats, outputs: Outputs, label: str) -> Evidence:
        """The evidence for one of the card's labels in one prepared picture (h, w, c).

        ``outputs`` is what the engine gave for it.
        """
        head, features = self._engine.head, outputs.features
        if head is None or features is None:
            return Evidence(label, "occlusion", self._occlude(pixels, outputs, label))
        towards = self._direction(label)
        weights = self._pooled_weights(head, features)
        if weights is not None:
            cells = features.shape[1] * features.shape[2]
            return Evidence(label, "class_activation", features[0] @ (weights @ towards) / cells)
        return Evidence(label, "feature_ablation", _ablate(head, features, towards))

    def _direction(self, label: str) -> Floats:
        """Float32 (k,): logits times this rise where the label becomes more probable.

        Softmax leaves the mean of its logits open, so a label is set against the mean of all.
        """
        index, labels = self._card.labels.index(label), len(self._card.labels)
        if self._engine.signature.units == 1:
            return np.array([1 if index == 1 else -1], np.float32)
        mean = 0 if self._card.output.kind == "multilabel" else 1 / labels
        return np.array([(i == index) - mean for i in range(labels)], np.float32)

    def _pooled_weights(self, head: Head, features: Floats) -> Floats | None:
        """Found at the first question: some thousand runs of the head."""
        with self._lock:
            if not self._is_probed:
                self._weights = pooled_weights(head, features)
                self._is_probed = True
            return self._weights

    def _occlude(self, pixels: Floats, outputs: Outputs, label: str) -> Floats:
        """How much the label's log-odds fall where a patch takes the mean colour."""
        index, mean = self._card.labels.index(label), pixels.mean(axis=(0, 1))
        covered = (pixels + window * (mean - pixels) for window in _windows(*pixels.shape[:2]))
        # One at a time: sixteen take sixteen times the memory, and 0.18 s where these take 0.19.
        runs = [self._engine.run(picture[np.newaxis]).scores for picture in covered]
        scores = np.concatenate(runs)
        drops = self._log_odds(outputs.scores, index) - self._log_odds(scores, index)
        return _grid(drops, pixels.shape[0], pixels.shape[1])

    def _log_odds(self, scores: Floats, index: int) -> Floats:
        p = np.clip(calibrate(scores, self._card)[:, index], _TINY, 1 - _TINY)
        return np.log(p / (1 - p)).astype(np.float32)


def _ablate(head: Head, features: Floats, towards: Floats) -> Floats:
    height, width = features.shape[1:3]
    ablated = (features[0] * (1 - window) for window in _windows(height, width))
    at_once, logits = maps_at_once(features.shape[1:]), []
    while some := list(islice(ablated, at_once)):
        logits.append(head(np.stack(some)) @ towards)
    return _grid(head(features) @ towards - np.concatenate(logits), height, width)


def _windows(height: int, width: int) -> Iterator[Floats]:
    """Masks (height, width, 1) in 0..1, one for each cell, 1 at its centre, row by row."""
    columns = _tents(width)
    for row in _tents(height):
        for column in columns:
            yield np.outer(row, column)[:, :, np.newaxis]


def _tents(length: int) -> Floats:
    """Along one side of ``length`` places: (cells, length)."""
    count = min(length, _CELLS)
    centres = (np.arange(count) + 0.5) * length / count - 0.5
    distances = np.abs(np.arange(length) - centres[:, np.newaxis]) * count / length
    return np.asarray(np.maximum(0, 1 - distances / _REACH), np.float32)


def _grid(values: Floats, height: int, width: int) -> Floats:
    return values.reshape(min(height, _CELLS), min(width, _CELLS))
