"""The estimators that are known, one small function under each one's class name.

Importing a module of this package registers what it knows.
"""

from vistazo.models.estimator_import.estimators import (
    bayes,
    composition,
    decomposition,
    discriminant,
    imputation,
    linear,
    network,
    products,
    scaling,
    selection,
    selection_by_model,
    support_vectors,
)

__all__ = [
    "bayes",
    "composition",
    "decomposition",
    "discriminant",
    "imputation",
    "linear",
    "network",
    "products",
    "scaling",
    "selection",
    "selection_by_model",
    "support_vectors",
]
