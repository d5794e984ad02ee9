"""The use case: the bytes of a picture in, class probabilities out."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from vistazo.answers.decision import Decision, decide
from vistazo.answers.explanation import OVERLAY_PX, Evidence, Explainer, Frame, overlay
from vistazo.answers.likeness import (
    OUT_OF_DISTRIBUTION,
    Baseline,
    Likeness,
    baseline_path,
    read_baseline,
)
from vistazo.answers.scaling import doubt_scale
from vistazo.engines.base import Engine, Outputs
from vistazo.engines.onnx import OnnxEngine
from vistazo.errors import (
    BrokenRule,
    CardError,
    RejectedUploadError,
    UnknownLabelError,
    UnsupportedModelError,
)
from vistazo.models.card import ModelCard
from vistazo.models.signature import disagreements
from vistazo.models.store import StoredModel, compiled, find_model
from vistazo.pictures import ImageLimits, Picture, open_image
from vistazo.pictures.preprocessing import place, prepare
from vistazo.pictures.upload import accept

log = logging.getLogger(__name__)

# What becomes of a picture that does not look like those that the model was made for.
StrangerPolicy = Literal["warn", "reject", "off"]


@dataclass(frozen=True)
class ModelSource:
    """Where a model is, and what runs it; the names are those of the settings."""

    path: Path
    card: Path | None
    cache_dir: Path
    engine: Literal["auto", "onnx", "keras"] = "auto"
    keras_layers: str | None = None
    out_of_distribution: StrangerPolicy = "warn"


@dataclass(frozen=True)
class ModelIdentity:
    name: str
    version: str
    sha256: str


@dataclass(frozen=True)
class Prediction:
    """``decision`` for one picture, and the model that made it.

    ``in_distribution`` says whether the picture looks like those of training; None where the model
    has no baseline.
    """

    decision: Decision
    model: ModelIdentity
    in_distribution: Likeness | None = None


@dataclass(frozen=True, eq=False)
class Explanation:
    """The evidence in one picture of ``width`` x ``height`` pixels, and where in it that lies."""

    evidence: Evidence
    frame: Frame
    width: int
    height: int


class Classifier:
    """Safe to use from several threads at once.

    ``warnings`` are reasons to doubt the model or its card, whatever the picture: sentences.
    """

    def __init__(
        self,
        engine: Engine,
        card: ModelCard,
        sha256: str,
        limits: ImageLimits,
        *,
        baseline: Baseline | None = None,
        strangers: StrangerPolicy = "warn",
        warnings: tuple[str, ...] = (),
    ) -> None:
        self.card = card
        self.warnings = warnings
        self.signature = engine.signature
        self.identity = ModelIdentity(card.name, card.version, sha256)
        self._engine = engine
        self._explainer = Explainer(engine, card)
        self._limits = limits
        self._baseline = baseline
        self._strangers = strangers

    def classify(self, data: bytes) -> Prediction:
        """Classify one encoded picture. Raises InputError where it cannot be."""
        pixels = prepare(self._decode(data), self.card.input)
        return self._predict(self._engine.run(pixels[np.newaxis]))

    def explain(self, data: bytes, label: str | None = None) -> tuple[Prediction, Explanation]:
        """Classify, and find what speaks for ``label``, by default the predicted class.

        Raises InputError as ``classify``, and UnknownLabelError.
        """
        if label is not None and label not in self.card.labels:
            raise UnknownLabelError(
                f"The model has no label '{label}'. It has {', '.join(self.card.labels)}."
            )
        picture, spec = self._decode(data), self.card.input
        pixels = prepare(picture, spec)
        outputs = self._engine.run(pixels[np.newaxis])
        prediction = self._predict(outputs)
        label = label or prediction.decision.predicted_class
        evidence = self._explainer.explain(pixels, outputs, label)
        frame = Frame.of(place(picture.width, picture.height, spec), spec)
        explanation = Explanation(evidence, frame, picture.width, picture.height)
        return prediction, explanation

    def overlay(self, data: bytes, label: str | None = None) -> tuple[Prediction, bytes]:
        """Classify, and draw the heatmap over the picture: a PNG. Raises as ``explain``."""
        prediction, explanation = self.explain(data, label)
        half = OVERLAY_PX // 2  # what is decoded has at least twice the size asked for
        picture = open_image(data, self._limits).decode(at_least=(half, half))
        return prediction, overlay(picture, explanation.evidence.grid, explanation.frame)

    def _predict(self, outputs: Outputs) -> Prediction:
        decision = decide(outputs.scores[0], self.card)
        if self._baseline is None or outputs.features is None:
            return Prediction(decision, self.identity)
        likeness = self._baseline.likeness(outputs.features[0])
        if not likeness.verdict:
            if self._strangers == "reject":
                raise RejectedUploadError([_stranger(self.card.name)])
            warnings = (*decision.warnings, OUT_OF_DISTRIBUTION)
            decision = replace(decision, warnings=warnings)
        return Prediction(decision, self.identity, likeness)

    def _decode(self, data: bytes) -> Picture:
        image, spec = open_image(data, self._limits), self.card.input
        accept(image.header, len(data), spec)
        return image.decode(at_least=(spec.height, spec.width))

    def warm_up(self) -> None:
        """Run once on an empty picture. Raises UnsupportedModelError for scores that are no use."""
        spec = self.card.input
        shape = (1, spec.height, spec.width, spec.channels)
        try:
            scores = self._engine.run(np.zeros(shape, np.float32)).scores
        except Exception as error:  # an engine's errors share no base but Exception
            raise UnsupportedModelError(f"The model cannot be run: {error}") from error
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


def load_classifier(source: ModelSource, limits: ImageLimits) -> Classifier:
    """Read, check and warm up a model. Raises ModelError in words that say what to do.

    What is doubtful but can be served is logged, and told by the classifier's ``warnings``.
    """
    model = find_model(source.path, source.card, may_be_folder=source.engine == "keras")
    engine = _open_engine(model, source)
    check_agreement(disagreements(model.card, engine.signature), source.card or source.path)
    baseline = _baseline_of(model, engine) if source.out_of_distribution != "off" else None
    classifier = Classifier(
        engine,
        model.card,
        model.sha256,
        limits,
        baseline=baseline,
        strangers=source.out_of_distribution,
        warnings=tuple(filter(None, [doubt_scale(engine, model.card.input)])),
    )
    classifier.warm_up()
    for warning in classifier.warnings:
        log.warning("the model's card is doubtful", extra={"reason": warning})
    return classifier


def _baseline_of(model: StoredModel, engine: Engine) -> Baseline | None:
    """None where there is no baseline beside the model, or the engine shows no feature map."""
    path, features = baseline_path(model.path), engine.signature.features
    if features is None or not path.exists():
        return None
    return read_baseline(path, model.sha256, math.prod(features))


def _stranger(name: str) -> BrokenRule:
    return BrokenRule(
        "in_distribution",
        f"The picture does not look like those that the model '{name}' was made for. "
        "Send one of that kind, upright and uncropped.",
    )


def _open_engine(model: StoredModel, source: ModelSource) -> Engine:
    if source.engine == "keras":
        from vistazo.engines.keras import KerasEngine

        return KerasEngine(model.path, model.input_size, source.keras_layers)
    with compiled(model, source.cache_dir, source.keras_layers) as onnx:
        return OnnxEngine(onnx)


def check_agreement(faults: Iterable[str], source: Path) -> None:
    """Raise CardError where there are faults, each on a line of its own."""
    lines = [f"  {fault}" for fault in faults]
    if lines:
        raise CardError(f"The model and its card disagree ({source}):\n" + "\n".join(lines))
