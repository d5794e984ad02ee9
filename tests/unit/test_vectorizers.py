"""Texts become the numbers that scikit-learn makes of them. The expected ones are by hand."""

import math
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from vistazo.errors import (
    ModelError,
    TextTooCostlyError,
    UnreadableModelError,
    UnsupportedModelError,
)
from vistazo.models.estimator_import import estimators
from vistazo.models.estimator_import.fitted import Fitted, version_of
from vistazo.models.estimator_import.registry import Importing
from vistazo.models.estimator_import.values import Name, Record, SparseArray
from vistazo.models.plan.linear import Linear
from vistazo.models.plan.matrix import SparseRows
from vistazo.models.plan.plan import Plan
from vistazo.models.plan.stored import read_plan, write_plan
from vistazo.models.plan.vectorizer import TermWeights, Vectorizer
from vistazo.texts.accents import without_accents
from vistazo.texts.hashing import murmur_hashes

_DEFAULTS: dict[str, object] = {
    "input": "content", "analyzer": "word", "ngram_range": (1, 1), "lowercase": True,
    "strip_accents": None, "preprocessor": None, "tokenizer": None, "stop_words": None,
    "token_pattern": r"(?u)\b\w\w+\b", "binary": False, "_sklearn_version": "1.2.2",
}  # fmt: skip


def _record(class_name: str = "CountVectorizer", **options: object) -> Record:
    kind = Name("sklearn.feature_extraction.text", class_name)
    return Record(kind, (), {**_DEFAULTS, **options})


def _imported(record: Record) -> Vectorizer:
    assert estimators
    made = Importing().transform(Fitted(record, version_of(record)))
    assert isinstance(made, Vectorizer)
    return made


def _vectorizer(*terms: str, **options: object) -> Vectorizer:
    column_of = {term: np.int64(column) for column, term in enumerate(terms)}
    return _imported(_record(vocabulary_=column_of, **options))


def _numbers(vectorizer: Vectorizer, text: str) -> list[float]:
    return [float(number) for number in vectorizer.apply([text]).dense()[0]]


def test_words_of_two_letters_and_more_are_counted() -> None:
    vectorizer = _vectorizer("de", "niño", "año_2")
    assert _numbers(vectorizer, "El NIÑO de 1 año: niño, año_2, «de» y e de.") == [3, 2, 1]


def test_runs_of_words_leave_stop_words_out() -> None:
    vectorizer = _vectorizer("cat", "cat sat", "mat", ngram_range=(1, 2), stop_words=["the", "on"])
    assert _numbers(vectorizer, "The cat the sat on the mat, cat.") == [2, 1, 1]


def test_the_english_list_is_known_by_its_name() -> None:
    vectorizer = _vectorizer("cat sat", "the", ngram_range=(1, 2), stop_words="english")
    assert _numbers(vectorizer, "The cat has sat") == [1, 0]


def test_a_word_that_old_versions_misspelled_is_no_stop_word_where_it_was_learned() -> None:
    assert _numbers(_vectorizer("fifty", stop_words="english"), "fifty fify") == [1]
    assert _numbers(_vectorizer("fify", stop_words="english"), "fifty fify") == [1]


def test_runs_of_characters_cross_words_and_join_spaces() -> None:
    vectorizer = _vectorizer("a b", "b", analyzer="char", ngram_range=(1, 3))
    assert _numbers(vectorizer, "A \n b  a b") == [2, 2]


def test_runs_within_words_are_padded_and_a_short_word_counts_once() -> None:
    vectorizer = _vectorizer(" a ", " ab", "b ", analyzer="char_wb", ngram_range=(3, 5))
    assert _numbers(vectorizer, "a ab a") == [2, 1, 0]
    vectorizer = _vectorizer(" a ", analyzer="char_wb", ngram_range=(5, 9))
    assert _numbers(vectorizer, "a a") == [2]


def test_accents_are_stripped_before_words_are_sought() -> None:
    assert _numbers(_vectorizer("nino", strip_accents="unicode"), "Niño") == [1]
    assert _numbers(_vectorizer("nino", strip_accents="ascii"), "Nin\u0303o") == [1]


def test_from_0_18_to_0_22_a_decomposed_text_kept_its_accents() -> None:
    decomposed = "nin\u0303o"
    old = _vectorizer("nino", strip_accents="unicode", _sklearn_version="0.21.3")
    new = _vectorizer("nino", strip_accents="unicode", _sklearn_version="0.22.1")
    assert (_numbers(old, decomposed), _numbers(new, decomposed)) == ([0], [1])
    assert _numbers(old, "niño") == [1]
    before_0_18 = _vectorizer("nino", strip_accents="unicode", _sklearn_version=None)
    assert _numbers(before_0_18, decomposed) == [1]


@pytest.mark.parametrize("accents", ["ascii", "unicode"])
def test_accents_come_off_one_by_one_as_from_the_whole_text(accents: str) -> None:
    text = "".join(map(chr, range(0x20, 0x1_2000, 7))) + "o\u0323\u0308\u0323é\ufdfa각"
    whole = unicodedata.normalize("NFKD", text)
    expected = {
        "ascii": whole.encode("ascii", "ignore").decode(),
        "unicode": "".join(each for each in whole if not unicodedata.combining(each)),
    }
    assert without_accents(text, accents) == expected[accents]  # type: ignore[arg-type]


@pytest.mark.timeout(5)  # sorting them takes minutes
def test_marks_without_end_cost_no_more_than_other_characters() -> None:
    marks = "a" + "\u0300" * 200_000 + "\u0323" * 200_000
    assert without_accents(marks, "unicode") == "a"


def test_a_group_in_the_pattern_is_the_word() -> None:
    vectorizer = _vectorizer("tag", "#tag", token_pattern=r"#(\w+)")  # noqa: S106
    assert _numbers(vectorizer, "#tag tag") == [1, 0]


def test_columns_may_be_in_any_order() -> None:
    vectorizer = _imported(_record(vocabulary_={"bb": 0, "aa": np.int32(2), "cc": 1}))
    assert _numbers(vectorizer, "aa bb bb cc cc cc") == [2, 3, 1]


def test_a_vocabulary_that_was_given_is_used_where_none_was_learned() -> None:
    assert _numbers(_imported(_record(vocabulary=["bb", "aa"])), "aa") == [0, 1]
    assert _numbers(_imported(_record(vocabulary={"bb", "aa"})), "aa") == [1, 0]


def test_counts_become_weights() -> None:
    """ln(count) + 1, times the weight of the column, divided by the row's length."""
    diagonal = SparseArray(np.arange(3), np.arange(2), np.array([1.0, 3.0]), (2, 2))
    inner = Record(
        Name("sklearn.feature_extraction.text", "TfidfTransformer"), (),
        {"use_idf": True, "sublinear_tf": True, "norm": "l2", "_idf_diag": diagonal},
    )  # fmt: skip
    vectorizer = _imported(_record("TfidfVectorizer", vocabulary_={"aa": 0, "bb": 1}, _tfidf=inner))
    first = math.log(2) + 1
    length = math.hypot(first, 3)
    assert _numbers(vectorizer, "aa aa bb") == pytest.approx(
        [first / length, 3 / length], rel=1e-15
    )
    assert _numbers(vectorizer, "nothing known") == [0, 0]
    inner.attributes.update(_idf_diag=None, idf_=np.array([1.0, 3.0]), norm="l1")
    vectorizer = _imported(_record("TfidfVectorizer", vocabulary_={"aa": 0, "bb": 1}, _tfidf=inner))
    assert _numbers(vectorizer, "aa bb") == [0.25, 0.75]


def test_weights_of_dense_rows_leave_zeros_alone() -> None:
    weights = TermWeights(None, is_sublinear=True, norm="max")
    assert np.asarray(weights.apply(np.array([[0.0, 1.0], [0.0, 0.0]]))).tolist() == [
        [0, 1],
        [0, 0],
    ]
    assert np.asarray(weights.apply(np.zeros((0, 2)))).shape == (0, 2)


def test_the_hash_is_murmur_3() -> None:
    terms = ["", "test", "Hello, world!", "The quick brown fox jumps over the lazy dog"]
    expected = [0, 0xBA6BD213, 0xC0363E43, 0x2E4FF723]
    assert murmur_hashes(terms).view(np.uint32).tolist() == expected
    assert murmur_hashes(terms * 20).view(np.uint32).tolist() == expected * 20
    assert murmur_hashes(["x" * 101, "a"]).tolist() == [-390515111, 1009084850]


def test_hashed_terms_have_signs_and_share_columns() -> None:
    """Of "test" the hash is negative, -1167338989, of "aa" it is positive, 923832745."""
    options = {"n_features": 1000, "norm": None}
    signed = _imported(_record("HashingVectorizer", **options)).apply(["test aa test"])
    assert (signed.columns.tolist(), signed.values.tolist()) == ([745, 989], [1, -2])
    plain = _imported(_record("HashingVectorizer", alternate_sign=False, **options))
    assert plain.apply(["test aa test"]).values.tolist() == [1, 2]
    old = _imported(_record("HashingVectorizer", non_negative=True, n_features=1, norm=None))
    assert old.apply(["test aa test"]).values.tolist() == [1]


def test_a_plan_with_a_vectorizer_is_stored_and_read(tmp_path: Path) -> None:
    vectorizer = _vectorizer("a\nb", "\ud800", "", "東京", analyzer="char", ngram_range=(0, 3))
    plan = Plan("texts", 0, (0, 1), (vectorizer,), Linear(np.ones((4, 1)), np.zeros(1), "none"))
    write_plan(plan, tmp_path / "plan.npz")
    stored = read_plan(tmp_path / "plan.npz").transforms[0]
    assert isinstance(stored, Vectorizer)
    assert _numbers(stored, "a\nb\ud800東京") == [1, 1, 7, 1]


def test_texts_of_nothing_known_are_rows_of_nothing() -> None:
    rows = _vectorizer("word").apply(["", "\0", "the", "\ud83d", " " * 1000])
    assert isinstance(rows, SparseRows)
    assert (len(rows), rows.n_columns, rows.values.tolist()) == (5, 1, [])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"tokenizer": Name("my_code", "tokens")},
            "CountVectorizer's tokenizer holds a function of the program .* my_code.tokens",
        ),
        ({"analyzer": Name("my_code", "stems")}, "analyzer holds a function .* my_code.stems"),
        ({"preprocessor": Record(Name("functools", "partial"))}, "preprocessor, functools.partial"),
        ({"tokenizer": Name("nltk.tokenize", "word_tokenize")}, "a package for language"),
        ({"input": "filename"}, "opens files"),
        ({"analyzer": Record(Name("sklearn.text", "WordNGramAnalyzer"))}, "before 0.11"),
    ],
)
def test_code_of_the_author_is_refused_by_its_name(options: dict[str, object], words: str) -> None:
    with pytest.raises(UnsupportedModelError, match=words):
        _vectorizer("word", **options)


def test_methods_of_text_are_known() -> None:
    split, older = Name("builtins", "str.split"), Name("builtins", "unicode.split")
    assert _numbers(_vectorizer("a-b", "c", tokenizer=split), "A-b c\u00a0c") == [1, 2]
    assert _numbers(_vectorizer("A-b", "c", analyzer=older), "A-b c\u00a0c") == [1, 2]
    lower = Name("builtins", "str.lower")
    assert _numbers(_vectorizer("ÑU", "ñu", preprocessor=lower, lowercase=False), "ÑU") == [0, 1]


@pytest.mark.parametrize(
    "options",
    [
        {"vocabulary_": {}},
        {"vocabulary_": {"aa": 1}},
        {"vocabulary_": {"aa": -1, "bb": 0}},
        {"vocabulary_": {"aa": 0.5, "bb": 0}},
        {"vocabulary_": {3: 0}},
        {"vocabulary_": ["aa"]},
        {"vocabulary_": None, "vocabulary": ["aa", "aa"]},
        {"ngram_range": (2, 1)},
        {"ngram_range": (-1, 1)},
        {"ngram_range": 3},
        {"ngram_range": (1, float("inf"))},
        {"token_pattern": None},
        {"stop_words": "german"},
    ],
)
def test_options_that_nothing_could_be_made_of_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ModelError):
        _imported(_record(**{"vocabulary_": {"aa": 0}, **options}))


def test_weights_that_are_not_one_a_term_are_refused() -> None:
    inner = Record(Name("sklearn.feature_extraction.text", "TfidfTransformer"))
    record = _record("TfidfVectorizer", vocabulary_={"aa": 0}, _tfidf=inner)
    off = SparseArray(np.array([0, 1, 2]), np.array([1, 0]), np.ones(2), (2, 2))
    flat = SparseArray(np.array([0, 1]), np.array([0]), np.ones(1), (1, 2**40))
    bad = [np.ones(2), np.array([np.nan]), np.array([-np.inf]), np.array(["1"])]
    for attributes in (
        *({"idf_": each} for each in bad),
        {"_idf_diag": off},
        {"_idf_diag": flat},
        {},
    ):
        inner.attributes = attributes
        with pytest.raises(UnreadableModelError):
            _imported(record)


def test_a_file_that_asks_for_runs_of_any_length_gets_those_that_it_knows() -> None:
    vectorizer = _vectorizer("aa", "aa bb", ngram_range=(1, 10**12))
    assert _numbers(vectorizer, "aa bb " * 5000) == [5000, 5000]


@pytest.mark.parametrize("analyzer", ["word", "char", "char_wb"])
def test_runs_without_end_are_refused_before_they_are_made(analyzer: str) -> None:
    vectorizer = _imported(
        _record("HashingVectorizer", analyzer=analyzer, ngram_range=(1, 10**12), n_features=8)
    )
    text = "aa bb " * 5000 if analyzer != "char_wb" else "ab" * 5000
    with pytest.raises(TextTooCostlyError, match="shorter"):
        vectorizer.apply(["short", text])


def test_a_term_that_no_text_had_makes_undefined_numbers_of_its_text_alone() -> None:
    """Without ``smooth_idf`` its weight is infinite; the service says so of that text."""
    weights = TermWeights(np.array([np.inf, 1.0]), is_sublinear=False, norm="l2")
    rows = np.asarray(weights.apply(np.array([[0.0, 2.0], [1.0, 1.0]])))
    assert rows[0].tolist() == [0, 1]
    assert np.isnan(rows[1]).any()
