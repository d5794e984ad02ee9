"""What a run leaves beside the weights: the model card and evaluation.json."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vistazo.answers.costs import BEST_THRESHOLD
from vistazo.answers.discriminant import Told
from vistazo.answers.likeness import OUT_OF_DISTRIBUTION
from vistazo.errors import SettingsError
from vistazo.models.card import ModelCard
from vistazo.models.card_file import card_path, write_card
from vistazo.models.output_spec import OutputSpec
from vistazo.training.answers import Answers
from vistazo.training.calibration import OperatingPoint
from vistazo.training.cheapest import cheapest_threshold
from vistazo.training.checkpoint import replace_whole
from vistazo.training.config import BaselineConfig, ThresholdConfig, TrainingConfig
from vistazo.training.datasets import Pictures
from vistazo.training.evaluation import (
    RESAMPLES,
    confusion,
    confusion_of_labels,
    share,
    with_intervals,
)
from vistazo.training.measures import measures_of
from vistazo.training.other import LEFT_OUT, UNREADABLE
from vistazo.training.splits import Split

Rows = NDArray[np.int64]
EVALUATION = "evaluation.json"
_PARTS_ON_THE_CARD = {
    "holdout": "unseen_pictures_of_the_same_collection",
    "holdout_with_misleading_look": "those_that_look_like_the_other_label",
}
_ON_THE_CARD = (
    "title",
    "note",
    "pictures",
    "groups",
    "pictures_per_label",
    "auc",
    "accuracy",
    "sensitivity",
    "specificity",
    "brier",
    "expected_calibration_error",
    BEST_THRESHOLD,
    OUT_OF_DISTRIBUTION,
    LEFT_OUT,
    UNREADABLE,
)


@dataclass(frozen=True, eq=False)
class Run:
    """What was trained on what, and what it came to."""

    config: TrainingConfig
    pictures: Pictures
    split: Split
    point: OperatingPoint
    history: Sequence[Mapping[str, float]]
    weight_count: int


def measure_answers(answers: Answers) -> dict[str, Any]:
    """Count and measure; every figure is ``{value, low, high}``, null where it is undefined.

    ``confusion`` holds four counts for two classes; for more, the counts of each predicted label
    by true label. Figures that make no sense of what the model gives are left out, and
    ``out_of_distribution``, the share of answers with that warning, where there is no baseline.
    """
    labels, groups, names = answers.labels, answers.groups, answers.names
    counts = {name: int((labels == k).sum()) for k, name in enumerate(names)}
    found: dict[str, Any] = {answers.what: len(labels), "groups": len(np.unique(groups))}
    found[f"{answers.what}_per_label"] = counts
    predicted = answers.predicted
    if answers.positive is not None:
        said, truth = predicted == answers.positive, labels == answers.positive
        found["confusion"] = asdict(confusion(said, truth))
    else:
        rows = confusion_of_labels(labels, predicted, len(names)).tolist()
        found["confusion"] = {
            name: dict(zip(names, row, strict=True)) for name, row in zip(names, rows, strict=True)
        }
    found |= {
        name: figure.to_json()
        for name, figure in with_intervals(measures_of(answers), groups).items()
    }
    return found | _cheapest(answers) | _strange(answers)


def measure_unlabelled(answers: Answers) -> dict[str, Any]:
    """Of pictures whose labels nobody knows: how many, and the share that looks strange."""
    counts = {answers.what: len(answers), "groups": len(np.unique(answers.groups))}
    return counts | _strange(answers)


def measure_told(config: BaselineConfig, told: Sequence[Told]) -> dict[str, Any]:
    """Of each kind in ``config.unlike`` that the baseline can tell: how many examples, and the
    share of them that was told by what the others show.
    """
    return {
        each.name: {
            **{name: text for name, text in (("title", kind.title), ("note", kind.note)) if text},
            "pictures": each.count,
            OUT_OF_DISTRIBUTION: share(each.is_told, np.arange(each.count)).to_json(),
        }
        for each in told
        if each.is_used and (kind := config.unlike.get(each.name)) is not None
    }


def _cheapest(answers: Answers) -> dict[str, Any]:
    """The threshold that would have been, where the card says what errors cost."""
    is_known = answers.numbers == "probabilities" and answers.decided is None
    if answers.costs is None or answers.positive is None or not is_known:
        return {}
    truth = answers.labels == answers.positive
    scores = answers.probabilities[:, answers.positive]
    best = cheapest_threshold(scores, truth, answers.costs, answers.threshold)
    return {BEST_THRESHOLD: best} if best else {}


def _strange(answers: Answers) -> dict[str, Any]:
    flagged = answers.out_of_distribution
    if flagged is None:
        return {}
    return {OUT_OF_DISTRIBUTION: share(flagged, answers.groups).to_json()}


def in_words(figure: Mapping[str, float | None]) -> str:
    """Write a measured figure and its interval: ``0.9982 (0.9964 to 0.9995)``."""
    value, low, high = figure["value"], figure["low"], figure["high"]
    if value is None or low is None or high is None:
        return "undefined"
    return f"{value:.4f} ({low:.4f} to {high:.4f})"


def write_evaluation(model_path: Path, run: Run, figures: Mapping[str, Any]) -> None:
    """Write ``evaluation.json`` beside the model: the figures, and how they came about."""
    config = run.config
    document = {
        "model": {
            "name": config.name,
            "version": config.version,
            "sha256": file_sha256(model_path),
            "weights": run.weight_count,
        },
        "data": {
            "sha256": run.pictures.sha256,
            "pictures": len(run.pictures),
            "groups": len(np.unique(run.pictures.groups)),
        }
        | {f"{part}_pictures": len(rows) for part, rows in vars(run.split).items()},
        "how": _method(config),
        "operating_point": asdict(run.point),
        **figures,
        "seed": config.seed,
        "recipe_sha256": config.recipe_sha256,
        "epochs": list(run.history),
    }
    write_json(model_path.with_name(EVALUATION), document)


def add_served_figures(model_path: Path, served: Mapping[str, Any]) -> None:
    """Put what the service measured into the ``evaluation.json`` that training wrote.

    Raises SettingsError as ``read_evaluation``.
    """
    document = read_evaluation(model_path)
    write_json(model_path.with_name(EVALUATION), document | {"served": served})


def read_evaluation(model_path: Path) -> dict[str, Any]:
    """Return the ``evaluation.json`` that training wrote beside the model.

    Raises SettingsError where there is none, or where it is of other weights.
    """
    path = model_path.with_name(EVALUATION)
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        measured = document["model"]["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingsError(f"{path} cannot be read ({error}); train the model first.") from error
    if measured != file_sha256(model_path):
        raise SettingsError(f"{path} is of other weights than {model_path}; train again.")
    return document


def write_model_card(model_path: Path, run: Run, figures: Mapping[str, Any]) -> None:
    """Write the card beside the model, with the figures of pictures that it was not trained on."""
    config, point = run.config, run.point
    names = [*config.data.other, *config.baseline.unlike]
    output = OutputSpec(
        kind="sigmoid" if config.is_binary else "softmax",
        threshold=point.threshold,
        temperature=point.temperature,
        uncertain_band=point.uncertain_band,
    )
    shown = {
        told: {name: figures[part][name] for name in _ON_THE_CARD if name in figures[part]}
        for part, told in (_PARTS_ON_THE_CARD | dict(zip(names, names, strict=True))).items()
        if part in figures
    }
    card = ModelCard(
        name=config.name,
        version=config.version,
        labels=config.labels,
        positive=config.positive,
        input=config.input,
        output=output,
        sha256=file_sha256(model_path),
        figures=shown,
        **config.card.model_dump(),
    )
    replace_whole(card_path(model_path), lambda part: write_card(card, part))


def file_sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    replace_whole(path, lambda part: part.write_text(text, encoding="utf-8"))


def _method(config: TrainingConfig) -> dict[str, str]:
    other = {
        "data.other": "These folders served neither training nor the operating point. What is in "
        "the training data too is left out of them, and counted.",
    }
    unlike = {
        "baseline.unlike": "These folders taught the check of what looks strange, and no network. "
        "The share of each is by five-fold cross-validation over its pictures.",
    }
    return {
        "split": "Whole groups, drawn at random label by label with splits.seed; exact copies "
        "count as one group. This run saw no holdout picture in training or in any choice.",
        "weights": "The running average of the weights after the last epoch, with batch statistics "
        "estimated anew for it; no epoch was chosen "
        "by its figures.",
        "operating_point": _operating_point(config.threshold),
        "misleading_look": "Of each label, the half of the holdout pictures that a logistic "
        "regression on brightness, contrast, sharpness, black and edges finds "
        "most like the other label.",
        "intervals": f"95 %: percentile bootstrap over groups, {RESAMPLES} resamples.",
        "out_of_distribution": "Share of pictures that the compiled model warns of, as served, by "
        "the baseline beside it; left out where there is none. Its limit is set on the validation "
        "pictures.",
        "scored_with": "Keras, float32, calibrated with the temperature.",
        **(other if config.data.other else {}),
        **(unlike if config.baseline.unlike else {}),
    }


def _operating_point(config: ThresholdConfig) -> str:
    where = (
        "sensitivity and specificity meet"
        if config.sensitivity is None
        else f"{config.sensitivity:g} of the positives are found"
    )
    return (
        f"From the validation pictures and {config.views} changed views of each: the temperature, "
        f"and the threshold where {where}."
    )
