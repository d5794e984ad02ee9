"""What a model is read from, and whether that has changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from vistazo.answers.baseline_file import baseline_path
from vistazo.loading import ModelSource
from vistazo.models.card_file import card_path
from vistazo.models.fetch import Link
from vistazo.models.labels import labels_places
from vistazo.models.parts import places

# Of each file its path, and what changes with its bytes: when it was written, size and inode.
Stamp = frozenset[tuple[str, int, int, int]]


def stamp_of(source: ModelSource) -> Stamp:
    """Of the model, its card, labels and baseline, as far as they are files here and there at all.

    What is behind a link is not looked at.
    """
    return frozenset(_seen(source))


def _seen(source: ModelSource) -> Iterator[tuple[str, int, int, int]]:
    for path in _places(source):
        try:
            found = path.stat()
        except OSError:  # not there, or not for us
            continue
        yield str(path), found.st_mtime_ns, found.st_size, found.st_ino


def _places(source: ModelSource) -> Iterator[Path]:
    """Where files may lie that the model is read from; files of a SavedModel one by one."""
    given = [source.card, source.labels, source.baseline, source.vectorizer, source.weights]
    yield from (path for path in given if path is not None and not isinstance(path, Link))
    model = source.path
    if isinstance(model, Link):
        return
    yield from (model, card_path(model), baseline_path(model), *labels_places(model))
    yield from places(model)
    if model.is_dir():
        yield from model.rglob("*")
