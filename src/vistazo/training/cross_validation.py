"""One training run per part of the groups, each measured on the part that it did not see."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from vistazo.training.config import TrainingConfig
from vistazo.training.fit import LOG, train
from vistazo.training.progress import Progress
from vistazo.training.report import EVALUATION, write_json

CROSS_VALIDATION = "cross_validation.json"


def cross_validate(config: TrainingConfig, folds: int, out: Path) -> Path:
    """Train ``folds`` models into ``out/fold-k`` and write the mean of their figures.

    A fold that is finished is not trained again. Returns the path of ``cross_validation.json``.
    """
    out.mkdir(parents=True, exist_ok=True)
    progress = Progress(out / LOG)
    held_out = []
    for part in range(1, folds + 1):
        progress.say(f"fold {part} of {folds}")
        held_out.append(_of_fold(config, (part, folds), out / f"fold-{part}"))
    figures = {
        name: _summary(name, held_out) for name in held_out[0] if _is_figure(held_out[0][name])
    }
    for name in ("auc", "accuracy"):
        found = figures[name]
        progress.say(f"{name}: mean {found['mean']}, from {found['low']} to {found['high']}")
    path = out / CROSS_VALIDATION
    recipe = config.model_dump(mode="json", include={"network", "fit", "input", "seed"})
    write_json(path, {"folds": folds, **figures, "recipe": recipe})
    return path


def _of_fold(config: TrainingConfig, fold: tuple[int, int], out: Path) -> dict[str, Any]:
    splits = config.splits.model_copy(update={"fold": fold})
    # Each fold is judged on its own part only: other folders judge the model that is shipped.
    data = config.data.model_copy(update={"other": {}})
    own = config.model_copy(update={"splits": splits, "data": data})
    report = out / EVALUATION
    if not report.exists() or json.loads(report.read_text())["recipe_sha256"] != own.recipe_sha256:
        train(own, out)
    document: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    return dict(document["holdout"])


def _is_figure(value: Any) -> bool:
    return isinstance(value, dict) and "value" in value


def _summary(name: str, held_out: list[dict[str, Any]]) -> dict[str, Any]:
    """Mean, lowest and highest of the folds."""
    values = [found[name]["value"] for found in held_out]
    mean = round(float(np.mean(values)), 4)
    return {"mean": mean, "low": min(values), "high": max(values), "of_each_fold": values}
