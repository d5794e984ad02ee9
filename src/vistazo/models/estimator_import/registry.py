"""Which function compiles which estimator, by the name of its class.

    @transformer("MaxAbsScaler")
    def max_abs_scaler(fitted: Fitted, importing: Importing) -> Transform: ...

    @classifier("RidgeClassifier")
    def ridge_classifier(fitted: Fitted, importing: Importing) -> Decider: ...

The same name in all versions of scikit-learn: modules move, classes seldom do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from vistazo.models.estimator_import.fitted import Fitted
from vistazo.models.estimator_import.refusals import refusal
from vistazo.models.plan.operation import Decider, Transform
from vistazo.models.plan.summary import PlanStep


@dataclass
class Importing:
    """The import of one file: compiles what estimators hold, and keeps what there is to tell."""

    steps: list[PlanStep] = field(default_factory=list)

    def transform(self, fitted: Fitted) -> Transform:
        """Raises ModelError where it is no transformer that is known."""
        return self._called(_TRANSFORMERS, fitted)

    def decider(self, fitted: Fitted) -> Decider:
        """Raises ModelError where it is no classifier that is known."""
        return self._called(_CLASSIFIERS, fitted)

    def part(self, fitted: Fitted) -> Decider:
        """As ``decider``, of one among many of its kind: nothing is told of it."""
        n_told = len(self.steps)
        decider = self.decider(fitted)
        del self.steps[n_told:]
        return decider

    def tell(self, fitted: Fitted, told: str = "") -> None:
        """Of an estimator that a person would name: shown by ``inspect``, in this order."""
        self.steps.append(PlanStep(fitted.class_name, told))

    def _called(self, known: dict[str, Callable[[Fitted, Importing], _Made]], of: Fitted) -> _Made:
        function = known.get(of.class_name)
        if function is None or of.record.package not in _PACKAGES:
            raise refusal(of.record)
        return function(of, self)


_Made = TypeVar("_Made")
_PACKAGES = {"sklearn"}
_TRANSFORMERS: dict[str, Callable[[Fitted, Importing], Transform]] = {}
_CLASSIFIERS: dict[str, Callable[[Fitted, Importing], Decider]] = {}

_T = TypeVar("_T", bound=Callable[[Fitted, Importing], Transform])
_C = TypeVar("_C", bound=Callable[[Fitted, Importing], Decider])


def transformer(*class_names: str) -> Callable[[_T], _T]:
    def registered(function: _T) -> _T:
        _TRANSFORMERS.update(dict.fromkeys(class_names, function))
        return function

    return registered


def classifier(*class_names: str) -> Callable[[_C], _C]:
    def registered(function: _C) -> _C:
        _CLASSIFIERS.update(dict.fromkeys(class_names, function))
        return function

    return registered


def is_transformer(fitted: Fitted) -> bool:
    return fitted.class_name in _TRANSFORMERS


def is_classifier(fitted: Fitted) -> bool:
    return fitted.class_name in _CLASSIFIERS
