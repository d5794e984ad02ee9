"""What the figures say of each other, round by round: shares, times beyond, and their bars."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmark_results import Results
from contenders import CONTENDERS, LIMIT, PLAIN_KERAS, VISTAZO
from turns import Turn

FAST_MODELS = ("default", "MobileNetV2")
_BY_HAND = "onnx"


@dataclass(frozen=True)
class Spread:
    """A median between the least and the greatest."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread | None:
        """None of no values."""
        found = list(values)
        return cls(statistics.median(found), min(found), max(found)) if found else None


@dataclass(frozen=True)
class Ratio:
    """``value`` is None where it could not be measured. A ``bar`` is met by its median."""

    model: str
    name: str
    value: Spread | None
    unit: str = ""
    bar: float | None = None
    at_least: bool = True

    @property
    def is_met(self) -> bool:
        if self.bar is None:
            return True
        if self.value is None:
            return False
        median = self.value.median
        return median >= self.bar if self.at_least else median <= self.bar


def ratios(results: Results) -> list[Ratio]:
    """Of all models that were measured. Bars against others are for the fast models: on a slow one
    nearly all time is the network's, whoever serves it.
    """
    return [ratio for model in results.models for ratio in _of_model(results, model)]


def best_peer(results: Results, model: str) -> str | None:
    """The key of the peer with the most requests a second, of those with a form and our engine."""
    medians = {
        one.key: statistics.median(turn.per_s for turn in results.turns(model, one.key))
        for one in CONTENDERS
        if one.is_comparable and results.turns(model, one.key)
    }
    return max(medians, key=lambda key: medians[key]) if medians else None


def title_of(key: str) -> str:
    return next((one.title for one in CONTENDERS if one.key == key), "in one process: the limit")


def _of_model(results: Results, model: str) -> list[Ratio]:
    own, limit = results.turns(model, VISTAZO), results.turns(model, LIMIT)
    best, is_fast = best_peer(results, model), model in FAST_MODELS
    beyond = Spread.of(a.alone_ms - b.alone_ms for a, b in zip(own, limit, strict=False))
    found = [
        Ratio(model, "share of the in-process limit", _rates(own, limit), bar=0.85),
        Ratio(model, "one connection, beyond the limit's time", beyond, " ms", 2.5, at_least=False),
    ]
    spent = Spread.of(b.cpu_ms / a.cpu_ms for a, b in zip(own, limit, strict=False))
    found.append(Ratio(model, "the same share by CPU time, which noise spares", spent))
    rivals = {
        best: (f"against the best peer, {title_of(best)}" if best else "", 1.3),
        PLAIN_KERAS: ("against plain FastAPI + Keras", 11.0),
        _BY_HAND: ("against FastAPI + ONNX Runtime by hand", None),
    }
    for key, (name, bar) in rivals.items():
        if key in results.models[model]:
            compared = _rates(own, results.turns(model, key))
            found.append(Ratio(model, name, compared, bar=bar if is_fast else None))
    return found


def _rates(ours: Sequence[Turn], theirs: Sequence[Turn]) -> Spread | None:
    """Round by round, as both met the same noise."""
    return Spread.of(a.per_s / b.per_s for a, b in zip(ours, theirs, strict=False))
