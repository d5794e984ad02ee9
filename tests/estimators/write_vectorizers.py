"""Writes vectorizers of texts with options at random, and what they make of texts.

    python write_vectorizers.py FOLDER SEED COUNT

Runs with the scikit-learn that is asked; nothing of Vistazo is needed. FOLDER gets ``0.joblib`` and
so on, and ``vectorizers.json``: of each its options, the texts, and the rows of its answer.
"""

from __future__ import annotations

import json
import random
import sys
import warnings
from pathlib import Path

import joblib
import scipy.sparse as sp
from sklearn.feature_extraction import text as sklearn_text

_ALL_WORDS = (
    "the a an cat café niño mañana Über straße ΣΊΣΥΦΟΣ İstanbul ﬁne ½ x² don't it's e-mail a_b __ "
    "_x 12 3.14 \uff11\uff12 東京 日本語 हिन्दी مرحبا 😀👍 fifty system can't no sí qué ¿cómo ok I "
    "l'été word word2 w e\u0301te\u0301 n\u0303 a\u0323\u0300 \ufdfa 각 ǅ \u0345"
)
_WORDS = _ALL_WORDS.split(" ")
_BETWEEN = [
    " ", " ", " ", "  ", "\n", "\t ", ",", ". ", "-", "'", "_", "", "\u00a0", "\u2028", "! ",
]  # fmt: skip
_BLOCKS = [
    (32, 127), (0xA0, 0x250), (0x300, 0x370), (0x370, 0x600), (0x900, 0xA00), (0x4E00, 0x4E80),
    (0x1F600, 0x1F640), (0, 1),
]  # fmt: skip
_PATTERNS = [
    r"(?u)\b\w+\b", r"[a-zA-Z]+", r"\S+", r"[A-Za-z0-9]+(?=\s+)", r"(?ui)\b\w*[a-z]+\w*\b",
    r"[a-z]+(?:[-'][a-z]+)*", r"\b([^\W\d_]+)\b", r"\w+|[^\w\s]", r"(\w+)'?", r"\w{3,}", r"\w*",
    r"[^,]+", r"(?i)(?:a|b|c)\w+?\b", r"(?=\S*['-])([a-zA-Z'-]+)",
]  # fmt: skip


def _text(chance: random.Random) -> str:
    parts = []
    for _ in range(chance.choice([0, 1, 2, 5, 20, 60])):
        odd = [
            chr(chance.randrange(*chance.choice(_BLOCKS))) for _ in range(chance.randrange(1, 9))
        ]
        parts += [
            chance.choice(_WORDS) if chance.random() < 0.9 else "".join(odd),
            chance.choice(_BETWEEN),
        ]
    return "".join(parts)


def _options(kind: str, chance: random.Random) -> dict[str, object]:
    shortest = chance.choice([0, 1, 1, 1, 1, 2, 3, 5])
    options: dict[str, object] = {
        "analyzer": chance.choice(["word", "word", "char", "char_wb"]),
        "ngram_range": (shortest, max(1, shortest) + chance.choice([0, 0, 1, 2, 5])),
        "lowercase": chance.random() < 0.7,
        "strip_accents": chance.choice([None, None, "ascii", "unicode"]),
        "binary": chance.random() < 0.2,
        "norm": chance.choice(["l2", "l2", "l1", None]),
    }
    if options["analyzer"] == "word":
        options["stop_words"] = chance.choice([None, None, "english", ["the", "cat", "niño"]])
        if chance.random() < 0.6:
            options["token_pattern"] = chance.choice(_PATTERNS)
    if kind == "HashingVectorizer":
        n_features = chance.choice([2**20, 7, 1000, 2**31 - 1, 1])
        return {**options, "n_features": n_features, "alternate_sign": chance.random() < 0.7}
    if chance.random() < 0.2:
        lists = [["a", "cat", "the cat", "café", "e", "東京"], {"cat": 1, "a": 0, "x": 2}]
        options["vocabulary"] = chance.choice(lists)
    elif chance.random() < 0.2:
        options["max_features"] = 20
    if kind == "CountVectorizer":
        del options["norm"]
        return options
    use_idf, is_sublinear = chance.random() < 0.8, chance.random() < 0.3
    return {**options, "use_idf": use_idf, "sublinear_tf": is_sublinear}


def _write(folder: Path, seed: int, count: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    told: list[dict[str, object]] = []
    while len(told) < count:
        kind = chance.choice(["CountVectorizer", "TfidfVectorizer", "HashingVectorizer"])
        options = _options(kind, chance)
        training = [_text(chance) for _ in range(8)]
        texts = [*(_text(chance) for _ in range(6)), training[0], "", "the", training[1] * 3]
        try:
            fitted = getattr(sklearn_text, kind)(**options).fit(training)
            rows = sp.csr_matrix(fitted.transform(texts))
        except ValueError:  # no term is left
            continue
        joblib.dump(fitted, folder / f"{len(told)}.joblib")
        of_rows = [
            dict(zip(map(str, row.indices.tolist()), row.data.tolist(), strict=True))
            for row in (rows[place] for place in range(len(texts)))
        ]
        told.append({"options": f"{kind} {options}", "texts": texts, "rows": of_rows})
    (folder / "vectorizers.json").write_text(json.dumps(told), encoding="ascii")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    _write(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
