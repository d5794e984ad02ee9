"""What is said of a text beside its label: whether it is known, and which words spoke for it."""

from dataclasses import replace

import numpy as np
import pytest

from vistazo.answers.explanation.words import WordEvidence, word_evidence
from vistazo.answers.text_likeness import text_likeness
from vistazo.models.plan.composition import Chain, Piped
from vistazo.models.plan.likelihood import CountLikelihood
from vistazo.models.plan.linear import Linear
from vistazo.models.plan.matrix import Matrix
from vistazo.models.plan.operation import Decider, Decisions
from vistazo.models.plan.plan import Plan
from vistazo.models.plan.projection import Project
from vistazo.models.plan.scaling import Standardize
from vistazo.models.plan.selection import Columns
from vistazo.models.plan.vectorizer import TermWeights, Vectorizer
from vistazo.models.plan.vocabulary import HashedColumns, vocabulary
from vistazo.models.sample_card import TextSpec
from vistazo.texts.analysis import Analysis
from vistazo.texts.token_pattern import TokenPattern

_WORDS = Analysis(
    "word", 1, 2, is_lowercase=True, accents="", pattern=TokenPattern(r"(?u)\b\w\w+\b")
)
_COUNTS = Vectorizer(_WORDS, vocabulary({"bad": 0, "good": 1, "not good": 2, "film": 3}))
# "good" speaks for the second label, "bad" and "not good" against it.
_WEIGHTS = np.array([[-2.0], [1.0], [-3.0], [0.0]])


def _plan(*transforms: object, decider: Decider | None = None, n: int = 2) -> Plan:
    made = decider or Linear(_WEIGHTS, np.array([0.5]), "softmax")
    return Plan("texts", 0, tuple("abc"[:n]), transforms or (_COUNTS,), made)  # type: ignore[arg-type]


class _Counting:
    """A classifier that notes how many rows it is asked for."""

    n_classes = 2

    def __init__(self, asked: list[int]) -> None:
        self._asked = asked

    def decide(self, values: Matrix) -> Decisions:
        self._asked.append(len(values))
        return Linear(_WEIGHTS, np.zeros(1), "softmax").decide(values)


def _weights(evidence: WordEvidence) -> dict[str, float]:
    return {each.word: each.weight for each in evidence.words}


def test_words_add_up_to_the_decision_value_but_for_the_intercept() -> None:
    text = "Good film, good: not good, BAD"
    plan = _plan()
    evidence = word_evidence(plan, text, "b", 1)
    assert evidence.method == "contributions"
    assert [(each.word, each.weight, each.start) for each in evidence.words] == [
        ("good", 3.0, 0),
        ("bad", -2.0, 27),
        ("not good", -3.0, 17),
    ]
    scores = plan.decide([text]).scores
    assert scores is not None
    assert sum(_weights(evidence).values()) + 0.5 == pytest.approx(scores[0, 1])
    against = word_evidence(plan, text, "a", 0)
    assert _weights(against) == {"not good": 3.0, "bad": 2.0, "good": -3.0}


def test_of_three_labels_the_mean_is_taken_off() -> None:
    weights = np.array([[3.0, 0.0, 0.0]] * 4)
    plan = _plan(decider=Linear(weights, np.zeros(3), "softmax"), n=3)
    assert _weights(word_evidence(plan, "good", "a", 0)) == {"good": 2.0}
    assert _weights(word_evidence(plan, "good", "b", 1)) == {"good": -1.0}


def test_weights_of_terms_columns_and_sums_are_followed() -> None:
    idf = TermWeights(np.array([1.0, 2.0, 1.0, 1.0]), is_sublinear=False, norm="")
    kept, scale = Columns(np.array([1, 3]), 4), Standardize(None, np.array([4.0, 1.0]))
    mixed = Project(np.zeros(2), np.array([[1.0, 1.0], [0.0, 0.0]]))
    decider = Linear(np.array([[1.0], [2.0]]), np.zeros(1), "softmax")
    after = Standardize(np.array([9.0, 9.0]), np.array([1.0, 2.0]))
    steps = (Chain((_COUNTS, idf)), kept, scale, mixed, after)
    evidence = word_evidence(_plan(*steps, decider=decider), "good bad", "b", 1)
    assert (evidence.method, _weights(evidence)) == ("contributions", {"good": 1.0})


def test_likelihoods_of_two_classes_are_compared() -> None:
    decider = CountLikelihood(np.array([[1.0, 4.0]] * 4), np.zeros(2), above=0.0)
    evidence = word_evidence(_plan(decider=decider), "bad bad", "a", 0)
    assert _weights(evidence) == {"bad": -3.0}
    decider = CountLikelihood(np.array([[1.0, -np.inf]] * 4), np.zeros(2), above=None)
    evidence = word_evidence(_plan(decider=decider), "bad bad", "a", 0)
    assert evidence.method == "words_left_out"


def test_other_models_are_asked_without_each_word() -> None:
    """Hashed terms have no names: what changes without a word is seen all the same."""
    columns = HashedColumns(64, has_signs=False)
    single = replace(_WORDS, longest=1)
    weights = np.zeros((64, 1))
    row = Vectorizer(single, columns).apply(["good"])
    weights[row.columns[0]] = 1.0
    linear = Linear(weights, np.zeros(1), "none")
    plan = _plan(Vectorizer(single, columns), decider=Piped(Chain(()), linear))
    evidence = word_evidence(plan, "¡Good film, GOOD!", "b", 1)
    assert evidence.method == "words_left_out"
    assert [(each.word, each.weight, each.start) for each in evidence.words] == [("Good", 2.0, 1)]


def test_a_long_text_is_asked_a_bounded_number_of_times() -> None:
    asked: list[int] = []
    plan = _plan(Vectorizer(_WORDS, HashedColumns(4, has_signs=False)))
    plan = replace(plan, decider=_Counting(asked))
    evidence = word_evidence(plan, " ".join(f"word{n}" for n in range(9000)), "b", 1)
    assert sum(asked) == 11
    assert len(evidence.words) <= 10
    assert word_evidence(plan, "", "b", 1).words == ()


def test_at_most_fifty_words_are_shown() -> None:
    terms = {f"w{n:03}": n for n in range(200)}
    linear = Linear(np.arange(-100.0, 100.0)[:, None], np.zeros(1), "softmax")
    plan = _plan(Vectorizer(_WORDS, vocabulary(terms)), decider=linear)
    shown = word_evidence(plan, " ".join(terms), "b", 1).words
    weights = [each.weight for each in shown]
    assert len(shown) == 50
    assert weights == sorted(weights, reverse=True)
    assert min(abs(weight) for weight in weights) == 75


@pytest.mark.parametrize(
    ("text", "score", "words", "verdict"),
    [
        ("Good film not seen", 0.5, 4, True),
        ("mala película", 0.0, 2, False),
        ("", 0.0, 0, False),
        ("!!!", 0.0, 0, False),
    ],
)
def test_without_a_card_a_text_needs_one_known_word(
    text: str, score: float, words: int, verdict: bool
) -> None:
    found = text_likeness(_plan(), text, TextSpec())
    assert found is not None
    assert (found.score, found.words, found.verdict) == (score, words, verdict)


def test_a_card_says_which_texts_are_alike() -> None:
    spec = TextSpec(min_known_share=0.6, min_words=2, max_words=4)
    verdicts = [
        found.verdict
        for text in ("good film", "good", "good film good film bad", "good film one two")
        if (found := text_likeness(_plan(), text, spec))
    ]
    assert verdicts == [True, False, False, False]


def test_hashed_terms_say_nothing_of_what_is_known() -> None:
    plan = _plan(Vectorizer(_WORDS, HashedColumns(8, has_signs=False)))
    found = text_likeness(plan, "anything at all", TextSpec())
    assert found is not None
    assert (found.score, found.words, found.verdict) == (None, 3, True)


def test_of_runs_of_characters_the_shortest_are_looked_at() -> None:
    within = Analysis("char_wb", 3, 5, is_lowercase=True, accents="")
    plan = _plan(Vectorizer(within, vocabulary({" bu": 0, "bue": 1, "bueno": 2})))
    found = text_likeness(plan, "Bueno", TextSpec())
    assert found is not None
    assert (found.score, found.words) == (0.4, 1)


def test_rows_of_numbers_are_like_no_text() -> None:
    assert text_likeness(_plan(Standardize(None, np.ones(4))), "text", TextSpec()) is None


def test_many_long_texts_are_decided_as_each_by_itself() -> None:
    texts = ["good film " * n for n in (20_000, 1, 0, 15_000, 9_000)] + ["bad"]
    together, alone = _plan().decide(texts), [_plan().decide([text]) for text in texts]
    assert together.predicted.tolist() == [int(each.predicted[0]) for each in alone]
    for name in ("probabilities", "scores"):
        of_each = np.concatenate([getattr(each, name) for each in alone])
        assert np.array_equal(getattr(together, name), of_each)
    assert len(_plan().decide([]).predicted) == 0


def test_memory_does_not_grow_with_the_number_of_long_texts() -> None:
    seen: list[int] = []
    plan = replace(_plan(), decider=_Counting(seen))
    plan.decide(["good film " * 9000] * 10)
    assert seen == [1] * 10
    plan.decide(["good"] * 300)
    assert seen[10:] == [300]
