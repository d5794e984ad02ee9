"""What a program is told: the fields are called as those of the answers over HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vistazo.answers.explanation import Frame
from vistazo.answers.explanation.words import WordEvidence, WordWeight
from vistazo.answers.further_outputs import OutputAnswer
from vistazo.answers.likeness import Likeness
from vistazo.answers.text_likeness import TextLikeness
from vistazo.classifier import Explanation as PictureEvidence
from vistazo.classifier import ModelIdentity, Prediction
from vistazo.errors import RequestError
from vistazo.pictures.radiograph import Radiograph
from vistazo.samples.classifier import SamplePrediction

_NO_GRID = np.zeros((0, 0), np.float32)
_WHOLE = Frame(0, 0, 1, 1)


@dataclass(frozen=True)
class InDistribution:
    """Whether a picture or text looks like those that the model was made for.

    ``score`` is in 0..1: of a picture 0.5 at the limit; of a text the share of its words that the
    model knows, None where it keeps none. ``verdict``: within the limit.
    """

    score: float | None
    verdict: bool


@dataclass(frozen=True)
class DicomHeader:
    """What the header of a DICOM file says: codes of DICOM, None where it does not say, or not in a
    code that is known. ``frame`` of ``frames``, from 1, was taken; ``turned`` is True where it was
    brought upright.
    """

    modality: str | None = None
    view: str | None = None
    laterality: str | None = None
    body_part: str | None = None
    age_years: float | None = None
    frame: int = 1
    frames: int = 1
    window: str | None = None
    burned_in_annotation: bool | None = None
    turned: bool = False


@dataclass(frozen=True)
class Answer:
    """To one picture, text or row.

    ``probabilities`` (0..1) are by label, in the order of the labels, and ``confidence`` is that of
    ``predicted_class``. Where an estimator of scikit-learn gives none, they are empty and None, and
    ``scores`` has its decision values. ``warnings`` are reasons to doubt: ``uncertain``,
    ``out_of_distribution``, and what the header of a DICOM file has against the card.
    ``in_distribution`` is None where that cannot be told. ``outputs`` is, only of a model of
    several outputs, what each says by its name. ``dicom`` is None but of a DICOM file.
    """

    predicted_class: str
    confidence: float | None
    probabilities: Mapping[str, float]
    warnings: tuple[str, ...]
    in_distribution: InDistribution | None
    model: ModelIdentity
    scores: Mapping[str, float] = field(default_factory=dict)
    outputs: Mapping[str, OutputAnswer] = field(default_factory=dict)
    dicom: DicomHeader | None = None


@dataclass(frozen=True, eq=False)
class Explanation:
    """An answer, and what spoke for ``label``, found by ``method``.

    Of a picture: ``png`` is the picture under its heatmap; ``grid``, float32 (rows, columns), the
    raw map, above 0 for the label and below against it, in units of its logit; ``frame`` the part
    of the picture that it covers, as fractions. Of a text: ``words``, those that speak most for the
    label first. The other's are empty.
    """

    answer: Answer
    label: str
    method: str
    png: bytes = b""
    grid: NDArray[np.float32] = field(default_factory=lambda: _NO_GRID)
    frame: Frame = _WHOLE
    words: tuple[WordWeight, ...] = ()

    def save(self, path: str | Path) -> None:
        """Write ``png``. Raises RequestError of a text, and OSError."""
        if not self.png:
            raise RequestError("A text has no heatmap: what spoke for the label is in 'words'.")
        Path(path).write_bytes(self.png)


def answer_to_picture(prediction: Prediction, labels: Sequence[str]) -> Answer:
    decision = prediction.decision
    return Answer(
        decision.predicted_class,
        decision.confidence,
        dict(zip(labels, decision.probabilities, strict=True)),
        decision.warnings,
        _likeness(prediction.in_distribution),
        prediction.model,
        outputs=prediction.outputs,
        dicom=_header(prediction.radiograph),
    )


def answer_to_sample(prediction: SamplePrediction, labels: Sequence[str]) -> Answer:
    decision = prediction.decision
    return Answer(
        decision.predicted_class,
        decision.confidence,
        _by_label(labels, decision.probabilities),
        decision.warnings,
        _likeness(prediction.in_distribution),
        prediction.model,
        scores=_by_label(labels, decision.scores),
    )


def explained_picture(answer: Answer, found: PictureEvidence, png: bytes) -> Explanation:
    evidence = found.evidence
    return Explanation(answer, evidence.label, evidence.method, png, evidence.grid, found.frame)


def explained_text(answer: Answer, found: WordEvidence) -> Explanation:
    return Explanation(answer, found.label, found.method, words=found.words)


def _header(found: Radiograph | None) -> DicomHeader | None:
    # Any: mypy cannot tell which name has which kind of value.
    said: Mapping[str, Any] = {} if found is None else found.told()
    return None if found is None else DicomHeader(**said)


def _likeness(found: Likeness | TextLikeness | None) -> InDistribution | None:
    return None if found is None else InDistribution(found.score, found.verdict)


def _by_label(labels: Sequence[str], numbers: Sequence[float] | None) -> dict[str, float]:
    return {} if numbers is None else dict(zip(labels, numbers, strict=True))
