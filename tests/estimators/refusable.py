"""What may be refused: what no part of the README promises."""

from __future__ import annotations

from estimators.agreement import Written

_NOT_SERVED = {
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
    "BernoulliNB(binarize=null)",  # counts where it wants zeros and ones
    'KNeighborsClassifier(metric="braycurtis")',
    'KNeighborsClassifier(metric="canberra")',
    'KNeighborsClassifier(metric="hamming")',
)


def is_refusable(written: Written) -> bool:
    return written.estimator in _NOT_SERVED or written.name.startswith(_WITH_OPTIONS)
