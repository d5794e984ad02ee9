"""What people put into one file, or into two."""

from __future__ import annotations

import numpy as np
import pytest

from estimator_files import estimator, linear, pipeline, spam_words, vectorizer
from vistazo.errors import ModelError, UnreadableModelError, UnsupportedModelError
from vistazo.models.estimator_import.importer import import_plan
from vistazo.models.estimator_import.values import Name, Record

WORDS = ["free", "meeting", "money"]


def parts() -> tuple[Record, Record]:
    return vectorizer(WORDS), linear([2.0, -3.0, 1.0], -0.5)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(spam_words(), id="a pipeline"),
        pytest.param(parts(), id="a tuple"),
        pytest.param([*parts()][::-1], id="a list, the classifier first"),
        pytest.param({"vectorizer": parts()[0], "model": parts()[1], "accuracy": 0.9}, id="a dict"),
        pytest.param(estimator("GridSearchCV", best_estimator_=spam_words()), id="a search"),
        pytest.param({"model": pipeline(*parts())}, id="a pipeline in a dict"),
    ],
)
def test_a_vectorizer_and_a_classifier_are_found_wherever_they_lie(content: object) -> None:
    plan = import_plan(content)
    assert plan.takes == "texts"
    decided = plan.decide(["free money", "meeting"])
    assert decided.predicted.tolist() == [1, 0]
    assert decided.probabilities is not None
    np.testing.assert_allclose(decided.probabilities[0, 1], 1 / (1 + np.exp(-2.5)))


def test_a_vectorizer_may_lie_in_a_file_of_its_own() -> None:
    vectorizing, deciding = parts()
    assert import_plan(deciding, vectorizing).decide(["free money"]).predicted.tolist() == [1]


def test_a_label_encoder_beside_gives_the_names_of_the_classes() -> None:
    encoder = estimator("LabelEncoder", classes_=np.array(["ham", "spam"], dtype=object))
    assert import_plan({"encoder": encoder, "model": linear([1.0])}).labels == ("ham", "spam")


def test_a_classifier_without_its_vectorizer_takes_rows() -> None:
    plan = import_plan(parts()[1])
    assert (plan.takes, plan.n_features) == ("rows", 3)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (vectorizer(WORDS), "VECTORIZER_PATH"),
        (estimator("StandardScaler", mean_=np.zeros(2)), "Pipeline"),
        (estimator("RandomForestRegressor"), "predicts a number, not a class"),
        (estimator("IsolationForest"), "tells what is unusual"),
        (estimator("LabelEncoder"), "only names classes"),
        (Name("sklearn.linear_model", "LogisticRegression"), "not one that was fitted"),
        (estimator("LinearRegression"), "predicts a number, not a class"),
        (estimator("KMeans"), "finds groups"),
        ([linear([1.0]), linear([1.0])], "2 classifiers"),
        ({}, "a dict without an estimator"),
        (np.zeros(3), "not a classifier"),
        (estimator("MysteryClassifier"), "not among the estimators"),
    ],
)
def test_what_is_no_classifier_is_refused_in_words(content: object, words: str) -> None:
    with pytest.raises(UnsupportedModelError, match=words):
        import_plan(content)


def test_parts_of_different_trainings_are_refused() -> None:
    with pytest.raises(UnsupportedModelError, match="not fitted together"):
        import_plan(linear([1.0, 2.0]), vectorizer(WORDS))


def test_a_label_of_half_a_character_can_be_written() -> None:
    classes = np.array(["\udc80", "ñ"], dtype=object)
    assert import_plan(linear([1.0], classes=classes)).labels == ("\\udc80", "ñ")


def test_a_second_vectorizer_is_one_too_many() -> None:
    with pytest.raises(UnsupportedModelError, match="no VECTORIZER_PATH is needed"):
        import_plan(spam_words(), vectorizer(WORDS))


def test_a_classifier_that_was_never_fitted_is_refused() -> None:
    with pytest.raises(UnreadableModelError, match="before it was fitted"):
        import_plan(estimator("LogisticRegression", n_features_in_=1))


def hostile() -> list[object]:
    around = estimator("Pipeline")
    around.attributes["steps"] = [("again", around)]
    search = estimator("GridSearchCV")
    search.attributes["best_estimator_"] = search
    union = estimator("FeatureUnion")
    union.attributes["transformer_list"] = [("again", union)]
    vote = estimator("VotingClassifier", classes_=np.array([0, 1]), voting="soft")
    vote.attributes["estimators_"] = [vote, vote]
    many = estimator("Any")
    for _ in range(25):  # twice as many each time
        many = pipeline(many, many)
    return [around, search, pipeline(union, linear([1.0])), vote, many]


@pytest.mark.parametrize("content", hostile())
def test_estimators_that_hold_themselves_or_others_many_times_are_errors(
    content: object,
) -> None:
    with pytest.raises(ModelError):
        import_plan(content)


EMPTY = pipeline()


@pytest.mark.parametrize(
    "content",
    [
        EMPTY,
        [EMPTY],
        estimator("GridSearchCV", best_estimator_=EMPTY),
        pipeline(estimator("FeatureUnion", transformer_list=[("a", EMPTY)]), linear([1.0])),
        estimator("OneVsRestClassifier", estimators_=[EMPTY], classes_=np.array([0, 1])),
        estimator("VotingClassifier", estimators_=[EMPTY], classes_=np.array([0, 1])),
    ],
)
def test_a_pipeline_without_steps_is_refused_wherever_it_lies(content: object) -> None:
    with pytest.raises(ModelError):
        import_plan(content)


def test_an_object_of_another_package_names_itself() -> None:
    other = Record(Name("xgboost.sklearn", "XGBClassifier"))
    with pytest.raises(UnsupportedModelError, match="xgboost"):
        import_plan(other)
