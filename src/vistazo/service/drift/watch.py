"""Compares the last answers of one model with those of its reference, again and again.

A quantity has begun to drift where both are so: its population stability index, less what chance
gives samples of this size, is at least what the card says; and the likelihood-ratio test of both
samples has a p-value below a level. The level keeps false alarms rare whatever is looked at, and
however often: there is one look for each 25 answers, and by the union bound over all looks and
quantities at most 0.01 false alarms are to be expected in 10,000 answers that have nothing to do
with each other; where they come in bunches, ``distance`` counts them as fewer. It has ended where
the index is below half of that, or the test finds nothing at all.

Where one class comes more often than in the reference, fewer of those that are called so are not,
and they are surer: by as much of an index as 0.17 where three in four showed pneumonia, and
now one in seven, and 0.37 where one of four kinds of leaf came three times as often. So the index
has to be larger by the share of the answers that are of other classes, and by twice that where the
model's own view is measured: how sure it is, and how like its own pictures it finds one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from vistazo.answers.reference import Reference
from vistazo.models.serving_card import DriftSpec
from vistazo.service.drift.distance import Distance, distance
from vistazo.service.drift.expected import Expected, coarsened
from vistazo.service.drift.mix import Mix
from vistazo.service.drift.quantities import KINDS, Kind
from vistazo.service.drift.window import PlacedAnswer, Window

CLASSES, CONFIDENCE = "classes", "confidence"
LOOK_EVERY = 25
FIRST_LOOK = 100
_FALSE_ALARMS, _ANSWERS = 0.01, 10_000
_BY_MIX = {CONFIDENCE: 2.0, "likeness": 2.0}
_AT_REST = 0.1  # p-value from which nothing can be seen


@dataclass(frozen=True)
class Quantity:
    """What is known of one now. ``baseline`` and ``window`` are shares of the bins between
    ``edges``, or of the labels; ``baseline`` at the window's mix of classes. ``since`` is when it
    began to drift. ``threshold`` is None where the card's shares of classes are heeded instead.
    """

    name: str
    kind: Kind
    distance: Distance
    threshold: float | None
    since: datetime | None
    baseline: tuple[float, ...]
    window: tuple[float, ...]
    edges: tuple[float, ...] = ()

    @property
    def is_drifting(self) -> bool:
        return self.since is not None


class Watch:
    """Of one model, whose answers a ``reference`` knows; ``spec`` is its card's. For one thread."""

    def __init__(
        self,
        reference: Reference,
        spec: DriftSpec,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.reference = reference
        watched = {
            name: coarsened(binned) if name == CONFIDENCE else binned
            for name, binned in reference.quantities.items()
            if name in KINDS and name not in spec.ignore
        }
        self._expected = {name: Expected.of(binned) for name, binned in watched.items()}
        self._edges = {name: binned.edges for name, binned in watched.items()}
        self._mix = Mix(reference, spec.class_share)
        self._watches_classes = CLASSES not in spec.ignore
        self._spec, self._now = spec, now
        self._since: dict[str, datetime] = {}
        self._places = {label: place for place, label in enumerate(reference.labels)}
        self.window = Window(spec.window, len(reference.labels), self._edges)
        tests = len(watched) + self._watches_classes
        self.level = _FALSE_ALARMS * LOOK_EVERY / _ANSWERS / max(tests, 1)

    @property
    def size(self) -> int:
        return self._spec.window

    @property
    def has_enough(self) -> bool:
        return len(self.window) >= min(FIRST_LOOK, self.size)

    def see(self, label: str, quantities: Mapping[str, float]) -> list[Quantity]:
        """Take an answer in. Those quantities that have begun or ended to drift with it."""
        return self.take(self.placed(label, quantities))

    def placed(self, label: str, quantities: Mapping[str, float]) -> PlacedAnswer:
        return self.window.placed(self._places[label], quantities)

    def take(self, answer: PlacedAnswer, at: datetime | None = None) -> list[Quantity]:
        """The same of an answer of this instance or, where ``at`` says when, of another one."""
        self.window.add(answer, is_own=at is None)
        if self.window.total % LOOK_EVERY or not self.has_enough:
            return []
        changed = [each for each in self.quantities() if self._turns(each)]
        for each in changed:
            if each.is_drifting:
                del self._since[each.name]
            else:
                self._since[each.name] = at or self._now()
        return [each for each in self.quantities() if each.name in {one.name for one in changed}]

    def quantities(self) -> list[Quantity]:
        """Those that were measured at all; none before there are answers enough."""
        if not self.has_enough:
            return []
        found = [self._quantity(name) for name, counts in self.window.bins.items() if sum(counts)]
        return [*found, self._classes()] if self._watches_classes else found

    def _turns(self, found: Quantity) -> bool:
        threshold = found.threshold or 0.0
        psi, p_value = found.distance.psi, found.distance.p_value
        if found.is_drifting:
            return psi < threshold / 2 or p_value > _AT_REST
        return psi >= threshold and p_value < self.level

    def _quantity(self, name: str) -> Quantity:
        counts = self.window.bins[name]
        labels = self.window.labels
        shares, size = self._expected[name].mixed(labels)
        return Quantity(
            name,
            KINDS[name],
            distance(counts, shares, size),
            self._spec.psi * (1 + _BY_MIX.get(name, 1.0) * self._mix.moved(labels)),
            self._since.get(name),
            tuple(shares),
            _shares(counts),
            self._edges[name],
        )

    def _classes(self) -> Quantity:
        counts, mix = self.window.labels, self._mix
        return Quantity(
            CLASSES,
            "output",
            mix.distance(counts),
            None if mix.allowed else self._spec.psi,
            self._since.get(CLASSES),
            tuple(mix.shares),
            _shares(counts),
        )


def _shares(counts: list[int]) -> tuple[float, ...]:
    total = sum(counts)
    return tuple(each / total for each in counts)
