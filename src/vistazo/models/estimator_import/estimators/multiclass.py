"""Many classes by classifiers of two: sklearn.multiclass."""

from __future__ import annotations

import numpy as np

from vistazo.models.estimator_import.estimators.class_places import classes_of
from vistazo.models.estimator_import.estimators.ensembles import members_of
from vistazo.models.estimator_import.fitted import Fitted
from vistazo.models.estimator_import.registry import Importing, classifier
from vistazo.models.plan.linear import Linear
from vistazo.models.plan.one_against import Codes, OneAgainstOne, OneAgainstRest
from vistazo.models.plan.operation import Decider

# From here on, of members that are equally sure, the first is taken; before, the last.
_FIRST_OF_EQUALS = (1, 8)
# From here on, of two classes, the threshold is that of the member: before it was zero; and before
# 0.19 the larger of two values.
_OWN_THRESHOLD = (1, 1)
_ONE_VALUE = (0, 19)


@classifier("OneVsRestClassifier")
def one_vs_rest(fitted: Fitted, importing: Importing) -> Decider:
    """The class whose member is surest; probabilities are divided by their sum."""
    kind = fitted.child("label_binarizer_").get("y_type_", default="")
    if fitted.get("multilabel_") is True or str(kind).startswith("multilabel"):
        raise fitted.refusal("it answers with several labels at once (multilabel)")
    members, n_classes = members_of(fitted, "estimators_"), len(classes_of(fitted))
    if len(members) != (1 if n_classes == 2 else n_classes):
        raise fitted.damaged("it has no member for each class")
    importing.tell(fitted, f"{len(members)} of {members[-1].class_name}")
    deciders = _of_two(fitted, importing, members)
    first = fitted.version >= _FIRST_OF_EQUALS
    whole = _as_linear(deciders)
    if whole is not None and (first or len(set(whole.intercept.tolist())) == len(deciders)):
        return whole
    return OneAgainstRest(deciders, last=not first)


def _of_two(fitted: Fitted, importing: Importing, members: list[Fitted]) -> tuple[Decider, ...]:
    deciders = tuple(importing.part(member) for member in members)
    if any(decider.n_classes != 2 for decider in deciders):
        raise fitted.damaged("a member decides among more than two classes")
    return deciders


def _as_linear(deciders: tuple[Decider, ...]) -> Linear | None:
    """Linear members as one: so it is quick, and can be explained."""
    members = [decider for decider in deciders if isinstance(decider, Linear)]
    links = {"none" if member.link == "none" else "logistic" for member in members}
    known = all(member.link in ("none", "logistic", "softmax") for member in members)
    shapes = {member.weights.shape for member in members}
    if len(members) < len(deciders) or len(links) != 1 or not known or len(shapes) != 1:
        return None
    weights = np.concatenate([member.weights for member in members], axis=1)
    intercept = np.concatenate([member.intercept for member in members])
    return Linear(weights, intercept, "none" if links == {"none"} else "logistic")


@classifier("OneVsOneClassifier")
def one_vs_one(fitted: Fitted, importing: Importing) -> OneAgainstOne:
    """Votes of the pairs (sklearn.utils.multiclass._ovr_decision_function)."""
    members, n_classes = members_of(fitted, "estimators_"), len(classes_of(fitted))
    if len(members) != n_classes * (n_classes - 1) // 2:
        raise fitted.damaged("it has no member for each pair of classes")
    if fitted.has("pairwise_indices_"):
        raise fitted.refusal("it is given distances instead of numbers")
    importing.tell(fitted, f"{len(members)} of {members[0].class_name}")
    return OneAgainstOne(_of_two(fitted, importing, members), n_classes, _above(fitted))


def _above(fitted: Fitted) -> float | None:
    if fitted.version >= _OWN_THRESHOLD:
        return None
    # The larger of -c + v and c + w, of votes v and w: which has the vote.
    return 0.0 if fitted.version >= _ONE_VALUE else 0.5


@classifier("OutputCodeClassifier")
def output_code(fitted: Fitted, importing: Importing) -> Codes:
    """The class whose code is nearest (Dietterich and Bakiri 1995)."""
    members = members_of(fitted, "estimators_")
    codes = fitted.array("code_book_", n_axes=2)
    if codes.shape != (len(classes_of(fitted)), len(members)):
        raise fitted.damaged("its code book does not fit its members")
    importing.tell(fitted, f"{len(members)} of {members[0].class_name}")
    return Codes(_of_two(fitted, importing, members), codes)
