"""What is asked for whenever somebody looks, where the library has nothing for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from prometheus_client.metrics_core import CounterMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector


class Info(Collector):
    """Words, or None for none."""

    def __init__(self, name: str, meaning: str, value: Callable[[], dict[str, str] | None]) -> None:
        self._name, self._meaning, self._value = name, meaning, value

    def collect(self) -> Iterable[Metric]:
        family = InfoMetricFamily(self._name, self._meaning)
        value = self._value()
        if value is not None:
            family.add_metric([], value)
        yield family

    def describe(self) -> Iterable[Metric]:
        yield InfoMetricFamily(self._name, self._meaning)


class Counts(Collector):
    """What somebody else counts, by one label."""

    def __init__(
        self, name: str, meaning: str, label: str, counts: Callable[[], Mapping[str, int]]
    ) -> None:
        self._name, self._meaning, self._label, self._counts = name, meaning, label, counts

    def collect(self) -> Iterable[Metric]:
        family = CounterMetricFamily(self._name, self._meaning, labels=[self._label])
        for word, count in self._counts().items():
            family.add_metric([word], count)
        yield family

    def describe(self) -> Iterable[Metric]:
        yield CounterMetricFamily(self._name, self._meaning, labels=[self._label])
