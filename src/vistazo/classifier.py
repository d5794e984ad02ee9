"""The use case: the bytes of a picture in, class probabilities out."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vistazo.answers.decision import Decision, decide
from vistazo.answers.explanation import OVERLAY_PX, Evidence, Explainer, Frame, overlay
from vistazo.answers.further_outputs import Classes, FurtherOutputs, OutputAnswer
from vistazo.answers.likeness import OUT_OF_DISTRIBUTION, Baseline, Likeness
from vistazo.answers.reference import Reference
from vistazo.engines.base import Engine, Outputs
from vistazo.errors import (
    BrokenRule,
    InputError,
    RejectedUploadError,
    UnknownLabelError,
    UnsupportedModelError,
)
from vistazo.models.card import ModelCard
from vistazo.models.drafting import Conclusion
from vistazo.observer import NOBODY, Observer, during
from vistazo.pictures.appearance import Appearance
from vistazo.pictures.claims import header_warnings
from vistazo.pictures.preprocessing import place
from vistazo.pictures.preview import png_of
from vistazo.pictures.radiograph import Radiograph
from vistazo.pictures.reader import PictureReader, Prepared
from vistazo.pictures.seen import Seen, seen

_NOT_FINITE = (
    "The model answers with infinite or undefined numbers: its weights are damaged, or its "
    "training diverged."
)
KEPT_SIDE_PX = 2_048  # of the longer side, of a DICOM file's picture
# What becomes of a picture that does not look like those that the model was made for.
OutOfDistributionPolicy = Literal["warn", "reject", "off"]


@dataclass(frozen=True)
class ModelIdentity:
    name: str
    version: str
    sha256: str


@dataclass(frozen=True)
class Prediction:
    """``decision`` for one picture, and the model that made it.

    ``in_distribution`` says whether the picture looks like those of training; None where the model
    has no baseline. ``appearance`` is None of pixels that were prepared elsewhere. ``outputs`` is
    by name what the model says in each of several outputs, that of ``decision`` first; else empty.
    ``radiograph`` is what the header of a DICOM file says of the picture, None of another format.
    """

    decision: Decision
    model: ModelIdentity
    in_distribution: Likeness | None = None
    appearance: Appearance | None = None
    outputs: Mapping[str, OutputAnswer] = field(default_factory=dict)
    radiograph: Radiograph | None = None


@dataclass(frozen=True, eq=False)
class Explanation:
    """The evidence in one picture of ``width`` x ``height`` pixels, and where in it that lies."""

    evidence: Evidence
    frame: Frame
    width: int
    height: int

    @property
    def least_side_px(self) -> int:
        """Twice that, at least, is what an overlay needs of the short side; the long one has as its
        share.
        """
        short, long = sorted((self.width, self.height))
        return max(1, OVERLAY_PX * short // (2 * long))


class Classifier:
    """Safe to use from several threads at once.

    ``reader`` decodes the pictures: here, or in processes that may die of it. ``conclusions`` say
    how each field of ``card`` is known, where no card was written; ``warnings`` are reasons to
    doubt the model or its card, whatever the picture: sentences. ``reference`` is what answers were
    like where the model was measured, None where that is not known.
    """

    def __init__(
        self,
        engine: Engine,
        card: ModelCard,
        sha256: str,
        reader: PictureReader,
        *,
        baseline: Baseline | None = None,
        reference: Reference | None = None,
        out_of_distribution: OutOfDistributionPolicy = "warn",
        conclusions: tuple[Conclusion, ...] = (),
        warnings: tuple[str, ...] = (),
    ) -> None:
        self.card = card
        self.conclusions = conclusions
        self.warnings = warnings
        self.signature = engine.signature
        self.runtime = engine.runtime
        self.reference = reference
        self.identity = ModelIdentity(card.name, card.version, sha256)
        self._engine = engine
        self._explainer = Explainer(engine, card)
        self._further = FurtherOutputs(engine.signature.others, card.more_outputs)
        self._reader = reader
        self.frame: int | None = None
        self._baseline = baseline
        self._policy = out_of_distribution

    def at_frame(self, frame: int | None) -> Classifier:
        """The same model, which takes this frame of a DICOM file, as ``open_image``."""
        other = copy.copy(self)
        other.frame = frame
        return other

    def classify(self, data: bytes, observer: Observer = NOBODY) -> Prediction:
        """Classify one encoded picture. Raises InputError where it cannot be."""
        prepared = self.prepared(data, observer)
        return self.score(prepared.pixels, observer, prepared.appearance, prepared.radiograph)

    def prepared(self, data: bytes, observer: Observer = NOBODY) -> Prepared:
        """Prepare one encoded picture for the model. Raises InputError."""
        return self._reader.prepared(data, self.card.input, observer, self.frame)

    def score(
        self,
        pixels: NDArray[np.float32],
        observer: Observer = NOBODY,
        appearance: Appearance | None = None,
        radiograph: Radiograph | None = None,
    ) -> Prediction:
        """Classify the pixels (h, w, c) of one prepared picture, which looked so, and of which its
        header said so.

        Raises RejectedUploadError, where strange ones are.
        """
        return self._predict(self._run(pixels, observer), appearance, radiograph)

    def explain(
        self, data: bytes, label: str | None = None, observer: Observer = NOBODY
    ) -> tuple[Prediction, Explanation]:
        """Classify, and find what speaks for ``label``, by default the predicted class.

        Raises InputError as ``classify``, and UnknownLabelError.
        """
        self.check_label(label)
        return self.explain_prepared(self.prepared(data, observer), label, observer)

    def explain_prepared(
        self, prepared: Prepared, label: str | None = None, observer: Observer = NOBODY
    ) -> tuple[Prediction, Explanation]:
        """As ``explain``, of a prepared picture; ``label`` is one that the model has."""
        spec = self.card.input
        outputs = self._run(prepared.pixels, observer)
        prediction = self._predict(outputs, prepared.appearance, prepared.radiograph)
        label = label or prediction.decision.predicted_class
        with during("explain", observer):
            evidence = self._explainer.explain(prepared.pixels, outputs, label)
        frame = Frame.of(place(prepared.width, prepared.height, spec), spec)
        explanation = Explanation(evidence, frame, prepared.width, prepared.height)
        return prediction, explanation

    def check_label(self, label: str | None) -> None:
        """Raises UnknownLabelError for one that the model does not have."""
        if label is not None and label not in self.card.labels:
            raise UnknownLabelError(
                f"The model has no label '{label}'. It has {', '.join(self.card.labels)}."
            )

    def overlay(
        self, data: bytes, label: str | None = None, observer: Observer = NOBODY
    ) -> tuple[Prediction, bytes]:
        """Classify, and draw the heatmap over the picture: a PNG. Raises as ``explain``."""
        prediction, explanation = self.explain(data, label, observer)
        side = explanation.least_side_px
        picture = self._reader.picture(data, (side, side), self.frame)
        return prediction, overlay(picture, explanation.evidence.grid, explanation.frame)

    def preview(self, data: bytes, max_side_px: int) -> bytes:
        """Draw the picture as it is read, no side longer than that: a PNG. Raises InputError where
        it cannot be; what the card accepts is not asked.
        """
        return png_of(self._reader.preview(data, max_side_px, self.frame))

    def without_header(self, data: bytes, prediction: Prediction) -> bytes | None:
        """What may be kept of a picture that was classified so: the file as it came; of a DICOM
        file, which tells of the patient, a PNG of the picture as it is shown, None where that
        cannot be had a second time.
        """
        if prediction.radiograph is None:
            return data
        try:
            return self.preview(data, KEPT_SIDE_PX)
        except InputError:
            return None

    def seen(self, data: bytes) -> Seen:
        """Return what the model is given of one encoded picture. Raises InputError."""
        return seen(self.prepared(data).pixels, self.card.input)

    def _predict(
        self, outputs: Outputs, appearance: Appearance | None, radiograph: Radiograph | None
    ) -> Prediction:
        if not np.isfinite(outputs.scores[0]).all():
            raise InputError(
                "The model has no finite answer to this picture: its weights may be damaged."
            )
        decision = decide(outputs.scores[0], self.card)
        told = self._told(decision, outputs)
        if doubts := header_warnings(radiograph, self.card.input.accepts):
            decision = replace(decision, warnings=(*decision.warnings, *doubts))
        if self._baseline is None or outputs.features is None:
            return Prediction(decision, self.identity, None, appearance, told, radiograph)
        likeness = self._baseline.likeness(outputs.features[0])
        if not likeness.verdict:
            if self._policy == "reject":
                raise RejectedUploadError([_unlike_training(self.card.name)])
            warnings = (*decision.warnings, OUT_OF_DISTRIBUTION)
            decision = replace(decision, warnings=warnings)
        return Prediction(decision, self.identity, likeness, appearance, told, radiograph)

    def _told(self, decision: Decision, outputs: Outputs) -> dict[str, OutputAnswer]:
        """What each of several outputs says."""
        further = {} if outputs.others is None else self._further.read(outputs.others[0])
        if not further:
            return {}
        return {self.signature.output: Classes(self.card.labels, decision), **further}

    def _run(self, pixels: NDArray[np.float32], observer: Observer) -> Outputs:
        with during("infer", observer):
            return self._engine.run(pixels[np.newaxis])

    def warm_up(self) -> None:
        """Run once on an empty picture. Raises UnsupportedModelError for scores that are no use."""
        spec = self.card.input
        shape = (1, spec.height, spec.width, spec.channels)
        try:
            outputs = self._engine.run(np.zeros(shape, np.float32))
        except Exception as error:  # an engine's errors share no base but Exception
            raise UnsupportedModelError(f"The model cannot be run: {error}") from error
        scores, others = outputs.scores, outputs.others
        if scores.ndim != 2 or scores.shape[1] not in self.card.units:
            raise UnsupportedModelError(
                f"The model answers with shape {scores.shape}, which does not fit "
                f"{len(self.card.labels)} labels."
            )
        if (0 if others is None else others.shape[1]) != self._further.width:
            raise UnsupportedModelError("The model gives other outputs than its file says.")
        if not np.isfinite(scores).all():
            raise UnsupportedModelError(_NOT_FINITE)
        try:
            self._told(decide(scores[0], self.card), outputs)
        except InputError as error:
            raise UnsupportedModelError(_NOT_FINITE) from error

    @property
    def baseline(self) -> Baseline | None:
        """Of the pictures that the model was made for, where it is heeded."""
        return self._baseline

    @property
    def out_of_distribution(self) -> OutOfDistributionPolicy:
        return self._policy

    def interrupt(self) -> None:
        """End what is being scored, with an error, as far as the engine can."""
        self._engine.interrupt()

    def close(self) -> None:
        self._engine.close()


def _unlike_training(name: str) -> BrokenRule:
    return BrokenRule(
        "in_distribution",
        f"The picture does not look like those that the model '{name}' was made for. "
        "Send one of that kind, upright and uncropped.",
    )
