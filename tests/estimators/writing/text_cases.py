# -*- coding: utf-8 -*-
"""Vectorizers with their options, and the classifiers that follow them: (class, options)."""

from __future__ import unicode_literals

_SHARED = [
    {}, {"ngram_range": [1, 2]}, {"ngram_range": [2, 3]}, {"stop_words": "english"}, {"stop_words": ["the", "win", "ñ"]},
    {"stop_words": "english", "ngram_range": [1, 3]}, {"lowercase": False}, {"strip_accents": "ascii"}, {"strip_accents": "unicode"},
    {"strip_accents": "unicode", "lowercase": False, "analyzer": "char", "ngram_range": [2, 3]}, {"binary": True},
    {"analyzer": "char"}, {"analyzer": "char", "ngram_range": [1, 3]}, {"analyzer": "char_wb"}, {"analyzer": "char_wb", "ngram_range": [2, 4]},
    {"token_pattern": r"\b\w+\b"}, {"token_pattern": r"(?u)\b[a-zA-Z]{2,}\b"}, {"token_pattern": r"\S+"}, {"token_pattern": r"[^\s,]+"},
    {"token_pattern": r"\w{1,}"}, {"token_pattern": r"(?u)\b(\w\w)\w*\b"}, {"token_pattern": r"[A-Za-z']+|\d+"}, {"token_pattern": r"\w+|[^\w\s]"},
    {"token_pattern": r"(?u)\b\w\w+\b|!|\?|\"|\'"}, {"token_pattern": r"(?u)\b\w+-?\w*\b"},
]  # fmt: skip
_COUNTED = [
    {"min_df": 2, "max_df": 0.7}, {"max_features": 20}, {"vocabulary": ["win", "free", "lunch", "goal match"], "ngram_range": [1, 2]},
    {"vocabulary": {"win": 0, "goal": 2, "free": 1}}, {"max_features": 30, "stop_words": "english", "min_df": 2},
]  # fmt: skip
COUNTS = _SHARED + _COUNTED + [{"dtype": "numpy.float32"}]
TFIDF = _SHARED + _COUNTED + [
    {"norm": "l1"}, {"norm": None}, {"sublinear_tf": True}, {"use_idf": False}, {"smooth_idf": False},
    {"binary": True, "norm": "l1", "sublinear_tf": True}, {"dtype": "numpy.float32"},
    {"sublinear_tf": True, "max_df": 0.5, "stop_words": "english", "ngram_range": [1, 2]},
]  # fmt: skip
HASHES = [dict({"n_features": 256}, **each) for each in _SHARED + [
    {"norm": "l1"}, {"norm": None}, {"alternate_sign": False}, {"non_negative": True}, {"alternate_sign": False, "norm": None, "binary": True}]
]  # fmt: skip
VECTORIZERS = (
    [("CountVectorizer", each) for each in COUNTS]
    + [("TfidfVectorizer", each) for each in TFIDF]
    + [("HashingVectorizer", each) for each in HASHES]
)
TRANSFORMS = [
    {},
    {"use_idf": False},
    {"norm": "l1"},
    {"norm": None},
    {"sublinear_tf": True},
    {"smooth_idf": False},
]

R = {"random_state": 0}
TREE = ["DecisionTreeClassifier", dict(R, max_depth=3)]
# Each of these after TfidfVectorizer; what wants no negative numbers gets none.
CLASSIFIERS = [
    ("LogisticRegression", {}), ("LogisticRegression", {"solver": "liblinear"}), ("LogisticRegressionCV", {"cv": 3}),
    ("MultinomialNB", {}), ("BernoulliNB", {}), ("ComplementNB", {}), ("LinearSVC", R), ("SVC", R), ("SVC", dict(R, kernel="linear", probability=True)),
    ("SVC", dict(R, kernel="linear")), ("SVC", dict(R, kernel="sigmoid", gamma=1.0)), ("NuSVC", dict(R, nu=0.3)), ("SGDClassifier", R), ("SGDClassifier", dict(R, loss="modified_huber")),
    ("PassiveAggressiveClassifier", R), ("Perceptron", R), ("RidgeClassifier", {}), ("DecisionTreeClassifier", R), ("RandomForestClassifier", dict(R, n_estimators=6)),
    ("ExtraTreesClassifier", dict(R, n_estimators=5)), ("GradientBoostingClassifier", dict(R, n_estimators=4)), ("AdaBoostClassifier", dict(R, n_estimators=4)),
    ("KNeighborsClassifier", {"n_neighbors": 3}), ("KNeighborsClassifier", {"metric": "cosine"}), ("NearestCentroid", {}), ("MLPClassifier", dict(R, max_iter=5, hidden_layer_sizes=[6])),
    ("OneVsRestClassifier", {"estimator": ["LogisticRegression", {}]}), ("OneVsRestClassifier", {"estimator": ["LinearSVC", R]}), ("OneVsRestClassifier", {"estimator": ["SVC", dict(R, kernel="linear")]}),
    ("OneVsOneClassifier", {"estimator": ["LinearSVC", R]}), ("CalibratedClassifierCV", {"base_estimator": ["LinearSVC", R], "cv": 3}), ("CalibratedClassifierCV", {"estimator": ["LinearSVC", R], "cv": 3}),
    ("CalibratedClassifierCV", {"estimator": ["MultinomialNB", {}], "cv": 3, "method": "isotonic"}), ("BaggingClassifier", {"base_estimator": TREE, "n_estimators": 3, "random_state": 0}),
    ("VotingClassifier", {"estimators": [["a", ["MultinomialNB", {}]], ["b", ["LogisticRegression", {}]], ["c", TREE]], "voting": "soft"}),
    ("VotingClassifier", {"estimators": [["a", ["MultinomialNB", {}]], ["b", ["LinearSVC", R]], ["c", TREE]]}),
    ("StackingClassifier", {"estimators": [["a", ["MultinomialNB", {}]], ["b", ["LinearSVC", R]]], "cv": 3}), ("DummyClassifier", {"strategy": "prior"}),
]  # fmt: skip
# Between the vectorizer and a classifier.
BETWEEN = [
    ("TruncatedSVD", dict(R, n_components=4)), ("SelectKBest", {"k": 10, "score_func": "sklearn.feature_selection.chi2"}), ("MaxAbsScaler", {}),
    ("StandardScaler", {"with_mean": False}), ("Normalizer", {}), ("SelectPercentile", {"percentile": 30, "score_func": "sklearn.feature_selection.chi2"}),
    ("SelectFromModel", {"estimator": ["LinearSVC", dict(R, penalty="l1", dual=False)]}), ("VarianceThreshold", {}), ("NMF", dict(R, n_components=2)),
]  # fmt: skip
