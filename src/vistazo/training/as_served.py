"""A model that was just trained, as the service would open it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vistazo.loading import AnyClassifier, ModelSource, load_model
from vistazo.pictures import ImageLimits
from vistazo.pictures.reader import DirectReader


@contextmanager
def as_served(model_path: Path) -> Iterator[AnyClassifier]:
    """With the card and the baseline that lie beside it. Raises ModelError."""
    with tempfile.TemporaryDirectory(prefix="vistazo-") as cache_dir:
        source = ModelSource(model_path, None, Path(cache_dir))
        classifier = load_model(source, DirectReader(ImageLimits()))
        try:
            yield classifier
        finally:
            classifier.close()
