"""The measurements themselves, in a registry of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from vistazo import __version__
from vistazo.classifier import ModelIdentity, Prediction
from vistazo.observer import STAGES, Stage
from vistazo.samples.classifier import SamplePrediction
from vistazo.service.metrics.collectors import Counts, Info

# From an answer of the page's files to a caller who waits in the queue of a small plan.
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_SHARES = tuple(step / 10 for step in range(1, 11))
_OPEN_METRICS = "application/openmetrics-text"


def _stages(registry: CollectorRegistry) -> dict[Stage, Histogram]:
    stages = Histogram(
        "vistazo_stage_duration_seconds",
        "Stages of the work on one picture.",
        ("stage",),
        buckets=_SECONDS,
        registry=registry,
    )
    return {stage: stages.labels(stage) for stage in STAGES}


class Metrics:
    """Safe to use from several threads. An observer (``vistazo.observer``) too."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        self._registry = registry
        self._requests = Counter(
            "vistazo_requests",
            "Requests that have ended; code is that of the problem, empty for none.",
            ("path", "method", "status", "code"),
            registry=registry,
        )
        self._durations = Histogram(
            "vistazo_request_duration_seconds",
            "From the head of a request to the end of its answer.",
            ("path", "status_class"),
            buckets=_SECONDS,
            registry=registry,
        )
        self._stages = _stages(registry)
        self._refusals = Counter(
            "vistazo_refusals",
            "Problems that callers were told of, those of single files of a batch too.",
            ("code",),
            registry=registry,
        )
        self._predictions = Counter(
            "vistazo_predictions", "Answers by predicted class.", ("class",), registry=registry
        )
        self._warnings = Counter(
            "vistazo_warnings", "Answers with a reason to doubt.", ("warning",), registry=registry
        )
        self._likeness = Histogram(
            "vistazo_in_distribution_score",
            "Whether pictures look like those of training, from 0.5 on; of texts the known words.",
            buckets=_SHARES,
            registry=registry,
        )
        self.shows_info("vistazo_build", "This service.", lambda: {"version": __version__})

    def request_ended(self, path: str, method: str, status: int, code: str, seconds: float) -> None:
        """``path`` and ``method`` are of the service: one word stands for all others."""
        self._requests.labels(path, method, str(status), code).inc()
        self._durations.labels(path, f"{status // 100}xx").observe(seconds)

    def took(self, stage: Stage, seconds: float) -> None:
        self._stages[stage].observe(seconds)

    def refused(self, codes: Iterable[str]) -> None:
        for code in codes:
            self._refusals.labels(code).inc()

    def predicted(self, prediction: Prediction | SamplePrediction) -> None:
        """An answer that somebody gets."""
        decision, likeness = prediction.decision, prediction.in_distribution
        self._predictions.labels(decision.predicted_class).inc()
        for warning in decision.warnings:
            self._warnings.labels(warning).inc()
        if likeness is not None and likeness.score is not None:
            self._likeness.observe(likeness.score)

    def shows(self, name: str, meaning: str, value: Callable[[], float]) -> None:
        """A figure that is asked for whenever somebody looks."""
        Gauge(name, meaning, registry=self._registry).set_function(value)

    def shows_info(
        self, name: str, meaning: str, value: Callable[[], dict[str, str] | None]
    ) -> None:
        """Words that are asked for whenever somebody looks."""
        self._registry.register(Info(name, meaning, value))

    def shows_model(
        self, name: str, meaning: str, identity: Callable[[], ModelIdentity | None]
    ) -> None:
        """Name, version and hash of a model, where there is one."""

        def words() -> dict[str, str] | None:
            model = identity()
            return None if model is None else asdict(model)

        self.shows_info(name, meaning, words)

    def shows_counts(
        self, name: str, meaning: str, label: str, counts: Callable[[], Mapping[str, int]]
    ) -> None:
        """What somebody else counts, by a word that is one of few."""
        self._registry.register(Counts(name, meaning, label, counts))

    def collect(self, collector: Collector) -> None:
        """Figures that somebody else brings."""
        self._registry.register(collector)

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """All of it, and its content type: OpenMetrics where a caller names that."""
        # The encoder is not told what came: it takes a version that is no number for an error.
        encode, content_type = choose_encoder(_OPEN_METRICS if _OPEN_METRICS in accept else "")
        return encode(self._registry), content_type
