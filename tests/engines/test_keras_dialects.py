"""The same model in every dialect that Keras has written."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import h5py
import numpy as np
import onnxruntime
import pytest

import model_files
from vistazo.models.keras_import import convert, describe, read_signature

FRAMEWORKS = {"keras 3": model_files.keras3, "keras 2": model_files.keras2}
FILES = [("keras 3", "keras"), ("keras 3", "h5"), ("keras 2", "keras"), ("keras 2", "h5")]
Model = Any


def small(keras: ModuleType, *, first: str = "first") -> Model:
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(4, 3, activation="relu", name=first),
            layers.BatchNormalization(name="norm"),
            layers.DepthwiseConv2D(3, name="depthwise"),
            layers.Flatten(),
            layers.Dense(5, activation="relu", name="hidden"),
            layers.Dense(3, activation="softmax", name="last"),
        ]
    )
    return model_files.randomize(model)


def agrees(model: Model, path: Path) -> bool:
    images = model_files.pictures(model, high=2.0) - 1
    return model_files.difference(model, path, images) < model_files.TOLERANCE


def edit_h5(path: Path, change: Callable[[h5py.File], None]) -> Path:
    with h5py.File(path, "r+") as file:
        change(file)
    return path


def edit_config(path: Path, change: Callable[[Any], Any]) -> Path:
    """Rewrite the configuration of a file, of either kind."""
    if path.suffix == ".h5":

        def rewrite(file: h5py.File) -> None:
            file.attrs["model_config"] = json.dumps(change(json.loads(file.attrs["model_config"])))

        return edit_h5(path, rewrite)
    return edit_zip(path, {"config.json": lambda text: json.dumps(change(json.loads(text)))})


def edit_zip(path: Path, changes: dict[str, Callable[[bytes], Any]]) -> Path:
    copy = path.with_name(f"edited-{path.name}")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(copy, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, changes[name](content) if name in changes else content)
    return Path(shutil.move(copy, path))


def edit_weights(path: Path, change: Callable[[h5py.File], None], scratch: Path) -> Path:
    """Rewrite the weights inside a ``.keras`` file."""

    def rewrite(content: bytes) -> bytes:
        scratch.write_bytes(content)
        edit_h5(scratch, change)
        return scratch.read_bytes()

    return edit_zip(path, {"model.weights.h5": rewrite})


def every_layer(config: Any) -> list[Any]:
    inner = config["config"]["layers"]
    return list(inner) + [
        deep for layer in inner if "layers" in layer["config"] for deep in every_layer(layer)
    ]


@pytest.mark.parametrize(("framework", "suffix"), FILES)
def test_every_kind_of_file_is_read(framework: str, suffix: str, tmp_path: Path) -> None:
    model = small(FRAMEWORKS[framework]())
    path = model_files.save(model, tmp_path / f"m.{suffix}")
    assert agrees(model, path)
    signature = read_signature(path)
    assert (signature.height, signature.width, signature.channels) == (8, 8, 3)
    assert (signature.units, signature.activation) == (3, "softmax")
    assert signature.features == (4, 4, 4)
    assert signature.weights == model.count_params()
    assert signature.framework.startswith(framework)
    assert (signature.scale, signature.origin) == (None, "")


@pytest.mark.parametrize(("framework", "suffix"), FILES)
def test_a_trained_file_with_its_optimizer_is_read(
    framework: str, suffix: str, tmp_path: Path
) -> None:
    model = small(FRAMEWORKS[framework]())
    model.compile("adam", "categorical_crossentropy")
    model.fit(model_files.pictures(model), np.eye(3)[:2], verbose=0)
    assert agrees(model, model_files.save(model, tmp_path / f"m.{suffix}"))


@pytest.mark.parametrize(("framework", "suffix"), FILES)
def test_models_inside_models_are_read(framework: str, suffix: str, tmp_path: Path) -> None:
    keras = FRAMEWORKS[framework]()
    layers = keras.layers
    image = keras.Input((8, 8, 3))
    deep = keras.Sequential(
        [keras.Input((8, 8, 3)), layers.Conv2D(4, 3), layers.BatchNormalization()], name="deep"
    )
    inner_in = keras.Input((8, 8, 3))
    inner_out = layers.Dense(6)(layers.Flatten()(layers.BatchNormalization()(deep(inner_in))))
    inner = keras.Model(inner_in, inner_out, name="inner")
    tail = keras.Sequential([keras.Input((6,)), layers.Dense(3, activation="softmax")])
    model = model_files.randomize(keras.Model(image, tail(inner(image))))
    assert agrees(model, model_files.save(model, tmp_path / f"m.{suffix}"))


@pytest.mark.parametrize(("framework", "suffix"), FILES)
@pytest.mark.parametrize("frozen", ["all", "some"])
def test_a_frozen_backbone_keeps_its_weights_apart(
    framework: str, suffix: str, frozen: str, tmp_path: Path
) -> None:
    # Legacy files list what is trained first: freezing changes the order of a nested model.
    keras = FRAMEWORKS[framework]()
    layers = keras.layers
    backbone = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(3, 3, padding="same"),
            layers.BatchNormalization(),
            layers.Conv2D(3, 3, padding="same"),
            layers.BatchNormalization(),
        ]
    )
    image = keras.Input((8, 8, 3))
    scores = layers.Dense(3)(layers.GlobalAveragePooling2D()(backbone(image)))
    model = model_files.randomize(keras.Model(image, scores))
    for layer in backbone.layers[: 4 if frozen == "all" else 2]:
        layer.trainable = False
    assert agrees(model, model_files.save(model, tmp_path / f"m.{suffix}"))


@pytest.mark.parametrize(("framework", "suffix"), FILES)
def test_a_layer_that_is_called_twice_has_one_set_of_weights(
    framework: str, suffix: str, tmp_path: Path
) -> None:
    keras = FRAMEWORKS[framework]()
    layers = keras.layers
    image = keras.Input((8, 8, 3))
    shared = layers.Conv2D(3, 3, padding="same", activation="relu")
    block = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(3, 1), layers.ReLU()])
    x = layers.Add()([shared(shared(image)), block(image), block(block(image))])
    scores = layers.Dense(2, activation="softmax")(layers.Flatten()(x))
    model = model_files.randomize(keras.Model(image, scores))
    target, _ = model_files.convert_checked(model_files.save(model, tmp_path / f"m.{suffix}"))
    assert agrees(model, tmp_path / f"m.{suffix}")
    weights = sum(np.prod(w.shape) for w in model.weights)
    assert target.stat().st_size < 4 * weights + 20_000


@pytest.mark.parametrize(("framework", "suffix"), FILES)
def test_a_nested_model_may_be_the_output(framework: str, suffix: str, tmp_path: Path) -> None:
    keras = FRAMEWORKS[framework]()
    row = keras.Input((6,))
    head = keras.Model(row, keras.layers.Dense(2)(row))
    image = keras.Input((4, 4, 3))
    flat = keras.layers.Dense(6)(keras.layers.Flatten()(image))
    model = model_files.randomize(keras.Model(image, head(flat)))
    assert agrees(model, model_files.save(model, tmp_path / f"m.{suffix}"))


@pytest.mark.parametrize(("framework", "suffix"), [("keras 3", "keras"), ("keras 2", "h5")])
def test_outputs_by_name_are_each_its_own(framework: str, suffix: str, tmp_path: Path) -> None:
    """In the order of their names, as the frameworks count the outputs of a model inside."""
    keras = FRAMEWORKS[framework]()
    layers = keras.layers
    image = keras.Input((8, 8, 3))
    flat = layers.Flatten()(image)
    heads = {name: layers.Dense(3, name=f"of_{name}")(flat) for name in ("zest", "age")}
    inner = keras.Model(image, heads, name="inner")
    outer = keras.Input((8, 8, 3))
    told = inner(outer)
    outputs = {"b": layers.Softmax(name="soft")(told["zest"]), "a": told["age"], "c": told["age"]}
    model = model_files.randomize(keras.Model(outer, outputs))
    path = model_files.save(model, tmp_path / f"m.{suffix}")
    target, signature = model_files.convert_checked(path)
    assert (signature.output, [other.name for other in signature.others]) == ("b", ["a", "c"])
    images = model_files.pictures(model, high=1.0)
    found = onnxruntime.InferenceSession(target, providers=["CPUExecutionProvider"]).run(
        ["outputs/a", "scores", "outputs/c"], {"images": images}
    )
    expected = model(images, training=False)
    for values, name in zip(found, "abc", strict=True):
        assert values == pytest.approx(np.asarray(expected[name]), abs=model_files.TOLERANCE)


def test_a_teachable_machine_export_is_read(tmp_path: Path) -> None:
    keras = model_files.keras2()
    layers = keras.layers
    base = keras.applications.MobileNetV2(
        alpha=0.35, input_shape=(224, 224, 3), include_top=False, weights=None
    )
    features = keras.Sequential([base, layers.GlobalAveragePooling2D()], name="sequential_1")
    head = keras.Sequential(
        [
            keras.Input((1280,)),
            layers.Dense(100, activation="relu", name="dense_Dense1"),
            layers.Dense(2, activation="softmax", use_bias=False, name="dense_Dense2"),
        ],
        name="sequential_3",
    )
    model = model_files.randomize(keras.Sequential([features, head], name="sequential_4"))
    path = model_files.save(model, tmp_path / "keras_model.h5")

    def age(file: h5py.File) -> None:
        file.attrs["keras_version"] = np.bytes_("2.4.0")
        file["model_weights"].attrs["keras_version"] = np.bytes_("2.4.0")

    edit_h5(path, age)
    with h5py.File(path) as file:
        depthwise = [
            layer["config"]
            for layer in every_layer(json.loads(file.attrs["model_config"]))
            if layer["class_name"] == "DepthwiseConv2D"
        ]
    assert all(config["groups"] == 1 for config in depthwise)
    assert len(depthwise) == 17
    images = model_files.pictures(model) / 127.5 - 1
    assert model_files.difference(model, path, images) < model_files.TOLERANCE
    assert read_signature(path).framework == "keras 2.4.0"
    assert read_signature(path).features == (7, 7, 1280)
    assert read_signature(path).origin == "teachable_machine"


@pytest.mark.parametrize("container", ["_layer_checkpoint_dependencies", "layers"])
@pytest.mark.parametrize("last", ["/vars", "\\vars"])
def test_a_model_saved_on_windows_is_read(container: str, last: str, tmp_path: Path) -> None:
    # Keras 2.12 to 2.15 joined with back slashes what HDF5 parts with slashes alone: a whole path
    # of nested models became the name of one group, with or without its last part.
    keras = model_files.keras2()
    tail = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    start = keras.Input((8, 8, 3))
    model = keras.Sequential([start, *small(keras).layers[:-1], keras.layers.Dense(4), tail])
    path = model_files.save(model_files.randomize(model), tmp_path / "m.keras")

    def as_windows(file: h5py.File) -> None:
        found: list[str] = []
        file["layers"].visit(lambda name: found.append(name) if name.endswith("/vars") else None)
        for name in [name for name in found if len(file["layers"][name])]:
            place = f"layers/{name}".removesuffix("/vars").replace("layers/", f"{container}/")
            file.move(f"layers/{name}", "~" + place.replace("/", "\\") + last)
        del file["layers"]
        for name in list(file):
            if name.startswith("~"):
                file.move(name, name[1:])

    assert agrees(model, edit_weights(path, as_windows, tmp_path / "w.h5"))
    assert read_signature(path).units == 3


def test_weights_that_are_filed_by_layer_name_are_found(tmp_path: Path) -> None:
    model = small(model_files.keras3())
    path = model_files.save(model, tmp_path / "m.keras")

    def by_name(file: h5py.File) -> None:
        for name in list(file["layers"]):
            own = file["layers"][name]["vars"].attrs["name"]
            del file["layers"][name]["vars"].attrs["name"]
            file.move(f"layers/{name}", f"layers/~{own}")
        for name in list(file["layers"]):
            file.move(f"layers/{name}", f"layers/{name[1:]}")

    assert agrees(model, edit_weights(path, by_name, tmp_path / "w.h5"))


def test_weights_that_are_filed_by_number_alone_are_found(tmp_path: Path) -> None:
    # The second convolution is called 'conv2d', which is where the first one's weights are filed.
    keras = model_files.keras3()
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.Conv2D(3, 3, name="conv2d_1"),
            keras.layers.Conv2D(3, 3, name="conv2d"),
            keras.layers.Flatten(),
        ]
    )
    path = model_files.save(model_files.randomize(model), tmp_path / "m.keras")

    def without_notes(file: h5py.File) -> None:
        for group in file["layers"].values():
            group["vars"].attrs.clear()

    assert agrees(model, edit_weights(path, without_notes, tmp_path / "w.h5"))


def test_weights_that_keras_2_12_counted_twice_are_found(tmp_path: Path) -> None:
    model = small(model_files.keras2())
    path = model_files.save(model, tmp_path / "m.keras")

    def count_twice(file: h5py.File) -> None:
        file.move("layers/dense_1", "layers/dense_2")
        file.move("layers", "_layer_checkpoint_dependencies")

    assert agrees(model, edit_weights(path, count_twice, tmp_path / "w.h5"))


def test_long_lists_of_names_are_read_in_their_parts(tmp_path: Path) -> None:
    model = small(model_files.keras2())
    path = model_files.save(model, tmp_path / "m.h5")

    def split(file: h5py.File) -> None:
        group = file["model_weights/norm"]
        names = group.attrs["weight_names"]
        del group.attrs["weight_names"]
        group.attrs["weight_names0"], group.attrs["weight_names1"] = names[:3], names[3:]

    assert agrees(model, edit_h5(path, split))


def test_a_layer_name_may_hold_slashes(tmp_path: Path) -> None:
    model = small(model_files.keras2(), first="block/one/conv")
    assert agrees(model, model_files.save(model, tmp_path / "m.h5"))


def test_a_renamed_layer_still_has_its_weights(tmp_path: Path) -> None:
    # layer._name = ... is a common trick; the weights keep the names that they were created with.
    keras = model_files.keras2()
    inner = small(keras)
    for number, layer in enumerate(inner.layers):
        layer._name = f"renamed_{number}"
    image = keras.Input((8, 8, 3))
    model = keras.Model(image, inner(image))
    assert agrees(model, model_files.save(model, tmp_path / "m.h5"))


def test_a_training_configuration_that_nobody_knows_is_ignored(tmp_path: Path) -> None:
    model = small(model_files.keras2())
    path = model_files.save(model, tmp_path / "m.h5")

    def odd(file: h5py.File) -> None:
        file.attrs["training_config"] = '{"optimizer_config": {"class_name": "Lion2"}, "loss": "x"}'

    assert agrees(model, edit_h5(path, odd))


def _wrap(config: Any) -> Any:
    for layer in every_layer(config):
        fields = layer["config"]
        if layer["class_name"] == "Conv2D":
            fields["activation"] = {
                "module": "builtins",
                "class_name": "function",
                "config": "relu",
                "registered_name": "function",
            }
            fields["kernel_size"] = {"class_name": "__tuple__", "items": [3, 3]}
            fields["dtype"] = {"class_name": "Policy", "config": {"name": "float32"}}
        if layer["class_name"] == "BatchNormalization":
            fields["epsilon"] = {
                "class_name": "__numpy__",
                "config": {"value": 0.001, "dtype": "float32"},
            }
            fields["axis"] = [3]
        if layer["class_name"] == "InputLayer":
            shape = fields.pop("batch_shape", None) or fields.pop("batch_input_shape")
            fields["batch_input_shape"] = {"class_name": "TensorShape", "items": shape}
    return config


def _without_input(config: Any) -> Any:
    first, *rest = config["config"]["layers"]
    assert first["class_name"] == "InputLayer"
    shape = first["config"].get("batch_shape") or first["config"]["batch_input_shape"]
    rest[0]["config"]["batch_input_shape"] = shape
    config["config"]["layers"] = rest
    return config


def _as_keras_2_0(config: Any) -> Any:
    layers = _without_input(config)["config"]["layers"]
    for layer in layers:
        layer["config"].pop("groups", None)
    return {"class_name": "Sequential", "config": layers}


@pytest.mark.parametrize(("framework", "suffix"), FILES)
@pytest.mark.parametrize("dialect", [_wrap, _without_input, _as_keras_2_0])
def test_another_spelling_of_the_configuration_means_the_same(
    framework: str, suffix: str, dialect: Callable[[Any], Any], tmp_path: Path
) -> None:
    model = small(FRAMEWORKS[framework]())
    path = model_files.save(model, tmp_path / f"m.{suffix}")
    assert agrees(model, edit_config(path, dialect))


def test_a_policy_of_mixed_precision_is_computed_in_full(tmp_path: Path) -> None:
    keras = model_files.keras3()
    model = small(keras)
    keras.config.set_dtype_policy("mixed_float16")
    try:
        mixed = small(keras)
    finally:
        keras.config.set_dtype_policy("float32")
    mixed.set_weights(model.get_weights())
    for suffix in ("keras", "h5"):
        assert agrees(model, model_files.save(mixed, tmp_path / f"m.{suffix}"))


@pytest.mark.parametrize(
    ("precision", "suffix"),
    [
        ("float16", "keras"),
        ("float16", "h5"),
        ("float64", "keras"),
        ("float64", "h5"),
        ("bfloat16", "keras"),
    ],
)
def test_weights_of_another_precision_are_read(precision: str, suffix: str, tmp_path: Path) -> None:
    keras = model_files.keras3()
    keras.config.set_dtype_policy(precision)
    try:
        stored = small(keras)
    finally:
        keras.config.set_dtype_policy("float32")
    path = model_files.save(stored, tmp_path / f"m.{suffix}")
    model = small(keras)
    model.set_weights([np.asarray(w).astype(np.float32) for w in stored.get_weights()])
    assert agrees(model, path)


def test_a_grey_picture_without_a_channel_axis_is_a_picture(tmp_path: Path) -> None:
    keras = model_files.keras2()
    model = keras.Sequential(
        [keras.layers.Flatten(input_shape=(28, 28)), keras.layers.Dense(10, "softmax")]
    )
    path = model_files.save(model, tmp_path / "mnist.h5")
    assert agrees(model, path)
    signature = read_signature(path)
    assert (signature.height, signature.width, signature.channels) == (28, 28, 1)


def test_an_open_size_is_taken_from_the_caller(tmp_path: Path) -> None:
    keras = model_files.keras3()
    image = keras.Input((None, None, 3))
    pooled = keras.layers.GlobalMaxPooling2D()(keras.layers.Conv2D(4, 3)(image))
    model = model_files.randomize(keras.Model(image, keras.layers.Dense(2)(pooled)))
    path = model_files.save(model, tmp_path / "m.keras")
    target, signature = model_files.convert_checked(path, (20, 30))
    images = np.random.default_rng(0).normal(size=(2, 20, 30, 3)).astype(np.float32)
    got = model_files.run_onnx(target, images)[0]
    assert (signature.height, signature.width) == (20, 30)
    assert np.abs(got - model_files.answer(model, images)).max() < model_files.TOLERANCE


def test_a_fixed_size_is_not_overruled(tmp_path: Path) -> None:
    path = model_files.save(small(model_files.keras3()), tmp_path / "m.keras")
    assert read_signature(path, (99, 99)).height == 8


def test_a_description_lists_the_layers(tmp_path: Path) -> None:
    path = model_files.save(small(model_files.keras3()), tmp_path / "m.keras")
    description = describe(path)
    assert description.kind == "Keras archive (.keras)"
    assert description.signature is not None
    assert description.problems == ()
    rows = [(row.name, row.class_name, row.output, row.weights) for row in description.layers]
    assert rows[:2] == [
        ("first", "Conv2D", (6, 6, 4), 3 * 3 * 3 * 4 + 4),
        ("norm", "BatchNormalization", (6, 6, 4), 16),
    ]


def test_the_same_file_gives_the_same_bytes(tmp_path: Path) -> None:
    path = model_files.save(small(model_files.keras3()), tmp_path / "m.keras")
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    shutil.copy(path, moved / "other.keras")
    convert(path, tmp_path / "a.onnx")
    convert(moved / "other.keras", moved / "b.onnx")
    assert (tmp_path / "a.onnx").read_bytes() == (moved / "b.onnx").read_bytes()
    assert sorted(child.name for child in tmp_path.iterdir()) == ["a.onnx", "elsewhere", "m.keras"]


def test_any_number_of_pictures_at_once_gives_each_its_own_answer(tmp_path: Path) -> None:
    model = small(model_files.keras3())
    target, _ = model_files.convert_checked(model_files.save(model, tmp_path / "m.keras"))
    images = model_files.pictures(model, count=7)
    together = model_files.run_onnx(target, images)
    alone = [model_files.run_onnx(target, images[i : i + 1]) for i in range(7)]
    for output in (0, 1):
        apart = np.concatenate([single[output] for single in alone])
        assert np.abs(together[output] - apart).max() < 1e-5


def numbered(keras: Any, shift: int) -> Any:
    """Layers that Keras numbers; ``shift`` of each kind were made before, in another session."""
    layers, start = keras.layers, keras.Input((8, 8, 3))
    keras.backend.clear_session()
    for _ in range(shift):
        layers.Conv2D(1, 1), layers.Dense(1), layers.BatchNormalization()
    inner = keras.Sequential([
        layers.InputLayer((8, 8, 3)), layers.Conv2D(3, 3), layers.BatchNormalization(),
        layers.Conv2D(3, 3),
    ])  # fmt: skip
    x = start = keras.Input((8, 8, 3))
    for _ in range(2):
        x = layers.Conv2D(3, 1)(x)
    x = layers.GlobalAveragePooling2D()(inner(x))
    for _ in range(2):
        x = layers.Dense(4, activation="tanh")(x)
    return keras.Model(start, layers.Dense(2, activation="softmax")(x))


_LONGER = pytest.mark.longer


@pytest.mark.parametrize(
    ("version", "suffix", "shift"),
    [
        (3, ".weights.h5", 1),
        (2, ".h5", 1),
        pytest.param(3, ".weights.h5", 0, marks=_LONGER),
        pytest.param(2, ".h5", 0, marks=_LONGER),
        pytest.param(2, ".weights.h5", 0, marks=_LONGER),
        pytest.param(2, ".weights.h5", 1, marks=_LONGER),
    ],
)
def test_layers_and_weights_of_two_files_give_the_scores_of_load_weights(
    version: int, suffix: str, shift: int, tmp_path: Path
) -> None:
    keras = model_files.keras3() if version == 3 else model_files.keras2()
    model = model_files.randomize(numbered(keras, 0))
    weights = tmp_path / f"m{suffix}"
    model.save_weights(weights)
    layers = tmp_path / "m.json"
    layers.write_text(numbered(keras, shift).to_json())
    target = tmp_path / "m.onnx"
    convert(layers, target, weights=[weights])
    images = model_files.pictures(model, high=2.0)
    answer = model_files.run_onnx(target, images)[0]
    assert np.abs(answer - model_files.answer(model, images)).max() < model_files.TOLERANCE
