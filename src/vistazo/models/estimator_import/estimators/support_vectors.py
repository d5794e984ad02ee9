"""Support vector machines with kernels: sklearn.svm.SVC and NuSVC (libsvm)."""

from __future__ import annotations

from typing import cast, get_args

import numpy as np
from numpy.typing import NDArray

from vistazo.models.estimator_import.estimators.classes import agreeing
from vistazo.models.estimator_import.fitted import Fitted
from vistazo.models.estimator_import.registry import Importing, classifier
from vistazo.models.estimator_import.values import SparseArray
from vistazo.models.plan.kernel import DenseVectors, Form, Kernel, SparseVectors
from vistazo.models.plan.support_vectors import SupportVectors

_MOST_CLASSES = 200
_MOST_DEGREE = 1000
_MOST_DENSE = 1 << 20  # 8 MiB
_MOST_COLUMNS = 1 << 23  # as the widest texts have: 64 MiB


@classifier("SVC", "NuSVC")
def support_vector_machine(fitted: Fitted, importing: Importing) -> SupportVectors:
    """``_dual_coef_`` and ``_intercept_`` are libsvm's own, in which a value above zero speaks for
    the first class of a pair. Those without the first underscore have their signs turned where
    there are two classes, but for ``dual_coef_`` while there was no other, until 0.14.
    """
    importing.tell(fitted)
    counts = _counts(fitted)
    dual = fitted.array("_dual_coef_", "dual_coef_", n_axes=2)
    intercept = fitted.array("_intercept_", n_axes=1)
    pairs = len(counts) * (len(counts) - 1) // 2
    if dual.shape != (len(counts) - 1, counts.sum()) or len(intercept) != pairs:
        raise fitted.damaged("its parts are not as many as its classes")
    kernel = _kernel(fitted)
    if len(kernel.vectors) != counts.sum():
        raise fitted.damaged("its support vectors are not as many as its coefficients")
    slopes, shifts = _sigmoids(fitted, pairs)
    ties = fitted.flag("break_ties", default=False) and len(counts) > 2
    made = SupportVectors(kernel, dual, np.cumsum(counts), intercept, slopes, shifts, ties)
    return agreeing(fitted, made)


def _counts(fitted: Fitted) -> NDArray[np.int64]:
    found = fitted.array("_n_support", "n_support_", n_axes=1).astype(np.int64)
    if (found < 0).any() or len(found) < 2:
        raise fitted.damaged("its numbers of support vectors are none")
    if len(found) > _MOST_CLASSES:
        raise fitted.refusal(f"it has more than {_MOST_CLASSES} classes")
    return found


def _sigmoids(fitted: Fitted, pairs: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    none = np.zeros(0)
    asked = fitted.get("probability", default=False)
    if not isinstance(asked, (bool, int, np.bool_)) or not asked:
        return none, none
    slopes = fitted.array("_probA", "probA_", n_axes=1)
    shifts = fitted.array("_probB", "probB_", n_axes=1)
    if not len(slopes) and not len(shifts):
        return none, none
    if len(slopes) != pairs or len(shifts) != pairs:
        raise fitted.damaged("its sigmoids are not as many as its pairs of classes")
    return slopes, shifts


def _kernel(fitted: Fitted) -> Kernel:
    form = fitted.word("kernel", "rbf")
    if not form:
        raise fitted.refusal("its kernel is a function")
    if form not in get_args(Form):
        raise fitted.refusal(f"its kernel '{form[:40]}' is not known here")
    degree = int(fitted.finite("degree", 3))
    if abs(degree) > _MOST_DEGREE:
        raise fitted.damaged("its degree is too high")
    gamma = _gamma(fitted, form)
    shift = fitted.finite("coef0", 0.0)
    return Kernel(cast("Form", form), _vectors(fitted), gamma, shift, max(degree, 0))


def _vectors(fitted: Fitted) -> DenseVectors | SparseVectors:
    """Sparse ones stay so where they are many: else they are exact for large numbers too."""
    found = fitted.get("support_vectors_")
    if not isinstance(found, SparseArray):
        return DenseVectors(fitted.array("support_vectors_", n_axes=2))
    if found.shape[1] > _MOST_COLUMNS or not np.isfinite(found.values).all():
        raise fitted.damaged("its support_vectors_ are no sparse rows of numbers")
    count, width = found.shape
    if count * width <= _MOST_DENSE:
        return DenseVectors(found.dense())
    owners = np.repeat(np.arange(count), np.diff(found.starts))
    order = np.argsort(found.columns, kind="stable")
    return SparseVectors(
        np.concatenate([[0], np.cumsum(np.bincount(found.columns, minlength=width))]),
        owners[order],
        found.values[order],
        np.bincount(owners, found.values**2, count).astype(np.float64),
    )


def _gamma(fitted: Fitted, form: str) -> float:
    """``_gamma`` is what 'scale' and 'auto' came to, since 0.14; 0 was 'auto' once."""
    if form == "linear":
        return 0.0
    if fitted.has("_gamma"):
        return fitted.finite("_gamma")
    said = 0.0 if fitted.word("gamma") == "auto" else fitted.finite("gamma", 0.0)
    if said:
        return said
    shape = getattr(fitted.get("support_vectors_"), "shape", (0, 0))
    return 1.0 / max(1, shape[-1])
