"""Drift, of this instance alone; only the counts of bins may be added to those of others."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from vistazo.service.drift.monitor import Monitor
from vistazo.service.metrics.metrics import Metrics


def watch_drift(metrics: Metrics, monitor: Monitor) -> None:
    metrics.collect(_Drift(monitor))


class _Drift(Collector):
    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor

    def collect(self) -> Iterable[Metric]:
        report = self._monitor.report()
        window, psi, distance, drifting, answers = _families()
        window.add_metric([], 0 if report is None else report.answers)
        for each in () if report is None else report.quantities:
            psi.add_metric([each.name], each.distance.psi)
            distance.add_metric([each.name], each.distance.js_distance)
            drifting.add_metric([each.name, each.kind], float(each.is_drifting))
        for name, counts in self._monitor.counts().items():
            for place, count in enumerate(counts):
                answers.add_metric([name, str(place)], count)
        return window, psi, distance, drifting, answers

    def describe(self) -> Iterable[Metric]:
        return _families()


def _families() -> tuple[
    GaugeMetricFamily, GaugeMetricFamily, GaugeMetricFamily, GaugeMetricFamily, CounterMetricFamily
]:
    return (
        GaugeMetricFamily(
            "vistazo_drift_window_answers", "Answers in the window that drift is told by."
        ),
        GaugeMetricFamily(
            "vistazo_drift_psi",
            "Population stability index against the baseline, less what chance gives.",
            labels=["quantity"],
        ),
        GaugeMetricFamily(
            "vistazo_drift_js_distance",
            "Jensen-Shannon distance from the baseline, 0..1.",
            labels=["quantity"],
        ),
        GaugeMetricFamily(
            "vistazo_drifting", "1 where a quantity drifts.", labels=["quantity", "kind"]
        ),
        CounterMetricFamily(
            "vistazo_drift_answers",
            "Answers by the bin of a quantity, since this model answers: may be added.",
            labels=["quantity", "bin"],
        ),
    )
