"""The training run: data in, weights, card and figures out. The entry point is ``train``."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vistazo.answers.discriminant import Told
from vistazo.answers.likeness import COMPONENTS
from vistazo.pictures.preprocessing import scale
from vistazo.training.augmentation import augment
from vistazo.training.batches import Batches
from vistazo.training.checkpoint import (
    Checkpoint,
    read_checkpoint,
    replace_whole,
    write_checkpoint,
)
from vistazo.training.config import TrainingConfig
from vistazo.training.datasets import Pictures, load_pictures
from vistazo.training.evaluation import mean_auc
from vistazo.training.familiar import make_baseline
from vistazo.training.framework import keras, tf
from vistazo.training.held_out_answers import remember_held_out
from vistazo.training.network import build_ensemble
from vistazo.training.other import find_other, read_other
from vistazo.training.outcome import settle, write_outcome
from vistazo.training.progress import EpochFigures, Progress
from vistazo.training.splits import Split, split_by_group
from vistazo.training.unlike import Unlike, in_folder, in_words

Floats = NDArray[np.float64]
CHECKPOINT = "checkpoint.npz"
LOG = "training.log"


def train(config: TrainingConfig, out: Path, progress: Progress | None = None) -> Path:
    """Train, and write the weights, their card and ``evaluation.json`` into ``out``.

    A run that was stopped, even by SIGKILL, goes on from its last whole epoch when it is called
    again with the same configuration and data. Returns the model's path. Raises SettingsError and
    InputError for a configuration or data that cannot be used.
    """
    out.mkdir(parents=True, exist_ok=True)
    progress = progress if progress is not None else Progress(out / LOG)
    found = find_other(config)
    unlike = [
        in_folder(name, kind.folder, config.input) for name, kind in config.baseline.unlike.items()
    ]
    pictures = load_pictures(config, lambda done, total: progress.bar("reading", done, total))
    split = split_by_group(pictures.labels, pictures.groups, config.splits)
    progress.say(
        f"{len(pictures)} pictures of {len(np.unique(pictures.groups))} groups: "
        f"{len(split.training)} to train on, {len(split.validation)} to choose on, "
        f"{len(split.holdout)} held out"
    )
    other = read_other(config, found, pictures, progress)
    checkpoint = read_checkpoint(out / CHECKPOINT, config.recipe_sha256, pictures.sha256)
    trainer = Trainer(config, pictures, split)
    if checkpoint is not None:
        trainer.restore(checkpoint)
        progress.say(f"going on after epoch {len(trainer.history)}")
    run_epochs(trainer, config, out / CHECKPOINT, progress)
    trainer.estimate_batch_statistics(partial(progress.bar, "batch statistics"))
    model_path = out / config.weights_file
    replace_whole(model_path, trainer.save)
    run = settle(config, pictures, split, trainer, model_path=model_path, progress=progress)
    told = _write_baseline(
        config, pictures, split, unlike, model_path=model_path, progress=progress
    )
    remember_held_out(config, pictures.names, split, model_path, progress)
    write_outcome(run, trainer, other, told, model_path=model_path, progress=progress)
    (out / CHECKPOINT).unlink(missing_ok=True)
    return model_path


def _write_baseline(
    config: TrainingConfig,
    pictures: Pictures,
    split: Split,
    unlike: list[Unlike],
    *,
    model_path: Path,
    progress: Progress,
) -> tuple[Told, ...]:
    """Return how well each kind of stranger is told."""
    if min(len(split.training), len(split.validation)) < COMPONENTS:
        progress.say(f"fewer than {COMPONENTS} pictures: no baseline to tell strange pictures by")
        return ()

    def prepare(row: int) -> NDArray[np.float32]:
        return scale(pictures.pixels[row].astype(np.float32), config.input.scale)

    def show(done: int, total: int) -> None:
        progress.bar("baseline", done, total)

    found: list[Told] = []
    make_baseline(
        model_path,
        None,
        prepare,
        config.input,
        seen=split.training,
        unseen=split.validation,
        unlike=unlike,
        show=show,
        tell=found.extend,
    )
    for line in in_words(found):
        progress.say(line)
    return tuple(found)


def run_epochs(
    trainer: Trainer, config: TrainingConfig, checkpoint_path: Path, progress: Progress
) -> None:
    started, first = time.monotonic(), len(trainer.history)
    try:
        for epoch in range(first + 1, config.fit.epochs + 1):
            figures = trainer.run_epoch(epoch, progress)
            write_checkpoint(trainer.checkpoint(), checkpoint_path)
            pace_s = (time.monotonic() - started) / (epoch - first)
            progress.epoch(figures, config.fit.epochs, pace_s)
    except KeyboardInterrupt:
        progress.say(
            f"stopped after epoch {len(trainer.history)}; the same command goes on from there"
        )
        raise


class Trainer:
    """A network, the running average of its weights, and the pictures it learns from."""

    def __init__(self, config: TrainingConfig, pictures: Pictures, split: Split) -> None:
        keras.utils.set_random_seed(config.seed)
        self.history: list[dict[str, float]] = []
        self._config, self._pictures, self._split = config, pictures, split
        self._current, self._average = build_ensemble(config), build_ensemble(config)
        self._network = self._current.members
        self._average.members.set_weights(self._network.get_weights())
        self._batches = Batches(config, pictures, split.training)
        self._optimizer = _optimizer(config, self._batches.steps)
        self._optimizer.build(self._network.trainable_variables)
        self._step = tf.function(self._learn, reduce_retracing=True)

    @property
    def weight_count(self) -> int:
        return int(self._average.served.count_params())

    def run_epoch(self, epoch: int, progress: Progress) -> EpochFigures:
        started, losses = time.monotonic(), []
        what = f"epoch {epoch}/{self._config.fit.epochs}"
        for step, batch in enumerate(self._batches.of_epoch(epoch), start=1):
            losses.append(float(self._step(*batch)))
            progress.bar(what, step, self._batches.steps)
        self._average.join_heads()
        rows = self._split.validation
        auc = mean_auc(self.probabilities(self._pictures.pixels[rows]), self._pictures.labels[rows])
        seconds = time.monotonic() - started
        figures = EpochFigures(epoch, float(np.mean(losses)), auc, seconds)
        self.history.append(figures.to_json())
        return figures

    def probabilities(self, pixels: NDArray[Any], batch: int = 128) -> Floats:
        """Of every label (n, k), by the averaged weights; ``pixels`` are 0..255, not yet scaled."""
        parts = []
        for start in range(0, len(pixels), batch):
            pictures = scale(
                pixels[start : start + batch].astype(np.float32), self._config.input.scale
            )
            parts.append(
                np.asarray(self._average.served(pictures, training=False), dtype=np.float64)
            )
        scores = np.concatenate(parts)
        return np.concatenate([1 - scores, scores], axis=1) if scores.shape[1] == 1 else scores

    def views(self, pixels: NDArray[np.uint8], seed: int) -> NDArray[np.float32]:
        """Return the pictures once more, changed as in training, but none mixed with another."""
        changed = augment(
            tf.constant(pixels, tf.float32),
            tf.constant([seed, 0]),
            self._config.augmentation.of_one_picture,
        )
        return np.asarray(changed, dtype=np.float32)

    def estimate_batch_statistics(self, show: Callable[[int, int], None]) -> None:
        """Estimate the batch statistics of the averaged weights anew, over one epoch's pictures.

        Those that were averaged along belong to no weights that ever were (Izmailov et al. 2018,
        arXiv:1803.05407, section 3.2).
        """
        layers = [
            layer
            for layer in self._average.members.layers
            if isinstance(layer, keras.layers.BatchNormalization)
        ]
        usual = [layer.momentum for layer in layers]
        for done, (pictures, *_) in enumerate(self._batches.of_epoch(len(self.history)), start=1):
            for layer in layers:
                layer.momentum = 1 - 1 / done  # which makes of the running mean a plain one
            self._average.members(pictures, training=True)
            show(done, self._batches.steps)
        for layer, momentum in zip(layers, usual, strict=True):
            layer.momentum = momentum

    def save(self, path: Path) -> None:
        """Write the averaged weights as .keras or .h5, without optimizer state."""
        self._average.served.save(path)

    def checkpoint(self) -> Checkpoint:
        state = {name: [np.asarray(v) for v in group] for name, group in self._state().items()}
        return Checkpoint(
            self._config.recipe_sha256, self._pictures.sha256, list(self.history), state
        )

    def restore(self, checkpoint: Checkpoint) -> None:
        self.history = list(checkpoint.history)
        for name, variables in self._state().items():
            for variable, value in zip(variables, checkpoint.state[name], strict=True):
                variable.assign(value)
        self._average.join_heads()

    def _state(self) -> dict[str, list[Any]]:
        return {
            # Not only weights: the state of dropout's generator belongs to a resumed run too.
            "network": self._network.variables,
            "average": self._average.members.weights,
            "optimizer": self._optimizer.variables,
        }

    def _learn(self, pictures: Any, targets: Any, weights: Any) -> Any:
        with tf.GradientTape() as tape:
            scores = self._network(pictures, training=True)
            wanted = tf.broadcast_to(targets[:, tf.newaxis], tf.shape(scores))
            losses = (
                keras.losses.binary_crossentropy(wanted, scores)
                if self._config.is_binary
                else keras.losses.categorical_crossentropy(wanted, scores)
            )
            # Each member learns from its own loss alone: a sum over members, a mean over pictures.
            loss = tf.reduce_mean(tf.reduce_sum(losses, axis=1) * weights)
        variables = self._network.trainable_variables
        gradients = tape.gradient(loss, variables)
        self._optimizer.apply_gradients(zip(gradients, variables, strict=True))
        self._follow()
        return loss / self._config.network.members

    def _follow(self) -> None:
        """Polyak averaging; early on the average forgets faster, or it would keep the start."""
        step = tf.cast(self._optimizer.iterations, tf.float32)
        decay = tf.minimum(self._config.fit.average_decay, (1.0 + step) / (10.0 + step))
        for average, current in zip(
            self._average.members.weights, self._network.weights, strict=True
        ):
            if current.dtype == "float32":
                average.assign(average * decay + (1.0 - decay) * current)


def _optimizer(config: TrainingConfig, steps: int) -> Any:
    """AdamW under a cosine after a linear rise; decay for kernels only."""
    warmup = round(config.fit.warmup_epochs * steps)
    schedule = keras.optimizers.schedules.CosineDecay(
        config.fit.learning_rate / 100 if warmup else config.fit.learning_rate,
        max(1, config.fit.epochs * steps - warmup),
        warmup_target=config.fit.learning_rate if warmup else None,
        warmup_steps=warmup,
    )
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=config.fit.weight_decay, clipnorm=1.0)
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    return optimizer
