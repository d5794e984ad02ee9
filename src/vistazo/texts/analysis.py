"""A text becomes terms: words, runs of words, or runs of characters.

As scikit-learn's CountVectorizer does it (sklearn/feature_extraction/text.py: build_analyzer).
"""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, islice, repeat
from typing import Literal

from vistazo.errors import TextTooCostlyError
from vistazo.texts.accents import Accents, without_accents
from vistazo.texts.token_pattern import TokenPattern

Analyzer = Literal["word", "char", "char_wb"]

# Of one text. A file may ask for runs of any length, and their number grows with its square.
MOST_TERMS = 1_000_000
MOST_CHARACTERS = 50_000_000
# Characters of all texts whose words are kept, and one that is in none of these.
_MOST_KEPT = 500_000
_BETWEEN = "\ud800"
_SPACES = re.compile(r"\s\s+")


@dataclass(frozen=True, eq=False)
class Analysis:
    """How a text becomes terms.

    Terms are runs of ``shortest`` to ``longest`` words (joined by a space) or characters; of
    characters across words (``char``) or within each, a space before and after it (``char_wb``).
    ``pattern`` finds the words, of which the ``stop_words`` are dropped.
    """

    analyzer: Analyzer
    shortest: int
    longest: int
    is_lowercase: bool
    accents: Accents
    pattern: TokenPattern | None = None
    stop_words: tuple[str, ...] = ()

    def terms(self, text: str) -> Iterator[str]:
        """Raises TextTooCostlyError where they are more than one text may have."""
        if self.analyzer == "char_wb":
            return chain.from_iterable(map(self.terms_of_word, self.costed_words(text)))
        return self._runs_of(self.pieces(text))

    def terms_by_word(self, text: str) -> tuple[int, Iterable[tuple[Iterator[str], int]]]:
        """The number of words, and the same terms: with ``char_wb`` those of each word once, and
        how often it occurs. Raises as ``terms`` does.
        """
        if self.analyzer == "char_wb":
            words = self.costed_words(text)
            counts = Counter(words).items()
            return len(words), ((self.terms_of_word(word), count) for word, count in counts)
        pieces = self.pieces(text)
        n_words = len(pieces) if self.analyzer == "word" else self.n_words(text)
        return n_words, [(self._runs_of(pieces), 1)]

    def _runs_of(self, pieces: Sequence[str]) -> Iterator[str]:
        self._check_costs(len(pieces), sum(map(len, pieces)))
        last = min(self.longest, len(pieces))
        return chain.from_iterable(
            _runs(pieces, length) for length in range(self._shortest, last + 1)
        )

    @cached_property
    def shortest_only(self) -> Analysis:
        """The same, of the shortest runs alone: single words, where there are such."""
        length = max(1, self.shortest)
        shorter = replace(self, shortest=length, longest=length)
        shorter.__dict__["_kept"] = self._kept  # the same words
        return shorter

    def n_words(self, text: str) -> int:
        """How many words a text has; without the stop words."""
        if self.analyzer == "word":
            return len(self.pieces(text))
        return len(self.prepared(text).split())

    def costed_words(self, text: str) -> Sequence[str]:
        """The padded words of ``char_wb``. Raises as ``terms`` does."""
        words = self.pieces(text)
        self._check_costs(max(map(len, words), default=0), sum(map(len, words)))
        return words

    @contextlib.contextmanager
    def keeping(self) -> Iterator[None]:
        """Meanwhile the words of a text are kept for who asks again. In one thread at a time."""
        self._kept.has_begun = True
        try:
            yield
        finally:
            self._kept.end()

    def pieces(self, text: str) -> Sequence[str]:
        """What the runs are runs of: words, or characters; with ``char_wb`` the padded words."""
        return self._kept.pieces_of(text, self._pieces)

    def _pieces(self, text: str) -> Sequence[str]:
        prepared = self.prepared(text)
        if self.analyzer == "word":
            return self._words(prepared)
        spaced = _SPACES.sub(" ", prepared)
        return spaced if self.analyzer == "char" else [f" {word} " for word in spaced.split()]

    def prepared(self, text: str) -> str:
        return without_accents(text.lower() if self.is_lowercase else text, self.accents)

    def terms_of_word(self, word: str) -> Iterator[str]:
        """Of a padded word (``char_wb``). One that is shorter than a run is such a run, once."""
        if self.shortest >= len(word):
            return iter((word,))
        if self.shortest == self.longest:
            return _runs(word, self.shortest)
        last = min(self.longest, len(word))
        return chain.from_iterable(_runs(word, length) for length in range(self.shortest, last + 1))

    @cached_property
    def _kept(self) -> _Kept:
        return _Kept()

    @cached_property
    def _stopped(self) -> frozenset[str]:
        return frozenset(self.stop_words)

    @property
    def _shortest(self) -> int:
        """Runs of 0 to 1 words are the words alone; of 0 to 1 characters also empty ones."""
        return 1 if self.analyzer == "word" and self.longest == 1 else self.shortest

    def _words(self, prepared: str) -> list[str]:
        if self.pattern is None:
            return []
        words = self.pattern.found_in(prepared)
        stopped = self._stopped
        return [word for word in words if word not in stopped] if stopped else words

    def _check_costs(self, most_in_a_run: int, n_characters: int) -> None:
        """At most one run of each length begins at each place."""
        last = min(self.longest, most_in_a_run)
        n_lengths = max(0, last - self._shortest + 1)
        all_lengths = (self._shortest + last) * n_lengths // 2
        n_places = n_characters if self.analyzer != "word" else most_in_a_run
        if n_lengths * n_places > MOST_TERMS or all_lengths * n_characters > MOST_CHARACTERS:
            raise TextTooCostlyError(
                f"The text has too many runs of {self.shortest} to {self.longest} "
                f"{'words' if self.analyzer == 'word' else 'characters'}, which this model counts: "
                "send a shorter one."
            )


class _Kept:
    """Words of texts, of so many characters together that they are no burden.

    Those of a text are one string: thousands of small ones cost as much as finding them again.
    """

    def __init__(self) -> None:
        self.has_begun = False
        self._joined: dict[str, str] = {}
        self._room = _MOST_KEPT

    def pieces_of(self, text: str, find: Callable[[str], Sequence[str]]) -> Sequence[str]:
        joined = self._joined.get(text)
        if joined is not None:
            return joined.split(_BETWEEN)
        found = find(text)
        fits = self.has_begun and len(text) <= self._room and _BETWEEN not in text
        if fits and found and isinstance(found, list):
            self._room -= len(text)
            self._joined[text] = _BETWEEN.join(found)
        return found

    def end(self) -> None:
        self.has_begun, self._room = False, _MOST_KEPT
        self._joined.clear()


def _runs(pieces: Sequence[str], length: int) -> Iterator[str]:
    if length == 1:
        return iter(pieces)
    if length == 0:
        return repeat("", len(pieces) + 1)
    if isinstance(pieces, str):
        ends = range(length, len(pieces) + 1)
        return map(pieces.__getitem__, map(slice, range(len(ends)), ends))
    return map(
        " ".join, zip(*(islice(pieces, first, None) for first in range(length)), strict=False)
    )
