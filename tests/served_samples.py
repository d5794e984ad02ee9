"""Models of texts and of rows for tests, made in memory: what they say can be told by heart."""

from __future__ import annotations

import base64
import json
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vistazo.classifier import OutOfDistributionPolicy
from vistazo.errors import TextTooCostlyError
from vistazo.models.plan.linear import Linear
from vistazo.models.plan.matrix import Dense, Values
from vistazo.models.plan.plan import Plan
from vistazo.models.plan.vectorizer import Vectorizer
from vistazo.models.plan.vocabulary import vocabulary
from vistazo.models.sample_card import RowCard, TextCard
from vistazo.samples.classifier import SampleClassifier
from vistazo.texts.analysis import Analysis
from vistazo.texts.token_pattern import TokenPattern

NEWS = {"name": "news", "version": "1.0.0", "labels": ["false", "true"]}
FALSETRUE = {**NEWS, "route": "/falsetrue", "answer_field": "is_falsetrue", "values": [0, 1]}

# make_pipeline(CountVectorizer(), LogisticRegression()) of scikit-learn 1.2.2, saved by joblib with
# zlib: it knows "verdad" (1) and "mentira" (0).
_JOBLIB = (
    "eNqNVE1vFDcY3t1kP/KdlBtQeiCHRIgtiRCKBFKEIoHaQdsWUHJgqeWZ8a5dPLZle7JZJAQcgKSyxAHnX/Qf9FD1L/QX"
    "VL320luP8Hp2NrsoqlQfZt7xvB+Pn+eZeTV7enu2Uiy3ap5xgrVoK6YIZ4J41/p+HH7wm6/9C7/h6sYSZfxTCFcSmQt7"
    "SBIrNXtOtHdfjVv0CLa5JogcWY0Ty6RoW4i9W9kLNfuTmkljJlQOGc1ECksERC0iEpky0feuntve9R3vFlMCW9BXawnz"
    "GsZqlkDqUggUwkkClcZ33KLSRGmZEGMgsePmrHxGRDGx41pYYD4sEM8OpE69m+NyQHSCDfHHbqnIRQpbS7SA5hu7+WY3"
    "7g66g2vd2Lt5Y6VCoTBMamT4CKU9f3/3n5LIRsZE2ImqbjG8LMkIyQuir3GGNBZ9Au+j6ltodygTHOcc62FoFzMRohNX"
    "T+1QgQh1kWdq6ANB9tZNIMyt9dgRSdGkDkH6MprAQiz1Pzf+/JV01Uu3MLXv33u3MF0XmG8cEp3iNOBtZsAf09hHldyt"
    "olJOBAkGNAQMW+3t9rbPY8D9BZd9ZixLNOnD6UYJV8YOCK7BGmWgFm+jcSpUPSjDh5OqMw80FQFlLBy2xrdBnDTHHI42"
    "YyUHfi/e+uvvy3vXXXVviuylHrMImAH1iLKg3trZAzIJ5sE+QYiEY2PQgLA+tcEfIEEqM+AMWxJoN5IfBkPUedzrGzBf"
    "UI5BJx+lbiHLuWWo6AGwcG4lGBXyYwmOiSpufoB10UxbwNsQ6CcZB71bfAvEBv9DvCzOnACAkY9qrlV0hGfvLkAFZ3G7"
    "EBsplgCPoHQnPN7VGg8PNFZq+oNpmTweIaLrrilSHLKCPeqGYjBOVHsDMcgORfQOvUrX6VV4W2M7/uT4nX/oN6IZV73j"
    "O53Otx9hFZeoYn3s5jGHDwJlGVbA6KURpqI/Akb7IrgExUMLno5W83ju43hVylUt76fflQEALNhEnnZG+OkP9BF9HFXf"
    "eLpfwDsAaDcn0OiT88Do02P6Y5jYLOc1PptRTyTpnZ8Q1d5Ozejt/M8ZM7Dzy/Lvf3zz6N/fyvvu6Y3xrPmJzf77SNlZ"
    "s8bn/Jx+WQb0a3ojfE0E/hokk+EXQO+djHbbnwDWmDsD"
)


def write_text_model(path: Path, **card: Any) -> Path:
    """A real file, and its card."""
    path.write_bytes(base64.b64decode(_JOBLIB))
    document = {**FALSETRUE, "task": "text", **card}
    path.with_name(f"{path.stem}.card.yaml").write_text(json.dumps(document))
    return path


@dataclass
class CountsWords:
    """How often each of two words occurs. ``gate`` holds it until it is set."""

    words: tuple[str, str] = ("mentira", "verdad")
    gate: threading.Event | None = None
    takes_s: float = 0.0

    def apply(self, texts: Values) -> Dense:
        if self.gate is not None:
            assert self.gate.wait(30)
        time.sleep(self.takes_s)
        if any("costly" in str(text) for text in texts):
            raise TextTooCostlyError("It takes more than a text may.")
        return np.array([[str(text).count(word) for word in self.words] for text in texts], float)


def text_classifier(
    counts: CountsWords | None = None,
    *,
    sha256: str = "0" * 64,
    link: Any = "logistic",
    **card: Any,
) -> SampleClassifier:
    """Says true where a text has "verdad" more often than "mentira"."""
    decider = Linear(np.array([[-1.0], [1.0]]), np.zeros(1), "logistic")
    plan = Plan("texts", 0, (0, 1), (counts or CountsWords(),), decider)
    return SampleClassifier(plan, TextCard.model_validate({**NEWS, **card}), sha256)


def reading_classifier(
    *, out_of_distribution: OutOfDistributionPolicy = "warn", **card: Any
) -> SampleClassifier:
    """The same of a vectorizer, so that it tells which words it knows, and which spoke."""
    pattern = TokenPattern(r"(?u)\b\w\w+\b")
    words = Analysis("word", 1, 1, is_lowercase=True, accents="", pattern=pattern)
    counts = Vectorizer(words, vocabulary({"mentira": 0, "verdad": 1}))
    decider = Linear(np.array([[-1.0], [1.0]]), np.zeros(1), "softmax")
    plan = Plan("texts", 0, (0, 1), (counts,), decider)
    the_card = TextCard.model_validate({**FALSETRUE, **card})
    return SampleClassifier(plan, the_card, "2" * 64, out_of_distribution=out_of_distribution)


def row_classifier(*, allows_missing: bool = False, **card: Any) -> SampleClassifier:
    """Of two numbers: says B where the first is the larger one. It gives decision values."""
    decider = Linear(np.array([[1.0], [-1.0]]), np.zeros(1), "none")
    names = ("length", "width")
    plan = Plan("rows", 2, ("A", "B"), (_ZerosForGaps(),), decider, names, allows_missing)
    document = {"name": "flowers", "version": "1", "labels": ["A", "B"], **card}
    return SampleClassifier(plan, RowCard.model_validate(document), "1" * 64)


class _ZerosForGaps:
    def apply(self, values: Values) -> Dense:
        return np.nan_to_num(np.asarray(values, float), posinf=np.inf, neginf=-np.inf)
