"""Watches the answers of the model that is served, whichever that is."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from vistazo.classifier import ModelIdentity, Prediction
from vistazo.loading import AnyClassifier
from vistazo.samples.classifier import SamplePrediction
from vistazo.service.drift.quantities import quantities_of
from vistazo.service.drift.watch import Quantity, Watch

if TYPE_CHECKING:
    from vistazo.service.drift.shared_window import SharedWindow, TheirAnswer

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
    is one. With another model another window begins. Where it ``shares``, somebody takes what is
    seen here out of the ``shared`` window, and brings what others have seen.
    """

    def __init__(self, served: Callable[[], AnyClassifier | None], *, shares: bool = False) -> None:
        self._served = served
        self._shares = shares
        self._lock = threading.Lock()
        self._model: ModelIdentity | None = None
        self._watch: Watch | None = None
        self._shared: SharedWindow | None = None

    def see(self, prediction: Prediction | SamplePrediction) -> None:
        """An answer that somebody gets; that of a model that was replaced meanwhile is left out."""
        with self._lock:
            watch = self._followed(self._served())
            if watch is None or prediction.model is not self._model:
                return
            label = prediction.decision.predicted_class
            answer = watch.placed(label, quantities_of(prediction))
            changed = watch.take(answer)
            if self._shared is not None:
                self._shared.put(answer)
        for each in changed:
            _tell(each)

    @property
    def shared(self) -> SharedWindow | None:
        """That of the model that answers; None where nothing is watched, or shared."""
        with self._lock:
            self._followed(self._served())
            return self._shared

    def take(self, window: SharedWindow, answers: Sequence[TheirAnswer]) -> None:
        """What other instances have answered; left out where another model came meanwhile."""
        with self._lock:
            watch = self._followed(self._served())
            if watch is None or window is not self._shared:
                return
            changed = [
                quantity for each in answers for quantity in watch.take(each.answer, each.at)
            ]
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
            return {name: list(counts) for name, counts in watch.window.own_bins.items()}

    def _followed(self, served: AnyClassifier | None) -> Watch | None:
        """The same watch as long as the same model answers. Nothing is held of the model but that:
        its memory is free once it is replaced.
        """
        if served is None or served.identity is self._model:
            return self._watch
        self._model, reference = served.identity, served.reference
        self._watch = None if reference is None else Watch(reference, served.card.drift)
        if self._shares:
            self._shared = _shared(self._model, self._watch)
        return self._watch


def _shared(model: ModelIdentity, watch: Watch | None) -> SharedWindow | None:
    if watch is None:
        return None
    # Only here, so that it costs nothing where nothing is shared.
    from vistazo.service.drift.shared_window import SharedWindow

    return SharedWindow(model.sha256, watch.reference.labels, watch.window)


def _tell(changed: Quantity) -> None:
    about = {"quantity": changed.name, "kind": changed.kind, "psi": round(changed.distance.psi, 3)}
    if changed.is_drifting:
        log.warning("drift has begun", extra=about)
    else:
        log.info("drift has ended", extra=about)
