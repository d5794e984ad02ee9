"""From what the pictures say to a card, its temperature and threshold included."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vistazo.answers.likeness import COMPONENTS
from vistazo.errors import CardError
from vistazo.models.card import ModelCard
from vistazo.models.card_file import read_card, write_card
from vistazo.models.output_spec import OutputSpec
from vistazo.pictures import ImageLimits, open_image
from vistazo.pictures.preprocessing import decode_size, prepare
from vistazo.training.calibration import (
    balanced_weights,
    equal_error_threshold,
    fit_temperature,
)
from vistazo.training.checkpoint import replace_whole
from vistazo.training.familiar import make_baseline
from vistazo.training.preparation_search import SearchResult
from vistazo.training.preparations import in_words, resampling, scale_in_words
from vistazo.training.trial import Trial

_FOR_BASELINE = 2 * COMPONENTS
_UNSEEN = 0.2
# With fewer, chance moves a threshold further than it helps; without mistakes, no temperature is
# too low.
_PER_LABEL_FOR_THRESHOLD, _FOR_TEMPERATURE, _MISTAKES_FOR_TEMPERATURE = 50, 100, 5


def card_of(
    result: SearchResult, model: Path, sha256: str, earlier: ModelCard | None = None
) -> ModelCard:
    """Make the card, with the texts of an ``earlier`` one. Raises CardError for open labels."""
    labels = result.labels
    if labels is None:
        raise CardError(f"The order of the labels is not certain: {'; '.join(result.doubts)}.")
    named = {} if earlier is None else {"name": earlier.output.name}
    # No picture tells what headers may say.
    accepted = {} if earlier is None else {"accepts": earlier.input.accepts}
    found = {
        "labels": labels,
        "input": {**result.chosen.spec.model_dump(), **accepted},
        "output": {**calibrated(result).model_dump(), **named},
        "sha256": sha256,
        "more_outputs": {name: {"kind": "ignored"} for name in result.signature.no_rows}
        | ({} if earlier is None else earlier.more_outputs),
    }
    if earlier is not None:
        positive = earlier.positive if earlier.positive in labels else None
        return ModelCard.model_validate({**earlier.model_dump(), **found, "positive": positive})
    return ModelCard.model_validate({"name": _name(model), "version": "1.0.0", **found})


def calibrated(result: SearchResult) -> OutputSpec:
    """Fit the temperature, then the threshold of two labels, where there are pictures enough."""
    trial, kind = result.chosen, result.kind
    counts, truth = np.bincount(trial.labels), trial.unit_of[trial.labels]
    mistakes = int((trial.logits.argmax(axis=1) != truth).sum())
    if (
        kind == "multilabel"
        or len(truth) < _FOR_TEMPERATURE
        or mistakes < _MISTAKES_FOR_TEMPERATURE
    ):
        return OutputSpec(kind=kind, threshold=0.5, temperature=1.0)
    probabilities = np.exp(trial.at_temperature(1))
    temperature = round(fit_temperature(probabilities, truth, balanced_weights(trial.labels)), 3)
    if len(counts) > 2 or counts.min() < _PER_LABEL_FOR_THRESHOLD:
        return OutputSpec(kind=kind, threshold=0.5, temperature=temperature)
    positive = np.exp(trial.at_temperature(temperature))[:, 1]
    threshold = equal_error_threshold(positive, truth == 1)
    return OutputSpec(kind=kind, threshold=threshold, temperature=temperature)


def write_found(card: ModelCard, path: Path, result: SearchResult) -> None:
    """Write the card, with how it was found as a comment; whole or not at all."""
    note = "\n".join(f"# {line}" for line in conclusions(result, card))

    def write(part: Path) -> None:
        write_card(card, part)
        part.write_text(f"{note}\n{part.read_text(encoding='utf-8')}", encoding="utf-8")

    replace_whole(path, write)


def no_baseline(result: SearchResult) -> str | None:
    """Why these pictures make no baseline; None where they do."""
    if result.signature.features is None:
        return "the model has no spatial feature map to compare"
    if len(result.labelled) < _FOR_BASELINE:
        return f"it takes {_FOR_BASELINE} pictures, here are {len(result.labelled)}"
    return None


def baseline_of(
    result: SearchResult,
    model: Path,
    card: Path,
    limits: ImageLimits,
    show: Callable[[int, int], None] = lambda *_: None,
) -> Path:
    """Write the baseline of the same pictures, unless ``no_baseline``. Raises ModelError."""
    spec = read_card(card).input

    def prepared(row: int) -> NDArray[np.float32]:
        data = result.labelled.pictures[row].encoded()
        return prepare(open_image(data, limits).decode(decode_size(spec)), spec)

    seen, unseen = seen_and_unseen(len(result.labelled))
    return make_baseline(model, card, prepared, spec, seen=seen, unseen=unseen, show=show)


def seen_and_unseen(count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The places of the pictures that a baseline is made from, and of those that set its limit."""
    rows = np.random.default_rng(0).permutation(count)
    unseen = round(_UNSEEN * count)
    return rows[unseen:], rows[:unseen]


def conclusions(result: SearchResult, card: ModelCard) -> Iterator[str]:
    """What was concluded, from what, and what the pictures leave open: sentences."""
    chosen, n = result.chosen, len(result.labelled)
    yield (
        f"Found from {n} labelled pictures: {in_words(chosen.spec)}. On these the model is right "
        f"on {chosen.accuracy:.1%} (log loss {chosen.log_loss:.3f})."
    )
    if result.heeded is not None:
        yield f"What the layer '{result.heeded}' remembers of training was heeded."
    yield from open_questions(result)
    output = card.output
    if (output.temperature, output.threshold) == (1, 0.5):
        yield (
            f"The temperature stays 1 and the threshold 0.5: to fit them takes {_FOR_TEMPERATURE} "
            f"pictures, {_MISTAKES_FOR_TEMPERATURE} of them answered wrong, and "
            f"{_PER_LABEL_FOR_THRESHOLD} of each of two labels."
        )
    else:
        yield (
            f"Fitted on the {n} pictures: temperature {output.temperature:g}, threshold "
            f"{output.threshold:g}."
        )


def open_questions(result: SearchResult) -> Iterator[str]:
    """Where other preparations do as well: sentences."""
    for what, say in _PARTS.items():
        others = [say(trial) for trial in result.open_against]
        rivals = [other for other in dict.fromkeys(others) if other != say(result.chosen)]
        if rivals:
            yield (
                f"The pictures do not settle the {what}: {say(result.chosen)} is taken as the "
                f"likeliest, but {', '.join(rivals)} would do as well on them."
            )


_PARTS: dict[str, Callable[[Trial], str]] = {
    "scale": lambda trial: scale_in_words(trial.spec.scale),
    "order of the colours": lambda trial: trial.spec.colour,
    "resize": lambda trial: trial.spec.resize,
    "resampling": lambda trial: resampling(trial.spec),
}


def table(trials: Sequence[Trial], chosen: Trial, most: int = 8) -> Iterator[str]:
    """The best candidates with their accuracy and log loss; the chosen one has a mark."""
    shown = [*trials[:most], *([] if chosen in trials[:most] else [chosen])]
    width = max(len(in_words(trial.spec)) for trial in shown)
    yield f"  {'preparation':{width}}  accuracy  log loss"
    for trial in shown:
        mark = "*" if trial is chosen else " "
        yield f"{mark} {in_words(trial.spec):{width}}  {trial.accuracy:8.1%}  {trial.log_loss:8.4f}"


def _name(model: Path) -> str:
    """The file's name, as far as a card's name may have its letters."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", model.stem).strip("._-") or "model"
