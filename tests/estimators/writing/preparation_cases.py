# -*- coding: utf-8 -*-
"""What prepares numbers, and is fitted before a logistic regression."""

from __future__ import unicode_literals

from cases import LR, RF, TREE, R, _with

# Before a logistic regression, or what else a kind needs.
TRANSFORMERS = (
    _with(
        "StandardScaler", {}, {"with_mean": False}, {"with_std": False}, kinds=("plain", "narrow")
    )
    + _with("StandardScaler", {"with_mean": False}, kinds=("sparse",))
    + _with("MinMaxScaler", {}, {"feature_range": [-1, 2]}, {"clip": True})
    + _with("MaxAbsScaler", {}, kinds=("plain", "sparse"))
    + _with(
        "RobustScaler",
        {},
        {"quantile_range": [10.0, 90.0]},
        {"with_centering": False},
        {"with_scaling": False},
        {"unit_variance": True},
    )
    + _with("Normalizer", {}, {"norm": "l1"}, {"norm": "max"}, kinds=("plain", "sparse"))
    + _with("Binarizer", {}, {"threshold": 1.0}, kinds=("plain", "sparse"))
    + _with(
        "PolynomialFeatures",
        {},
        {"degree": 3, "interaction_only": True},
        {"include_bias": False},
        {"degree": [2, 3]},
    )
    + _with(
        "QuantileTransformer",
        {"n_quantiles": 20},
        {"n_quantiles": 20, "output_distribution": "normal"},
    )
    + _with("PowerTransformer", {}, {"standardize": False})
    + _with("PowerTransformer", {"method": "box-cox"}, kinds=("positive",))
    + _with(
        "KBinsDiscretizer",
        {"n_bins": 4},
        {"n_bins": 3, "encode": "ordinal"},
        {"n_bins": 4, "encode": "onehot-dense", "strategy": "uniform"},
        {"n_bins": 3, "strategy": "kmeans", "encode": "ordinal"},
    )
    + _with(
        "SimpleImputer",
        {},
        {"strategy": "median"},
        {"strategy": "most_frequent"},
        {"strategy": "constant", "fill_value": -1},
        {"strategy": "constant"},
        {"add_indicator": True},
        {"strategy": "median", "add_indicator": True},
        kinds=("missing",),
    )
    + _with("SimpleImputer", {"missing_values": 0}, kinds=("counts",))
    + _with("Imputer", {}, {"strategy": "median"}, kinds=("missing",))
    + _with("KNNImputer", {}, {"n_neighbors": 2, "weights": "distance"}, kinds=("missing",))
    + _with("IterativeImputer", {}, kinds=("missing",))
    + _with(
        "FunctionTransformer",
        {},
        {"func": "numpy.log1p"},
        {"func": "numpy.sqrt"},
        {"validate": True},
        {"validate": False},
        kinds=("counts",),
    )
    + _with(
        "PCA",
        {"n_components": 3},
        {"n_components": 2, "whiten": True},
        {"n_components": 0.9},
        {},
        {"n_components": 2, "svd_solver": "randomized", "random_state": 0},
    )
    + _with("IncrementalPCA", {"n_components": 3}, {"n_components": 2, "whiten": True})
    + _with(
        "TruncatedSVD",
        dict(R, n_components=3),
        dict(R, n_components=2, algorithm="arpack"),
        kinds=("plain", "sparse"),
    )
    + _with("KernelPCA", {"n_components": 2, "kernel": "rbf"})
    + _with("NMF", dict(R, n_components=2), kinds=("counts",))
    + _with("LatentDirichletAllocation", dict(R, n_components=2), kinds=("counts",))
    + _with(
        "FastICA",
        dict(R, n_components=2),
        {"n_components": 3, "whiten": "unit-variance", "random_state": 0},
    )
    + _with("FactorAnalysis", dict(R, n_components=2))
    + _with("LinearDiscriminantAnalysis", {}, {"n_components": 1})
    + _with("SelectKBest", {"k": 3}, {"k": "all"}, kinds=("plain",))
    + _with(
        "SelectKBest",
        {"k": 3, "score_func": "sklearn.feature_selection.chi2"},
        {"k": 2, "score_func": "sklearn.feature_selection.mutual_info_classif"},
        kinds=("counts", "sparse"),
    )
    + _with("SelectPercentile", {"percentile": 50})
    + _with("SelectFpr")
    + _with("SelectFdr")
    + _with("SelectFwe")
    + _with(
        "GenericUnivariateSelect",
        {"mode": "k_best", "param": 3},
        {"mode": "percentile", "param": 40},
    )
    + _with("VarianceThreshold", {}, {"threshold": 0.9}, kinds=("plain", "sparse"))
    + _with(
        "SelectFromModel",
        {"estimator": TREE},
        {"estimator": LR, "threshold": "median"},
        {"estimator": ["LogisticRegression", {"penalty": "l1", "solver": "liblinear", "C": 0.1}]},
        {"estimator": RF, "threshold": "1.1*mean"},
        {"estimator": LR, "max_features": 2},
    )
    + _with("RFE", {"estimator": LR, "n_features_to_select": 3})
    + _with("RFECV", {"estimator": LR, "cv": 3})
    + _with(
        "SequentialFeatureSelector",
        {"estimator": LR, "n_features_to_select": 2, "cv": 2},
        classes=(2,),
    )
    + _with("GaussianRandomProjection", dict(R, n_components=3))
    + _with("SparseRandomProjection", dict(R, n_components=3))
    + _with("Nystroem", dict(R, n_components=5, gamma=0.1))
    + _with("RBFSampler", dict(R, n_components=5))
    + _with("SplineTransformer")
    + _with("MissingIndicator", {}, {"features": "all"}, kinds=("missing",))
    + _with(
        "OneHotEncoder",
        {},
        {"categories": "auto"},
        {"handle_unknown": "ignore"},
        {"drop": "first"},
        {"drop": "if_binary"},
        {"sparse": False},
        {"sparse_output": False},
        {"n_values": 5},
        {"min_frequency": 12, "handle_unknown": "infrequent_if_exist"},
        {"max_categories": 3, "handle_unknown": "infrequent_if_exist"},
        {"categorical_features": [0, 2], "handle_unknown": "ignore"},
        kinds=("categories",),
    )
    + _with(
        "OrdinalEncoder",
        {},
        {"handle_unknown": "use_encoded_value", "unknown_value": -1},
        kinds=("categories",),
    )
    + _with("TargetEncoder", {"random_state": 0}, kinds=("categories",))
    + _with("KMeans", dict(R, n_clusters=3))
)

# Columns: what is done to which, by position, slice, mask, or name.
COLUMNS = [
    {"transformers": [["s", ["StandardScaler", {}], [0, 2]], ["m", ["MinMaxScaler", {}], [1]]]},
    {"transformers": [["s", ["StandardScaler", {}], [0, 3]]], "remainder": "passthrough"},
    {
        "transformers": [
            ["s", "passthrough", [4, 1]],
            ["d", "drop", [0]],
            ["m", ["MaxAbsScaler", {}], [2, 2]],
        ]
    },
    {
        "transformers": [["s", ["RobustScaler", {}], "slice(1, 4)"]],
        "remainder": ["MinMaxScaler", {}],
    },
    {
        "transformers": [
            ["s", ["StandardScaler", {}], "mask(101001)"],
            ["n", ["Normalizer", {}], [-1, -2]],
        ]
    },
    {
        "transformers": [
            ["s", ["StandardScaler", {}], []],
            ["t", ["PCA", {"n_components": 2}], [0, 1, 2, 3]],
        ],
        "transformer_weights": {"t": 2.5},
    },
    {
        "transformers": [
            ["o", ["OneHotEncoder", {"handle_unknown": "ignore"}], [0, 1]],
            ["p", "passthrough", [2]],
        ],
        "sparse_threshold": 1.0,
    },
]
