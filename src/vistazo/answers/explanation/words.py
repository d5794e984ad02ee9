"""Evidence for a label of a text, word by word.

Two methods, the better one that a model allows:

* Contributions, where the decision is a sum over words: each word's number (its count, weighed by
  TF-IDF) times its coefficient. They add up to the label's decision value but for the intercept,
  less the mean over all labels, which changes no probability. Exact, and one pass. (Ribeiro et al.
  2016, Why Should I Trust You?, take such a sum as what an explanation of any model aims at.)
* Words left out, for any other model: the text without a word, everywhere it occurs, is classified
  again; the change of the label's probability is the word's weight (Li et al. 2016, Understanding
  Neural Networks through Representation Erasure).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vistazo.models.plan.contribution import contributions
from vistazo.models.plan.operation import Decisions
from vistazo.models.plan.plan import Plan

Method = Literal["contributions", "words_left_out"]

_MOST_SHOWN = 50
_MOST_LEFT_OUT = 100
_MOST_CHARACTERS = 500_000  # of all texts that are classified again
_AT_A_TIME = 16
_WORD = re.compile(r"\w+")
_TINY = 1e-12


@dataclass(frozen=True)
class WordWeight:
    """``weight`` above 0 speaks for the label. ``start`` is where the word first stands in the
    text, in characters; None where it is not found as it is, such as without its accents.
    """

    word: str
    weight: float
    start: int | None = None


@dataclass(frozen=True)
class WordEvidence:
    """The weightiest words, those that speak most for ``label`` first.

    The unit of a weight is that of decision values (the logit, for a logistic regression) for
    contributions. For words left out it is the probability's, or where there is none the decision
    value's, or without either 1 where the answer changes.
    """

    label: str
    method: Method
    words: tuple[WordWeight, ...]


def word_evidence(plan: Plan, text: str, label: str, place: int) -> WordEvidence:
    """``place`` is that of the label in ``plan.labels``. Raises InputError as classifying does."""
    sums = contributions(plan, text)
    if sums is None:
        return WordEvidence(label, "words_left_out", _weightiest(_left_out(plan, text, place)))
    weights = sums.values[:, place].tolist()
    found = [
        WordWeight(term, weight, None) for term, weight in zip(sums.terms, weights, strict=True)
    ]
    lowered = text.lower()
    places = lowered if len(lowered) == len(text) else text
    shown = tuple(
        WordWeight(each.word, each.weight, _start(each.word, places)) for each in _weightiest(found)
    )
    return WordEvidence(label, "contributions", shown)


def _weightiest(words: Sequence[WordWeight]) -> tuple[WordWeight, ...]:
    heavy = sorted(words, key=lambda word: -abs(word.weight))[:_MOST_SHOWN]
    return tuple(sorted((w for w in heavy if abs(w.weight) > _TINY), key=lambda word: -word.weight))


def _start(term: str, text: str) -> int | None:
    """Of a run of words its first: what stands between them is not known."""
    first = re.escape(term.split(" ", maxsplit=1)[0])
    found = re.search(rf"(?<!\w){first}(?!\w)", text) if first else None
    return found.start() if found else None


def _left_out(plan: Plan, text: str, place: int) -> list[WordWeight]:
    whole = _support(plan.decide([text]), place)[0]
    spans = _spans(text)
    found = []
    words = list(spans)
    for first in range(0, len(words), _AT_A_TIME):
        some = words[first : first + _AT_A_TIME]
        texts = [_without(text, spans[word]) for word in some]
        for word, left in zip(some, _support(plan.decide(texts), place), strict=True):
            start, end = spans[word][0]
            found.append(WordWeight(text[start:end], float(whole - left), start))
    return found


def _spans(text: str) -> dict[str, list[tuple[int, int]]]:
    """Where each word stands: of many words those that fill most of the text."""
    spans: dict[str, list[tuple[int, int]]] = {}
    for match in _WORD.finditer(text):
        spans.setdefault(match.group().lower(), []).append(match.span())
    most = min(_MOST_LEFT_OUT, max(10, _MOST_CHARACTERS // max(1, len(text))))
    largest = sorted(spans, key=lambda word: -len(word) * len(spans[word]))[:most]
    return {word: spans[word] for word in largest}


def _without(text: str, spans: Sequence[tuple[int, int]]) -> str:
    return "".join(_between(text, spans))


def _between(text: str, spans: Sequence[tuple[int, int]]) -> Iterator[str]:
    around = ((0, 0), *spans, (len(text), len(text)))
    for (_, start), (end, _) in pairwise(around):
        yield text[start:end]


def _support(decisions: Decisions, place: int) -> NDArray[np.float64]:
    numbers = decisions.scores if decisions.probabilities is None else decisions.probabilities
    if numbers is None:
        return np.asarray(decisions.predicted == place, np.float64)
    return np.asarray(numbers[:, place])
