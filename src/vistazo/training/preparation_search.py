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
from vistazo.models.card import Colour, InputSpec, ModelCard, Scale
from vistazo.models.output_spec import OutputKind
from vistazo.models.signature import ModelSignature
from vistazo.pictures import ImageLimits
from vistazo.training.assignment import Order
from vistazo.training.label_order import weigh_order
from vistazo.training.labelled import LabelledPictures
from vistazo.training.preparations import (
    commonness,
    ways_to_resample,
    ways_to_resize,
    ways_to_scale,
)
from vistazo.training.progress import Progress
from vistazo.training.race import Race
from vistazo.training.trial import Trial

# What a preparation is worth before any picture is seen, in nats; at most 0.
Lean = Callable[[InputSpec], float]

_LOST_Z = 3.0  # standard errors behind the best: out of the race
_OPEN_Z = 2.0  # nearer than this, the pictures do not tell two apart
_FAR = 0.3  # of the loss by guessing, behind the best: a scale that is not looked at again
# No model explains its pictures wholly, so that these count for less than they say: Grünwald and
# van Ommen 2017, Inconsistency of Bayesian Inference for Misspecified Linear Models.
_TEMPERED = 0.5
_FIRST, _PER_LABEL = 32, 3
_MOST_SCALES, _MOST_AFTER_FIRST, _FINALISTS = 4, 24, 12


@dataclass(frozen=True, eq=False)
class SearchResult:
    """``trials``, best first, were on all pictures; ``chosen`` is the one to serve with.

    ``open_against`` are those that the pictures do not tell from it. ``labels`` are in the order of
    the model's outputs, or None where that is not certain; ``doubts`` say why. ``heeded`` is the
    layer whose memory of training had a say, None where none had.
    """

    signature: ModelSignature
    kind: OutputKind
    labelled: LabelledPictures
    trials: tuple[Trial, ...]
    chosen: Trial
    open_against: tuple[Trial, ...]
    doubts: tuple[str, ...]
    heeded: str | None

    def agrees_with(self, card: ModelCard) -> bool:
        """Whether the pictures leave a card standing whose input was tried ``also``."""
        standing = [self.chosen.spec, *(trial.spec for trial in self.open_against)]
        is_of_a_kind = card.labels == self.labels and card.output.kind == self.kind
        return is_of_a_kind and card.input in standing

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
    also: Sequence[InputSpec] = (),
    lean: Lean = commonness,
    threads: int = 1,
    progress: Progress | None = None,
) -> SearchResult:
    """Try the ways that people prepare pictures. Raises ModelError, and SettingsError.

    ``labels``, in the order of the outputs, where that is known from elsewhere: it is then held
    against the pictures, and a doubt where they contradict it. ``also`` are preparations to try on
    all pictures in any case, such as that of an earlier card. ``lean`` says what is likely before
    the pictures do, and may be told more than ``commonness``.
    """
    _check(engine.signature, labelled.names)
    known = _known_order(labels, labelled.names) if labels is not None else None
    with Race(engine, labelled, limits, threads, progress or Progress()) as race:
        trials = _finalists(race, labelled, also, lean, None)
        chosen = _choose(race, trials, lean)
        doubts = _doubts(trials, chosen)
        if known is not None and doubts:
            trials = _finalists(race, labelled, also, lean, known)
            chosen, doubts = _choose(race, trials, lean), ()
        elif known is not None and (known != chosen.unit_of).any():
            doubts = (_contradiction(known, chosen, labelled.names),)
    return SearchResult(
        signature=engine.signature,
        kind=race.kind or "softmax",
        labelled=labelled,
        trials=tuple(trials),
        chosen=chosen,
        open_against=tuple(
            trial for trial in trials if trial is not chosen and trial.behind(chosen) < _OPEN_Z
        ),
        doubts=doubts,
        heeded=race.heeded,
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
    race: Race,
    labelled: LabelledPictures,
    also: Sequence[InputSpec],
    lean: Lean,
    known: Order | None,
) -> list[Trial]:
    """What is left on all pictures, best first. Each round has more pictures and fewer ways."""
    n, sizes = len(labelled), labelled.sizes
    few = min(n, max(_FIRST, _PER_LABEL * len(labelled.names)))
    more = min(n, 2 * few)
    specs = ways_to_resize(ways_to_scale(_first_spec(race.signature, labelled)), sizes)
    race.foresee(few * len(specs))
    scalings = _leading_scalings(race.trials(specs, few, known), lean)
    specs = ways_to_resample(ways_to_resize(scalings, sizes), sizes)
    race.foresee(few * len(specs))
    specs = _still_in(race.trials(specs, few, known), lean, _MOST_AFTER_FIRST)
    race.foresee((more - few) * len(specs) + (n - more) * min(len(specs), _FINALISTS))
    specs = _still_in(race.trials(specs, more, known), lean, _FINALISTS)
    return race.trials(list(dict.fromkeys([*specs, *also])), n, known)


def _leading_scalings(trials: Sequence[Trial], lean: Lean) -> list[InputSpec]:
    """Some of the best, one resize of each: while the resampling is not the model's own, the right
    scale need not be the very best.
    """
    far = trials[0].log_loss + _FAR * math.log(len(trials[0].unit_of))
    best_of: dict[tuple[Scale, Colour], Trial] = {}
    for trial in _different(trials, lean):
        best_of.setdefault((trial.spec.scale, trial.spec.colour), trial)
    near = [trial for trial in best_of.values() if trial.log_loss <= far]
    return [trial.spec for trial in near[:_MOST_SCALES]]


def _still_in(trials: Sequence[Trial], lean: Lean, most: int) -> list[InputSpec]:
    """Those not clearly behind the best, at most so many."""
    near = [trial for trial in trials if trial.behind(trials[0]) < _LOST_Z]
    return [trial.spec for trial in _different(near, lean)[:most]]


def _different(trials: Sequence[Trial], lean: Lean) -> list[Trial]:
    """Best first; of some that come to the same, the likeliest in advance."""
    kept = list[Trial]()
    for trial in sorted(trials, key=lambda trial: -lean(trial.spec)):
        if not any(trial.is_like(other) for other in kept):
            kept.append(trial)
    return sorted(kept, key=lambda trial: trial.log_loss)


def _choose(race: Race, trials: Sequence[Trial], lean: Lean) -> Trial:
    """The likeliest: by the pictures, by what the model remembers, and by what is common."""
    n, remembered = len(trials[0].labels), race.memories([trial.spec for trial in trials])

    def likelihood(trial: Trial) -> float:
        seen = -_TEMPERED * n * trial.log_loss
        return lean(trial.spec) + remembered.get(trial.spec, 0) + seen

    return max(trials, key=likelihood)


def _contradiction(known: Order, chosen: Trial, names: Sequence[str]) -> str:
    given, seen = (
        ", ".join(names[label] for label in np.argsort(order)) for order in (known, chosen.unit_of)
    )
    return (
        f"the pictures contradict the order that was given: given {given}; by the pictures {seen}"
    )


def _doubts(trials: Sequence[Trial], chosen: Trial) -> tuple[str, ...]:
    """Why the order of the labels is not certain. It must not hang on the preparation."""
    doubts = weigh_order(chosen.log_probabilities, chosen.labels, chosen.unit_of)
    if any(
        trial.behind(chosen) < _LOST_Z and (trial.unit_of != chosen.unit_of).any()
        for trial in trials
    ):
        return (*doubts, "other preparations do as well, and with another order of the labels")
    return doubts
