"""Linear, Bayesian, kernel and neural classifiers: what scikit-learn 1.5.2 answers with the same
numbers in it, written down here.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.fitted_estimators import decided, decider, fitted, record, sparse

from vistazo.errors import InputError, ModelError, UnreadableModelError, UnsupportedModelError
from vistazo.models.estimator_import.registry import Importing
from vistazo.models.estimator_import.values import Name, SparseArray
from vistazo.models.plan.kernel import SparseVectors
from vistazo.models.plan.operation import Decisions
from vistazo.models.plan.plan import Plan
from vistazo.models.plan.stored import read_plan, write_plan
from vistazo.models.plan.support_vectors import SupportVectors

ROWS = np.array([[1.0, 1], [2, 2.5], [-9, 7], [1.5, 2]])
TWO = {"classes_": [0, 1], "coef_": [[1.0, -0.5]], "intercept_": [0.25]}
THREE = {"classes_": [0, 1, 2], "coef_": [[1.0, -0.5], [0.5, 0.5], [-1, 0]]}
MIRRORED = [0.8175744761936437, 0.8807970779778823, 2.2897348455931243e-11, 0.8175744761936437]

SVC = {
    "classes_": ["a", "b", "c"],
    "kernel": "poly",
    "degree": 2,
    "coef0": 1.0,
    "_gamma": 0.5,
    "probability": True,
    "_n_support": [2, 2, 3],
    "support_vectors_": [
        *([1.25, 0.5], [0.25, 1.5], [3.0, 3.0], [3.0, 4.0]),
        *([0.5, 3.75], [1.25, 4.5], [1.5, 3.75]),
    ],
    "_dual_coef_": [
        [
            *(0.016611289083764018, 0.009397790683431622, -0.026009079767195638),
            *(0.0, -0.0486114407785426, 0.0, 0.0),
        ],
        [
            *(0.0, 0.0486114407785426, 0.03805542119605086, 0.02137687186850494, 0.0),
            *(-0.00943229306455581, -0.05),
        ],
    ],
    "_intercept_": [1.2592144065308195, 1.5039164490861618, -0.8206288524903301],
    "_probA": [-1.6376863437686566, -1.453389296833609, -1.4624314339080204],
    "_probB": [-0.358685470603738, -0.20138347893766306, -0.027653100406435944],
}
SVC_CHANCES = [
    [0.7799606937256004, 0.09556949486530406, 0.12446981140909567],
    [0.40198861411965187, 0.31401043964343633, 0.28400094623691174],
    [0.0032945916153133805, 0.0008339081807784765, 0.9958715002039082],
    [0.5884364956957274, 0.18450064504937821, 0.22706285925489417],
]


def chances(found: Decisions) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    assert found.probabilities is not None
    return found.probabilities


@pytest.mark.parametrize(
    ("version", "settings", "is_mirrored"),
    [
        ("0.20.1", {"multi_class": "multinomial", "solver": "lbfgs"}, True),
        ("1.5.2", {"multi_class": "multinomial", "solver": "lbfgs"}, True),
        ("0.19.2", {"multi_class": "multinomial", "solver": "lbfgs"}, False),
        ("1.5.2", {"multi_class": "deprecated", "solver": "lbfgs"}, False),
        ("1.9.1", {"solver": "lbfgs"}, False),
        ("0.14", {}, False),
    ],
)
def test_two_classes_asked_for_as_multinomial_are_the_softmax_of_minus_and_plus_the_value(
    version: str, settings: dict[str, object], is_mirrored: bool
) -> None:
    found = chances(decided("LogisticRegression", ROWS, version, **TWO, **settings))

    value = ROWS @ [1.0, -0.5] + 0.25
    expected = MIRRORED if is_mirrored else 1 / (1 + np.exp(-value))
    assert np.allclose(found[:, 1], expected, rtol=1e-12, atol=0)


def test_one_against_the_rest_is_exact_where_every_class_is_next_to_impossible() -> None:
    found = decided(
        "LogisticRegression", ROWS, **THREE, intercept_=[-40.0, -41, -42], multi_class="ovr"
    )

    assert np.allclose(chances(found)[0], [0.6109750512, 0.3705751009, 0.0184498479], atol=1e-10)
    far = decided(
        "LogisticRegression", ROWS, **THREE, intercept_=[-4e4, -4e4, -4e4], multi_class="ovr"
    )
    assert np.allclose(chances(far).sum(axis=1), 1)


def test_the_modified_huber_loss_gives_equal_chances_where_all_are_zero() -> None:
    found = decided(
        "SGDClassifier",
        np.vstack([ROWS, [[-2.0, -8.0], [100.0, 1000.0]]]),
        **THREE,
        intercept_=[-0.5, 0.0, -1.0],
        loss="modified_huber",
    )

    assert np.allclose(chances(found)[0], [1 / 3, 2 / 3, 0])
    assert np.allclose(chances(found)[4], [0.5, 0, 0.5])
    nowhere = decided("SGDClassifier", ROWS, **THREE, intercept_=[-9e3] * 3, loss="modified_huber")
    assert np.allclose(chances(nowhere), 1 / 3)


def test_discriminant_analysis_of_three_classes_is_a_softmax_since_0_21() -> None:
    values = ROWS @ np.array(THREE["coef_"]).T
    lone = 1 / (1 + np.exp(-values))
    powers = np.exp(values)
    settings = {**THREE, "intercept_": [0.0, 0, 0], "solver": "svd"}

    older = decided("LinearDiscriminantAnalysis", ROWS, "0.20.4", **settings)
    newer = decided("LinearDiscriminantAnalysis", ROWS, "0.21.0", **settings)

    assert np.allclose(chances(older), lone / lone.sum(axis=1, keepdims=True))
    assert np.allclose(chances(newer), powers / powers.sum(axis=1, keepdims=True))


@pytest.mark.parametrize("n_classes", [2, 3])
def test_discriminant_analysis_of_before_0_16_goes_through_its_directions(n_classes: int) -> None:
    coefficients = np.array([[1.0, 0.5], [-1, 0.25], [0.5, -2]])[:n_classes]
    scalings, mean = np.array([[2.0, 1], [0, -1]]), np.array([0.5, 1])
    intercept = np.array([0.1, 0.2, -0.3])[:n_classes]

    found = decided(
        "LDA",
        ROWS,
        "0.15",
        classes_=list(range(n_classes)),
        coef_=coefficients,
        scalings_=scalings,
        xbar_=mean,
        intercept_=intercept,
    )

    values = (ROWS - mean) @ scalings @ coefficients.T + intercept
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    assert np.allclose(chances(found), powers / powers.sum(axis=1, keepdims=True))
    assert (found.predicted == values.argmax(axis=1)).all()
    assert found.scores is not None
    expected = values[:, 1] - values[:, 0] if n_classes == 2 else values[:, 1]
    assert np.allclose(found.scores[:, 1], expected)


@pytest.mark.parametrize("name", ["var_", "sigma_"])
def test_gaussian_bayes_reads_its_variances_under_both_names(name: str) -> None:
    found = decided(
        "GaussianNB",
        ROWS,
        classes_=[0, 1],
        theta_=[[0.0, 1], [2, 2]],
        class_prior_=[0.25, 0.75],
        **{name: [[1.0, 0.5], [2, 1]]},
    )

    expected = [0.4612118154493699, 0.010660786020676709, 1.4671346586502402e-15]
    assert np.allclose(chances(found)[:3, 0], expected, rtol=1e-12, atol=0)
    assert found.scores is None


def test_bernoulli_bayes_speaks_of_words_that_are_missing_too() -> None:
    rows = np.array([[0, 2.0], [1, 0]])
    numbers = {
        "classes_": [0, 1],
        "feature_log_prob_": np.log([[0.25, 0.5], [0.75, 0.1]]),
        "class_log_prior_": np.log([0.4, 0.6]),
        "binarize": 0.0,
    }

    for given in (rows, sparse(rows)):
        found = chances(decided("BernoulliNB", given, **numbers))
        assert np.allclose(found[:, 0], [0.909090909090909, 0.1098901098901099], atol=1e-14)


def test_a_class_that_was_never_seen_has_no_chance() -> None:
    found = decided(
        "MultinomialNB",
        ROWS[:1],
        classes_=[0, 1],
        feature_log_prob_=np.log([[0.5, 0.5], [0.5, 0.5]]),
        class_log_prior_=[0.0, -np.inf],
    )

    assert chances(found).tolist() == [[1.0, 0.0]]


def test_a_category_without_a_table_is_refused_by_its_column() -> None:
    made = decider(
        "CategoricalNB",
        classes_=[0, 1],
        feature_log_prob_=(np.log([[0.5, 0.5], [0.1, 0.9]]), np.log([[0.2, 0.8], [0.4, 0.6]])),
        class_log_prior_=np.log([0.5, 0.5]),
    )

    assert np.allclose(chances(made.decide(np.array([[1.0, 0]]))), [[10 / 46, 36 / 46]])
    for row in ([0.0, 2.0], [0, -1], [0, np.nan]):
        with pytest.raises(InputError, match="Column 2"):
            made.decide(np.array([row]))


def test_quadratic_discriminants_turn_each_class_by_itself() -> None:
    rotation = [[0.6300752014443028, -0.7765341206443674], [-0.7765341206443674, -0.630075201444]]
    scaling = [0.47981631124177815, 0.17643368875822185]

    found = decided(
        "QuadraticDiscriminantAnalysis",
        ROWS,
        classes_=["a", "b"],
        means_=[[0.5833333333333334, 0.4166666666666667], [3.5833333333333335, 3.4166666666666665]],
        rotations_=(np.array(rotation), np.array(rotation)),
        scalings_=(np.array(scaling), np.array(scaling)),
        priors_=[0.5, 0.5],
    )

    assert np.allclose(chances(found)[1], [0.0004499878248650703, 0.999550012175135], rtol=1e-9)
    assert found.scores is not None
    assert np.allclose(found.scores[0], [33.96106705118962, -33.96106705118962])


def test_a_support_vector_machine_couples_the_chances_of_its_pairs_as_libsvm_does() -> None:
    found = decided("SVC", ROWS, **SVC)

    assert np.allclose(chances(found), SVC_CHANCES, rtol=0, atol=1e-12)
    assert np.allclose(found.scores[0], [2.2269934192953063, -0.2006385688661902, 0.8721018918])
    assert found.predicted.tolist() == [0, 1, 2, 0]  # by votes: chances have 0 for the second row


def test_the_names_and_signs_of_older_support_vector_machines_mean_the_same() -> None:
    two = {
        "classes_": [0, 1],
        "kernel": "rbf",
        "support_vectors_": [[0.0, 1.0], [2.0, 2.0]],
        "n_support_": [1, 1],
        "probability": False,
    }
    newer = decided("SVC", ROWS, **two, _gamma=0.5, _dual_coef_=[[1.0, -1]], _intercept_=[0.1])
    older = decided(
        "SVC", ROWS, "0.14", **two, gamma=0.0, dual_coef_=[[1.0, -1]], _intercept_=[0.1]
    )

    assert newer.probabilities is None
    assert newer.scores is not None
    assert older.scores is not None
    assert np.allclose(newer.scores, older.scores)
    assert (newer.predicted == (newer.scores[:, 1] >= 0)).all()


def test_ties_are_broken_where_a_machine_was_told_to() -> None:
    circle = {
        "classes_": [0, 1, 2],
        "kernel": "linear",
        "support_vectors_": [[0.0], [0.0], [0.0]],
        "_n_support": [1, 1, 1],
        "_dual_coef_": [[0.0, 0, 0], [0, 0, 0]],
        "_intercept_": [1.0, -2.0, 5.0],  # 0 beats 1, 2 beats 0, 1 beats 2 by far
    }

    assert decided("SVC", np.zeros((1, 1)), **circle).predicted.tolist() == [0]
    assert decided("SVC", np.zeros((1, 1)), **circle, break_ties=True).predicted.tolist() == [1]


def test_distances_of_large_numbers_are_exact() -> None:
    vectors = np.array([[1e7, 1e7 + 1], [0.0, 3.0], [1.0, 1.0]])
    rows = np.array([[1e7, 1e7], [1e-3, 3.0], [1e200, 0]])

    found = decided(
        "SVC",
        rows,
        classes_=[0, 1],
        kernel="rbf",
        _gamma=1.0,
        support_vectors_=vectors,
        _n_support=[2, 1],
        _dual_coef_=[[1.0, 1.0, -0.0]],
        _intercept_=[0.0],
    )

    assert found.scores is not None
    assert np.allclose(found.scores[:, 0], [np.exp(-1), np.exp(-1e-6), 0], atol=1e-12)


def test_sparse_support_vectors_say_what_dense_ones_say(monkeypatch: pytest.MonkeyPatch) -> None:
    from vistazo.models.estimator_import.estimators import support_vectors

    monkeypatch.setattr(support_vectors, "_MOST_DENSE", 0)
    rows = sparse(np.array(SVC["support_vectors_"]))
    kept = SparseArray(rows.starts, rows.columns, rows.values, (7, 2))

    for form in ("rbf", "linear", "poly", "sigmoid"):
        made = decider("SVC", **{**SVC, "kernel": form, "support_vectors_": kept})
        assert isinstance(made, SupportVectors)
        assert isinstance(made.kernel.vectors, SparseVectors)
        dense = chances(decided("SVC", ROWS, **{**SVC, "kernel": form}))
        assert np.allclose(chances(made.decide(sparse(ROWS))), dense, atol=1e-12)
        assert np.allclose(chances(made.decide(ROWS)), dense, atol=1e-12)


def test_a_network_is_its_layers() -> None:
    numbers = {
        "coefs_": (np.array([[1.0, -1], [0.5, 0.25]]), np.array([[1.0, 0, -1], [0.5, -0.5, 2]])),
        "intercepts_": (np.array([0.0, 0.5]), np.array([0.1, 0.2, -0.3])),
    }
    for given in (ROWS, sparse(ROWS)):
        found = decided("MLPClassifier", given, classes_=[0, 1, 2], activation="relu", **numbers)
        assert np.allclose(chances(found)[0], [0.7812681682, 0.1926583583, 0.0260734735])

    with pytest.raises(UnsupportedModelError, match="multilabel"):
        decider("MLPClassifier", classes_=[0, 1, 2], out_activation_="logistic", **numbers)


def test_what_was_compiled_is_the_same_after_it_was_stored(tmp_path: Path) -> None:
    made = decider("SVC", **SVC)
    path = tmp_path / "plan.npz"

    write_plan(Plan("rows", 2, ("a", "b", "c"), (), made), path)

    found = read_plan(path).decide(ROWS)
    assert np.array_equal(chances(found), chances(made.decide(ROWS)))


@pytest.mark.parametrize(
    ("class_name", "numbers", "why"),
    [
        ("SVC", {**SVC, "kernel": "precomputed"}, "kernel 'precomputed'"),
        ("SVC", {**SVC, "kernel": Name("main", "f")}, "kernel is a function"),
        ("SVC", {**SVC, "_probA": [1.0]}, "sigmoids"),
        ("SVC", {**SVC, "_n_support": [2, 2, 2]}, "as many"),
        ("SVC", {**SVC, "_n_support": [7]}, "none"),
        ("SVC", {**SVC, "_gamma": float("nan")}, "not finite"),
        ("SVC", {**SVC, "degree": 10**6}, "degree"),
        ("LogisticRegression", {**TWO, "intercept_": [1.0, 2.0]}, "intercepts"),
        ("LogisticRegression", {**TWO, "classes_": [0, 1, 2]}, "3 classes"),
        ("RidgeClassifier", {**TWO, "classes_": [[0, 1], [0, 1]]}, "several answers"),
        ("QuadraticDiscriminantAnalysis", {"means_": [[0.0]], "priors_": [1.0]}, "rotations_"),
        ("MLPClassifier", {"coefs_": (), "intercepts_": ()}, "layers"),
        ("BernoulliNB", {"feature_log_prob_": [[0.0], [-1]]}, "logarithms"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(
    class_name: str, numbers: dict[str, object], why: str
) -> None:
    with pytest.raises(ModelError, match=why):
        decider(class_name, **numbers)


def test_several_labels_for_one_sample_are_refused() -> None:
    binarizer = record("LabelBinarizer", classes_=[0, 1], y_type_="multilabel-indicator")
    numbers = {name: value for name, value in TWO.items() if name != "classes_"}

    with pytest.raises(UnsupportedModelError, match="multilabel"):
        decider("RidgeClassifier", **numbers, _label_binarizer=binarizer)


def test_an_estimator_that_was_never_fitted_is_told_apart() -> None:
    with pytest.raises(UnreadableModelError, match="before it was fitted"):
        Importing().decider(fitted("LinearSVC"))
