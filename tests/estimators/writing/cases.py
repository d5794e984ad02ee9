# -*- coding: utf-8 -*-
"""What is fitted: (class, options, kinds of data, numbers of classes)."""

from __future__ import unicode_literals

BOTH = (2, 3)
R = {"random_state": 0}


def _with(name, *options, **more):
    """An option that is a list stands for each of its members."""
    kinds, classes = more.get("kinds", ("plain",)), more.get("classes", BOTH)
    members = [
        each for given in options for each in (given if isinstance(given, list) else [given])
    ]
    return [(name, dict(each), kinds, classes) for each in members or [{}]]


LINEAR = (
    _with(
        "LogisticRegression",
        {},
        {"solver": "liblinear"},
        {"solver": "newton-cg"},
        {"solver": "lbfgs", "max_iter": 500},
        {"solver": "sag", "max_iter": 50, "random_state": 0},
        {"solver": "liblinear", "penalty": "l1", "C": 0.3},
        {"fit_intercept": False},
        {"solver": "saga", "penalty": "elasticnet", "l1_ratio": 0.5, "random_state": 0},
        {"solver": "lbfgs", "multi_class": "multinomial"},
        {"solver": "lbfgs", "multi_class": "ovr"},
        {"solver": "lbfgs", "multi_class": "auto"},
        {"solver": "newton-cg", "multi_class": "ovr"},
        {"solver": "liblinear", "multi_class": "auto"},
        {"class_weight": "balanced"},
        {"solver": "liblinear", "intercept_scaling": 5.0, "dual": True},
        {"C": 1e5},
        kinds=("plain", "sparse"),
    )
    + _with(
        "LogisticRegressionCV",
        {},
        {"solver": "liblinear"},
        {"multi_class": "multinomial"},
        {"multi_class": "ovr"},
        {"refit": False, "Cs": 3},
    )
    + _with(
        "SGDClassifier",
        R,
        [
            dict(R, loss=loss)
            for loss in (
                "hinge",
                "log",
                "log_loss",
                "modified_huber",
                "squared_hinge",
                "perceptron",
                "squared_loss",
                "huber",
            )
        ],
        kinds=("plain", "sparse"),
    )
    + _with(
        "SGDClassifier",
        dict(R, average=True, loss="hinge"),
        dict(R, fit_intercept=False),
        dict(R, penalty="l1", loss="log_loss", alpha=0.01),
        dict(R, early_stopping=True),
    )
    + _with(
        "PassiveAggressiveClassifier",
        R,
        dict(R, loss="squared_hinge", C=0.1),
        dict(R, average=True),
        kinds=("plain", "sparse"),
    )
    + _with("Perceptron", R, dict(R, penalty="l2"), kinds=("plain", "sparse"))
    + _with(
        "RidgeClassifier",
        {},
        {"fit_intercept": False},
        {"alpha": 20.0, "class_weight": "balanced"},
        {"solver": "lsqr"},
        kinds=("plain", "sparse"),
    )
    + _with("RidgeClassifierCV", {}, {"alphas": [0.1, 1.0, 10.0]})
    + _with(
        "LinearSVC",
        R,
        dict(R, multi_class="crammer_singer"),
        dict(R, fit_intercept=False),
        dict(R, loss="hinge", C=0.1),
        dict(R, penalty="l1", dual=False),
        kinds=("plain", "sparse"),
    )
)
BAYES = (
    _with("BernoulliNB", {"binarize": None}, kinds=("flags",))
    + _with("GaussianNB", {}, {"priors": None}, {"var_smoothing": 1e-3}, kinds=("plain", "halves"))
    + _with("MultinomialNB", {}, {"alpha": 0.1}, {"fit_prior": False}, kinds=("counts", "sparse"))
    + _with(
        "BernoulliNB",
        {},
        {"binarize": 1.0},
        {"fit_prior": False, "alpha": 0.2},
        kinds=("plain", "counts", "sparse"),
    )
    + _with("ComplementNB", {}, {"norm": True}, {"alpha": 3.0}, kinds=("counts", "sparse"))
    + _with(
        "CategoricalNB",
        {},
        {"min_categories": 6},
        {"alpha": 0.2, "fit_prior": False},
        kinds=("categories",),
    )
)
VECTORS = _with(
    "SVC",
    R,
    dict(R, kernel="linear"),
    dict(R, kernel="poly"),
    dict(R, kernel="poly", degree=2, coef0=1.0),
    dict(R, kernel="sigmoid"),
    dict(R, gamma="auto"),
    dict(R, gamma="scale"),
    dict(R, gamma=0.3, C=10),
    dict(R, probability=True),
    dict(R, kernel="linear", probability=True),
    dict(R, class_weight="balanced"),
    dict(R, decision_function_shape="ovo"),
    dict(R, decision_function_shape="ovo", probability=True),
    dict(R, decision_function_shape="ovr", kernel="poly", gamma=0.1),
    dict(R, break_ties=True),
    kinds=("plain", "sparse"),
) + _with(
    "NuSVC",
    dict(R, nu=0.3),
    dict(R, nu=0.3, kernel="linear", probability=True),
    dict(R, nu=0.2, kernel="sigmoid"),
    kinds=("plain", "sparse"),
)
TREES = (
    _with(
        "DecisionTreeClassifier",
        R,
        dict(R, criterion="entropy"),
        dict(R, max_depth=2),
        dict(R, class_weight="balanced"),
        dict(R, min_samples_leaf=10),
        dict(R, max_leaf_nodes=4),
        dict(R, splitter="random"),
        dict(R, ccp_alpha=0.02),
        kinds=("plain", "halves", "narrow", "sparse"),
    )
    + _with("DecisionTreeClassifier", R, dict(R, max_depth=3), kinds=("missing",))
    + _with("DecisionTreeClassifier", dict(R, max_depth=1, min_samples_leaf=1000))
    + _with("ExtraTreeClassifier", R)
    + _with(
        "RandomForestClassifier",
        dict(R, n_estimators=10),
        dict(R, n_estimators=5, bootstrap=False),
        dict(R, n_estimators=7, oob_score=True, class_weight="balanced_subsample"),
        dict(R, n_estimators=4, max_depth=3, warm_start=True),
        kinds=("plain", "halves", "sparse"),
    )
    + _with("RandomForestClassifier", dict(R, n_estimators=5), kinds=("missing",))
    + _with("RandomForestClassifier", dict(R, n_estimators=12, n_jobs=2, criterion="entropy"))
    + _with(
        "ExtraTreesClassifier",
        dict(R, n_estimators=6),
        dict(R, n_estimators=4, bootstrap=True),
        kinds=("plain", "sparse"),
    )
    + _with("ExtraTreesClassifier", dict(R, n_estimators=6), kinds=("missing",))
    + _with(
        "GradientBoostingClassifier",
        dict(R, n_estimators=8),
        dict(R, n_estimators=5, loss="exponential"),
        dict(R, n_estimators=5, init="zero"),
        dict(R, n_estimators=4, subsample=0.5, max_features=2),
        dict(R, n_estimators=20, n_iter_no_change=2),
        dict(R, n_estimators=3, loss="deviance"),
        dict(R, n_estimators=3, learning_rate=0.5, max_depth=1),
        kinds=("plain", "halves", "sparse"),
    )
    + _with(
        "HistGradientBoostingClassifier",
        dict(R, max_iter=6, min_samples_leaf=3),
        dict(R, max_iter=4, max_leaf_nodes=4, early_stopping=True),
        dict(R, max_iter=5, l2_regularization=1.0),
        dict(R, max_iter=4, min_samples_leaf=2, interaction_cst="no_interactions"),
        kinds=("plain", "missing", "halves"),
    )
    + _with(
        "HistGradientBoostingClassifier",
        dict(R, max_iter=6, min_samples_leaf=2, categorical_features=[0, 2]),
        dict(R, max_iter=6, min_samples_leaf=2, categorical_features=[True] * 6),
        kinds=("categories",),
    )
    + _with(
        "AdaBoostClassifier",
        dict(R, n_estimators=5),
        dict(R, n_estimators=5, algorithm="SAMME"),
        dict(R, n_estimators=4, learning_rate=0.3, algorithm="SAMME.R"),
        kinds=("plain", "sparse"),
    )
    + _with(
        "BaggingClassifier",
        dict(R, n_estimators=4),
        dict(R, n_estimators=4, max_features=0.5),
        dict(R, n_estimators=3, bootstrap=False, bootstrap_features=True, max_samples=0.5),
        kinds=("plain", "sparse"),
    )
)
NEIGHBOURS = (
    _with(
        "KNeighborsClassifier",
        {},
        {"n_neighbors": 1},
        {"n_neighbors": 3, "weights": "distance"},
        {"p": 1},
        {"p": 3},
        {"metric": "manhattan"},
        {"metric": "chebyshev"},
        {"metric": "euclidean", "weights": "distance"},
        {"algorithm": "brute"},
        {"algorithm": "kd_tree", "leaf_size": 5},
        {"algorithm": "ball_tree"},
        {"metric": "cosine", "algorithm": "brute"},
        {"metric": "canberra"},
        {"metric": "hamming"},
        {"metric": "braycurtis"},
    )
    + _with(
        "KNeighborsClassifier",
        {},
        {"n_neighbors": 1, "weights": "distance"},
        {"metric": "cosine"},
        kinds=("scattered",),
    )
    + _with(
        "RadiusNeighborsClassifier", {"radius": 5000.0}, {"radius": 5000.0, "weights": "distance"}
    )
    + _with("NearestCentroid", {}, {"metric": "manhattan"}, {"shrink_threshold": 0.2})
)
NETWORKS = _with(
    "MLPClassifier",
    dict(R, max_iter=15),
    [
        dict(R, max_iter=10, hidden_layer_sizes=sizes, activation=activation)
        for sizes in ((5,), (4, 3))
        for activation in ("identity", "logistic", "tanh", "relu")
    ],
) + _with(
    "MLPClassifier",
    dict(R, max_iter=5),
    dict(R, solver="lbfgs", max_iter=5),
    kinds=("sparse", "narrow"),
)
OTHERS = (
    _with(
        "LinearDiscriminantAnalysis",
        {},
        {"solver": "lsqr", "shrinkage": "auto"},
        {"solver": "eigen"},
        {"n_components": 1},
        {"priors": [0.2, 0.3, 0.5]},
        kinds=("plain", "halves"),
    )
    + _with("QuadraticDiscriminantAnalysis", {}, {"reg_param": 0.1}, {"priors": [0.3, 0.7]})
    + _with("DummyClassifier", {"strategy": "most_frequent"}, {"strategy": "prior"})
)
# Compositions: the options name estimators inside as [class, options].
LR, TREE, NB = (
    ["LogisticRegression", {"solver": "liblinear"}],
    ["DecisionTreeClassifier", dict(R, max_depth=3)],
    ["GaussianNB", {}],
)
RF, SVC = ["RandomForestClassifier", dict(R, n_estimators=4)], ["LinearSVC", R]
THREE = [["lr", LR], ["tree", TREE], ["nb", NB]]
COMPOSED = (
    _with(
        "VotingClassifier",
        {"estimators": THREE},
        {"estimators": THREE, "voting": "soft"},
        {"estimators": THREE, "voting": "soft", "weights": [1, 2, 3]},
        {"estimators": THREE, "weights": [3, 1, 1]},
        {
            "estimators": [
                ["a", ["KNeighborsClassifier", {}]],
                ["b", RF],
                ["c", ["SVC", dict(R, probability=True)]],
            ],
            "voting": "soft",
        },
    )
    + _with(
        "StackingClassifier",
        {"estimators": THREE, "cv": 3},
        {"estimators": THREE, "passthrough": True, "cv": 3},
        {"estimators": THREE, "final_estimator": RF, "cv": 3},
        {"estimators": [["s", SVC], ["t", TREE]], "cv": 3},
    )
    + [
        (
            name,
            dict(R if name == "OutputCodeClassifier" else {}, estimator=inner),
            ("plain", "sparse"),
            BOTH,
        )
        for name in ("OneVsRestClassifier", "OneVsOneClassifier", "OutputCodeClassifier")
        for inner in (
            LR,
            SVC,
            TREE,
            ["SVC", R],
            ["SVC", dict(R, probability=True)],
            ["MultinomialNB", {}],
            ["SGDClassifier", R],
        )
    ]
    + _with(
        "CalibratedClassifierCV",
        [
            dict({key: inner}, method=method, cv=3)
            for key in ("base_estimator", "estimator")
            for inner in (SVC, RF, NB, ["SVC", R])
            for method in ("sigmoid", "isotonic")
        ],
    )
    + _with(
        "CalibratedClassifierCV",
        dict({"estimator": SVC, "cv": 3, "ensemble": False}),
        {"estimator": RF, "cv": 3, "ensemble": False, "method": "isotonic"},
        {"estimator": SVC, "cv": 3, "method": "temperature"},
        {"estimator": RF, "cv": 3, "method": "temperature"},
    )
    + _with(
        "AdaBoostClassifier",
        dict(R, n_estimators=3, base_estimator=LR),
        dict(R, n_estimators=3, estimator=LR),
        dict(R, n_estimators=3, estimator=RF),
    )
    + _with(
        "BaggingClassifier",
        dict(R, n_estimators=3, base_estimator=SVC),
        dict(R, n_estimators=3, estimator=SVC),
        dict(R, n_estimators=3, estimator=["KNeighborsClassifier", {}], max_features=0.5),
        dict(R, n_estimators=3, estimator=LR),
    )
    + _with(
        "GradientBoostingClassifier",
        dict(R, n_estimators=3, init=LR),
        dict(R, n_estimators=3, init=TREE),
    )
)
CLASSIFIERS = LINEAR + BAYES + VECTORS + TREES + NEIGHBOURS + NETWORKS + OTHERS + COMPOSED
