"""Rows as fewer numbers: the linear ones of sklearn.decomposition."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vistazo.models.estimator_import.fitted import Fitted
from vistazo.models.estimator_import.registry import Importing, transformer
from vistazo.models.plan.projection import Project


@transformer("PCA", "IncrementalPCA", "RandomizedPCA")
def principal_components(fitted: Fitted, importing: Importing) -> Project:
    """``(x - mean) @ components.T``, and with ``whiten`` each divided by its deviation.

    Components of another length than 1 hold that division already, as before 0.16 and in
    RandomizedPCA.
    """
    components = _components(fitted, importing)
    mean = fitted.array("mean_", n_axes=1) if fitted.has("mean_") else None
    if mean is not None and len(mean) != components.shape[1]:
        raise fitted.damaged("its mean does not fit its components")
    weights = components.T
    if fitted.flag("whiten", default=False) and _are_of_length_one(components):
        deviations = np.sqrt(fitted.array("explained_variance_", n_axes=1))
        if len(deviations) != len(components) or not np.isfinite(deviations).all():
            raise fitted.damaged("its variances do not fit its components")
        weights = weights / np.maximum(deviations, np.finfo(np.float64).eps)
    return Project(mean, np.ascontiguousarray(weights))


def _are_of_length_one(components: NDArray[np.float64]) -> bool:
    return bool((np.abs((components**2).sum(axis=1) - 1) < 1e-3).all())


@transformer("TruncatedSVD")
def truncated_svd(fitted: Fitted, importing: Importing) -> Project:
    """``x @ components.T`` (latent semantic analysis)."""
    return Project(None, np.ascontiguousarray(_components(fitted, importing).T))


@transformer("FastICA")
def fast_ica(fitted: Fitted, importing: Importing) -> Project:
    """``(x - mean) @ components.T``; without ``whiten`` nothing is subtracted."""
    components = _components(fitted, importing)
    is_whitened = fitted.get("whiten", default=True) is not False and fitted.has("mean_")
    mean = fitted.array("mean_", n_axes=1) if is_whitened else None
    if mean is not None and len(mean) != components.shape[1]:
        raise fitted.damaged("its mean does not fit its components")
    return Project(mean, np.ascontiguousarray(components.T))


def _components(fitted: Fitted, importing: Importing) -> NDArray[np.float64]:
    found = fitted.array("components_", n_axes=2)
    importing.tell(fitted, f"{len(found)} components")
    return found
