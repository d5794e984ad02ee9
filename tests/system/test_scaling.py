"""How models were scaled in training, found out on real ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

import model_files
from builders import encoded, write_brightness_model, write_remembering_model
from vistazo.answers.photographs import photographs
from vistazo.answers.scaling import CAFFE, TORCH, scale_evidence, scale_name, scale_warning
from vistazo.engines.onnx import OnnxEngine
from vistazo.loading import ModelSource, load_classifier
from vistazo.models.card import InputSpec, Scale
from vistazo.models.card_file import read_card, write_card
from vistazo.models.keras_import import convert
from vistazo.pictures import ImageLimits, Picture
from vistazo.pictures.preprocessing import prepare
from vistazo.pictures.reader import DirectReader

MODEL = Path(__file__).parents[2] / "artifacts" / "pneumonia" / "pneumonia.keras"
SCALES: list[Scale] = ["none", "1/255", "1/127.5-1"]

Vistazo = Callable[..., Any]


def chest_card(scale: Scale, folder: Path) -> Path:
    card = read_card(MODEL.with_name("pneumonia.card.yaml"))
    wrong = card.model_copy(update={"input": card.input.model_copy(update={"scale": scale})})
    write_card(wrong, folder / "chest.card.yaml")
    return folder / "chest.card.yaml"


@pytest.mark.parametrize("scale", SCALES)
def test_the_shipped_model_doubts_every_scale_but_its_own(
    scale: Scale, cache: Path, tmp_path: Path
) -> None:
    source = ModelSource(MODEL, chest_card(scale, tmp_path), cache)
    warnings = load_classifier(source, DirectReader(ImageLimits())).warnings
    if scale == "1/255":
        assert not warnings
        return
    doubt, strange = warnings  # what its baseline was made of was prepared otherwise, too
    assert "Set input.scale in the card to '1/255'" in doubt
    assert "Strange pictures are not told apart" in strange


def test_a_wrong_scale_is_in_the_log_and_in_the_description_of_the_model(
    running: Callable[..., Any], tmp_path: Path
) -> None:
    with running(MODEL_PATH=str(MODEL), MODEL_CARD=str(chest_card("none", tmp_path))) as service:
        warning, _ = httpx.get(f"{service.url}/model").json()["warnings"]
        _, log = service.stop()
    assert "Set input.scale in the card to '1/255'" in warning
    lines = [json.loads(line) for line in log.splitlines()]
    (doubt,) = [line for line in lines if line.get("reason") == warning]
    assert doubt["level"] == "warning"


def statistics() -> tuple[Any, Any]:
    spec = InputSpec(height=32, width=32, colour="rgb", scale="1/255")
    pixels = np.stack([prepare(picture, spec) for picture in photographs(30, 32, 32)])
    return pixels.mean(axis=(0, 1, 2)), pixels.var(axis=(0, 1, 2))


def picture_folder(folder: Path, count: int) -> Path:
    folder.mkdir()
    for place, picture in enumerate(photographs(count, 64, 64)):
        (folder / f"{place}.png").write_bytes(encoded(Image.fromarray(picture.pixels)))
    return folder


def test_inspect_tells_how_a_model_was_scaled_or_that_its_file_does_not(
    tmp_path: Path, vistazo: Vistazo
) -> None:
    path = write_remembering_model(tmp_path / "m.keras", *statistics(), scale="none")
    done = vistazo("inspect", str(path), str(picture_folder(tmp_path / "pictures", 12)))
    assert done.returncode == 0, done.stderr
    assert "12 pictures" in done.stdout
    assert "It was trained with '1/255'" in done.stdout
    assert "doubtful: The card says input.scale 'none'" in done.stdout
    silent = write_brightness_model(tmp_path / "silent.keras")
    assert "the file does not tell" in vistazo("inspect", str(silent)).stdout


@pytest.mark.parametrize("said", [('"height": 32', '"height": 33'), ('"rgb"', '"grey"')])
def test_inspect_of_a_card_for_pictures_of_another_shape_says_so(
    tmp_path: Path, vistazo: Vistazo, said: tuple[str, str]
) -> None:
    path = write_remembering_model(tmp_path / "m.keras", *statistics())
    card = path.with_name("m.card.yaml")
    assert said[0] in card.read_text()
    card.write_text(card.read_text().replace(*said))
    done = vistazo("inspect", str(path))
    assert done.returncode == 1, done.stderr
    assert "does not agree" in done.stdout
    assert "memory" in done.stdout


def test_baseline_warns_of_a_scale_that_does_not_fit_the_pictures(
    tmp_path: Path, vistazo: Vistazo
) -> None:
    path = write_remembering_model(tmp_path / "m.keras", *statistics(), scale="none")
    done = vistazo("baseline", str(path), str(picture_folder(tmp_path / "pictures", 70)))
    assert done.returncode == 0, done.stderr
    assert "Set input.scale in the card to '1/255'" in done.stderr


def leaves(data: Path, side: int) -> tuple[list[Picture], Any]:
    folders = sorted((data / "leaves").iterdir())
    files = [
        (file, k) for k, folder in enumerate(folders) for file in sorted(folder.iterdir())[:90]
    ]
    pictures = [
        Picture(np.asarray(Image.open(file).convert("RGB").resize((side, side))))
        for file, _ in files
    ]
    return pictures, np.array([k for _, k in files])


def small_network(keras: Any, side: int) -> Any:
    layers = keras.layers
    blocks = []
    for filters in (12, 24):
        blocks += [
            layers.Conv2D(filters, 3, strides=2, padding="same", use_bias=False),
            layers.BatchNormalization(momentum=0.9),  # of 0.99, a quarter would be left over
            layers.ReLU(),
        ]
    end = [layers.GlobalAveragePooling2D(), layers.Dense(4, activation="softmax")]
    return keras.Sequential([layers.Input((side, side, 3)), *blocks, *end])


@pytest.mark.longer
@pytest.mark.timeout(600)
@pytest.mark.parametrize("scale", [*SCALES, TORCH, CAFFE], ids=scale_name)
def test_a_model_trained_on_leaves_tells_how_they_were_scaled(
    scale: Scale, data: Path, tmp_path: Path
) -> None:
    keras, side = model_files.keras3(), 48
    colour = "bgr" if scale == CAFFE else "rgb"
    spec = InputSpec(height=side, width=side, colour=colour, scale=scale)
    pictures, labels = leaves(data, side)
    keras.utils.set_random_seed(0)
    model = small_network(keras, side)
    model.compile("adam", "sparse_categorical_crossentropy")
    images = np.stack([prepare(picture, spec) for picture in pictures])
    order = np.random.default_rng(0).permutation(len(images))
    model.fit(images[order], labels[order], batch_size=16, epochs=6, verbose=0)
    path = model_files.save(model, tmp_path / "m.keras")
    convert(path, tmp_path / "m.onnx", with_evidence=True)
    engine = OnnxEngine(tmp_path / "m.onnx")
    told = scale_evidence(engine, spec, pictures[::9])
    assert told is not None
    assert told.verdict == scale
    assert scale_warning(told, spec) is None
    by_itself = scale_evidence(engine, spec)
    assert by_itself is not None
    assert by_itself.verdict in (scale, None)
    assert scale_warning(by_itself, spec) is None
