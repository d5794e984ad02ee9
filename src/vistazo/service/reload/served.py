"""Whatever classifier answers: of pictures, or of texts and rows of numbers."""

from __future__ import annotations

from vistazo.classifier import Classifier
from vistazo.samples.classifier import SampleClassifier

Served = Classifier | SampleClassifier


def taken_by(served: Served) -> str:
    """What it takes, in a word: pictures, texts or rows."""
    return "pictures" if isinstance(served, Classifier) else served.takes
