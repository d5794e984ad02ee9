"""Watches the answers of the model that is served, whichever that is."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from vistazo.classifier import ModelIdentity, Prediction
from vistazo.loading import AnyClassifier
from vistazo.samples.classifier import SamplePrediction
from vistazo.service.drift.quantities import quantities_of
from vistazo.service.drift.watch import Quantity, Watch

log = logging.getLogger(__name__)

State = Literal["steady", "drifting", "too_few", "no_baseline"]


@dataclass(frozen=True)
class Report:
    """``answers`` are in the window now, of ``window`` that it takes; ``baseline`` is the number of
    answers in the reference, None where there is none; ``labels`` are the classes.
    """

    model: ModelIdentity
    answers: int
    window: int
    baseline: int | None
    labels: tuple[str, ...] = ()
    quantities: tuple[Quantity, ...] = ()

    @property
    def state(self) -> State:
        if self.baseline is None:
            return "no_baseline"
        if not self.quantities:
            return "too_few"
        return "drifting" if any(each.is_drifting for each in self.quantities) else "steady"

    @property
    def inputs_look_the_same(self) -> bool | None:
        """What was asked lately is like what the model was measured on; None: nobody knows."""
        inputs = [each for each in self.quantities if each.kind == "input"]
        return not any(each.is_drifting for each in inputs) if inputs else None


class Monitor:
    """Safe to use from several threads. ``served`` gives the model that answers, None before there
    is one. With another model another window begins.
    """

    def __init__(self, served: Callable[[], AnyClassifier | None]) -> None:
        self._served = served
        self._lock = threading.Lock()
        self._model: ModelIdentity | None = None
        self._watch: Watch | None = None

    def see(self, prediction: Prediction | SamplePrediction) -> None:
        """An answer that somebody gets; that of a model that was replaced meanwhile is left out."""
        with self._lock:
            watch = self._followed(self._served())
            if watch is None or prediction.model is not self._model:
                return
            changed = watch.see(prediction.decision.predicted_class, quantities_of(prediction))
        for each in changed:
            _tell(each)

    def report(self) -> Report | None:
        """None before there is a model."""
        with self._lock:
            served = self._served()
            if served is None:
                return None
            watch, size = self._followed(served), served.card.drift.window
            if watch is None:
                return Report(served.identity, 0, size, None)
            known, found = watch.reference, tuple(watch.quantities())
            answers = len(watch.window)
            return Report(served.identity, answers, size, known.count, known.labels, found)

    def counts(self) -> Mapping[str, list[int]]:
        """Of each quantity, in each bin: the answers of this model since it came."""
        with self._lock:
            watch = self._followed(self._served())
            if watch is None:
                return {}
            return {name: list(counts) for name, counts in watch.window.all_bins.items()}

    def _followed(self, served: AnyClassifier | None) -> Watch | None:
        """The same watch as long as the same model answers. Nothing is held of the model but that:
        its memory is free once it is replaced.
        """
        if served is None or served.identity is self._model:
            return self._watch
        self._model, reference = served.identity, served.reference
        self._watch = None if reference is None else Watch(reference, served.card.drift)
        return self._watch


def _tell(changed: Quantity) -> None:
    about = {"quantity": changed.name, "kind": changed.kind, "psi": round(changed.distance.psi, 3)}
    if changed.is_drifting:
        log.warning("drift has begun", extra=about)
    else:
        log.info("drift has ended", extra=about)
