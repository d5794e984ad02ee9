"""A file of scikit-learn as a command line names it."""

from __future__ import annotations

from pathlib import Path

import click

from vistazo.models.compilation import EstimatorFiles
from vistazo.service.settings import Settings


def estimator_files(model: Path, vectorizer: Path | None, settings: Settings) -> EstimatorFiles:
    """The file, and the one beside it that was named here or in VECTORIZER_PATH."""
    beside = vectorizer or settings.vectorizer_path
    if beside is not None and not isinstance(beside, Path):
        raise click.UsageError("VECTORIZER_PATH is a link: download it, and name the file.")
    return EstimatorFiles(model, beside)
