"""Find out how a stranger's model wants its pictures, from pictures of known label.

The compiled model itself is asked: under the preparation of its training it is most often right,
and most sure where it is right. Scales and orders of colours race first, then what is left of them
with every resize and resampling, on more and more pictures.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from vistazo.engines.base import Engine
from vistazo.errors import SettingsError, UnsupportedModelError
from vistazo.models.card import InputSpec, OutputKind
from vistazo.models.signature import ModelSignature
from vistazo.pictures import ImageLimits
from vistazo.training.assignment import Order
from vistazo.training.label_order import most_likely_order, weigh_order
from vistazo.training.labelled import LabelledPictures
from vistazo.training.preparations import commonness, ways_to_resize, ways_to_scale
from vistazo.training.progress import Progress
from vistazo.training.race import Race
from vistazo.training.trial import Trial

# What a preparation is worth before any picture is seen, in nats; at most 0.
Lean = Callable[[InputSpec], float]

_LOST_Z = 3.0  # standard errors behind the best: out of the race
_OPEN_Z = 2.0  # nearer than this, the pictures do not tell two apart
_FIRST, _PER_LABEL = 32, 3
_MOST_SCALES, _MOST_AFTER_FIRST, _FINALISTS = 4, 24, 12


@dataclass(frozen=True, eq=False)
class SearchResult:
    """``trials``, best first, were on all pictures; ``chosen`` is the one to serve with.

    ``open_against`` are those that the pictures do not tell from it. ``labels`` are in the order of
    the model's outputs, or None where that is not certain; ``doubts`` say why.
    """

    signature: ModelSignature
    kind: OutputKind
    labelled: LabelledPictures
    trials: tuple[Trial, ...]
    chosen: Trial
    open_against: tuple[Trial, ...]
    doubts: tuple[str, ...]

    @property
    def labels(self) -> tuple[str, ...] | None:
        if self.doubts:
            return None
        names = self.labelled.names
        return tuple(names[label] for label in np.argsort(self.chosen.unit_of))


def search(
    engine: Engine,
    labelled: LabelledPictures,
    limits: ImageLimits,
    *,
    labels: Sequence[str] | None = None,
    lean: Lean = commonness,
    threads: int = 1,
    progress: Progress | None = None,
) -> SearchResult:
    """Try the ways that people prepare pictures. Raises ModelError, and SettingsError.

    ``labels``, in the order of the outputs, where that is known from elsewhere: it is then held
    against the pictures, and a doubt where they contradict it. ``lean`` says what is likely before
    the pictures do, and may be told more than ``commonness``.
    """
    _check(engine.signature, labelled.names)
    known = _known_order(labels, labelled.names) if labels is not None else None
    with Race(engine, labelled, limits, threads, progress or Progress()) as race:
        trials = _finalists(race, _first_spec(engine.signature, labelled), labelled, known)
        kind = race.kind
    chosen = max(trials, key=lambda trial: lean(trial.spec) - len(labelled) * trial.log_loss)
    others = [trial for trial in trials if trial is not chosen]
    return SearchResult(
        signature=engine.signature,
        kind=kind or "softmax",
        labelled=labelled,
        trials=tuple(trials),
        chosen=chosen,
        open_against=tuple(trial for trial in others if trial.behind(chosen) < _OPEN_Z),
        doubts=_doubts(chosen, others) if known is None else _contradiction(chosen),
    )


def _check(signature: ModelSignature, names: Sequence[str]) -> None:
    if signature.channels not in (1, 3):
        raise UnsupportedModelError(
            f"The model takes {signature.channels} channels; pictures have one or three."
        )
    needed = max(signature.units, 2)
    if len(names) != needed:
        raise SettingsError(
            f"The model tells {needed} labels apart, but there are {len(names)} folders: "
            f"{', '.join(names)}."
        )


def _known_order(labels: Sequence[str], names: Sequence[str]) -> Order:
    if sorted(labels) != sorted(names):
        raise SettingsError(
            f"The labels {', '.join(labels)} are not the names of the folders: {', '.join(names)}."
        )
    return np.array([list(labels).index(name) for name in names], np.int64)


def _first_spec(signature: ModelSignature, labelled: LabelledPictures) -> InputSpec:
    """The most common way; what the service would refuse of such pictures is let in."""
    ratios = [max(size) / min(size) for size in labelled.sizes]
    usual = InputSpec.model_fields
    return InputSpec(
        height=signature.height,
        width=signature.width,
        colour="grey" if signature.channels == 1 else "rgb",
        antialias=False,
        scale="1/255",
        min_side_px=min(usual["min_side_px"].default, *map(min, labelled.sizes)),
        max_aspect_ratio=max(usual["max_aspect_ratio"].default, *map(math.ceil, ratios)),
    )


def _finalists(
    race: Race, first: InputSpec, labelled: LabelledPictures, known: Order | None
) -> list[Trial]:
    """What is left on all pictures, best first. Each round has more pictures and fewer ways."""
    n = len(labelled)
    few = min(n, max(_FIRST, _PER_LABEL * len(labelled.names)))
    more = min(n, 2 * few)
    ways = ways_to_scale(first)
    race.foresee(few * len(ways))
    leading = _still_in(race.trials(ways, few, known), _MOST_SCALES)
    ways = ways_to_resize([trial.spec for trial in leading], labelled.sizes)
    race.foresee(few * (len(ways) - len(leading)))
    leading = _still_in(race.trials(ways, few, known), _MOST_AFTER_FIRST)
    race.foresee((more - few) * len(leading) + (n - more) * min(len(leading), _FINALISTS))
    leading = _still_in(race.trials([trial.spec for trial in leading], more, known), _FINALISTS)
    return race.trials([trial.spec for trial in leading], n, known)


def _still_in(trials: Sequence[Trial], most: int) -> list[Trial]:
    """Those not clearly behind, at most so many; of some that come to the same, the most common."""
    best, kept = trials[0], list[Trial]()
    for trial in sorted(trials, key=lambda trial: -commonness(trial.spec)):
        if trial.behind(best) < _LOST_Z and not any(trial.is_like(other) for other in kept):
            kept.append(trial)
    return sorted(kept, key=lambda trial: trial.log_loss)[:most]


def _doubts(chosen: Trial, others: Sequence[Trial]) -> tuple[str, ...]:
    """Why the order of the labels is not certain. It must not hang on the preparation."""
    doubts = weigh_order(chosen.log_probabilities, chosen.labels, chosen.unit_of)
    if any(
        trial.behind(chosen) < _LOST_Z and (trial.unit_of != chosen.unit_of).any()
        for trial in others
    ):
        return (*doubts, "other preparations do as well, and with another order of the labels")
    return doubts


def _contradiction(chosen: Trial) -> tuple[str, ...]:
    """Where the order is known, only a certain other one is a doubt."""
    likeliest = most_likely_order(chosen.log_probabilities, chosen.labels)
    is_other = bool((likeliest != chosen.unit_of).any())
    if is_other and not weigh_order(chosen.log_probabilities, chosen.labels, likeliest):
        return ("the labels were given in an order that the pictures contradict",)
    return ()
