"""What people put into one file: an estimator, or several in a dictionary, a list or a tuple."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vistazo.errors import UnsupportedModelError
from vistazo.models.estimator_import.estimators.composition import has_a_classifier, steps_of
from vistazo.models.estimator_import.fitted import Fitted, version_of
from vistazo.models.estimator_import.refusals import refusal
from vistazo.models.estimator_import.registry import is_transformer
from vistazo.models.estimator_import.values import Name, Record

_MOST_ENTRIES = 1000
# Estimators that predict, but no classes, by the endings of their names.
_NUMBERS = ("Regressor", "Regression", "Ridge", "Lasso", "ElasticNet", "SVR", "Lars", "RegressorCV")
_GROUPS = ("KMeans", "DBSCAN", "Clustering", "Mixture", "MeanShift", "OPTICS", "Birch")
_UNUSUAL = ("IsolationForest", "OneClassSVM", "LocalOutlierFactor", "EllipticEnvelope")
_NAMES_CLASSES = ("LabelEncoder", "LabelBinarizer", "MultiLabelBinarizer")
_ONLY = "only classifiers are served"
_NO_CLASSIFIERS = (
    (_NUMBERS, f"predicts a number, not a class: {_ONLY}"),
    (_GROUPS, f"finds groups, and knows no classes: {_ONLY}"),
    (_UNUSUAL, f"tells what is unusual, and knows no classes: {_ONLY}"),
    (
        _NAMES_CLASSES,
        (
            "only names classes, and the classifier is not in the file. Save both as one: "
            "joblib.dump({'model': model, 'encoder': encoder}, 'model.joblib')"
        ),
    ),
)


@dataclass(frozen=True)
class Bundle:
    """``steps`` before the classifier, the classifier, and the names of its classes where a
    LabelEncoder lies beside it.
    """

    steps: tuple[Fitted, ...]
    classifier: Fitted
    encoder: Fitted | None = None


def bundle_of(content: object, vectorizer: object = None) -> Bundle:
    """Find the classifier, and what its samples go through before. Raises ModelError.

    ``vectorizer`` is the content of a file beside.
    """
    found = [*_estimators(vectorizer), *_estimators(content)]
    classifiers = [each for each in found if has_a_classifier(each)]
    encoders = [each for each in found if each.class_name == "LabelEncoder"]
    if len(classifiers) != 1:
        raise _not_one_classifier(content, classifiers, found)
    *steps, last = steps_of(classifiers[0])
    before = [each for each in found if each not in (*classifiers, *encoders)]
    before = [step for each in before for step in steps_of(each)]
    unknown = [each for each in before if not is_transformer(each)]
    if unknown:
        raise UnsupportedModelError(
            f"{unknown[0].record.kind} stands before the classifier, and is not among the "
            "estimators that can be served."
        )
    return Bundle((*before, *steps), last, encoders[0] if len(encoders) == 1 else None)


def found_in(*contents: object) -> list[Fitted]:
    """Every estimator, pipelines and searches opened. Raises ModelError."""
    return [step for each in contents for found in _estimators(each) for step in steps_of(found)]


def _estimators(content: object, depth: int = 0) -> Iterator[Fitted]:
    """Every estimator in it, in its order; not those that another one holds."""
    if isinstance(content, Record):
        if content.package == "sklearn":
            yield Fitted(content, version_of(content))
        elif depth == 0 or _is_a_model(content):
            raise refusal(content)
    elif isinstance(content, (dict, list, tuple)) and depth <= 1:
        parts = list(content.values()) if isinstance(content, dict) else list(content)
        for part in parts[:_MOST_ENTRIES]:
            yield from _estimators(part, depth + 1)


def _is_a_model(record: Record) -> bool:
    """Whether it predicts as well, and would be left out by mistake."""
    return record.class_name.endswith(("Classifier", "Model", "Booster", "Learner"))


def _not_one_classifier(
    content: object, classifiers: list[Fitted], found: list[Fitted]
) -> UnsupportedModelError:
    if len(classifiers) > 1:
        names = ", ".join(each.class_name for each in classifiers)
        return UnsupportedModelError(
            f"The file holds {len(classifiers)} classifiers ({names}). Save the one that is meant."
        )
    if isinstance(content, Name):
        return _of_a_name(content)
    if not found:
        return UnsupportedModelError(
            f"The file holds {_kind(content)}, not a classifier. Save the classifier itself, the "
            "object that fit() was called on, or a dictionary that holds it."
        )
    steps = steps_of(found[-1])
    if not steps:
        return found[-1].refusal("it has no steps")
    return UnsupportedModelError(_told(steps[-1]) + ".")


def _of_a_name(content: Name) -> UnsupportedModelError:
    if content.module.partition(".")[0] != "sklearn":
        return refusal(content)
    return UnsupportedModelError(
        f"The file holds {content.name} itself, not one that was fitted. Save the object that "
        "fit() was called on."
    )


def _told(fitted: Fitted) -> str:
    name = fitted.class_name
    if name.endswith("Vectorizer") or name == "TfidfTransformer":
        return (
            f"{name} makes numbers of texts, and the classifier is not in the file: set MODEL_PATH "
            "to the classifier's file, and VECTORIZER_PATH to this one"
        )
    for names, why in _NO_CLASSIFIERS:
        if name.endswith(names):
            return f"{name} {why}"
    if is_transformer(fitted):
        return (
            f"{name} only prepares numbers, and the classifier is not in the file. Save both as "
            "one Pipeline, or set MODEL_PATH to the classifier's file and VECTORIZER_PATH to this"
        )
    return f"{fitted.record.kind} is not among the estimators that can be served"


def _kind(content: object) -> str:
    if isinstance(content, (dict, list, tuple)):
        return f"a {type(content).__name__} without an estimator of scikit-learn"
    return f"a {type(content).__name__}"
