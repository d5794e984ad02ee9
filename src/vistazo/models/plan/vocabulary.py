"""Which column a term has: one that was learned, or one that follows from a hash of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, count, islice, repeat

import numpy as np
from numpy.typing import NDArray

from vistazo.models.plan.operation import operation
from vistazo.texts.analysis import Analysis
from vistazo.texts.hashing import murmur_hashes

Columns = NDArray[np.int64]
Counted = tuple[Columns, NDArray[np.float64]]

_AT_A_TIME = 65_536  # terms that are hashed side by side
_MOST_KEPT = 500_000  # columns of words that were met already
_LOWEST_INT32 = -(2**31)


@operation
@dataclass(frozen=True, eq=False)
class Vocabulary:
    """The terms that were learned, joined by a character that none of them has, in UTF-8.

    They are in the order of their ``columns``, which are 0 to n - 1 where that is None.
    Where terms share a column some of the ``n_columns`` are without one.
    """

    joined: NDArray[np.uint8]
    separator: str
    n_columns: int
    columns: Columns | None = None

    def terms_of(self, columns: Columns) -> tuple[str, ...]:
        """The terms that have these columns."""
        wanted = dict.fromkeys(columns.tolist(), "")
        for term, column in self.column_of.items():
            if column in wanted:
                wanted[column] = term
        return tuple(wanted[column] for column in columns.tolist())

    @cached_property
    def column_of(self) -> dict[str, int]:
        if not self.n_columns:
            return {}
        joined = self.joined.tobytes().decode("utf-8", "surrogatepass")
        columns = range(self.n_columns) if self.columns is None else self.columns.tolist()
        return dict(zip(joined.split(self.separator), columns, strict=True))

    def counter(self, analysis: Analysis) -> Callable[[str], Counted]:
        """Counts a text's terms: rising columns, and how often each of them occurs."""
        if analysis.analyzer == "char_wb":
            known = _KnownOfWords(analysis, self.column_of)
            return lambda text: _counted(known.columns(text))
        return lambda text: _counted(self._known(analysis.terms(text)))

    def _known(self, terms: Iterator[str]) -> Columns:
        columns = np.fromiter(map(self.column_of.get, terms, repeat(-1)), np.int64)
        return columns[columns >= 0]


def vocabulary(column_of: Mapping[str, int]) -> Vocabulary:
    """Of terms and their columns, each in 0 to n - 1 for n terms."""
    terms = sorted(column_of, key=column_of.__getitem__)
    columns = np.array([column_of[term] for term in terms], np.int64)
    used = set(chain.from_iterable(terms))
    separator = next(chr(code) for code in count(ord("\n")) if chr(code) not in used)
    joined = separator.join(terms).encode("utf-8", "surrogatepass")
    is_plain = np.array_equal(columns, np.arange(len(terms)))
    return Vocabulary(
        np.frombuffer(joined, np.uint8), separator, len(terms), None if is_plain else columns
    )


@operation
@dataclass(frozen=True, eq=False)
class HashedColumns:
    """A term's column is its hash modulo ``n_columns`` (sklearn.feature_extraction._hashing_fast).

    ``has_signs``: half of the terms count -1 instead of 1, as their hash is negative, so that terms
    that share a column do not add up. ``is_absolute``: the sums without their signs, as
    ``non_negative`` was until scikit-learn 0.20.
    """

    n_columns: int
    has_signs: bool
    is_absolute: bool = False

    def counter(self, analysis: Analysis) -> Callable[[str], Counted]:
        return lambda text: self._counted(analysis.terms(text))

    def _counted(self, terms: Iterator[str]) -> Counted:
        hashes = np.concatenate([np.zeros(0, np.int64), *_hashes(terms)])
        # abs() of the lowest number is one that the C compiler's 32 bits cannot hold.
        places = np.where(hashes == _LOWEST_INT32, 2**31 - self.n_columns, np.abs(hashes))
        columns, place_of = np.unique(places % self.n_columns, return_inverse=True)
        signs = np.where(hashes >= 0, 1.0, -1.0) if self.has_signs else np.ones(len(hashes))
        sums = np.bincount(place_of, signs, len(columns)).astype(np.float64)
        return columns, np.abs(sums) if self.is_absolute else sums


class _KnownOfWords:
    """The columns of the runs of characters of words, each word looked at once."""

    def __init__(self, analysis: Analysis, column_of: Mapping[str, int]) -> None:
        self._analysis = analysis
        self._column_of = column_of
        self._kept: dict[str, list[int]] = {}
        self._n_kept = 0

    def columns(self, text: str) -> Columns:
        words = self._analysis.costed_words(text)
        return np.fromiter(chain.from_iterable(map(self._of_word, words)), np.int64)

    def _of_word(self, word: str) -> list[int]:
        found = self._kept.get(word)
        if found is None:
            column_of = self._column_of
            terms = self._analysis.terms_of_word(word)
            found = [column_of[term] for term in terms if term in column_of]
            self._keep(word, found)
        return found

    def _keep(self, word: str, found: list[int]) -> None:
        self._n_kept += len(found) + 1
        if self._n_kept > _MOST_KEPT:
            self._kept.clear()
            self._n_kept = len(found) + 1
        self._kept[word] = found


def _counted(columns: Columns) -> Counted:
    rising, counts = np.unique(columns, return_counts=True)
    return rising, counts.astype(np.float64)


def _hashes(terms: Iterator[str]) -> Iterator[Columns]:
    while part := list(islice(terms, _AT_A_TIME)):
        yield murmur_hashes(part).astype(np.int64)
