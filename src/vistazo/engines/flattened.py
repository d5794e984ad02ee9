"""An estimator of scikit-learn that was trained on pictures: each number of one is a feature."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vistazo.engines.base import Outputs, Runtime
from vistazo.errors import CardError
from vistazo.models.card import InputSpec
from vistazo.models.plan.plan import Plan
from vistazo.models.signature import ModelSignature


class FlattenedEngine:
    """Runs a plan on images (n, h, w, c) as rows (n, h * w * c), in C order, as ``ravel`` does.

    Raises CardError where the card's pictures have another number of values than the rows.
    """

    def __init__(self, plan: Plan, spec: InputSpec) -> None:
        size = spec.height * spec.width * spec.channels
        if plan.takes != "rows" or size != plan.n_features:
            raise CardError(
                f"The card says pictures of {spec.height} x {spec.width} x {spec.channels}, which "
                f"are {size} numbers; the model takes {plan.n_features or 'texts'}."
            )
        self._plan = plan
        self.runtime = Runtime("numpy", np.__version__, precision="float64")
        self.signature = ModelSignature(
            spec.height,
            spec.width,
            spec.channels,
            units=len(plan.labels),
            activation="unknown",
            features=None,
            weights=0,
            layers=len(plan.steps),
            framework=plan.summary.framework,
        )

    @property
    def head(self) -> None:
        """There is no spatial map that it could begin with."""

    @property
    def probe(self) -> None:
        """There is no batch normalisation."""

    def run(self, images: NDArray[np.float32]) -> Outputs:
        decisions = self._plan.decide(images.reshape(len(images), -1).astype(np.float64))
        found = decisions.scores if decisions.probabilities is None else decisions.probabilities
        if found is None:  # a vote
            found = np.eye(len(self._plan.labels))[decisions.predicted]
        return Outputs(found.astype(np.float32), None)

    def interrupt(self) -> None:
        """What runs is short, and cannot be ended."""

    def close(self) -> None:
        """Nothing is held but memory."""
