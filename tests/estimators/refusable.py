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
    "RBFSampler",
    "RadiusNeighborsClassifier",
    "SparseRandomProjection",
    "SplineTransformer",
    "TargetEncoder",
}
# Its scores depended on what else was asked with a sample.
_DEPENDS = 'CalibratedClassifierCV(base_estimator=["SVC"'
_WITH_OPTIONS = (
    'KNeighborsClassifier(metric="braycurtis")',
    'KNeighborsClassifier(metric="canberra")',
    'KNeighborsClassifier(metric="hamming")',
)


def is_refusable(written: Written) -> bool:
    if written.version < (0, 21) and written.name.startswith(_DEPENDS) and "/3" in written.name:
        return True
    return written.estimator in _NOT_SERVED or written.name.startswith(_WITH_OPTIONS)
