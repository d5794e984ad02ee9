"""Texts, or rows of numbers, whose labels stand beside them in a table."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vistazo.errors import InputError, SettingsError
from vistazo.samples.bulk import Sample, names_of
from vistazo.samples.classifier import SampleClassifier
from vistazo.training.collection import UNLABELLED
from vistazo.training.columns import find_label_column, label_column, named_column
from vistazo.training.sample_tables import rows_of, texts_of
from vistazo.training.tables import Table, read_table, written

_MOST_TOLD = 5


@dataclass(frozen=True, eq=False)
class LabelledSamples:
    """``labels`` (n,) are places among the model's. What belongs together, or is equal, shares one
    of ``groups`` (n,).

    An error stands where there is no text, or no row of numbers. ``sha256`` is that of the file.
    """

    samples: Sequence[Sample | InputError]
    labels: NDArray[np.int64]
    groups: NDArray[np.int64]
    sha256: str

    def __len__(self) -> int:
        return len(self.samples)


def read_labelled(
    file: Path,
    classifier: SampleClassifier,
    *,
    texts: str | None = None,
    labels: str | None = None,
    groups: str | None = None,
) -> LabelledSamples:
    """Read a table with a column of labels, and of texts or numbers. Raises SettingsError.

    ``texts`` and ``labels`` name the columns, where their names do not tell; ``groups`` one of
    what belongs together, such as a text's author.
    """
    table = read_table(file)
    if not table.rows:
        raise SettingsError(f"{file} holds no rows to measure.")
    card = classifier.card
    values = card.values or classifier.signature.labels
    column = label_column(table, _names_of(classifier), labels)
    others = table.without(column)
    if groups is not None:
        named_column(table, groups, "--group-column")
        others = others if groups == column else others.without(groups)
    samples = _samples(others, classifier, texts)
    places = _places(table, column, card.labels, values)
    together = _groups(samples)
    if groups is not None:
        together = _groups(table.column(groups))
    return LabelledSamples(samples, places, together, hashlib.sha256(file.read_bytes()).hexdigest())


def read_samples(
    file: Path, classifier: SampleClassifier, *, texts: str | None = None, labels: str | None = None
) -> LabelledSamples:
    """As ``read_labelled``; where no column of labels is named or known by its name, each label is
    UNLABELLED.
    """
    table = read_table(file)
    if not table.rows:
        raise SettingsError(f"{file} holds no rows.")
    if labels is not None or find_label_column(table, _names_of(classifier)) is not None:
        return read_labelled(file, classifier, texts=texts, labels=labels)
    samples, sha256 = _samples(table, classifier, texts), hashlib.sha256(file.read_bytes())
    unknown = np.full(len(samples), UNLABELLED, np.int64)
    return LabelledSamples(samples, unknown, _groups(samples), sha256.hexdigest())


def _names_of(classifier: SampleClassifier) -> list[str]:
    """All by which its labels may be called."""
    card = classifier.card
    return [*card.labels, *map(str, card.values or classifier.signature.labels)]


def _samples(
    table: Table, classifier: SampleClassifier, texts: str | None
) -> Sequence[Sample | InputError]:
    if classifier.takes == "texts":
        return texts_of(table, texts)
    return rows_of(table, names_of(classifier))


def _places(
    table: Table, column: str, labels: Sequence[str], values: Sequence[object]
) -> NDArray[np.int64]:
    """Raises SettingsError for what is no label of the model."""
    place_of = _reading(labels, values)
    cells = list(map(written, table.column(column)))
    places = {cell: place_of(cell) for cell in cells}
    unknown = [cell for cell, place in places.items() if place is None]
    if unknown:
        told = ", ".join(repr(cell) for cell in unknown[:_MOST_TOLD])
        more = ", ..." if len(unknown) > _MOST_TOLD else ""
        raise SettingsError(
            f"The column '{column}' of {table.source} has {told}{more}, and the model's labels are "
            f"{', '.join(labels)}. Write these there, name another column (--label-column), or let "
            "the labels and values of the model's card say what it means."
        )
    return np.array([places[cell] for cell in cells], np.int64)


def _reading(labels: Sequence[str], values: Sequence[object]) -> Callable[[str], int | None]:
    """Which label a cell means: by its name, by what the estimator or the card calls it; then by
    either without case, and of numbers by their value, where that leaves one label only.
    """
    exact = {**_places_of(map(str, values)), **_places_of(labels)}
    alike = [(_simple(name), place) for name, place in exact.items()]
    meant = {name: {place for other, place in alike if other == name} for name, _ in alike}
    clear = {name: places.pop() for name, places in meant.items() if len(places) == 1}
    return lambda cell: exact.get(cell, clear.get(_simple(cell)))


def _places_of(names: Iterable[str]) -> dict[str, int]:
    return {name: place for place, name in enumerate(names)}


def _simple(name: str) -> str:
    """Without case and outer spaces; 1.0 is 1."""
    plain = name.strip().casefold()
    try:
        return repr(float(plain)) if "_" not in plain else plain
    except ValueError:
        return plain


def _groups(samples: Iterable[object]) -> NDArray[np.int64]:
    place_of: dict[object, int] = {}
    keys = (None if isinstance(s, InputError) else s for s in samples)
    return np.array([place_of.setdefault(key, len(place_of)) for key in keys], np.int64)
