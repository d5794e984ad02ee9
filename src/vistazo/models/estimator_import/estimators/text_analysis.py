"""How a vectorizer of texts makes terms of them: its options, which no version has renamed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from vistazo.models.estimator_import.fitted import Fitted, is_name
from vistazo.models.estimator_import.refusals import kind_of, refusal
from vistazo.models.estimator_import.values import Name, Record
from vistazo.texts.accents import Accents
from vistazo.texts.analysis import Analysis, Analyzer
from vistazo.texts.stop_words import ENGLISH
from vistazo.texts.token_pattern import TokenPattern, UnsafePatternError, token_pattern

_DEFAULT_PATTERN = r"(?u)\b\w\w+\b"
_SPLIT = TokenPattern(r"\S+")  # what str.split finds
_LONGEST_RUN = 10**9
_PLAIN = ("builtins", "functools", "operator", "sklearn")


def analysis_of(fitted: Fitted, column_of: Mapping[str, int]) -> Analysis:
    """``column_of``: what it learned, where it learned something."""
    if fitted.get("input", default="content") != "content":
        raise fitted.refusal(
            f"it opens files that its texts name (input={str(fitted.get('input'))[:20]!r}). Fit it "
            "with input='content'"
        )
    if _is_method_of_text(fitted.get("analyzer"), "split"):  # it is given the text as it is
        return Analysis("word", 1, 1, is_lowercase=False, accents="", pattern=_SPLIT)
    analyzer = _analyzer(fitted)
    shortest, longest = _run_lengths(fitted)
    is_lowercase, accents = _preparation(fitted)
    return Analysis(
        analyzer,
        shortest,
        max(shortest, min(longest, _longest_known(analyzer, column_of, longest))),
        is_lowercase,
        accents,
        _pattern(fitted) if analyzer == "word" else None,
        _stop_words(fitted, column_of) if analyzer == "word" else (),
    )


def _analyzer(fitted: Fitted) -> Analyzer:
    said = fitted.get("analyzer", default="word")
    if isinstance(said, Record) and said.class_name in ("WordNGramAnalyzer", "CharNGramAnalyzer"):
        raise fitted.refusal("it was written by a scikit-learn before 0.11; fit it again")
    if said == "word":
        return "word"
    if said == "char":
        return "char"
    if said == "char_wb":
        return "char_wb"
    raise _own_code(fitted, "analyzer", said)


def _run_lengths(fitted: Fitted) -> tuple[int, int]:
    found = fitted.get("ngram_range")
    if isinstance(found, np.ndarray):
        found = found.tolist()
    if not isinstance(found, (tuple, list)) or len(found) != 2:
        raise fitted.unfitted("ngram_range")
    shortest, longest = found
    if not isinstance(shortest, (int, np.integer)) or not isinstance(longest, (int, np.integer)):
        raise fitted.damaged("its ngram_range is no pair of whole numbers")
    if not 0 <= shortest <= longest:
        raise fitted.damaged("its ngram_range does not rise")
    return int(shortest), int(min(longest, _LONGEST_RUN))


def _longest_known(analyzer: Analyzer, column_of: Mapping[str, int], longest: int) -> int:
    """No run that is longer than this is in the vocabulary: n words have n - 1 spaces."""
    if not column_of:
        return longest
    if analyzer == "word":
        return max(term.count(" ") for term in column_of) + 1
    return max(map(len, column_of))


def _preparation(fitted: Fitted) -> tuple[bool, Accents]:
    own = fitted.get("preprocessor")
    if own is None:
        return fitted.flag("lowercase", default=True), _accents(fitted)
    if _is_method_of_text(own, "lower"):
        return True, ""
    raise _own_code(fitted, "preprocessor", own)


def _accents(fitted: Fitted) -> Accents:
    said = fitted.get("strip_accents")
    if not said:
        return ""
    if said == "ascii" or is_name(said, "strip_accents_ascii"):
        return "ascii"
    if said == "unicode" or is_name(said, "strip_accents_unicode"):
        # From 0.18, mended in 0.22: https://github.com/scikit-learn/scikit-learn/issues/15087
        return "unicode_once" if (0, 18) <= fitted.version < (0, 22) else "unicode"
    raise _own_code(fitted, "strip_accents", said)


def _pattern(fitted: Fitted) -> TokenPattern:
    own = fitted.get("tokenizer")
    if _is_method_of_text(own, "split"):
        return _SPLIT
    if own is not None:
        raise _own_code(fitted, "tokenizer", own)
    said = fitted.get("token_pattern", default=_DEFAULT_PATTERN)
    if not isinstance(said, str):
        raise fitted.damaged("its token_pattern is no text")
    try:
        return token_pattern(str(said))
    except UnsafePatternError as error:
        raise fitted.refusal(f"its token_pattern {str(said)[:100]!r} {error}") from error


def _stop_words(fitted: Fitted, column_of: Mapping[str, int]) -> tuple[str, ...]:
    said = fitted.get("stop_words")
    if isinstance(said, np.ndarray):
        said = said.ravel().tolist()
    if said is None:
        return ()
    if isinstance(said, str) and said == "english":
        return tuple(sorted(_english(column_of)))
    if not isinstance(said, (list, tuple, set, frozenset, dict)):
        raise fitted.damaged("its stop_words are no list of words")
    return tuple(sorted({str(word) for word in said if isinstance(word, str)}))


def _english(column_of: Mapping[str, int]) -> frozenset[str]:
    """Old versions spelled "fifty" as "fify": they learned that word, which no other does."""
    return ENGLISH - {"fifty"} | {"fify"} if "fifty" in column_of else ENGLISH


def _is_method_of_text(value: object, method: str) -> bool:
    """``str.split`` and its like. Until protocol 2 a pickle calls ``str`` as Python 2 did."""
    return any(value == Name("builtins", f"{name}.{method}") for name in ("str", "unicode"))


def _own_code(fitted: Fitted, option: str, value: object) -> Exception:
    if isinstance(value, (Name, Record)) and kind_of(value).module.partition(".")[0] not in _PLAIN:
        return refusal(value, f"{fitted.class_name}'s {option}")
    named = f", {kind_of(value)}," if isinstance(value, (Name, Record)) else ""
    return fitted.refusal(
        f"its {option}{named} is code, which is never run. Fit it with scikit-learn's own options "
        "(token_pattern, ngram_range, strip_accents, stop_words), and prepare texts before they "
        "are sent"
    )
