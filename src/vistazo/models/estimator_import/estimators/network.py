"""Neural networks: sklearn.neural_network.MLPClassifier."""

from __future__ import annotations

from typing import cast, get_args

from vistazo.models.estimator_import.estimators.classes import agreeing
from vistazo.models.estimator_import.fitted import Fitted
from vistazo.models.estimator_import.registry import Importing, classifier
from vistazo.models.plan.network import Activation, Network


@classifier("MLPClassifier")
def perceptrons(fitted: Fitted, importing: Importing) -> Network:
    """Dense layers; the last a logistic unit for two classes, or a softmax."""
    weights, intercepts = fitted.arrays("coefs_"), fitted.arrays("intercepts_")
    importing.tell(fitted, f"{len(weights)} layers")
    activation = fitted.text("activation", "relu")
    if activation not in get_args(Activation):
        raise fitted.refusal(f"its activation '{activation[:40]}' is not known here")
    if not weights or len(weights) != len(intercepts):
        raise fitted.damaged("its layers have not a table and a row of intercepts each")
    width: int | None = None
    for table, intercept in zip(weights, intercepts, strict=True):
        if table.ndim != 2 or width not in (None, len(table)) or not table.shape[1]:
            raise fitted.damaged("its layers do not fit each other")
        width = table.shape[1]
        if intercept.shape != (width,):
            raise fitted.damaged("its intercepts do not fit its layers")
    wanted = "logistic" if width == 1 else "softmax"
    out = fitted.text("out_activation_", wanted)
    if out == "logistic" and wanted == "softmax":
        raise fitted.refusal("it gives several labels for one sample (multilabel)")
    if out != wanted:
        raise fitted.damaged(f"its last activation is {out[:40]}")
    made = Network(tuple(weights), tuple(intercepts), cast("Activation", activation))
    return agreeing(fitted, made)
