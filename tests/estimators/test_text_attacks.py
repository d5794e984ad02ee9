"""Texts, and options from a hostile file, that make a vectorizer work most: none takes long."""

from __future__ import annotations

import time
import tracemalloc
from typing import Any

import numpy as np
import pytest

from vistazo.errors import InputError
from vistazo.models.estimator_import import estimators
from vistazo.models.estimator_import.fitted import Fitted
from vistazo.models.estimator_import.registry import Importing
from vistazo.models.estimator_import.values import Name, Record
from vistazo.models.plan.vectorizer import Vectorizer

pytestmark = [pytest.mark.longer, pytest.mark.timeout(120)]

_LONGEST_S = 3.0
_SIZE = 100_000  # characters: what a text may have
_UNITS = [
    "a", "_", " ", "\0", "\ud800", "😀", "\ufdfa", "Σ'", "İ", "ab ", "a-", "a'", "각",
    "\u0300\u0323",
]  # fmt: skip
_ANY_LENGTH = (1, 10**9)
_HASHED = {"class_name": "HashingVectorizer", "n_features": 2**31 - 1}
_OPTIONS: list[dict[str, Any]] = [
    {"ngram_range": (1, 2)},
    {"strip_accents": "unicode"},
    {"strip_accents": "ascii"},
    {"analyzer": "char_wb", "ngram_range": (3, 5), "strip_accents": "unicode"},
    {"analyzer": "char", "ngram_range": (1, 10), "vocabulary_": {"aaa": 0, "a" * 9: 1}},
    {"token_pattern": r"[A-Za-z0-9]+(?=\s+)"},
    {"token_pattern": r"(?ui)\b\w*[a-z]+\w*\b"},
    {"token_pattern": r".*"},
    {"ngram_range": _ANY_LENGTH, "vocabulary_": {"a " * 50_000: 0}},
    {"ngram_range": _ANY_LENGTH, "vocabulary_": {"x" * 200_000: 0}, "analyzer": "char"},
    {"ngram_range": _ANY_LENGTH, "vocabulary_": {"x" * 200_000: 0}, "analyzer": "char_wb"},
    {**_HASHED, "analyzer": "char_wb", "ngram_range": (3, 5)},
    {**_HASHED, "analyzer": "char", "ngram_range": (1, 9)},
    {**_HASHED, "ngram_range": _ANY_LENGTH},
]


def _vectorizer(class_name: str = "CountVectorizer", **options: Any) -> Vectorizer:
    assert estimators
    usual = {"vocabulary_": {"aa": 0, "bb cc": 1}, "ngram_range": (1, 1), "norm": None}
    kind = Name("sklearn.feature_extraction.text", class_name)
    made = Importing().transform(Fitted(Record(kind, (), {**usual, **options}), (1, 2, 2)))
    assert isinstance(made, Vectorizer)
    return made


@pytest.mark.parametrize("options", _OPTIONS, ids=str)
def test_a_text_is_analysed_or_refused_soon(options: dict[str, Any]) -> None:
    vectorizer = _vectorizer(**options)
    codes = np.random.default_rng(1).integers(1, 0x10FFFF, _SIZE).astype("<u4").tobytes()
    for text in (*((unit * _SIZE)[:_SIZE] for unit in _UNITS), _of_codes(codes)):
        start = time.process_time()
        try:
            rows = vectorizer.apply([text])
            assert len(rows) == 1
            assert np.isfinite(rows.values).all()
        except InputError:
            pass
        taken_s = time.process_time() - start
        assert taken_s < _LONGEST_S, (text[:10], taken_s)


def _of_codes(codes: bytes) -> str:
    return codes.decode("utf-32-le", "surrogatepass")


def test_one_text_takes_bounded_memory() -> None:
    vectorizer = _vectorizer("HashingVectorizer", n_features=2**20, analyzer="char",
                             ngram_range=(1, 10))  # fmt: skip
    text = "".join(map(chr, np.random.default_rng(1).integers(97, 123, _SIZE)))
    tracemalloc.start()
    vectorizer.apply([text])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100_000_000
