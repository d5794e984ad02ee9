"""Pictures that are not square, and the models trained on them."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import absl.logging
import keras
import numpy as np
from PIL import Image

from card_search.recipes import Recipe

_FOLDERS = {"leaves": "leaves", "casting": "casting", "chest": "chest_xray/train"}
_TRAIN = {"leaves": 130, "casting": 330, "chest": 330}
_SEARCH, _TEST = 30, {"leaves": 60, "casting": 140, "chest": 200}
_EPOCHS, _ENOUGH = 25, 0.99


@dataclass(frozen=True)
class Split:
    """Where a picture is, and the index of its label in the model's order."""

    files: list[Path]
    labels: list[int]


def draw_pictures(data: Path, out: Path) -> None:
    """Cut to 4:3 and 3:4, so that the ways to resize differ; into train, search and test."""
    for name, folder in _FOLDERS.items():
        if (out / name).is_dir():
            continue
        for label in sorted(path for path in (data / folder).iterdir() if path.is_dir()):
            random = np.random.default_rng(0)
            files = random.permutation(np.array(sorted(label.iterdir()), dtype=object))
            for place, file in enumerate(files[: _TRAIN[name] + _SEARCH + _TEST[name]]):
                target = out / f"{name}.partial" / _part(name, place) / label.name
                target.mkdir(parents=True, exist_ok=True)
                _cut(Image.open(file), place).save(target / f"{file.stem}.png")
        (out / f"{name}.partial").rename(out / name)


def _part(name: str, place: int) -> str:
    if place < _SEARCH:
        return "search"
    return "test" if place < _SEARCH + _TEST[name] else "train"


def _cut(image: Image.Image, place: int) -> Image.Image:
    width, height = image.size
    if place % 3:
        return image.crop((0, height // 8, width, height - height // 8))
    return image.crop((width // 8, 0, width - width // 8, height))


def split(pictures: Path, recipe: Recipe, part: str) -> Split:
    files, labels = [], []
    for label, name in enumerate(recipe.labels):
        found = sorted((pictures / recipe.data / part / name).iterdir())
        files += found
        labels += [label] * len(found)
    return Split(files, labels)


class _EnoughCallback(keras.callbacks.Callback):  # type: ignore[misc]
    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        self.model.stop_training = logs["accuracy"] > _ENOUGH


def train(recipe: Recipe, pictures: Path, path: Path) -> float:
    """Write the model and, last, what its own pipeline makes of the test pictures."""
    keras.utils.set_random_seed(0)
    known, unseen = split(pictures, recipe, "train"), split(pictures, recipe, "test")
    model, truth = recipe.build(), np.array(known.labels)
    is_one_unit, is_logits = recipe.output == "sigmoid", recipe.output == "logits"
    loss = (
        keras.losses.BinaryCrossentropy()
        if is_one_unit
        else keras.losses.SparseCategoricalCrossentropy(from_logits=is_logits)
    )
    model.compile(keras.optimizers.Adam(1e-3), loss, metrics=["accuracy"])
    images = recipe.pipeline.load(known.files)
    images = np.concatenate([images, images[:, :, ::-1]])
    if recipe.data != "chest":  # a film has an upper side
        images = np.concatenate([images, images[:, ::-1]])
    truth = np.tile(truth, len(images) // len(truth))
    model.fit(images, truth, 32, _EPOCHS, verbose=0, callbacks=[_EnoughCallback()])
    _save(model, path)
    scores = model.predict(recipe.pipeline.load(unseen.files), verbose=0)
    answers = scores[:, 0] >= 0.5 if is_one_unit else scores.argmax(axis=1)
    return float((answers == np.array(unseen.labels)).mean())


def _save(model: Any, path: Path) -> None:
    absl.logging.set_verbosity(absl.logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.save(path)


def trained(recipe: Recipe, pictures: Path, folder: Path) -> tuple[Path, float]:
    """Train, unless that was done before; the model, and how often its own pipeline is right."""
    path = folder / f"model_{recipe.name}{recipe.suffix}"
    record = folder / f"model_{recipe.name}.json"
    if not record.exists():
        record.write_text(json.dumps({"own_accuracy": train(recipe, pictures, path)}))
    return path, float(json.loads(record.read_text())["own_accuracy"])
