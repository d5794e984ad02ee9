"""What instances know together, where there is a Redis for it, and whether it can be asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from vistazo.service.metrics.metrics import Metrics
from vistazo.service.shared_state.breaker import Breaker

Breakers = Callable[[], Mapping[str, Breaker]]


def watch_shared_state(
    metrics: Metrics, breakers: Breakers, answers: Callable[[], Mapping[str, int]]
) -> None:
    metrics.collect(_Links(breakers))
    metrics.shows_counts(
        "vistazo_shared_drift_answers",
        "Answers by what became of them between the instances.",
        "outcome",
        answers,
    )


class _Links(Collector):
    def __init__(self, breakers: Breakers) -> None:
        self._breakers = breakers

    def collect(self) -> Iterable[Metric]:
        up, failures = _families()
        for what, breaker in self._breakers().items():
            up.add_metric([what], float(breaker.is_closed))
            for reason, count in breaker.failures.items():
                failures.add_metric([what, reason], count)
        return up, failures

    def describe(self) -> Iterable[Metric]:
        return _families()


def _families() -> tuple[GaugeMetricFamily, CounterMetricFamily]:
    return (
        GaugeMetricFamily(
            "vistazo_shared_state_up",
            "1 where it is shared with other instances, 0 where this one goes on alone.",
            labels=["what"],
        ),
        CounterMetricFamily(
            "vistazo_shared_state_failures",
            "How often Redis could not be asked.",
            labels=["what", "reason"],
        ),
    )
