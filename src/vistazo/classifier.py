"""The use case: the bytes of a picture in, class probabilities out."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
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
from vistazo.engines.base import Engine, Outputs
from vistazo.engines.onnx import OnnxEngine
from vistazo.errors import (
    BrokenRule,
    CardError,
    RejectedUploadError,
    UnknownLabelError,
    UnreadableModelError,
    UnsupportedModelError,
)
from vistazo.models.card import ModelCard
from vistazo.models.conclusions import draft_card
from vistazo.models.drafting import CardDraft, CardHints, Conclusion
from vistazo.models.fetch import MAX_MODEL_BYTES, Link, Location, ModelFiles, Place, located
from vistazo.models.signature import disagreements
from vistazo.models.store import StoredModel, compiled, find_model
from vistazo.pictures import ImageLimits, Picture, open_image
from vistazo.pictures.preprocessing import decode_size, place, prepare
from vistazo.pictures.seen import Seen, seen
from vistazo.pictures.upload import accept

log = logging.getLogger(__name__)

# What becomes of a picture that does not look like those that the model was made for.
OutOfDistributionPolicy = Literal["warn", "reject", "off"]

_CARD_OF_A_LINK = (
    "The model came from a link: put its card beside it there (MODEL.card.yaml), or name the "
    "card's own path or link in MODEL_CARD."
)


@dataclass(frozen=True)
class ModelSource:
    """Where a model is, and what runs it; the names are those of the settings."""

    path: Location
    card: Location | None
    cache_dir: Path
    engine: Literal["auto", "onnx", "keras"] = "auto"
    keras_layers: str | None = None
    out_of_distribution: OutOfDistributionPolicy = "warn"
    hints: CardHints = field(default_factory=CardHints)
    labels: Location | None = None
    baseline: Location | None = None
    sha256: str | None = None
    max_bytes: int = MAX_MODEL_BYTES

    def of(self, path: Location) -> ModelSource:
        """Another model, with what lies beside it, and the same rest."""
        return replace(self, path=path, card=None, labels=None, baseline=None, sha256=None)

    @property
    def place(self) -> Place:
        return Place(
            self.path,
            self.cache_dir,
            self.card,
            self.labels,
            self.baseline,
            self.sha256,
            self.max_bytes,
        )


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

    ``conclusions`` say how each field of ``card`` is known, where no card was written.
    """

    def __init__(
        self,
        engine: Engine,
        card: ModelCard,
        sha256: str,
        limits: ImageLimits,
        *,
        baseline: Baseline | None = None,
        out_of_distribution: OutOfDistributionPolicy = "warn",
        conclusions: tuple[Conclusion, ...] = (),
    ) -> None:
        self.card = card
        self.conclusions = conclusions
        self.signature = engine.signature
        self.identity = ModelIdentity(card.name, card.version, sha256)
        self._engine = engine
        self._explainer = Explainer(engine, card)
        self._limits = limits
        self._baseline = baseline
        self._policy = out_of_distribution

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

    def seen(self, data: bytes) -> Seen:
        """Return what the model is given of one encoded picture. Raises InputError."""
        return seen(prepare(self._decode(data), self.card.input), self.card.input)

    def _predict(self, outputs: Outputs) -> Prediction:
        decision = decide(outputs.scores[0], self.card)
        if self._baseline is None or outputs.features is None:
            return Prediction(decision, self.identity)
        likeness = self._baseline.likeness(outputs.features[0])
        if not likeness.verdict:
            if self._policy == "reject":
                raise RejectedUploadError([_unlike_training(self.card.name)])
            warnings = (*decision.warnings, OUT_OF_DISTRIBUTION)
            decision = replace(decision, warnings=warnings)
        return Prediction(decision, self.identity, likeness)

    def _decode(self, data: bytes) -> Picture:
        image, spec = open_image(data, self._limits), self.card.input
        accept(image.header, len(data), spec)
        return image.decode(at_least=decode_size(spec))

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


def load_classifier(
    source: ModelSource, limits: ImageLimits, is_cancelled: Callable[[], bool] = lambda: False
) -> Classifier:
    """Fetch, read, check and warm up a model. Raises ModelError in words that say what to do.

    ``is_cancelled`` is asked during a download, and ends it.
    """
    with located(source.place, is_cancelled) as files:
        try:
            return _load(files, source, limits)
        except CardError as error:
            if isinstance(source.path, Link) and files.card is None:
                raise CardError(f"{error} {_CARD_OF_A_LINK}") from error
            raise


def _load(files: ModelFiles, source: ModelSource, limits: ImageLimits) -> Classifier:
    model = find_model(
        files.model,
        files.card,
        may_be_folder=source.engine == "keras",
        labels_file=files.labels,
        hints=source.hints,
        cache_dir=source.cache_dir,
        sha256=source.sha256,
    )
    engine = _open_engine(model, source)
    card, conclusions = settle_card(model, engine)
    check_agreement(disagreements(card, engine.signature), source.card or source.path)
    baseline = _baseline_of(model, engine, files.baseline, source.out_of_distribution)
    classifier = Classifier(
        engine,
        card,
        model.sha256,
        limits,
        baseline=baseline,
        out_of_distribution=source.out_of_distribution,
        conclusions=conclusions,
    )
    classifier.warm_up()
    return classifier


def settle_card(model: StoredModel, engine: Engine) -> tuple[ModelCard, tuple[Conclusion, ...]]:
    """The card beside the model; else one that is drawn up, and how each field of it is known.

    Raises CardError that says what is missing and how to give it.
    """
    if model.card is not None:
        return model.card, ()
    draft = draft_card(
        model.home,
        model.sha256,
        engine.signature,
        model.hints,
        model.labels,
        empty_card=model.empty_card,
    )
    draft = _settle_scale(draft, engine)
    card = draft.complete()
    for conclusion in draft.conclusions:
        log.info("concluded", extra=asdict(conclusion))
    return card, draft.conclusions


def _settle_scale(draft: CardDraft, engine: Engine) -> CardDraft:  # noqa: ARG001
    """Where the scale alone is missing, what the weights remember of their pictures may tell it."""
    return draft


def _baseline_of(
    model: StoredModel, engine: Engine, given: Path | None, policy: OutOfDistributionPolicy
) -> Baseline | None:
    """None where it is not wanted, there is none of use, or the engine shows no feature map.

    A baseline of other weights is what is left beside a model that was replaced: the new one is
    served, without it.
    """
    path, features = given or baseline_path(model.home), engine.signature.features
    if policy == "off" or features is None or (given is None and not path.exists()):
        return None
    try:
        return read_baseline(path, model.sha256, math.prod(features))
    except UnreadableModelError as error:
        level = logging.ERROR if policy == "reject" else logging.WARNING
        log.log(level, "strange pictures are not told apart", extra={"reason": str(error)})
        return None


def _unlike_training(name: str) -> BrokenRule:
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


def check_agreement(faults: Iterable[str], source: Location) -> None:
    """Raise CardError where there are faults, each on a line of its own."""
    lines = [f"  {fault}" for fault in faults]
    if lines:
        raise CardError(f"The model and its card disagree ({source}):\n" + "\n".join(lines))
