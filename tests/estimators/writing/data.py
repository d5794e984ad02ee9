# -*- coding: utf-8 -*-
"""Small data to fit on, the same in every version of Python and NumPy that runs this."""

from __future__ import unicode_literals

import sys

import numpy as np

WORDS = (
    "free win prize cash click now offer urgent claim txt,"
    "meeting lunch report office team tomorrow project plan budget review,"
    "goal match player season coach league stadium score transfer derby"
)
SHARED = "the a of to and is in it you that he was for on are with as I his they"
ODD = (
    "Café niño ÜBER naïve ŠKODA 2024 3.14 don't e-mail C++ x_y 日本語 слово 😀 ﬁne ½ İstanbul ß "
    "ΣΊΣΥΦΟΣ e\u0301clair \u00a0nbsp tab\there U.S.A. 100% @user #tag http://a.b/c?d=e ١٢٣"
)
# Held out as they are: what is known to surprise an analyzer of texts.
EDGES = [
    "", " ", "a", "!!! ???", "I", "free", "FREE FREE free", "niño NIÑO nin\u0303o", "zzz unknown qqq",
    "the the the", "win\nprize\tcash\x0bnow\x1coffer\u2028plan", "goal" * 30, "日本語 日本語", "ﬁne fine",
    "a b c d e f", "don't can't won't", "x_y __init__ 3.14", "İstanbul istanbul ISTANBUL",
    "free  prize   now", "  free prize  ", "e\u0301clair éclair eclair", "😀 😀 win", "\ufeffwin prize",
]  # fmt: skip


if sys.version_info[0] == 2:
    # Of these Python 2 has other small letters than Python 3, in which a file is read.
    ODD = " ".join(word for word in ODD.split(" ") if word[0] not in "İΣ")
    EDGES = [text for text in EDGES if "İ" not in text]


class Sample(object):
    """Training data, labels as numbers, and what is held out."""

    def __init__(self, train, classes, held_out):
        self.train, self.classes, self.held_out = train, classes, held_out


def texts(n_classes=2, n=54):
    random = np.random.RandomState(7)
    groups = [group.split() for group in WORDS.split(",")]
    classes = np.arange(n) % n_classes
    made = [_text(random, groups, kind) for kind in classes]
    held = [_text(random, groups, kind % n_classes) for kind in range(9)]
    return Sample(made, classes, EDGES + held)


def _text(random, groups, kind):
    pool = groups[kind] * 3 + SHARED.split() * 2 + ODD.split() + groups[(kind + 1) % len(groups)]
    words = [pool[i] for i in random.randint(0, len(pool), random.randint(4, 16))]
    cased = [w.upper() if random.rand() < 0.2 else w for w in words]
    return (", " if random.rand() < 0.2 else " ").join(cased)


def rows(kind="plain", n_classes=2, n=90, n_features=6):
    """plain: floats. counts: whole, not negative. halves: values that meet thresholds. missing: with
    NaN. flags: 0 and 1. narrow: float32. sparse: counts, fitted as compressed rows, and asked as dense ones;
    scattered: the same of floats, no two of which are equally far."""
    random = np.random.RandomState(3)
    classes = np.arange(n) % n_classes
    centres = np.array([[0, 0, 1, 0, 2, 0], [1.5, -1, 0, 1, 2, 0.5], [-1, 2, 1, -1, 2, 1]])
    whole = random.normal(size=(n + 24, n_features))
    which = np.concatenate([classes, np.arange(24) % n_classes])
    whole += centres[which, :n_features]
    whole[:, 3] *= 10
    if kind in ("counts", "sparse"):
        whole = np.floor(np.abs(whole * [2, 2, 2, 0.2, 1, 2]))
    if kind == "halves":
        whole = np.round(whole * [2, 2, 2, 0.2, 2, 2]) / 2
    if kind == "missing":
        whole[random.rand(*whole.shape) < 0.15] = np.nan
    if kind == "flags":
        whole = (whole > 0.5).astype(float)
    if kind == "categories":
        whole = np.floor(np.abs(whole * [1, 1, 1, 0.1, 0.5, 1])).clip(0, 3)
    if kind == "narrow":
        whole = whole.astype(np.float32)
    train, held = whole[:n], whole[n:].copy()
    held[:4] = train[:4]
    if kind == "categories":
        train[:4] = np.arange(4)[:, None]
    if kind == "plain":
        held[4:8] = np.round(held[4:8])
        held[8:10] *= 1000
    if kind == "scattered":
        train, held = train * (np.abs(train) > 0.7), held * (np.abs(held) > 0.7)
    if kind in ("sparse", "scattered"):
        import scipy.sparse

        train = scipy.sparse.csr_matrix(train)
    return Sample(train, classes, held)


LABELS = {
    "int": np.array([0, 1, 2]),
    "str": np.array(["spam", "ham", "egg"]),
    "object": np.array(["vrai", "faux", "über"], dtype=object),
    "negative": np.array([1, -1, 7]),
    "float": np.array([1.0, 2.0, 3.0]),
    "bool": np.array([False, True, True]),
    "narrow": np.array([3, 1, 2], dtype=np.uint8),
    "large": np.array([10**12, 5, 6]),
    "bytes": np.array(["Iris-setosa", "Iris-versicolor", "Iris-virginica"]),
}


def labels(kind, classes):
    """The labels of a kind ("int", "str", ...) for class numbers; bool is for two classes."""
    return LABELS["int" if kind == "bool" and classes.max() > 1 else kind][classes]
