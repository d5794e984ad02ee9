"""Layers and weights in two files: the framework's scores, or an error in words."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import yaml

import model_pairs
from model_files import TOLERANCE, run_onnx
from model_pairs import config, write_keras3, write_layers, write_legacy, write_pair
from vistazo.errors import (
    HostileModelError,
    ModelError,
    UnreadableModelError,
    UnsupportedModelError,
)
from vistazo.models.compilation import compile_model
from vistazo.models.keras_import import convert, describe, read_signature
from vistazo.models.keras_import.yaml_document import parse_yaml
from vistazo.models.parts import find_parts

ANOTHER_SESSION = ("dense_2", "dense_3")  # its second layer has the name of our first


def difference(layers: Path, weights: Path) -> float:
    target = layers.with_suffix(".onnx")
    convert(layers, target, weights=[weights])
    images = model_pairs.pictures()
    return float(np.abs(run_onnx(target, images)[0] - model_pairs.scores(images)).max())


WEIGHTS: dict[str, Callable[[Path], Path]] = {
    "Keras 2": write_legacy,
    "Keras 2, of another session": lambda path: write_legacy(path, ANOTHER_SESSION),
    "a whole file": lambda path: write_legacy(path, is_whole=True),
    "a whole file of another session": lambda path: write_legacy(
        path, ANOTHER_SESSION, is_whole=True
    ),
    "Keras 3": write_keras3,
    "Keras 3, of another session": lambda path: write_keras3(path, ANOTHER_SESSION),
}


@pytest.mark.parametrize("kind", WEIGHTS)
def test_weights_of_each_layout_come_to_their_layers(kind: str, tmp_path: Path) -> None:
    layers = write_layers(tmp_path / "m.json")
    assert difference(layers, WEIGHTS[kind](tmp_path / "m.h5")) < TOLERANCE


_LIST_WRAPPER = (
    "!!python/object/apply:tensorflow.python.training.tracking.data_structures.ListWrapper"
)


def in_yaml() -> str:
    """As PyYAML wrote it for Keras: tuples by Python's tag, and what is one object once."""
    document = config()
    shape = (None, model_pairs.SIDE, model_pairs.SIDE, 1)
    # TensorFlow's own list, as its versions 2.0 to 2.5 wrote the axes of a batch normalization.
    document["config"]["layers"][0]["config"]["axis"] = "WRAPPED"
    shared = {"class_name": "Zeros", "config": {}}
    for each in document["config"]["layers"]:
        each["config"] |= {"bias_initializer": shared}
        if "batch_shape" in each["config"]:
            each["config"]["batch_shape"] = shape
    wrapped = f"{_LIST_WRAPPER}\n      - - 3"
    return str(yaml.dump(document)).replace("WRAPPED", wrapped)


def test_the_yaml_of_these_tests_is_as_keras_wrote_it() -> None:
    assert "!!python/tuple" in in_yaml()
    assert "*id001" in in_yaml()
    read = parse_yaml(in_yaml().encode(), "m.yaml")
    layers: Any = read["config"]
    assert layers["layers"][0]["config"] == {
        "name": "pixels",
        "batch_shape": [None, 8, 8, 1],
        "axis": [3],
        "bias_initializer": {"class_name": "Zeros", "config": {}},
    }


TEXTS: dict[str, Callable[[], str]] = {
    "to_json": lambda: json.dumps(config()),
    "to_json, written as JSON once more": lambda: json.dumps(json.dumps(config())),
    "with a byte order mark": lambda: "\ufeff" + json.dumps(config()),
    "get_config": lambda: json.dumps(config()["config"]),
    "indented": lambda: "\n\n" + json.dumps(config(), indent=4),
    "to_yaml": in_yaml,
    "to_yaml with its marks": lambda: f"# a note\n---\n{in_yaml()}...\n",
}


@pytest.mark.parametrize("kind", TEXTS)
def test_layers_are_read_in_every_way_in_which_they_are_written(kind: str, tmp_path: Path) -> None:
    layers, weights = tmp_path / "m.json", write_legacy(tmp_path / "m.h5")
    layers.write_text(TEXTS[kind](), encoding="utf-8")
    assert difference(layers, weights) < TOLERANCE


def test_a_description_says_what_both_files_hold(tmp_path: Path) -> None:
    layers = write_pair(tmp_path)
    found = describe(layers, weights=[tmp_path / "model.weights.h5"])
    assert found.signature is not None
    assert (found.signature.units, found.framework) == (2, "keras 2.15.0")
    assert found.kind == "layers (.json) and weights (.h5)"
    assert not found.problems


@pytest.mark.parametrize(("shape", "framework"), [("batch_shape", 3), ("batch_input_shape", 2)])
def test_the_version_of_layers_without_one_is_told(
    shape: str, framework: int, tmp_path: Path
) -> None:
    document = {"module": "keras", **config()}
    del document["keras_version"]
    first = document["config"]["layers"][0]["config"]
    first[shape] = first.pop("batch_shape")
    layers, weights = write_layers(tmp_path / "m.json", document), tmp_path / "m.weights.h5"
    write_keras3(weights)
    assert read_signature(layers, weights=[weights]).framework == f"keras {framework}"


def test_the_bounded_child_reads_both(tmp_path: Path) -> None:
    parts = find_parts(write_pair(tmp_path))
    signature = compile_model(parts.file, tmp_path / "o.onnx", weights=parts.weights)
    assert signature == read_signature(parts.file, weights=parts.weights)


# ------------------------------------------------------------------------------- the attacks


def layers_of(text: str | bytes, name: str = "m.json") -> Callable[[Path], tuple[Path, Path]]:
    def write(folder: Path) -> tuple[Path, Path]:
        path = folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path, write_legacy(folder / "m.h5")

    return write


def weights_of(write: Callable[[Path], object]) -> Callable[[Path], tuple[Path, Path]]:
    def both(folder: Path) -> tuple[Path, Path]:
        write(folder / "m.h5")
        return write_layers(folder / "m.json"), folder / "m.h5"

    return both


def hdf5_of(**attributes: object) -> Callable[[Path], object]:
    def write(path: Path) -> None:
        with h5py.File(path, "w") as file:
            file["numbers"] = np.zeros(4)
            file.attrs.update(attributes)

    return write


def linked(path: Path) -> None:
    write_legacy(path)
    with h5py.File(path, "r+") as file:
        del file["dense_1/dense_1/kernel:0"]
        file["dense_1/dense_1/kernel:0"] = h5py.ExternalLink("/etc/other.h5", "kernel")


LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
CHAIN = "a0: &a0 [x]\n" + "".join(f"a{n + 1}: &a{n + 1} [*a{n}]\n" for n in range(5000))
OBJECT = "class_name: M\nconfig: !!python/object/apply:os.system ['touch x']\n"

ATTACKS: dict[str, tuple[Callable[[Path], tuple[Path, Path]], type[ModelError], str]] = {
    "33 MB of blanks": (layers_of(b"{" + b" " * (33 << 20)), HostileModelError, "larger than"),
    "nested without end": (layers_of("[" * 1_000_000), HostileModelError, "without end"),
    "an object nested without end": (
        layers_of('{"config":' * 200_000), HostileModelError, "without end"
    ),
    "nested too deep": (
        layers_of('{"config":' * 300 + "1" + "}" * 300), HostileModelError, "deeper than 256"
    ),
    "a string around 33 MB": (
        layers_of(json.dumps(json.dumps("x" * (20 << 20)))), UnreadableModelError, "not describe"
    ),
    "cut JSON": (layers_of(json.dumps(config())[:-9]), UnreadableModelError, "not valid JSON"),
    "labels": (layers_of('{"0": "A", "1": "B"}'), UnreadableModelError, "no 'class_name'"),
    "a list": (layers_of("[1, 2]"), UnreadableModelError, "not describe"),
    "figures": (layers_of('{"auc": 0.98, "layers": 18}'), UnreadableModelError, "no 'class_name'"),
    "nothing": (layers_of(b""), UnreadableModelError, "empty"),
    "a config that is a number": (
        layers_of('{"class_name": "Model", "config": 7}'), UnsupportedModelError, "subclass"
    ),
    "an index of weights in several files": (
        layers_of('{"metadata": {}, "weight_map": {"/layers": ["m_0.weights.h5"]}}'),
        UnsupportedModelError, "split over several files",
    ),
    "a billion laughs": (layers_of(LAUGHS, "m.yaml"), HostileModelError, "more than 1000000"),
    "an alias of itself": (
        layers_of("class_name: &a [*a]\n", "m.yaml"), HostileModelError, "to itself"
    ),
    "a chain of aliases": (layers_of(CHAIN, "m.yaml"), HostileModelError, "deeper than 256"),
    "YAML nested without end": (
        layers_of("a: " + "[" * 100_000, "m.yaml"), HostileModelError, "deeper than 256"
    ),
    "an object of Python": (
        layers_of(OBJECT, "m.yaml"), UnsupportedModelError, r"python/object/apply:os\.system"
    ),
    "a list of TensorFlow that is none": (
        layers_of(f"class_name: {_LIST_WRAPPER} [[1], [2]]\n", "m.yaml"),
        UnreadableModelError, "not valid YAML",
    ),
    "a number of a million digits": (
        layers_of(f"class_name: M\nconfig: {'9' * 1_000_000}\n", "m.yaml"),
        UnsupportedModelError, "subclass",
    ),
    "9 MB of YAML": (layers_of("a: " + "x" * (9 << 20), "m.yaml"), HostileModelError, "larger"),
    "a card": (layers_of("name: m\nlabels: [A, B]\n", "m.yaml"), UnreadableModelError, "no model"),
    "YAML that is none": (
        layers_of("class_name: [\nconfig: }", "m.yaml"), UnreadableModelError, "not valid YAML"
    ),
    "weights of other shapes": (
        lambda folder: (
            write_layers(folder / "m.json", config(units=5)), write_legacy(folder / "m.h5")
        ),
        UnreadableModelError, r"'kernel' .*layers are those of m\.json, the weights those of m\.h5",
    ),
    "weights of fewer layers": (
        weights_of(lambda path: write_legacy(path, ("dense_1",))),
        UnreadableModelError, r"0 arrays for layer 'dense_2'.*those of m\.json",
    ),
    "weights of nothing": (weights_of(hdf5_of()), UnreadableModelError, "no weights of a Keras"),
    "weights of no layers": (
        weights_of(hdf5_of(layer_names=[])), UnreadableModelError, "0 arrays"
    ),
    "layers that are listed and not there": (
        weights_of(hdf5_of(layer_names=[b"x", b"y", b"z"])), UnreadableModelError, "0 arrays"
    ),
    "weights that are empty": (weights_of(Path.touch), UnreadableModelError, "empty"),
    "weights that are text": (
        weights_of(lambda path: path.write_text("404")), UnreadableModelError, "text"
    ),
    "a pointer of Git LFS": (
        weights_of(lambda path: path.write_text("version https://git-lfs.github.com/spec/v1\n")),
        UnreadableModelError, "git lfs pull",
    ),
    "weights in a zip": (
        weights_of(lambda path: path.write_bytes(b"PK\x03\x04" + bytes(40))),
        UnsupportedModelError, "HDF5",
    ),
    "weights in another file": (weights_of(linked), HostileModelError, "link"),
}  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_is_no_pair_is_an_error_in_words(attack: str, tmp_path: Path) -> None:
    write, error, said = ATTACKS[attack]
    layers, weights = write(tmp_path)
    started = time.process_time()
    with pytest.raises(error, match=said):
        convert(layers, tmp_path / "o.onnx", weights=[weights])
    assert time.process_time() - started < 2
    assert not (tmp_path / "o.onnx").exists()


def test_weights_alone_say_which_file_is_missing(tmp_path: Path) -> None:
    for name in ("fer.h5", "fer.weights.h5"):
        for write in (write_legacy, write_keras3):
            with pytest.raises(UnsupportedModelError, match=r"'fer\.json'.*model\.to_json"):
                convert(write(tmp_path / name), tmp_path / "o.onnx")


def test_a_whole_file_takes_no_weights_of_another(tmp_path: Path) -> None:
    whole, other = write_legacy(tmp_path / "m.h5", is_whole=True), write_legacy(tmp_path / "o.h5")
    with pytest.raises(UnsupportedModelError, match="take MODEL_WEIGHTS away"):
        convert(whole, tmp_path / "o.onnx", weights=[other])
