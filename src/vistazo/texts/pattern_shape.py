"""How much backtracking a regular expression can need, found by walking it.

Python's ``re`` tries every way in which a pattern can match, one after the other, and cannot be
interrupted: ``(a|aa)+$`` takes centuries for sixty letters. A pattern's single characters are the
states of an automaton (Glushkov 1961, The abstract theory of automata), its edges what may follow
what. Where no two that may follow share a character there is one way at most: the time grows with
the length, or with its square where attempts fail late. Where two do, the ways are counted by the
loops in a row; a loop that is ambiguous in itself has ways without number, and is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from re import _constants as names  # type: ignore[attr-defined]
from typing import Any

import numpy as np

from vistazo.texts.character_sets import CharacterSet, characters_of, union
from vistazo.texts.pattern_source import UnsafePatternError, source_of

_MOST_STATES = 40
_MOST_CHOICES = 100
_FLAGS = re.IGNORECASE | re.ASCII | re.DOTALL
_PEEKS = (names.ASSERT, names.ASSERT_NOT)
_LOOPS = (names.MAX_REPEAT, names.MIN_REPEAT, names.POSSESSIVE_REPEAT)


@dataclass(frozen=True)
class _Ends:
    """Whether a part may match nothing, and which states may be its last."""

    is_nullable: bool
    last: tuple[int, ...]

    def then(self, after: _Ends) -> _Ends:
        last = (*after.last, *(self.last if after.is_nullable else ()))
        return _Ends(self.is_nullable and after.is_nullable, last)


@dataclass(frozen=True)
class _Part:
    """Of a pattern. ``ends`` in all ways, ``free`` in those without a condition such as a boundary,
    ``by_words`` in those with no other condition than a boundary of words. ``n_loops`` stand in a
    row, ``n_choices`` are the ways beside them.
    """

    first: tuple[int, ...]
    ends: _Ends
    free: _Ends
    by_words: _Ends
    n_loops: int = 0
    n_choices: int = 1

    def then(self, after: _Part) -> _Part:
        return _Part(
            (*self.first, *(after.first if self.ends.is_nullable else ())),
            self.ends.then(after.ends),
            self.free.then(after.free),
            self.by_words.then(after.by_words),
            self.n_loops + after.n_loops,
            self.n_choices * after.n_choices,
        )

    def or_nothing(self) -> _Part:
        return _Part(
            self.first,
            _Ends(is_nullable=True, last=self.ends.last),
            _Ends(is_nullable=True, last=self.free.last),
            _Ends(is_nullable=True, last=self.by_words.last),
            self.n_loops,
            self.n_choices + 1,
        )


_NOTHING = _Ends(is_nullable=True, last=())
_NEVER = _Ends(is_nullable=False, last=())
_EMPTY = _Part((), _NOTHING, _NOTHING, _NOTHING)


@dataclass
class PatternShape:
    """Of one pattern, or of what it looks at ahead: ``peeks`` are those that have loops."""

    flags: int
    everything: str
    sets: list[CharacterSet] = field(default_factory=list)
    follow: list[list[int]] = field(default_factory=list)
    counted: set[int] = field(default_factory=set)
    peeks: list[PatternShape] = field(default_factory=list)
    is_anchored: bool = False
    peeks_first: bool = False
    is_ambiguous: bool = False
    whole: _Part = _EMPTY
    _by_source: dict[str, CharacterSet] = field(default_factory=dict)

    @property
    def consumed(self) -> CharacterSet:
        """All characters that any of it matches."""
        return union(self.sets)

    @property
    def words(self) -> CharacterSet:
        return self._characters(r"\w")

    @property
    def exponent(self) -> int:
        """An attempt at one place takes no more steps than the run's length to this power: where
        each loop of a row ends says which way it is.
        """
        return max(1, self.whole.n_loops) if self.is_ambiguous else 1

    @property
    def n_choices(self) -> int:
        return self.whole.n_choices if self.is_ambiguous else 1

    @property
    def fails_early(self) -> bool:
        """Whether an attempt that fails does so within few characters: it is then linear.

        There is one way to match, and from each state that is met again and again the match could
        end. It could where nothing follows that must, or where the letters of a word run on for as
        long as its boundary is not reached.
        """
        if self.is_ambiguous or self.peeks:
            return False
        ending = set(self.whole.free.last)
        for state in self.whole.by_words.last:
            runs_on = state in self.follow[state] and state not in self.counted
            if runs_on and np.array_equal(self.sets[state], self.words):
                ending.add(state)
        return not self._has_a_cycle(set(range(len(self.sets))) - ending)

    def read(self, parsed: Iterable[tuple[Any, Any]]) -> PatternShape:
        """Raises UnsafePatternError."""
        items = list(parsed)
        self.is_anchored = items[:1] == [(names.AT, names.AT_BOUNDARY)]
        self.whole = self._sequence(items)
        self.is_ambiguous = self._clash(self.whole.first) or any(map(self._clash, self.follow))
        if self.is_ambiguous and self.whole.n_choices > _MOST_CHOICES:
            raise UnsafePatternError("can match in too many ways")
        return self

    def _sequence(self, items: Iterable[tuple[Any, Any]]) -> _Part:
        part = _EMPTY
        for kind, argument in items:
            if kind in _PEEKS and part.ends.is_nullable:
                self.peeks_first = True
            after = self._part(kind, argument)
            self._join(part.ends.last, after.first)
            part = part.then(after)
        return part

    def _part(self, kind: Any, argument: Any) -> _Part:
        if kind in _LOOPS:
            return self._repeated(kind, *argument)
        if kind is names.BRANCH:
            return self._branch([self._sequence(items) for items in argument[1]])
        if kind in (names.SUBPATTERN, names.ATOMIC_GROUP):
            return self._group(kind, argument)
        if kind in (names.AT, *_PEEKS):
            return self._condition(kind, argument)
        return self._state(source_of(kind, argument))

    def _group(self, kind: Any, argument: Any) -> _Part:
        if kind is names.ATOMIC_GROUP:
            return _guarded(self._sequence(argument))
        _, added, removed, items = argument
        if added or removed:
            raise UnsafePatternError("changes its flags within")
        return self._sequence(items)

    def _condition(self, kind: Any, argument: Any) -> _Part:
        if kind in _PEEKS:
            self._peek(argument[1])
        is_boundary = kind is names.AT and argument is names.AT_BOUNDARY
        return _Part((), _NOTHING, _NEVER, _NOTHING if is_boundary else _NEVER)

    def _state(self, source: str) -> _Part:
        if len(self.sets) >= _MOST_STATES:
            raise UnsafePatternError("is too long to be checked")
        self.sets.append(self._characters(source))
        self.follow.append([])
        state = (len(self.sets) - 1,)
        ends = _Ends(is_nullable=False, last=state)
        return _Part(state, ends, ends, ends)

    def _branch(self, parts: Sequence[_Part]) -> _Part:
        if sum(part.ends.is_nullable for part in parts) > 1:
            raise UnsafePatternError("can match nothing in two ways")
        return _Part(
            tuple(state for part in parts for state in part.first),
            _either([part.ends for part in parts]),
            _either([part.free for part in parts]),
            _either([part.by_words for part in parts]),
            max(part.n_loops for part in parts),
            sum(part.n_choices for part in parts),
        )

    def _repeated(self, kind: Any, least: int, most: int, items: Any) -> _Part:
        start = len(self.sets)
        part = self._sequence(items)
        if least == most == 1:
            return part
        if part.ends.is_nullable:
            raise UnsafePatternError("repeats what can match nothing")
        if most > 1:
            self._loop(part, range(start, len(self.sets)), is_counted=most is not names.MAXREPEAT)
        if least == 0:
            part = part.or_nothing()
        if most > 1:  # it has one way to each place where it ends
            part = replace(part, n_loops=1, n_choices=1)
        # It may go far before it can end.
        is_long = least > _MOST_STATES or (least > 1 and len(self.sets) > start + 1)
        return _guarded(part) if is_long or kind is names.POSSESSIVE_REPEAT else part

    def _loop(self, part: _Part, states: range, *, is_counted: bool) -> None:
        self._join(part.ends.last, part.first)
        if self._clash(part.first) or any(self._clash(self.follow[state]) for state in states):
            raise UnsafePatternError("has a loop that can go on in two ways, without end")
        if is_counted:
            self.counted.update(states)

    def _peek(self, items: Any) -> None:
        shape = PatternShape(self.flags, self.everything, _by_source=self._by_source).read(items)
        if shape.peeks:
            raise UnsafePatternError("looks ahead while it looks ahead")
        if shape.whole.n_loops:
            self.peeks.append(shape)

    def _characters(self, source: str) -> CharacterSet:
        if source not in self._by_source:
            self._by_source[source] = characters_of(source, self.flags, self.everything)
        return self._by_source[source]

    def _join(self, states: Iterable[int], following: Sequence[int]) -> None:
        for state in states:
            self.follow[state].extend(following)
            if len(self.follow[state]) > _MOST_STATES:
                raise UnsafePatternError("is too long to be checked")

    def _clash(self, states: Sequence[int]) -> bool:
        """Whether two of these share a character."""
        taken: CharacterSet | None = None
        for state in states:
            if taken is None:
                taken = self.sets[state].copy()
            elif (taken & self.sets[state]).any():
                return True
            else:
                taken |= self.sets[state]
        return False

    def _has_a_cycle(self, states: set[int]) -> bool:
        left = set(states)
        while leaves := {s for s in left if not left.intersection(self.follow[s])}:
            left -= leaves
        return bool(left)


def _either(ends: Sequence[_Ends]) -> _Ends:
    last = tuple(state for each in ends for state in each.last)
    return _Ends(any(each.is_nullable for each in ends), last)


def _guarded(part: _Part) -> _Part:
    """One that is not known to end wherever its states are."""
    return replace(part, free=_NEVER, by_words=_NEVER)
