"""Small films made in memory, in folders as training reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from vistazo.training.config import TrainingConfig

LABELS = ("CLEAR", "SHADOW")


def write_collection(folder: Path, patients: int = 12, films_each: int = 2) -> Path:
    """Noise with, for SHADOW, a bright square; ``clear-007-1.png`` is patient ``clear-007``."""
    random = np.random.default_rng(3)
    for label in LABELS:
        (folder / label).mkdir(parents=True)
        for patient in range(patients):
            for film in range(films_each):
                pixels = random.integers(20, 120, (20, 24), dtype=np.uint8)
                if label == "SHADOW":
                    pixels[6:14, 6:16] = 230
                name = f"{label.lower()}-{patient:03}-{film}.png"
                Image.fromarray(pixels).save(folder / label / name)
    return folder


def tiny_config(folder: Path, **changes: Any) -> TrainingConfig:
    document: dict[str, Any] = {
        "name": "tiny",
        "seed": 5,
        "labels": LABELS,
        "positive": "SHADOW",
        "data": {"folder": folder, "group": r"([a-z]+-\d+)"},
        "input": {"height": 16, "width": 16, "colour": "grey", "scale": "1/255"},
        "splits": {"validation": 0.2, "holdout": 0.2},
        "network": {"width": 4, "stages": 1, "members": 2, "dropout": 0.1},
        "fit": {"epochs": 2, "batch": 8, "average_decay": 0.8},
        "threshold": {"views": 1},
    }
    return TrainingConfig.model_validate(document | changes)
