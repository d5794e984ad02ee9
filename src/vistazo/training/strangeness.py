"""Which pictures a trained model warns of as out of distribution, as the service would."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vistazo.answers.baseline_file import baseline_path
from vistazo.classifier import Classifier
from vistazo.pictures.preprocessing import scale
from vistazo.training.as_served import as_served
from vistazo.training.progress import Progress

# Of pictures uint8 (n, height, width, channels), prepared but not yet scaled: which are strange
# (n,). None where there is no baseline to tell by.
IsStrange = Callable[[NDArray[np.uint8]], NDArray[np.bool_] | None]


@contextmanager
def strangeness(model_path: Path, progress: Progress) -> Iterator[IsStrange]:
    """Open a model as the service does, with the card and the baseline that lie beside it.

    Raises ModelError.
    """
    if not baseline_path(model_path).exists():
        yield lambda _: None
        return
    with as_served(model_path) as classifier:
        assert isinstance(classifier, Classifier)  # noqa: S101 - it was trained on pictures
        yield partial(_verdicts, classifier, progress=progress)


def _verdicts(
    classifier: Classifier, pixels: NDArray[np.uint8], progress: Progress
) -> NDArray[np.bool_] | None:
    verdicts = []
    for done, picture in enumerate(pixels, start=1):
        prepared = scale(picture.astype(np.float32), classifier.card.input.scale)
        likeness = classifier.score(prepared).in_distribution
        if likeness is None:
            return None
        verdicts.append(not likeness.verdict)
        progress.bar("telling strange pictures", done, len(pixels))
    return np.array(verdicts, dtype=bool)
