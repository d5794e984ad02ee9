"""The model that answers, how it was replaced, and how the next one does."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from vistazo.classifier import ModelIdentity
from vistazo.service.metrics.metrics import Metrics
from vistazo.service.reload import Comparison, Reloader, Shadow


def watch_models(
    metrics: Metrics,
    identity: Callable[[], ModelIdentity | None],
    reloader: Reloader,
    shadow: Shadow | None,
) -> None:
    """``identity`` is that of the model that answers, None while none does."""
    metrics.shows_model("vistazo_model", "The model that answers.", identity)
    metrics.shows(
        "vistazo_ready", "1 where requests are answered.", lambda: float(identity() is not None)
    )
    metrics.shows_counts(
        "vistazo_reloads",
        "Models that were loaded while another answered.",
        "outcome",
        lambda: reloader.counts,
    )
    if shadow is not None:
        _watch_shadow(metrics, shadow)


def _watch_shadow(metrics: Metrics, shadow: Shadow) -> None:
    """Since the two models met that are here now."""
    metrics.shows_model(
        "vistazo_next_model",
        "The model of MODEL_PATH_NEXT, once it can be compared.",
        lambda: shadow.comparison.model,
    )
    metrics.shows_counts(
        "vistazo_next_model_answers",
        "Pictures that the next model was to answer too.",
        "outcome",
        lambda: _answers(shadow.comparison),
    )
    metrics.shows(
        "vistazo_next_model_mean_difference",
        "Of its probabilities from those that were answered, 0..1.",
        lambda: _known(shadow.comparison.agreement.mean_difference),
    )
    metrics.shows(
        "vistazo_next_model_latency_ratio",
        "How many times as long it takes.",
        lambda: _known(shadow.comparison.agreement.latency_ratio),
    )


def _answers(comparison: Comparison) -> Mapping[str, int]:
    agreement = comparison.agreement
    same = round(agreement.compared * (agreement.same_class or 0))
    return {
        "same_class": same,
        "other_class": agreement.compared - same,
        "dropped": comparison.dropped,
        "failed": comparison.failed,
    }


def _known(value: float | None) -> float:
    return math.nan if value is None else value
