"""TensorFlow.js layers models: the framework's scores, or an error that says what is wrong."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import shutil
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import model_files
import tfjs_files
from tfjs_files import BIAS, KERNEL, SMALL, TOPOLOGY, entry
from vistazo.errors import (
    HostileModelError,
    ModelError,
    UnreadableModelError,
    UnsupportedModelError,
)
from vistazo.models.keras_import import convert, describe
from vistazo.models.keras_import.dialect import read_model
from vistazo.models.keras_import.document import parse_json
from vistazo.models.keras_import.hdf5 import Tree
from vistazo.models.keras_import.tfjs_layout import find_tfjs_weights
from vistazo.models.keras_import.tfjs_manifest import tfjs_shards
from vistazo.models.keras_import.weight import Weight
from vistazo.models.keras_import.weights import Slot
from vistazo.models.signature import ModelSignature
from vistazo.models.store import find_model


def shards_of(path: Path) -> tuple[Path, ...]:
    return tfjs_shards(parse_json(path.read_bytes(), path.name), path)


def converted(path: Path) -> tuple[Path, ModelSignature]:
    target = path.with_suffix(".onnx")
    return target, convert(path, target, weights=shards_of(path))


def scores(path: Path, images: Any) -> Any:
    return model_files.run_onnx(converted(path)[0], images)[0]


@pytest.fixture(scope="module", params=["keras 2", "keras 3"])
def nested(request: pytest.FixtureRequest) -> Any:
    """A convolutional part and a head, each a model of its own, as tfjs users build them."""
    keras = model_files.keras2() if request.param == "keras 2" else model_files.keras3()
    layers = keras.layers
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, activation="relu", name="conv")(image)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.DepthwiseConv2D(3, name="depthwise")(x)
    body = keras.Model(image, layers.GlobalAveragePooling2D()(x), name="body")
    outer = keras.Input((8, 8, 3))
    hidden = layers.Dense(5, activation="relu", name="hidden")(body(outer))
    model = keras.Model(outer, layers.Dense(3, activation="softmax", name="last")(hidden))
    return model_files.randomize(model)


@pytest.mark.parametrize("quantized", ["", "uint8", "uint16", "float16"])
def test_what_the_converter_writes_gives_the_scores_of_keras(
    nested: Any, quantized: str, tmp_path: Path
) -> None:
    weights = tfjs_files.weights_of(nested)
    for variable, array in zip(nested.weights, weights.values(), strict=True):
        variable.assign(tfjs_files.restored(array, quantized))
    topology = tfjs_files.topology_of(nested)
    # Shards of 100 bytes cut arrays, and at odd places.
    path = tfjs_files.as_converter(tmp_path, [weights], topology, quantized, 101)
    images = model_files.pictures(nested, high=2.0) - 1
    expected = model_files.answer(nested, images)
    for variable, array in zip(nested.weights, weights.values(), strict=True):
        variable.assign(array)
    assert np.abs(scores(path, images) - expected).max() < model_files.TOLERANCE


def test_what_tfjs_writes_gives_the_scores_of_keras(nested: Any, tmp_path: Path) -> None:
    weights = tfjs_files.weights_of(nested)
    path = tfjs_files.as_tfjs(tmp_path, weights, tfjs_files.topology_of(nested))
    images = model_files.pictures(nested, high=2.0) - 1
    error = np.abs(scores(path, images) - model_files.answer(nested, images)).max()
    assert error < model_files.TOLERANCE


def test_weights_split_by_layer_and_out_of_order_are_found_by_name(
    nested: Any, tmp_path: Path
) -> None:
    weights = list(tfjs_files.weights_of(nested).items())[::-1]
    groups = [dict(weights[:3]), dict(weights[3:])]
    path = tfjs_files.as_converter(tmp_path, groups, tfjs_files.topology_of(nested))
    images = model_files.pictures(nested, high=2.0) - 1
    error = np.abs(scores(path, images) - model_files.answer(nested, images)).max()
    assert error < model_files.TOLERANCE


def test_a_converted_keras_archive_keeps_the_paths_of_its_weights(tmp_path: Path) -> None:
    weights = {"layers/dense/vars/0": KERNEL, "layers/dense/vars/1": BIAS}
    path = tfjs_files.as_converter(
        tmp_path, [weights], TOPOLOGY | {"keras_version": "3.1.1", "backend": "tensorflow"}
    )
    assert scores(path, _PICTURE) == pytest.approx(_EXPECTED)
    assert converted(path)[1].framework == "keras 3.1.1"


def test_the_signature_says_that_tfjs_wrote_the_model(tmp_path: Path) -> None:
    path = tfjs_files.as_tfjs(tmp_path)
    assert scores(path, _PICTURE) == pytest.approx(_EXPECTED)
    signature = converted(path)[1]
    assert signature.framework == "tfjs-layers 4.22.0"
    assert (signature.height, signature.width, signature.units, signature.weights) == (2, 2, 2, 10)
    description = describe(path, weights=shards_of(path))
    assert (description.kind, description.problems) == ("TensorFlow.js (model.json)", ())


@pytest.mark.parametrize("spelling", ["{}:0", "{}_1", "{}_1:0", "sequential_1/{}", "some/{}"])
def test_names_with_what_keras_puts_around_them_are_understood(
    spelling: str, tmp_path: Path
) -> None:
    path = tfjs_files.as_tfjs(tmp_path, {spelling.format(name): a for name, a in SMALL.items()})
    if spelling == "some/{}":
        with pytest.raises(UnreadableModelError, match="no 'kernel' for layer 'dense_Dense1'"):
            converted(path)
    else:
        assert scores(path, _PICTURE) == pytest.approx(_EXPECTED)


def test_a_cell_between_a_layer_and_its_array_is_understood() -> None:
    layers = [TOPOLOGY["config"]["layers"][1] | {"name": name} for name in ("one", "two")]
    model = read_model({"class_name": "Sequential", "config": {"name": "m", "layers": layers}})
    names = ["one/lstm_cell/kernel", "two/kernel", "two/lstm_cell_1/kernel"]
    weights = {name: Weight(name, (), lambda: np.zeros(())) for name in names}
    slots = (Slot("cell/kernel", legacy="kernel"),)
    found = find_tfjs_weights(
        Tree(weights, {}), model, lambda layer: slots if layer.class_name == "Dense" else ()
    )
    assert [found[(name,)]["cell/kernel"].name for name in ("one", "two")] == names[:2]


def test_a_zip_of_teachable_machine_is_found_with_its_weights_and_labels(tmp_path: Path) -> None:
    path = tfjs_files.as_tfjs(tmp_path)
    metadata = {"packageName": "@teachablemachine/image", "labels": ["A", "B"], "imageSize": 2}
    (tmp_path / "metadata.json").write_text(json.dumps(metadata))
    with zipfile.ZipFile(tmp_path / "m.zip", "w") as archive:
        for name in ("model.json", "weights.bin", "metadata.json"):
            archive.write(tmp_path / name, name)
    found = find_model(tmp_path / "m.zip", None, cache_dir=tmp_path / "cache")
    weights = (tmp_path / "weights.bin").read_bytes()
    assert found.sha256 == hashlib.sha256(path.read_bytes() + weights).hexdigest()
    assert found.labels is not None
    assert found.labels.labels == ("A", "B")
    convert(found.parts.file, tmp_path / "m.onnx", weights=found.parts.weights)
    assert model_files.run_onnx(tmp_path / "m.onnx", _PICTURE)[0] == pytest.approx(_EXPECTED)


@pytest.mark.parametrize("cell", ["RNNCell_{}", "stacked_rnn_cells/gru_cell_{}"])
def test_stacked_cells_are_matched_cell_by_cell(cell: str) -> None:
    layer = TOPOLOGY["config"]["layers"][1] | {"name": "rnn"}
    model = read_model({"class_name": "Sequential", "config": {"name": "m", "layers": [layer]}})
    parts = ("kernel", "bias")
    slots = [Slot(f"cell/cells/gru_{n}/{part}") for n in "ab" for part in parts]
    names = [f"rnn/{cell.format(n)}/{part}" for n in "01" for part in parts]

    def found(names: list[str]) -> list[str]:
        weights = {name: Weight(name, (), lambda: np.zeros(())) for name in ["x/bias", *names]}
        given = find_tfjs_weights(
            Tree(weights, {}), model, lambda layer: slots if layer.class_name == "Dense" else ()
        )
        return [given[("rnn",)][slot.path].name for slot in slots]

    assert found(names) == names
    with pytest.raises(UnreadableModelError, match="gru_a/kernel"):
        found(names[::-1])


def test_what_a_time_distributed_layer_holds_is_filed_under_its_name(tmp_path: Path) -> None:
    flat, dense = TOPOLOGY["config"]["layers"]
    wrapped = {"class_name": "TimeDistributed", "config": {"name": "each", "layer": dense}}
    row = {"class_name": "Reshape", "config": {"name": "row", "target_shape": [1, 4]}}
    layers = [flat, row, wrapped, {"class_name": "Flatten", "config": {"name": "out"}}]
    weights = {f"each/{name.partition('/')[2]}": array for name, array in SMALL.items()}
    topology = TOPOLOGY | {"config": {"name": "m", "layers": layers}}
    path = tfjs_files.as_tfjs(tmp_path, weights, topology)
    assert scores(path, _PICTURE) == pytest.approx(_EXPECTED)


@pytest.mark.parametrize("version", ["tfjs-layers 4.22.0", "2.15.0"])
def test_tfjs_interpolates_from_the_corners_of_pixels(version: str, tmp_path: Path) -> None:
    """What tfjs-layers 4.22 gave for this row, and what Keras gives for it."""
    flat, dense = TOPOLOGY["config"]["layers"]
    grow = {"name": "grow", "size": [1, 2], "interpolation": "bilinear"}
    grow["batch_input_shape"] = [None, 1, 2, 1]
    layers = [{"class_name": "UpSampling2D", "config": grow}, flat | {"config": {"name": "f"}}]
    topology = TOPOLOGY | {"config": {"name": "m", "layers": [*layers, dense]}}
    topology["keras_version"] = version
    eye = {"dense_Dense1/kernel": np.eye(4, 4, dtype=np.float32)[:, 1:3], "dense_Dense1/bias": BIAS}
    path = tfjs_files.as_tfjs(tmp_path, eye, topology)
    picture = np.array([0, 4], np.float32).reshape(1, 1, 2, 1)
    grown = [2, 4] if version.startswith("tfjs") else [1, 3]
    expected = _softmax(np.array([grown], np.float32) + BIAS)
    assert scores(path, picture) == pytest.approx(expected)


def test_weights_of_an_optimizer_are_left_out(tmp_path: Path) -> None:
    path = tfjs_files.as_tfjs(tmp_path, {**SMALL, "iter": np.array(7, np.int32), "m": KERNEL})
    document = json.loads(path.read_text())
    for spec in document["weightsManifest"][0]["weights"][2:]:
        spec["group"] = "optimizer"
        spec["name"] = "dense_Dense1/kernel"
    path.write_text(json.dumps(document))
    assert scores(path, _PICTURE) == pytest.approx(_EXPECTED)


def _softmax(logits: Any) -> Any:
    powers = np.exp(logits - logits.max())
    return powers / powers.sum()


_PICTURE = np.array([0.5, -1, 2, 1], np.float32).reshape(1, 2, 2, 1)
_EXPECTED = _softmax(_PICTURE.reshape(1, 4) @ KERNEL + BIAS)

_GOOD = [entry("dense_Dense1/kernel", [4, 2]), entry("dense_Dense1/bias", [2])]
_UINT8 = {"dtype": "uint8", "scale": 0.1, "min": 0.0}


def _with_first(**changes: object) -> list[Any]:
    return [_GOOD[0] | changes, _GOOD[1]]


_DECLARED: dict[str, tuple[list[Any], type[ModelError]]] = {
    "more than the file holds": (_with_first(shape=[4, 2000]), UnreadableModelError),
    "less than the file holds": (_with_first(shape=[4, 1]), UnreadableModelError),
    "a number without end": (_with_first(shape=[10**18, 10**18]), HostileModelError),
    "lengths without end": (_with_first(shape=[2] * 100_000), HostileModelError),
    "a negative length": (_with_first(shape=[-4, -2]), UnreadableModelError),
    "half a length": (_with_first(shape=[4.5, 2]), UnreadableModelError),
    "true for a length": (_with_first(shape=[True, 8]), UnreadableModelError),
    "no shape": (_with_first(shape=None), UnreadableModelError),
    "no name": (_with_first(name=None), UnreadableModelError),
    "the same name twice": (
        [_GOOD[0], _GOOD[1] | {"name": _GOOD[0]["name"]}],
        UnreadableModelError,
    ),
    "an array of a layer that there is not": (
        _with_first(name="else/kernel"),
        UnreadableModelError,
    ),
    "another shape": (_with_first(shape=[2, 4]), UnreadableModelError),
    "an unknown type": (_with_first(dtype="float8"), UnsupportedModelError),
    "text": (_with_first(dtype="string"), UnsupportedModelError),
    "a list for a type": (_with_first(dtype=["float32"]), UnsupportedModelError),
    "an unknown quantization": (_with_first(quantization={"dtype": "int4"}), UnsupportedModelError),
    "no quantization": (_with_first(quantization=7), UnsupportedModelError),
    "a scale that is no number": (
        _with_first(quantization=_UINT8 | {"scale": float("nan")}),
        UnreadableModelError,
    ),
    "an endless scale": (
        _with_first(quantization=_UINT8 | {"scale": float("inf")}),
        UnreadableModelError,
    ),
    "no scale": (
        _with_first(quantization={"dtype": "uint8", "min": 0.0}),
        UnreadableModelError,
    ),
    "whole numbers that nothing explains": (_with_first(dtype="int32"), UnsupportedModelError),
    "arrays without end": ([{}] * 100_000, HostileModelError),
    "numbers for arrays": ([1, 2, 3], UnreadableModelError),
}


@pytest.mark.parametrize(("specs", "error"), _DECLARED.values(), ids=_DECLARED.keys())
def test_a_manifest_that_declares_what_is_not_so_is_an_error(
    specs: list[Any], error: type[ModelError], tmp_path: Path
) -> None:
    tfjs_files.as_tfjs(tmp_path)
    path = tfjs_files.write(tmp_path, [{"paths": ["weights.bin"], "weights": specs}])
    with pytest.raises(error):
        converted(path)


_PLACES = {
    "up": "../../etc/passwd",
    "absolute": "/etc/passwd",
    "of Windows": "..\\weights.bin",
    "of a drive": "C:weights.bin",
    "a folder below": "below/weights.bin",
    "elsewhere": "https://example.org/weights.bin",
    "nothing": "",
    "the folder": ".",
    "the folder above": "./..",
    "cut by a zero": "weights.bin\0.png",
    "longer than names are": "w" * 300,
}


@pytest.mark.parametrize("place", _PLACES.values(), ids=_PLACES.keys())
def test_weights_lie_beside_the_model_and_nowhere_else(place: str, tmp_path: Path) -> None:
    tfjs_files.as_tfjs(tmp_path)
    (tmp_path / "below").mkdir()
    shutil.copy(tmp_path / "weights.bin", tmp_path / "below")
    path = tfjs_files.write(tmp_path, [{"paths": [place], "weights": _GOOD}])
    with pytest.raises(HostileModelError, match="weightsManifest"):
        shards_of(path)


def test_a_link_out_of_the_folder_is_refused_and_one_within_is_followed(tmp_path: Path) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "model"
    outside.mkdir(), folder.mkdir()
    path = tfjs_files.as_tfjs(folder)
    (folder / "weights.bin").rename(folder / "kept.bin")
    (folder / "weights.bin").symlink_to("kept.bin")
    assert scores(path, _PICTURE) == pytest.approx(_EXPECTED)
    (folder / "kept.bin").rename(outside / "weights.bin")
    (folder / "weights.bin").unlink()
    (folder / "weights.bin").symlink_to(outside / "weights.bin")
    with pytest.raises(HostileModelError, match="link"):
        shards_of(path)


def test_a_folder_of_links_as_caches_make_it_is_followed(tmp_path: Path) -> None:
    """Hugging Face's cache and Kubernetes link every file of a model into one other folder."""
    blobs, snapshot = tmp_path / "blobs", tmp_path / "snapshot"
    blobs.mkdir(), snapshot.mkdir()
    tfjs_files.as_tfjs(blobs)
    for name in ("model.json", "weights.bin"):
        (snapshot / name).symlink_to(blobs / name)
    assert scores(snapshot / "model.json", _PICTURE) == pytest.approx(_EXPECTED)


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/full"])
def test_a_device_holds_no_weights(device: str, tmp_path: Path) -> None:
    path = tfjs_files.as_tfjs(tmp_path)
    (tmp_path / "weights.bin").unlink()
    (tmp_path / "weights.bin").symlink_to(device)
    with pytest.raises(UnreadableModelError):
        shards_of(path)


def test_one_file_cannot_stand_for_many(tmp_path: Path) -> None:
    tfjs_files.as_tfjs(tmp_path)
    (tmp_path / "again.bin").symlink_to("weights.bin")
    for paths in (
        ["weights.bin", "./weights.bin"],
        ["weights.bin", "again.bin"],
        ["weights.bin", "model.json"],
    ):
        specs = [entry("dense_Dense1/kernel", [4, 2]), entry("b", [2]), entry("c", [10])]
        path = tfjs_files.write(tmp_path, [{"paths": paths, "weights": specs}])
        with pytest.raises(HostileModelError, match="twice"):
            converted(path)


def test_missing_files_are_named(tmp_path: Path) -> None:
    path = tfjs_files.as_converter(tmp_path, [SMALL], TOPOLOGY, shard_bytes=16)
    (tmp_path / "group1-shard2of3.bin").unlink()
    with pytest.raises(UnreadableModelError, match=r"one of 4 files, but group1-shard2of3\.bin is"):
        shards_of(path)


@pytest.mark.parametrize("length", [0, 1, 39, 41])
def test_a_cut_or_grown_file_says_how_long_it_should_be(length: int, tmp_path: Path) -> None:
    path = tfjs_files.as_tfjs(tmp_path)
    content = (tmp_path / "weights.bin").read_bytes()
    (tmp_path / "weights.bin").write_bytes((content + b"x")[:length])
    with pytest.raises(UnreadableModelError, match=r"'weights\.bin' should be 40 bytes long"):
        converted(path)


def test_two_layers_cannot_share_what_is_named_after_one(tmp_path: Path) -> None:
    """Two nested models with a layer of the same name, whose names do not say which is which."""
    inner = [dict(TOPOLOGY["config"]["layers"][1], name="dense_Dense1")]
    inner[0]["config"] = inner[0]["config"] | {"batch_input_shape": [None, 4]}
    parts = [
        {"class_name": "Sequential", "config": {"name": name, "layers": inner}}
        for name in ("one", "two")
    ]
    parts[1]["config"]["layers"] = [
        inner[0] | {"config": inner[0]["config"] | {"batch_input_shape": [None, 2]}}
    ]
    layers = [TOPOLOGY["config"]["layers"][0], *parts]
    topology = TOPOLOGY | {"config": {"name": "outer", "layers": layers}}
    path = tfjs_files.as_tfjs(tmp_path, SMALL, topology)
    with pytest.raises(UnreadableModelError, match="may belong to one/dense_Dense1 or to two"):
        converted(path)


_DOCUMENTS: dict[str, tuple[dict[str, Any], type[ModelError], str]] = {
    "a graph model": (
        {"format": "graph-model", "modelTopology": {"node": []}},
        UnsupportedModelError,
        "tf2onnx.convert --tfjs",
    ),
    "an old graph model": (
        {"format": None, "modelTopology": {"node": [], "library": {}}},
        UnsupportedModelError,
        "graph model",
    ),
    "weights only": ({"modelTopology": None}, UnsupportedModelError, "weights only"),
    "layers only": ({"weightsManifest": None}, UnsupportedModelError, "without weights"),
    "layers in a list": ({"modelTopology": []}, UnreadableModelError, "modelTopology"),
    "a manifest of text": ({"weightsManifest": "x"}, UnreadableModelError, "weightsManifest"),
    "a group of text": ({"weightsManifest": ["x"]}, UnreadableModelError, "weightsManifest"),
    "no paths": ({"weightsManifest": [{"weights": []}]}, UnreadableModelError, "paths"),
    "no groups": ({"weightsManifest": []}, UnsupportedModelError, "without weights"),
}


@pytest.mark.parametrize(("changes", "error", "words"), _DOCUMENTS.values(), ids=_DOCUMENTS.keys())
def test_what_is_no_whole_layers_model_is_said_in_words(
    changes: dict[str, Any], error: type[ModelError], words: str, tmp_path: Path
) -> None:
    path = tfjs_files.as_tfjs(tmp_path)
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    with pytest.raises(error, match=words):
        converted(path)


def read_or_refused(path: Path) -> None:
    with contextlib.suppress(ModelError):  # any other error fails the test
        converted(path)


def damaged(content: bytes, number: int) -> bytes:
    """The bytes with one to 32 of them changed and, half the time, an end that is missing."""
    rng, changed = np.random.default_rng(number), bytearray(content)
    for at in rng.integers(len(changed), size=rng.choice([1, 1, 4, 32])):
        changed[at] = rng.integers(256)
    return bytes(changed[: rng.choice([len(changed), rng.integers(len(changed))])])


@pytest.mark.parametrize("name", ["model.json", "group1-shard1of1.bin"])
def test_any_damage_gives_a_model_or_one_of_our_errors(name: str, tmp_path: Path) -> None:
    path = tfjs_files.as_converter(tmp_path, [SMALL], TOPOLOGY, "uint8")
    content = (tmp_path / name).read_bytes()
    for number in range(50):
        (tmp_path / name).write_bytes(damaged(content, number))
        started = time.process_time()
        read_or_refused(path)
        assert time.process_time() - started < 2, number


JUNK = [None, True, -1, 2**31, 10**40, 1e308, float("nan"), 0.5, "", "x", [], {}, [[]], {"a": 1}]


@pytest.mark.parametrize(
    "step", [len(JUNK), pytest.param(1, marks=pytest.mark.longer)], ids=["some", "all"]
)
def test_junk_in_any_place_gives_a_model_or_one_of_our_errors(step: int, tmp_path: Path) -> None:
    path = tfjs_files.as_converter(tmp_path, [SMALL], TOPOLOGY, "uint8")
    text = path.read_text()
    pairs = list(itertools.product(places(json.loads(text)), JUNK))
    for place, junk in pairs[:: step + (step > 1)]:
        document = node = json.loads(text)
        for key in place[:-1]:
            node = node[key]
        node[place[-1]] = junk
        path.write_text(json.dumps(document))
        read_or_refused(path)


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from places(value, (*path, key))
