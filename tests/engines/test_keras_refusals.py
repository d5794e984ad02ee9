"""What is not served, and what is not even read: a clear error, never an accident."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import io
import json
import os
import pickle
import struct
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from onnx import helper

import model_files
import vistazo
from vistazo.errors import (
    HostileModelError,
    ModelError,
    ModelNotFoundError,
    UnreadableModelError,
    UnsupportedModelError,
)
from vistazo.models.keras_import import (
    LayerCall,
    Value,
    convert,
    describe,
    read_signature,
    register,
    slots,
)
from vistazo.models.keras_import.global_heap import check_global_heaps
from vistazo.models.keras_import.graph import Initializer
from vistazo.models.keras_import.stock import kind_of_stock
from vistazo.models.keras_import.writer import OnnxModel, write_onnx

thrifty = settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def _model() -> Any:
    keras = model_files.keras3()
    layers = keras.layers
    image = keras.Input((8, 8, 3), name="image")
    x = layers.Conv2D(4, 3, name="conv")(image)
    x = layers.Add(name="add")([x, layers.BatchNormalization(name="norm")(x)])
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return model_files.randomize(
        keras.Model(image, layers.Dense(2, activation="softmax", name="scores")(x))
    )


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A sound file of each kind."""
    folder, model = tmp_path_factory.mktemp("originals"), _model()
    return {
        suffix: model_files.save(model, folder / f"m.{suffix}").read_bytes()
        for suffix in ("h5", "keras")
    }


@pytest.fixture
def h5(originals: dict[str, bytes], tmp_path: Path) -> Path:
    path = tmp_path / "m.h5"
    path.write_bytes(originals["h5"])
    return path


@pytest.fixture
def keras_file(originals: dict[str, bytes], tmp_path: Path) -> Path:
    path = tmp_path / "m.keras"
    path.write_bytes(originals["keras"])
    return path


def saved(build: Callable[[Any, Any], Any], tmp_path: Path, shape: Any = (8, 8, 3)) -> Path:
    keras = model_files.keras3()
    image = keras.Input(shape)
    return model_files.save(keras.Model(image, build(keras.layers, image)), tmp_path / "m.keras")


def edited(path: Path, change: Callable[[Any], Any]) -> Path:
    """The ``.h5`` file with another configuration."""
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        file.attrs["model_config"] = json.dumps(change(config) or config)
    return path


def layer_of(config: Any, name: str) -> Any:
    return next(layer for layer in config["config"]["layers"] if layer["name"] == name)


def test_the_sound_files_are_read(h5: Path, keras_file: Path) -> None:
    assert read_signature(h5).units == read_signature(keras_file).units == 2


# ---------------------------------------------------------------------- sound, but not servable


def test_a_lambda_is_refused_by_name_and_never_run(tmp_path: Path) -> None:
    path = saved(lambda k, x: k.Flatten()(k.Lambda(lambda t: t * 2, name="trick")(x)), tmp_path)
    with pytest.raises(UnsupportedModelError, match=r"'trick' .*holds Python code.*Rescaling"):
        read_signature(path)


def test_an_unknown_layer_is_refused_by_name_with_the_way_out(h5: Path) -> None:
    edited(h5, lambda config: layer_of(config, "norm").update(class_name="My>FancyNorm"))
    with pytest.raises(UnsupportedModelError, match=r"'norm' \(FancyNorm\).*register a converter"):
        read_signature(h5)


@pytest.mark.parametrize(
    ("class_name", "words"),
    [("Conv3D", "Conv3D is a layer of Keras"), ("Cumsum", "Cumsum is an operation of Keras")],
)
def test_what_keras_has_and_is_not_supported_is_named_so(
    class_name: str, words: str, h5: Path
) -> None:
    edited(h5, lambda config: layer_of(config, "norm").update(class_name=class_name))
    with pytest.raises(UnsupportedModelError, match=f"'norm' .*{words} that is not supported yet"):
        read_signature(h5)


def test_every_layer_and_operation_of_both_frameworks_is_known_for_their_own() -> None:
    operations = "keras.src.ops"
    importlib.import_module(operations)
    bases = {"Layer", "Wrapper", "PreprocessingLayer", "AbstractRNNCell", "Operation"}
    stock = {
        name
        for keras in (model_files.keras3(), model_files.keras2())
        for name, found in vars(keras.layers).items()
        if inspect.isclass(found) and issubclass(found, keras.layers.Layer)
    }
    stock |= {
        name
        for part in ("numpy", "nn", "core", "math", "linalg", "image")
        for name, found in vars(importlib.import_module(f"{operations}.{part}")).items()
        if inspect.isclass(found) and found.__module__.startswith(operations)
    }
    assert len(stock) > 400
    assert not [name for name in sorted(stock - bases) if kind_of_stock(name) is None]


@pytest.mark.parametrize(
    ("class_name", "config", "words"),
    [
        ("KerasLayer", {"handle": "https://tfhub.dev/x/1"}, r"Hub.*not in the file.*tfhub.dev/x/1"),
        ("TFSMLayer", {"filepath": "folder/"}, r"SavedModel .*not in the file.*folder/"),
    ],
)
def test_a_layer_whose_graph_is_elsewhere_says_so(
    class_name: str, config: dict[str, Any], words: str, h5: Path
) -> None:
    def change(document: Any) -> None:
        layer_of(document, "norm").update(class_name=class_name, config=config)

    with pytest.raises(UnsupportedModelError, match=rf"'norm' \({class_name}\) .*{words}"):
        read_signature(edited(h5, change))


@pytest.mark.parametrize(
    "origin",
    [
        {"class_name": "Mine>BatchNormalization"},
        {"class_name": "Mine>Conv3D"},
        {"registered_name": "Mine>BatchNormalization", "module": None},
        {"registered_name": "BatchNormalization", "module": "my_layers.norm"},
    ],
)
def test_a_class_of_ones_own_is_not_taken_for_the_keras_class_of_that_name(
    origin: dict[str, Any], h5: Path
) -> None:
    edited(h5, lambda config: layer_of(config, "norm").update(origin))
    with pytest.raises(UnsupportedModelError, match=r"'norm' .*not known here"):
        read_signature(h5)


def test_quantized_weights_are_refused(h5: Path) -> None:
    with h5py.File(h5, "r+") as file:
        _replace(file, lambda group: group.create_dataset("kernel", (3, 3, 3, 4), "i1"))
    with pytest.raises(UnsupportedModelError, match="'kernel' is quantized"):
        read_signature(h5)


def test_a_description_names_every_obstacle_at_once(h5: Path) -> None:
    def change(config: Any) -> None:
        layer_of(config, "norm")["class_name"] = "FancyNorm"
        layer_of(config, "pool")["class_name"] = "FancyPool"

    description = describe(edited(h5, change))
    assert description.signature is None
    assert [problem for problem in description.problems if "FancyNorm" in problem]
    assert [problem for problem in description.problems if "FancyPool" in problem]
    assert [row.name for row in description.layers][:2] == ["image", "conv"]


def test_a_registered_converter_serves_a_custom_layer(tmp_path: Path) -> None:
    keras = model_files.keras3()

    class TimesGain(keras.layers.Layer):  # type: ignore[name-defined, misc]
        def build(self, shape: Any) -> None:
            self.gain = self.add_weight(shape=(shape[-1],), name="gain", initializer="ones")

        def call(self, x: Any) -> Any:
            return x * self.gain

    @register("TimesGain", weights=slots("gain"))
    def times_gain(call: LayerCall) -> Value:
        size = call.input.size(-1)
        gain = call.graph.parameter(call.name("gain"), [call.weight("gain", (size,))], (size,))
        return call.graph.like(call.input, call.graph.op("Mul", call.input.name, gain))

    image = keras.Input((4, 4, 3))
    model = keras.Model(image, keras.layers.Flatten()(TimesGain()(image)))
    model.set_weights([np.array([1.0, 2.0, 3.0])])
    for suffix in ("keras", "h5"):
        path = model_files.save(model, tmp_path / f"m.{suffix}")
        assert model_files.difference(model, path) < model_files.TOLERANCE


def number_of_the_class(scores: Any) -> Any:
    return model_files.keras3().ops.argmax(scores, axis=-1)


@pytest.mark.parametrize(
    ("shape", "build", "words"),
    [
        ((8, 8, 3), lambda k, x: number_of_the_class(k.Flatten()(x)), "whole numbers"),
        ((8, 8, 3), lambda k, x: [k.Conv2D(2, 3)(x), k.Conv2D(2, 5)(x)], "2 outputs.*none is one"),
        ((784,), lambda k, x: k.Dense(2)(x), "no picture"),
        ((100, 5), lambda k, x: k.Dense(2)(k.Flatten()(x)), "no picture"),
        ((8, 8, 3), lambda k, x: k.Conv2D(2, 3)(x), "segments, detects or generates"),
        ((None, None, 3), lambda k, x: k.GlobalMaxPooling2D()(x), "any size.*--input"),
        ((16, 64, 3), lambda k, x: k.Flatten()(k.Conv3D(2, 1)(k.Reshape((4, 4, 64, 3))(x))), "3D"),
        ((8, 8, 3), lambda k, x: k.Flatten()(k.Softmax(axis=(1, 2))(x)), "several axes"),
        ((8, 8, 3), lambda k, x: k.Flatten()(k.LayerNormalization(axis=1)(x)), "last ones"),
    ],
)
def test_a_model_that_is_no_picture_classifier_is_refused_in_words(
    shape: Any, build: Callable[[Any, Any], Any], words: str, tmp_path: Path
) -> None:
    with pytest.raises(UnsupportedModelError, match=words):
        read_signature(saved(build, tmp_path, shape))


def test_several_inputs_are_refused_by_name(tmp_path: Path) -> None:
    keras = model_files.keras3()
    inputs = [keras.Input((4, 4, 3), name=name) for name in ("left", "right")]
    model = keras.Model(inputs, keras.layers.Flatten()(keras.layers.Add()(inputs)))
    with pytest.raises(UnsupportedModelError, match=r"2 inputs .'left', 'right'"):
        read_signature(model_files.save(model, tmp_path / "m.keras"))


def test_a_subclassed_model_is_refused_with_the_way_out(h5: Path) -> None:
    edited(h5, lambda _: {"class_name": "MyNet", "config": {"units": 3}})
    with pytest.raises(UnsupportedModelError, match=r"subclass .'MyNet'.*keras.Sequential"):
        read_signature(h5)


def test_an_activation_that_is_code_is_refused(h5: Path) -> None:
    edited(
        h5,
        lambda config: layer_of(config, "conv")["config"].update(
            activation={"class_name": "__lambda__", "config": {"value": "4wEAAA=="}}
        ),
    )
    with pytest.raises(UnsupportedModelError, match=r"'conv'.*__lambda__"):
        read_signature(h5)


def test_more_than_two_gibibytes_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    def read() -> Any:
        raise AssertionError("nothing may be read")

    huge = Initializer("w", (1 << 15, 1 << 15), "float32", read)
    node = helper.make_node("Identity", ["w"], ["y"])
    with pytest.raises(UnsupportedModelError, match=r"4.0 GiB"):
        write_onnx(OnnxModel([node], [], [], [huge], {}), tmp_path / "m.onnx")
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------------- no Keras file at all


def _zip(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


HDF5 = b"\x89HDF\r\n\x1a\n" + bytes(100)
FOREIGN_FILES = [
    (b"", UnreadableModelError, "is empty"),
    (bytes(5000), UnreadableModelError, "is empty"),
    (b"\r\n", UnreadableModelError, "is empty"),
    (b"version https://git-lfs.github.com/spec/v1\noid sha256:1", UnreadableModelError, "Git LFS"),
    (b"\n<!DOCTYPE html><html>Sign in</html>", UnreadableModelError, "HTML.*fetch"),
    (b'<?xml version="1.0"?><Error/>', UnreadableModelError, "HTML or XML"),
    (HDF5.replace(b"\r\n", b"\n"), UnreadableModelError, "newline.*binary mode"),
    (HDF5.replace(b"\n", b"\r\n"), UnreadableModelError, "newline"),
    (HDF5.decode("latin-1").encode("utf-8", "replace"), UnreadableModelError, "not an HDF5"),
    (b"\xef\xbf\xbd" + HDF5[1:], UnreadableModelError, "character conversion"),
    (HDF5, UnreadableModelError, "damaged HDF5"),
    (b"hello: world\n", UnreadableModelError, "a text file"),
    (b"\x00\x01\x02", UnreadableModelError, "not an HDF5 or zip file"),
    (pickle.dumps({"weights": [1]}), UnsupportedModelError, "pickle, which is never opened"),
    (b"\x1c\0\0\0TFL3\0\0", UnsupportedModelError, "TensorFlow Lite"),
    (b"\x1f\x8b\x08\0", UnsupportedModelError, "gzip.*Unpack"),
    (b"PK\x05\x06" + bytes(18), UnreadableModelError, "empty or split zip"),
    (_zip({"a.txt": b""}), UnreadableModelError, "no Keras model"),
    (_zip({"in/keras_model.h5": b"", "labels.txt": b""}), UnsupportedModelError, "Unpack it first"),
    (_zip({"archive/data.pkl": b""}), UnsupportedModelError, "PyTorch"),
    (_zip({"m/saved_model.pb": b""}), UnsupportedModelError, "SavedModel"),
    (_zip({"config.json": b"{}"}), UnsupportedModelError, "model.weights.h5"),
    (_zip({"config.json": b"{"}), UnreadableModelError, "not valid JSON"),
    (_zip({"config.json": b"[]"}), UnreadableModelError, "does not describe"),
]


@pytest.mark.parametrize(("content", "error", "words"), FOREIGN_FILES)
def test_a_file_of_another_kind_is_named(
    content: bytes, error: type[ModelError], words: str, tmp_path: Path
) -> None:
    path = tmp_path / "model.h5"
    path.write_bytes(content)
    with pytest.raises(error, match=words):
        read_signature(path)


def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="no model file"):
        read_signature(tmp_path / "none.h5")


def test_a_directory_is_named_for_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(UnreadableModelError, match="directory"):
        read_signature(tmp_path)
    (tmp_path / "saved_model.pb").touch()
    with pytest.raises(UnsupportedModelError, match=r"SavedModel.*ENGINE=keras"):
        read_signature(tmp_path)


def test_weights_alone_are_no_model(tmp_path: Path) -> None:
    path = tmp_path / "m.weights.h5"
    _model().save_weights(path)
    with pytest.raises(UnsupportedModelError, match=r"weights only.*save_weights"):
        read_signature(path)


@pytest.mark.parametrize("suffix", ["h5", "keras"])
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.999])
def test_a_file_that_was_cut_short_says_so(
    suffix: str, part: float, originals: dict[str, bytes], tmp_path: Path
) -> None:
    path = tmp_path / f"m.{suffix}"
    path.write_bytes(originals[suffix][: int(len(originals[suffix]) * part)])
    with pytest.raises(UnreadableModelError, match="not copied whole"):
        read_signature(path)


# ---------------------------------------------------------------------- hostile


def _replace(file: h5py.File, make: Callable[[h5py.Group], None]) -> None:
    group = file["model_weights/conv/conv"]
    del group["kernel"]
    make(group)


def _external_storage(group: h5py.Group) -> None:
    outside = [("/etc/passwd", 0, 432)]
    group.create_dataset("kernel", (3, 3, 3, 4), "f4", external=outside)


def _virtual(group: h5py.Group) -> None:
    layout = h5py.VirtualLayout((3, 3, 3, 4), "f4")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (3, 3, 3, 4))
    group.create_virtual_dataset("kernel", layout)


def _external_link(group: h5py.Group) -> None:
    group["kernel"] = h5py.ExternalLink("/tmp/other.h5", "/x")  # noqa: S108


def _soft_link(group: h5py.Group) -> None:
    group["kernel"] = h5py.SoftLink("/model_weights/scores")


def _shape_bomb(group: h5py.Group) -> None:
    shape = (1 << 20, 1 << 20, 3, 4)
    group.create_dataset("kernel", shape, "f4", chunks=(1, 1, 3, 4), compression="gzip")


def _chunk_bomb(group: h5py.Group) -> None:
    kernel = group.create_dataset(
        "kernel", (3, 3, 3, 4), "f4", chunks=(1 << 14, 1 << 14, 1, 1), maxshape=(None, None, 3, 4)
    )
    assert kernel.chunks


def _plugin_filter(group: h5py.Group) -> None:
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk((3, 3, 3, 4))
    plist.set_filter(32015, h5py.h5z.FLAG_OPTIONAL, ())
    space = h5py.h5s.create_simple((3, 3, 3, 4))
    h5py.h5d.create(group.id, b"kernel", h5py.h5t.IEEE_F32LE, space, plist)


def _deep(group: h5py.Group) -> None:
    group["kernel"] = np.zeros((3, 3, 3, 4), np.float32)
    for _ in range(100):
        group = group.create_group("x")


@pytest.mark.parametrize(
    "make",
    [
        _external_storage,
        _virtual,
        _external_link,
        _soft_link,
        _shape_bomb,
        _chunk_bomb,
        _plugin_filter,
        _deep,
    ],
)
def test_an_array_that_reaches_or_grows_beyond_the_file_is_hostile(
    make: Callable[[h5py.Group], None], h5: Path, tmp_path: Path
) -> None:
    with h5py.File(h5, "r+") as file:
        _replace(file, make)
    with pytest.raises(HostileModelError):
        convert(h5, tmp_path / "m.onnx")
    assert not (tmp_path / "m.onnx").exists()


def test_a_configuration_that_is_nested_without_end_is_hostile(tmp_path: Path) -> None:
    for depth in (300, 100_000):
        path = tmp_path / "m.keras"
        path.write_bytes(_zip({"config.json": b"[" * depth + b"]" * depth}))
        with pytest.raises(HostileModelError, match="nested"):
            read_signature(path)


def test_models_in_models_without_end_are_hostile(h5: Path) -> None:
    def nest(config: Any) -> Any:
        for _ in range(20):
            config = {"class_name": "Sequential", "config": {"name": "s", "layers": [config]}}
        return config

    with pytest.raises(HostileModelError, match="nested deeper"):
        read_signature(edited(h5, nest))


def test_shared_models_that_multiply_without_end_are_hostile(h5: Path) -> None:
    def twice(inner: Any, name: str) -> Any:
        inner["name"] = inner["config"]["name"] = f"{name}-inner"
        shape = {"batch_input_shape": [None, 8, 8, 3], "name": "in"}
        start = {"class_name": "InputLayer", "name": "in", "config": shape, "inbound_nodes": []}
        calls = [[["in", 0, 0, {}]], [[inner["name"], 0, 0, {}]]]
        layers = [start, {**inner, "inbound_nodes": calls}]
        config = {
            "name": name,
            "layers": layers,
            "input_layers": [["in", 0, 0]],
            "output_layers": [[inner["name"], 1, 0]],
        }
        return {"class_name": "Functional", "name": name, "config": config}

    def multiply(_: Any) -> Any:
        relu = {"class_name": "ReLU", "name": "relu", "config": {"name": "relu"}}
        for level in range(16):
            relu = twice(relu, f"level{level}")
        return relu

    with pytest.raises(HostileModelError, match="layer calls"):
        read_signature(edited(h5, multiply))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("pool", {"class_name": "UpSampling2D", "config": {"size": [10**9, 10**9]}}),
        ("pool", {"class_name": "ZeroPadding2D", "config": {"padding": 10**12}}),
        ("pool", {"class_name": "Resizing", "config": {"height": 10**6, "width": 10**6}}),
    ],
)
def test_a_shape_that_would_grow_beyond_bounds_is_hostile(
    name: str, change: dict[str, Any], h5: Path
) -> None:
    started = time.monotonic()
    with pytest.raises(HostileModelError, match="numbers per picture"):
        read_signature(edited(h5, lambda config: layer_of(config, name).update(change)))
    assert time.monotonic() - started < 2


def _lying_size(content: bytes) -> bytes:
    """The central directory declares another size than the member has."""
    at = content.rindex(b"PK\x01\x02", 0, content.rindex(b"model.weights.h5"))
    size = struct.unpack_from("<I", content, at + 24)[0]
    return content[: at + 24] + struct.pack("<I", size * 2) + content[at + 28 :]


def test_a_zip_entry_that_lies_about_its_size_is_hostile(
    originals: dict[str, bytes], tmp_path: Path
) -> None:
    path = tmp_path / "m.keras"
    path.write_bytes(_lying_size(originals["keras"]))
    with pytest.raises(HostileModelError, match="lies about its size"):
        read_signature(path)


def test_a_zip_entry_that_expands_beyond_bounds_is_hostile(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", b" " * (40 << 20))
    with pytest.raises(HostileModelError, match="declares"):
        read_signature(path)


def test_packed_weights_are_read_too(originals: dict[str, bytes], tmp_path: Path) -> None:
    # Keras stores; a file that was unpacked and zipped again by hand is compressed.
    path = tmp_path / "m.keras"
    with (
        zipfile.ZipFile(io.BytesIO(originals["keras"])) as source,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            target.writestr(name, source.read(name))
    (tmp_path / "o.keras").write_bytes(originals["keras"])
    convert(path, tmp_path / "packed.onnx")
    convert(tmp_path / "o.keras", tmp_path / "original.onnx")
    packed, original = ((tmp_path / f"{n}.onnx").read_bytes() for n in ("packed", "original"))
    assert packed == original


# ---------------------------------------------------------------------- damaged


@pytest.mark.parametrize("unused", [0, 222])
def test_a_text_that_would_keep_the_hdf5_library_busy_for_ever_is_noticed(
    unused: int, tmp_path: Path
) -> None:
    path = model_files.save(_small_keras_2(), tmp_path / "m.h5")
    content = bytearray(path.read_bytes())
    heap = content.index(b"GCOL")
    assert int.from_bytes(content[heap + 16 : heap + 18], "little") == 1
    content[heap + 16 : heap + 32] = bytes(16)  # the first text becomes free space of no size
    content[heap + 7] = unused  # of the three bytes that the library does not look at
    path.write_bytes(content)
    with pytest.raises(UnreadableModelError, match="texts"):
        read_signature(path)


def test_a_heap_of_texts_beyond_measure_is_not_walked_at_all() -> None:
    size = 65 << 20
    text = (1).to_bytes(8, "little") + (size - 64).to_bytes(8, "little")  # and then none of size 0
    heap = io.BytesIO(b"GCOL\x01\0\0\0" + size.to_bytes(8, "little") + text + bytes(size))
    with pytest.raises(UnreadableModelError, match="cannot be followed"):
        check_global_heaps(heap, "m.h5")


def _small_keras_2() -> Any:
    keras = model_files.keras2()
    return keras.Sequential([keras.Input((4, 4, 3)), keras.layers.Flatten(), keras.layers.Dense(2)])


def test_a_flipped_bit_in_the_weights_of_a_zip_is_noticed(
    originals: dict[str, bytes], tmp_path: Path
) -> None:
    content = bytearray(originals["keras"])
    start = content.index(HDF5[:8])
    content[start + 5000] ^= 1
    path = tmp_path / "m.keras"
    path.write_bytes(content)
    with pytest.raises(UnreadableModelError, match="checksum"):
        read_signature(path)


def test_arrays_of_another_shape_than_the_configuration_asks_for_are_refused(h5: Path) -> None:
    edited(h5, lambda config: layer_of(config, "conv")["config"].update(filters=5))
    with pytest.raises(UnreadableModelError, match=r"'kernel' of layer 'conv'.*\(3, 3, 3, 5\)"):
        read_signature(h5)


def test_missing_arrays_are_named(h5: Path, keras_file: Path, tmp_path: Path) -> None:
    with h5py.File(h5, "r+") as file:
        file["model_weights/conv"].attrs["weight_names"] = ["conv/kernel"]
    with pytest.raises(UnreadableModelError, match=r"1 arrays for layer 'conv'.*needs 2"):
        read_signature(h5)
    with zipfile.ZipFile(keras_file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    scratch = tmp_path / "weights.h5"
    scratch.write_bytes(members["model.weights.h5"])
    with h5py.File(scratch, "r+") as file:
        del file["layers/dense"]
    keras_file.write_bytes(_zip(members | {"model.weights.h5": scratch.read_bytes()}))
    with pytest.raises(UnreadableModelError, match="no 'kernel' for layer 'scores'"):
        read_signature(keras_file)


def test_a_graph_that_bites_its_tail_is_refused(h5: Path) -> None:
    def change(config: Any) -> None:
        call = layer_of(config, "conv")["inbound_nodes"][0]
        call["args"][0]["config"]["keras_history"][0] = "add"

    with pytest.raises(UnreadableModelError, match="depends on its own output"):
        read_signature(edited(h5, change))


@pytest.mark.parametrize("target", ["nobody", "conv"])
def test_a_reference_to_nothing_is_refused(target: str, h5: Path) -> None:
    def change(config: Any) -> None:
        config["config"]["output_layers"] = [[target, 7, 0]]

    with pytest.raises(UnreadableModelError):
        read_signature(edited(h5, change))


def assert_read_or_refused(path: Path) -> None:
    started = time.monotonic()
    with contextlib.suppress(ModelError):  # any other error fails the test
        convert(path, path.with_suffix(".onnx"))
    assert time.monotonic() - started < 2


JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([2**31, 2**63, 10**40, -(2**63), 1e308, float("nan"), 0.5]),
    st.text(max_size=5),
    st.sampled_from([[], {}, [[]], [None], {"class_name": "__numpy__"}, {"config": 3}, ["conv"]]),
)


def _places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = node.items() if isinstance(node, dict) else enumerate(node)
    found = []
    for key, value in items:
        found.append((*path, key))
        if isinstance(value, dict | list):
            found += _places(value, (*path, key))
    return found


@thrifty
@given(data=st.data(), junk=JUNK)
def test_any_configuration_gives_a_model_or_one_of_our_errors(
    data: st.DataObject, junk: Any, originals: dict[str, bytes], tmp_path: Path
) -> None:
    def damage(config: Any) -> None:
        place = data.draw(st.sampled_from(_places(config)))
        node = config
        for key in place[:-1]:
            node = node[key]
        node[place[-1]] = junk

    path = tmp_path / "m.h5"
    path.write_bytes(originals["h5"])
    edited(path, damage)
    assert_read_or_refused(path)


FUZZER = """
import contextlib, random, sys, time
from pathlib import Path
from vistazo.errors import ModelError
from vistazo.models.keras_import import convert

source, first, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
original, path = source.read_bytes(), source.with_name("damaged")
for number in range(first, count):
    rng, content = random.Random(number), bytearray(original)
    for _ in range(rng.choice([1, 1, 4, 32])):
        # Most of a file's structure lies at its start.
        content[rng.randrange(rng.choice([2000, len(content)]))] = rng.randrange(256)
    path.write_bytes(content[: rng.choice([len(content), rng.randrange(len(content))])])
    started = time.monotonic()
    print(number, flush=True)
    with contextlib.suppress(ModelError):  # any other error ends the process
        convert(path, source.with_name("out.onnx"))
    assert time.monotonic() - started < 2, "too slow"
"""


@pytest.mark.parametrize("suffix", ["h5", "keras"])
def test_any_damage_gives_a_model_or_one_of_our_errors(
    suffix: str, originals: dict[str, bytes], tmp_path: Path
) -> None:
    # In a process of its own, as the service does it: the HDF5 library, which is C, does not
    # survive every damaged text. That ends the child and is rare; a Python error is never right.
    path, first, count, crashes = tmp_path / f"m.{suffix}", 0, 200, 0
    path.write_bytes(originals[suffix])
    environment = os.environ | {"PYTHONPATH": str(Path(vistazo.__file__).parents[1])}
    while first < count:
        command = [sys.executable, "-c", FUZZER, str(path), str(first), str(count)]
        child = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert child.returncode <= 0, child.stderr
        first = int(child.stdout.split()[-1]) + 1
        crashes += child.returncode < 0
    assert crashes <= 3
