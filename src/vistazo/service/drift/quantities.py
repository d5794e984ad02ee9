"""What of an answer is compared with the reference, each a number."""

from __future__ import annotations

from typing import Literal

from vistazo.classifier import Prediction
from vistazo.samples.classifier import SamplePrediction

Kind = Literal["input", "output", "confidence"]

# What each says has changed: what is asked about, or how sure the model is. The mix of the answers,
# ``classes``, is the output.
KINDS: dict[str, Kind] = {
    "brightness": "input",
    "contrast": "input",
    "sharpness": "input",
    "size": "input",
    "aspect_ratio": "input",
    "likeness": "input",
    "length": "input",
    "known_words": "input",
    "language": "input",
    "confidence": "confidence",
}


def quantities_of(prediction: Prediction | SamplePrediction) -> dict[str, float]:
    """Those that are known of an answer, by their name in ``KINDS``."""
    found: dict[str, float] = {}
    if prediction.decision.confidence is not None:
        found["confidence"] = prediction.decision.confidence
    if isinstance(prediction, Prediction):
        return found | _of_picture(prediction)
    return found | _of_text(prediction)


def _of_picture(prediction: Prediction) -> dict[str, float]:
    found: dict[str, float] = {}
    if prediction.in_distribution is not None:
        found["likeness"] = prediction.in_distribution.score
    if (seen := prediction.appearance) is not None:
        found["brightness"], found["contrast"] = seen.brightness, seen.contrast
        found["sharpness"] = seen.sharpness
        found["size"] = float(max(seen.width_px, seen.height_px))
        found["aspect_ratio"] = seen.width_px / seen.height_px
    return found


def _of_text(prediction: SamplePrediction) -> dict[str, float]:
    found: dict[str, float] = {}
    if (likeness := prediction.in_distribution) is not None:
        found["length"] = float(likeness.words)
        if likeness.score is not None:
            found["known_words"] = likeness.score
    if prediction.language is not None:
        found["language"] = prediction.language
    return found
