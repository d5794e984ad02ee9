"""What may be refused: what no part of the README promises."""

from __future__ import annotations

from estimators.agreement import Written

_NOT_SERVED = {
    "DummyClassifier",  # it does not say how many numbers it takes
    "FactorAnalysis",
    "FunctionTransformer",  # with a function; without one it is served
    "GaussianRandomProjection",
    "IterativeImputer",
    "KMeans",
    "KNNImputer",
    "KernelPCA",
    "LatentDirichletAllocation",
    "MissingIndicator",
    "NMF",
    "Nystroem",
    "OutputCodeClassifier",
    "QuantileTransformer",
    "RBFSampler",
    "RadiusNeighborsClassifier",
    "SparseRandomProjection",
    "SplineTransformer",
    "TargetEncoder",
}
_WITH_OPTIONS = (
    'KNeighborsClassifier(metric="braycurtis")',
    'KNeighborsClassifier(metric="canberra")',
    'KNeighborsClassifier(metric="hamming")',
)


def is_refusable(written: Written) -> bool:
    return written.estimator in _NOT_SERVED or written.name.startswith(_WITH_OPTIONS)
