"""From a model file, as people have it, to an answer with their labels: no card is written."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

import model_files
from builders import encoded

PICTURE = Image.fromarray(
    np.random.default_rng(3).integers(0, 255, (9, 13, 3), dtype=np.uint8)
).resize((650, 450), Image.Resampling.BICUBIC)
FILE = {"file": ("picture.png", encoded(PICTURE))}
Running = Callable[..., Any]


class Models(NamedTuple):
    """Files that Keras wrote, and the Keras models themselves."""

    folder: Path
    notebook: Any
    bare: Any
    teachable: Any


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    folder = tmp_path_factory.mktemp("models")
    keras = model_files.keras3()
    keras.utils.set_random_seed(2)  # some weights feel that a large picture is reduced in two steps
    made = Models(folder, *(make(keras) for make in (notebook, bare, teachable_machine)))
    model_files.save(made.notebook, folder / "finalModel.keras")
    model_files.save(made.bare, folder / "my_model.h5")
    model_files.save(made.teachable, folder / "keras_model.h5")
    return made


def notebook(keras: Any) -> Any:
    """As a course's notebook builds it: three classes, the scaling in the model."""
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((40, 60, 3)),
            layers.RandomFlip("horizontal"),
            layers.Rescaling(1 / 255, name="rescaling"),
            layers.Conv2D(4, 5, strides=3, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    return decided(keras, model, 255)


def bare(keras: Any) -> Any:
    """One sigmoid unit on a picture of any size, and nothing that tells how it was scaled."""
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((None, None, 3)),
            layers.Conv2D(4, 5, strides=3, activation="relu"),
            layers.GlobalMaxPooling2D(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    return model_files.randomize(model, seed=5)


def teachable_machine(keras: Any) -> Any:
    """The shape and the names of an export, round a smaller MobileNet."""
    layers = keras.layers
    image = keras.Input((224, 224, 3), name="input_1")
    values = layers.Conv2D(4, 3, strides=16, activation="relu", name="Conv1")(image)
    values = layers.DepthwiseConv2D(3, name="expanded_conv_depthwise")(values)
    body = keras.Sequential(
        [
            keras.Model(image, values, name="model1"),
            layers.GlobalAveragePooling2D(name="global_average_pooling2d_GlobalAveragePooling2D1"),
        ],
        name="sequential_1",
    )
    dense = layers.Dense(100, activation="relu", name="dense_Dense1")
    last = layers.Dense(2, activation="softmax", use_bias=False, name="dense_Dense2")
    head = keras.Sequential([keras.Input((4,)), dense, last], name="sequential_3")
    model = keras.Sequential([keras.Input((224, 224, 3)), body, head], name="sequential_4")
    return model_files.randomize(model)


def decided(keras: Any, model: Any, high: float) -> Any:
    model_files.randomize(model)
    return model_files.sharpen(keras, model, model_files.pictures(model, high=high))


def own_answer(model: Any, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    return model_files.answer(model, pixels[np.newaxis])[0]


def stretched(height: int, width: int) -> NDArray[np.float32]:
    size = (width, height)
    return np.asarray(PICTURE.resize(size, Image.Resampling.BILINEAR), dtype=np.float32)


def asked(service: Any) -> tuple[Any, Any]:
    """The answer to one picture, and how the model is described."""
    answer = httpx.post(f"{service.url}/predict", files=FILE).json()
    return answer, httpx.get(f"{service.url}/model").json()


def test_labels_beside_the_weights_are_all_that_a_notebooks_model_needs(
    models: Models, running: Running, tmp_path: Path
) -> None:
    model = tmp_path / "finalModel.keras"
    model.write_bytes((models.folder / model.name).read_bytes())
    (tmp_path / "class_indices.json").write_text('{"healthy": 0, "rust": 1, "scab": 2}')
    with running(MODEL_PATH=str(model)) as service:
        answer, described = asked(service)
        _, log = service.stop()
    expected = own_answer(models.notebook, stretched(40, 60))
    assert list(answer["probabilities"]) == ["healthy", "rust", "scab"]
    assert answer["predictions"] == pytest.approx(expected, abs=1e-3)
    assert answer["model"]["name"] == "finalModel"
    concluded = {known["field"]: known for known in described["conclusions"]}
    assert concluded["labels"]["why"] == "class_indices.json beside the model"
    assert concluded["input.scale"]["value"] == "none"
    assert "'rescaling'" in concluded["input.scale"]["why"]
    logged = [json.loads(line) for line in log.splitlines()]
    fields = [event["field"] for event in logged if event["event"] == "concluded"]
    assert fields == [known["field"] for known in described["conclusions"]]


def test_variables_are_all_that_a_platform_needs_to_serve_a_model(
    models: Models, running: Running
) -> None:
    variables = {"LABELS": "normal,neumonía", "SCALE": "1/255", "INPUT_SIZE": "48x64"}
    model = models.folder / "my_model.h5"
    with running(MODEL_PATH=str(model), **variables) as service:
        answer, described = asked(service)
    expected = own_answer(models.bare, stretched(48, 64) / 255)
    assert list(answer["probabilities"]) == ["normal", "neumonía"]
    assert answer["predictions"][1] == pytest.approx(expected[0], abs=1e-3)
    assert described["card"]["input"]["scale"] == "1/255"
    assert (described["card"]["input"]["height"], described["card"]["input"]["width"]) == (48, 64)


def test_an_export_of_teachable_machine_is_served_as_it_was_downloaded(
    models: Models, running: Running, tmp_path: Path
) -> None:
    archive = tmp_path / "converted_keras.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as content:
        content.write(models.folder / "keras_model.h5", "keras_model.h5")
        content.writestr("labels.txt", "0 Class 1\n1 Class 2")
    with running(MODEL_PATH=str(archive)) as service:
        answer, _ = asked(service)
    # What Teachable Machine's own sample code does to a picture.
    fitted = ImageOps.fit(PICTURE, (224, 224), Image.Resampling.LANCZOS)
    expected = own_answer(models.teachable, np.asarray(fitted, np.float32) / 127.5 - 1)
    assert list(answer["probabilities"]) == ["Class 1", "Class 2"]
    assert answer["predictions"] == pytest.approx(expected, abs=5e-3)
    assert 0.02 < expected[0] < 0.98, "an answer that any picture gets shows nothing"


def test_what_nobody_knows_is_asked_for_all_at_once(
    models: Models, refusal: Callable[..., str], tmp_path: Path
) -> None:
    model = tmp_path / "my_model.h5"
    model.write_bytes((models.folder / model.name).read_bytes())
    (tmp_path / "my_model.card.yaml").touch()
    told = refusal(MODEL_PATH=str(model), INPUT_SIZE="48x64")
    assert "my_model.card.yaml is empty" in told
    for word in ("labels: 2", "LABELS=", "labels.txt", "input.scale", "SCALE=1/255", "setup"):
        assert word in told


def test_a_variable_that_contradicts_the_file_beside_the_model_is_told_in_words(
    models: Models, refusal: Callable[..., str], tmp_path: Path
) -> None:
    model = tmp_path / "finalModel.keras"
    model.write_bytes((models.folder / model.name).read_bytes())
    (tmp_path / "labels.txt").write_text("healthy\nrust\nscab\n")
    told = refusal(MODEL_PATH=str(model), LABELS="scab,rust,healthy")
    assert "LABELS says 3 labels (scab, rust, healthy)" in told
    assert "labels.txt says 3 labels (healthy, rust, scab)" in told
