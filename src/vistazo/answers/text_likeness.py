"""Whether a text looks like those that a model was trained on.

A model of words answers for any text, also for one in a language of which it knows no word: then it
says what it says of an empty one. What it has learned are the words of its vocabulary, and the
share of a text's words that are among them is the measure. Rare words of the training texts may
have been left out of it, so that the share of a text of the same kind is seldom 1.
"""

from __future__ import annotations

from dataclasses import dataclass

from vistazo.models.plan.plan import Plan
from vistazo.models.plan.vectorizer import Vectorizer
from vistazo.models.plan.vocabulary import Vocabulary
from vistazo.models.sample_card import TextSpec


@dataclass(frozen=True)
class TextLikeness:
    """``score`` is the share of a text's words that the model knows, in 0..1: of its shortest runs
    of words or characters, where it has learned longer ones only. None where it has no vocabulary.

    ``words`` is the number of words, without stop words. ``verdict`` says whether the text is as
    the card has it; without a card: whether it has a word, and one that the model knows.
    """

    score: float | None
    words: int
    verdict: bool


def text_likeness(plan: Plan, text: str, spec: TextSpec) -> TextLikeness | None:
    """None where the plan takes no texts. Raises TextTooCostlyError."""
    vectorizer = plan.vectorizer
    if vectorizer is None:
        return None
    words, score = _known_share(vectorizer, text)
    is_of_length = words >= spec.min_words and (spec.max_words is None or words <= spec.max_words)
    is_known = score is None or (score > 0 and score >= spec.min_known_share)
    return TextLikeness(score, words, is_of_length and is_known)


def _known_share(vectorizer: Vectorizer, text: str) -> tuple[int, float | None]:
    """The number of words, and the share of them, or of the shortest runs, that is known."""
    analysis = vectorizer.analysis.shortest_only
    if not isinstance(vectorizer.terms, Vocabulary):
        return analysis.n_words(text), None
    is_known = vectorizer.terms.column_of.__contains__
    n_words, terms_of_words = analysis.terms_by_word(text)
    n_terms = n_known = 0
    for terms, count in terms_of_words:
        found = list(map(is_known, terms))
        n_terms += count * len(found)
        n_known += count * sum(found)
    return n_words, n_known / n_terms if n_terms else 0.0
