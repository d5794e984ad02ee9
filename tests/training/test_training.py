from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from later import Later
from training.labelled_pictures import (
    LABELS,
    tiny_config,
    write_collection,
    write_flat_pictures,
)
from vistazo.errors import SettingsError
from vistazo.models.card_file import card_path, read_card
from vistazo.pictures import ImageLimits, open_image
from vistazo.pictures.preprocessing import prepare
from vistazo.training import progress as progress_module
from vistazo.training.augmentation_config import AugmentationConfig
from vistazo.training.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from vistazo.training.datasets import Pictures, load_pictures
from vistazo.training.progress import EpochFigures, Progress
from vistazo.training.report import file_sha256
from vistazo.training.splits import Split, split_by_group

augmentation = Later("vistazo.training.augmentation")
fit = Later("vistazo.training.fit")
keras = Later("vistazo.training.framework", "keras")
network = Later("vistazo.training.network")
tf = Later("vistazo.training.framework", "tf")

# Keras 3.15 copies TensorFlow's variables in a way that numpy 2 has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

TESTS = Path(__file__).parents[1]
KILLED_IN_THE_SECOND_EPOCH = """
import os, signal, sys
from pathlib import Path
from training.labelled_pictures import tiny_config
from vistazo.training.fit import train
from vistazo.training.progress import Progress

class Killer(Progress):
    def bar(self, what, done, total):
        if what.startswith("epoch 2"):
            os.kill(os.getpid(), signal.SIGKILL)

folder, out = map(Path, sys.argv[1:])
train(tiny_config(folder), out, Killer(out / "training.log"))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_collection(tmp_path_factory.mktemp("data") / "pictures")


@pytest.fixture(scope="module")
def model(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Judged on two more folders too, which must decide nothing about its weights."""
    home, greys = tmp_path_factory.mktemp("other"), {"CLEAR": [40, 50], "SHADOW": [200]}
    other = {
        "elsewhere": {
            "folder": write_flat_pictures(home / "elsewhere", greys),
            "note": {"en": "Afar."},
        },
        "ward": {"folder": home / "elsewhere" / "CLEAR"},
    }
    data = {"folder": folder, "group": r"([a-z]+-\d+)", "other": other}
    config = tiny_config(folder, data=data)
    return fit.train(config, tmp_path_factory.mktemp("out"), Progress(stream=io.StringIO()))


def test_the_card_fits_the_weights_beside_it(model: Path) -> None:
    card = read_card(card_path(model))
    assert card.sha256 == file_sha256(model)
    assert card.labels == LABELS
    assert card.output.kind == "sigmoid"
    assert card.figures["unseen_pictures_of_the_same_collection"]["pictures"] == 12


def test_the_evaluation_counts_every_picture_once(model: Path) -> None:
    document = json.loads(model.with_name("evaluation.json").read_text())
    data = document["data"]
    parts = [data[f"{part}_pictures"] for part in ("training", "validation", "holdout")]
    assert sum(parts) == data["pictures"] == 48
    assert sum(document["holdout"]["confusion"].values()) == data["holdout_pictures"]
    assert document["model"]["sha256"] == file_sha256(model)
    assert len(document["epochs"]) == 2
    assert document["holdout_with_misleading_look"]["pictures"] < data["holdout_pictures"]


def test_the_folders_of_data_other_are_judged_on_after_training(model: Path) -> None:
    document = json.loads(model.with_name("evaluation.json").read_text())
    assert document["elsewhere"]["pictures_per_label"] == {"CLEAR": 2, "SHADOW": 1}
    assert document["ward"] == {"pictures": 2, "groups": 2}
    figures = read_card(card_path(model)).figures
    assert figures["elsewhere"]["note"] == {"en": "Afar."}
    assert figures["elsewhere"]["auc"] == document["elsewhere"]["auc"]
    assert figures["ward"] == document["ward"]


def test_a_folder_of_data_other_that_is_not_there_is_told_before_any_work(tmp_path: Path) -> None:
    data = {"folder": tmp_path / "nowhere", "other": {"ward": {"folder": tmp_path / "gone"}}}
    with pytest.raises(SettingsError, match=r"data\.other\.ward"):
        fit.train(tiny_config(tmp_path, data=data), tmp_path, Progress(stream=io.StringIO()))


def test_nothing_but_the_results_is_left_behind(model: Path) -> None:
    names = {path.name for path in model.parent.iterdir()}
    assert names == {"tiny.keras", "tiny.card.yaml", "evaluation.json"}


def test_the_shipped_network_has_plain_layers_and_no_optimizer(model: Path) -> None:
    loaded = keras.models.load_model(model, safe_mode=True)
    assert not hasattr(loaded, "optimizer")
    kinds = {type(layer).__name__ for layer in loaded.layers}
    assert kinds <= {
        "InputLayer", "Conv2D", "BatchNormalization", "ReLU", "Add", "AveragePooling2D",
        "Concatenate", "GlobalAveragePooling2D", "Dense",
    }  # fmt: skip


@pytest.mark.longer
def test_a_run_killed_in_an_epoch_goes_on_to_the_same_weights(
    folder: Path, model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_IN_THE_SECOND_EPOCH, str(folder), str(out)],
        env={"PYTHONPATH": f"{TESTS.parent / 'src'}:{TESTS}"},
        capture_output=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()[-2000:]
    assert not (out / "tiny.keras").exists()
    with pytest.raises(SettingsError, match="another configuration"):
        fit.train(tiny_config(folder, seed=6), out)
    resumed = fit.train(tiny_config(folder), out)
    assert "going on after epoch 1" in (out / fit.LOG).read_text()
    weights = keras.models.load_model(resumed).get_weights()
    for ours, theirs in zip(weights, keras.models.load_model(model).get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_ctrl_c_tells_how_far_the_run_came_and_how_to_go_on(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = fit.Trainer(tiny_config(folder), *_pictures_and_split(folder))

    def press_ctrl_c(*_: object) -> None:
        raise KeyboardInterrupt

    said = io.StringIO()
    monkeypatch.setattr(trainer, "run_epoch", press_ctrl_c)
    trainer.history.append({"epoch": 1})
    with pytest.raises(KeyboardInterrupt):
        fit.run_epochs(
            trainer, tiny_config(folder), tmp_path / fit.CHECKPOINT, Progress(stream=said)
        )
    assert "stopped after epoch 1; the same command goes on from there" in said.getvalue()


def _pictures_and_split(folder: Path) -> tuple[Pictures, Split]:
    config = tiny_config(folder)
    pictures = load_pictures(config)
    return pictures, split_by_group(pictures.labels, pictures.groups, config.splits)


def test_the_served_network_gives_the_mean_of_its_members_logits(tmp_path: Path) -> None:
    ensemble = network.build_ensemble(tiny_config(tmp_path))
    for layer in ensemble.members.layers:
        if layer.name.startswith("head_"):
            layer.set_weights([w + 0.1 * float(layer.name[-1]) for w in layer.get_weights()])
    ensemble.join_heads()
    pictures = np.random.default_rng(0).random((3, 16, 16, 1), dtype=np.float32)
    members, served = np.asarray(ensemble.members(pictures)), np.asarray(ensemble.served(pictures))
    logits = np.log(members / (1 - members)).mean(axis=1)
    np.testing.assert_allclose(served, 1 / (1 + np.exp(-logits)), atol=1e-5)


def test_three_labels_of_colour_pictures_end_in_a_softmax(tmp_path: Path) -> None:
    spec = {"height": 20, "width": 28, "colour": "rgb", "scale": "1/127.5-1"}
    config = tiny_config(tmp_path, labels=("a", "b", "c"), positive=None, input=spec)
    scores = np.asarray(network.build_ensemble(config).served(np.zeros((2, 20, 28, 3), np.float32)))
    assert scores.shape == (2, 3)
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-6)


@pytest.mark.longer
def test_three_labels_of_a_medmnist_file_are_trained_to_a_card(tmp_path: Path) -> None:
    labels = np.arange(60) % 3
    images = np.random.default_rng(0).integers(0, 90, (60, 28, 28, 3), dtype=np.uint8)
    images[np.arange(60), :, :, labels] += 120
    np.savez(
        tmp_path / "pictures.npz",
        train_images=images[:50],
        train_labels=labels[:50, np.newaxis],
        val_images=images[50:],
        val_labels=labels[50:, np.newaxis],
    )
    config = tiny_config(
        tmp_path / "pictures.npz",
        labels=("red", "green", "blue"),
        positive=None,
        data={"folder": tmp_path / "pictures.npz"},
        input={"height": 16, "width": 16, "colour": "rgb", "scale": "per_picture"},
        network={"width": 4, "stages": 1, "stride": 4},
        fit={"epochs": 1, "batch": 8},
        file="colours.h5",
    )
    model = fit.train(config, tmp_path, Progress(stream=io.StringIO()))
    assert model == tmp_path / "colours.h5"
    assert keras.models.load_model(model, compile=False).layers[1].strides == (4, 4)
    card = read_card(card_path(model))
    assert (card.output.kind, card.labels) == ("softmax", ("red", "green", "blue"))
    assert card.input.scale == "per_picture"
    assert json.loads(model.with_name("evaluation.json").read_text())["holdout"]["pictures"] == 12


def test_augmentation_keeps_shape_and_range_and_follows_its_seed() -> None:
    pictures = tf.constant(np.random.default_rng(0).uniform(0, 255, (5, 24, 20, 3)), tf.float32)
    first, again, other = (
        augmentation.augment(pictures, tf.constant(seed), AugmentationConfig()).numpy()
        for seed in ([1, 2], [1, 2], [1, 3])
    )
    assert first.shape == pictures.shape
    assert first.min() >= 0
    assert first.max() <= 255
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).mean() > 1


def only(**changes: float) -> AugmentationConfig:
    off = dict.fromkeys(AugmentationConfig.model_fields, 0.0)
    return AugmentationConfig.model_validate(off | changes)


def test_a_foreign_border_leaves_the_middle_and_takes_every_edge_from_another_picture() -> None:
    greys = np.repeat(np.float32([10, 90, 170, 250]), 200)
    pictures = tf.constant(np.tile(greys[:, None, None, None], (1, 32, 32, 1)))
    how = only(foreign_border=0.999, foreign_border_width=0.3)
    changed = augmentation.augment(pictures, tf.constant([1, 2]), how).numpy()
    np.testing.assert_allclose(changed[:, 10:22, 10:22], pictures[:, 10:22, 10:22], atol=0.05)
    before = np.roll(greys, 1)[:, None, None, None]
    is_own = np.abs(changed - pictures) < 0.05
    assert (is_own | (np.abs(changed - before) < 0.05)).all()
    seen = changed[::200]  # where the picture before is of another grey
    assert np.abs(seen[:, 0] - pictures[::200, 0]).mean() > 20
    assert np.abs(seen[:, :, -1] - pictures[::200, :, -1]).mean() > 20


def test_light_of_another_colour_falls_on_each_channel_by_itself() -> None:
    pictures = tf.fill((50, 8, 8, 3), 100.0)
    changed = augmentation.augment(pictures, tf.constant([1, 2]), only(colour=0.5)).numpy()
    np.testing.assert_allclose(changed, np.broadcast_to(changed[:, :1, :1], changed.shape))
    assert 100 * 2**-0.5 <= changed.min() < 80 < 120 < changed.max() <= 100 * 2**0.5
    assert np.abs(changed[..., 0] - changed[..., 2]).mean() > 10


def test_views_to_choose_by_never_show_another_picture(tmp_path: Path) -> None:
    mixed = tiny_config(tmp_path).augmentation.model_copy(update={"foreign_patch": 0.9})
    assert mixed.of_one_picture.foreign_border == mixed.of_one_picture.foreign_patch == 0
    assert mixed.of_one_picture.gamma == mixed.gamma > 0


def test_the_share_that_is_to_stay_unchanged_does() -> None:
    pictures = tf.constant(np.random.default_rng(0).uniform(1, 254, (400, 8, 8, 1)), tf.float32)
    changed = augmentation.augment(
        pictures, tf.constant([1, 2]), AugmentationConfig(unchanged=0.3)
    ).numpy()
    kept = np.abs(changed - pictures.numpy()).max(axis=(1, 2, 3)) < 0.05
    assert 0.22 < kept.mean() < 0.38


def test_settled_batch_statistics_are_those_of_the_pictures_that_training_shows(
    folder: Path,
) -> None:
    trainer = fit.Trainer(tiny_config(folder), *_pictures_and_split(folder))
    members = trainer._average.members
    norm = next(
        layer for layer in members.layers if isinstance(layer, keras.layers.BatchNormalization)
    )
    norm.moving_mean.assign(np.full(norm.moving_mean.shape, 99.0))
    before = keras.Model(members.inputs, norm.input)
    shown = np.concatenate([before(batch[0]) for batch in trainer._batches.of_epoch(0)])
    trainer.estimate_batch_statistics(lambda *_: None)
    np.testing.assert_allclose(norm.moving_mean, shown.mean(axis=(0, 1, 2)), atol=1e-4)
    assert norm.momentum == pytest.approx(0.9)


def test_augmentation_that_is_turned_off_changes_nothing() -> None:
    off = only()
    pictures = tf.constant(np.random.default_rng(0).uniform(1, 254, (4, 16, 16, 1)), tf.float32)
    np.testing.assert_allclose(
        augmentation.augment(pictures, tf.constant([0, 0]), off), pictures, atol=0.05
    )


def test_a_checkpoint_comes_back_as_it_was_written(tmp_path: Path) -> None:
    state = {"network": [np.arange(6.0).reshape(2, 3), np.array(7)], "optimizer": []}
    write_checkpoint(Checkpoint("recipe", "data", [{"epoch": 1}], state), tmp_path / "c.npz")
    back = read_checkpoint(tmp_path / "c.npz", "recipe", "data")
    assert back is not None
    assert back.history == [{"epoch": 1}]
    np.testing.assert_array_equal(back.state["network"][0], state["network"][0])
    assert back.state["optimizer"] == []


@pytest.mark.parametrize("keep", [0, 100])
def test_a_damaged_checkpoint_is_named_and_not_trusted(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "c.npz"
    write_checkpoint(Checkpoint("recipe", "data", [], {}), path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(SettingsError, match="delete it"):
        read_checkpoint(path, "recipe", "data")


def test_no_checkpoint_is_a_fresh_start(tmp_path: Path) -> None:
    assert read_checkpoint(tmp_path / "c.npz", "recipe", "data") is None


def test_an_epochs_line_tells_loss_auc_seconds_and_the_time_left(tmp_path: Path) -> None:
    stream = io.StringIO()
    progress = Progress(tmp_path / fit.LOG, stream)
    progress.epoch(EpochFigures(2, 0.31234, 0.98765, 41.6), epochs=5, pace_s=40)
    line = stream.getvalue().strip()
    assert line == "epoch 2/5  loss 0.3123  validation AUC 0.9877  42 s  2 min 00 s left"
    assert (tmp_path / fit.LOG).read_text().strip().endswith(line)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_tells_the_rate_since_it_began_and_the_time_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, terminal = [0.0], Terminal()
    # Of this module alone: the clock of all would stop services that other tests have running.
    monkeypatch.setattr(progress_module, "time", SimpleNamespace(monotonic=lambda: now[0]))
    progress = Progress(stream=terminal)

    def drawn(at_s: float, done: int, total: int = 1000, what: str = "classifying") -> str:
        now[0] = at_s
        terminal.truncate(0)
        progress.bar(what, done, total)
        return terminal.getvalue().strip("\0")

    assert "/s" not in drawn(100, 400)  # gone on with: these were done before
    assert drawn(100.1, 420) == ""  # not drawn again so soon
    assert "600/1000  100/s  4 s left" in drawn(102, 600)
    last = drawn(110, 1000)
    assert "1000/1000  60/s  done" in last
    assert last.endswith("\r\x1b[K")  # and what follows stands on a line of its own
    assert "/s" not in drawn(111, 10, what="learning")
    assert "20/1000  2.5/s  6 min 32 s left" in drawn(115, 20, what="learning")
    assert "/s" not in drawn(116, 1, what="learning")  # from its beginning again
    progress.clear()
    assert "2/1000" in drawn(116.01, 2, what="learning")  # at once where it was taken away


def test_a_bar_is_drawn_on_a_terminal_only() -> None:
    pipe, terminal = io.StringIO(), Terminal()
    for stream in (pipe, terminal):
        Progress(stream=stream).bar("reading", 10, 10)
    assert pipe.getvalue() == ""
    assert "reading" in terminal.getvalue()
    assert "10/10" in terminal.getvalue()


def test_evaluation_and_configuration_load_without_tensorflow() -> None:
    program = (
        "import sys, vistazo.training.config, vistazo.training.datasets, vistazo.training.splits, "
        "vistazo.training.evaluation, vistazo.training.calibration, vistazo.training.report, "
        "vistazo.training.outcome\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    subprocess.run(
        [sys.executable, "-c", program], env={"PYTHONPATH": str(TESTS.parent / "src")}, check=True
    )


def test_open_images_of_deep_grey_are_rounded_not_cut(tmp_path: Path) -> None:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(np.full((40, 40), 25_700, np.uint16)).save(buffer, "PNG")
    picture = open_image(buffer.getvalue(), ImageLimits()).decode()
    assert prepare(picture, tiny_config(tmp_path).input).max() == pytest.approx(100 / 255, abs=1e-4)
