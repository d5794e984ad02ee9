"""Files that today's Keras reads wrong without a word, or not at all, and that are read here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vistazo.errors import ModelError, UnsupportedModelError
from vistazo.models.keras_import.archive import Archive, open_archive
from vistazo.models.keras_import.reading import read_archive


def refuse_misread(path: Path, weights: Sequence[Path], what: str) -> None:
    """Raise UnsupportedModelError for a file of Keras 1, of Theano, or of TensorFlow.js.

    Theano turned the kernels of convolutions. Keras 2.2 turned them back when it loaded a file;
    neither tf_keras nor Keras 3 does. ``what`` asks for Keras itself.
    """
    try:
        with open_archive(path, weights) as opened:
            archive, _ = read_archive(opened)
    except ModelError:
        return  # Keras itself shall say why it cannot load it
    if why := _why_misread(archive):
        raise UnsupportedModelError(
            f"{archive.label} is of {archive.framework}: the Keras of today {why}. Take {what} "
            "away: it is read without, with the scores of what wrote it."
        )


def _why_misread(archive: Archive) -> str | None:
    if archive.layout == "tfjs" or archive.keras_version.startswith("1."):
        return "cannot load it"
    return "reads its kernels the wrong way round" if archive.backend.lower() == "theano" else None
