"""Small pictures made in memory, in folders as training reads them."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from PIL import Image

import builders
from vistazo.training.config import TrainingConfig

LABELS = ("CLEAR", "SHADOW")


def write_collection(folder: Path, groups: int = 12, pictures_each: int = 2) -> Path:
    """Noise with, for SHADOW, a bright square; ``clear-007-1.png`` is group ``clear-007``."""
    random = np.random.default_rng(3)
    for label in LABELS:
        (folder / label).mkdir(parents=True)
        for group in range(groups):
            for picture in range(pictures_each):
                pixels = random.integers(20, 120, (20, 24), dtype=np.uint8)
                if label == "SHADOW":
                    pixels[6:14, 6:16] = 230
                name = f"{label.lower()}-{group:03}-{picture}.png"
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


def write_flat_pictures(folder: Path, greys: dict[str, list[int]]) -> Path:
    """A picture of one grey level per number, in its label's folder: ``DARK/picture-0.png``."""
    for label, levels in greys.items():
        (folder / label).mkdir(parents=True)
        for place, grey in enumerate(levels):
            builders.flat(grey).save(folder / label / f"picture-{place}.png")
    return folder


def write_colour_model(path: Path, labels: tuple[str, ...] = ("red", "green", "blue")) -> Path:
    """A real ``.keras`` file, made without Keras, and its card: softmax(5 * mean colour)."""
    layers = [
        builders.layer("InputLayer", "pixels", batch_shape=[None, 8, 8, 3]),
        builders.layer("GlobalAveragePooling2D", "mean"),
        builders.layer("Dense", "scores", units=3, activation="softmax", use_bias=False),
    ]
    weights = io.BytesIO()
    with h5py.File(weights, "w") as file:
        file["layers/scores/vars/0"] = 5 * np.eye(3, dtype=np.float32)
    config = {"class_name": "Sequential", "config": {"name": "colour", "layers": layers}}
    builders.write_keras_archive(path, config, weights.getvalue())
    card = {
        "name": "colour",
        "version": "1.0.0",
        "labels": list(labels),
        "input": {"height": 8, "width": 8, "colour": "rgb", "scale": "1/255"},
        "output": {"kind": "softmax"},
    }
    path.with_name(f"{path.stem}.card.yaml").write_text(json.dumps(card))  # JSON is YAML
    return path
