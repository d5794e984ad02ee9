"""The use case: the bytes of a picture in, class probabilities out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vistazo.decision import Decision, decide
from vistazo.engines.base import Engine
from vistazo.engines.onnx import OnnxEngine
from vistazo.errors import CardError, UnsupportedModelError
from vistazo.imaging import ImageLimits, open_image
from vistazo.model_card import ModelCard
from vistazo.model_store import compiled_model
from vistazo.preprocessing import prepare
from vistazo.signature import ModelSignature, disagreements
from vistazo.upload import accept


@dataclass(frozen=True)
class ModelIdentity:
    name: str
    version: str
    sha256: str


@dataclass(frozen=True)
class Prediction:
    """``decision`` for one picture, and the model that made it."""

    decision: Decision
    model: ModelIdentity


class Classifier:
    """Safe to use from several threads at once."""

    def __init__(
        self,
        engine: Engine,
        card: ModelCard,
        signature: ModelSignature,
        sha256: str,
        limits: ImageLimits,
    ) -> None:
        self.card = card
        self.signature = signature
        self.identity = ModelIdentity(card.name, card.version, sha256)
        self._engine = engine
        self._limits = limits

    def classify(self, data: bytes) -> Prediction:
        """Classify one encoded picture. Raises InputError where it cannot be."""
        image = open_image(data, self._limits)
        spec = self.card.input
        accept(image.header, len(data), spec)
        pixels = prepare(image.decode(at_least=(spec.height, spec.width)), spec)
        scores = self._engine.run(pixels[np.newaxis]).scores[0]
        return Prediction(decide(scores, self.card), self.identity)

    def warm_up(self) -> None:
        """Run once on an empty picture. Raises UnsupportedModelError for scores that are no use."""
        spec = self.card.input
        shape = (1, spec.height, spec.width, spec.channels)
        scores = self._engine.run(np.zeros(shape, np.float32)).scores
        if scores.ndim != 2 or scores.shape[1] not in self.card.units:
            raise UnsupportedModelError(
                f"The model answers with shape {scores.shape}, which does not fit "
                f"{len(self.card.labels)} labels."
            )
        if not np.isfinite(scores).all():
            raise UnsupportedModelError(
                "The model answers with infinite or undefined numbers: its weights are damaged, or "
                "its training diverged."
            )

    def close(self) -> None:
        self._engine.close()


def load_classifier(
    model_path: Path, card_file: Path | None, cache_dir: Path, limits: ImageLimits
) -> Classifier:
    """Read, check and warm up a model. Raises ModelError in words that say what to do."""
    with compiled_model(model_path, card_file, cache_dir) as compiled:
        engine = OnnxEngine(compiled.onnx)
    check_agreement(disagreements(compiled.card, engine.signature), card_file or model_path)
    classifier = Classifier(engine, compiled.card, engine.signature, compiled.sha256, limits)
    classifier.warm_up()
    return classifier


def check_agreement(faults: Iterable[str], source: Path) -> None:
    """Raise CardError where there are faults, each on a line of its own."""
    lines = [f"  {fault}" for fault in faults]
    if lines:
        raise CardError(f"The model and its card disagree ({source}):\n" + "\n".join(lines))
