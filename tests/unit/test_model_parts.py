"""Models that lie in two files: which belong together, and what their identity is."""

import hashlib
import json
import os
import shutil
import time
from pathlib import Path

import pytest

import model_pairs
from builders import card
from command_line import run_here
from model_pairs import write_keras3, write_layers, write_legacy, write_pair
from vistazo.errors import (
    CardError,
    ModelError,
    ModelNotFoundError,
    UnreadableModelError,
    UnsupportedModelError,
)
from vistazo.loading import ModelSource
from vistazo.models import parts, store
from vistazo.models.card_file import card_path, write_card
from vistazo.models.estimator_import.file_kind import is_estimator
from vistazo.models.keras_import import convert
from vistazo.models.layers_text import holds_layers, text_kind
from vistazo.models.parts import find_parts
from vistazo.models.store import compiled, find_model
from vistazo.service.reload import stamp_of

YAML = "class_name: Sequential\nconfig:\n- class_name: Flatten\n"


def found(path: Path, weights: Path | None = None) -> list[str]:
    return [file.name for file in find_parts(path, weights).files]


def put(folder: Path, *names: str) -> None:
    """Files of these names; those of weights and layers are sound ones, of which ``+`` is whole."""
    for name in names:
        path = folder / name.removesuffix("+")
        if path.suffix in {".h5", ".hdf5"}:
            write_legacy(path, is_whole=name.endswith("+"))
        elif path.suffix in {".yaml", ".yml"}:
            path.write_text(YAML)
        elif name == "summary.json":
            path.write_text(json.dumps({"layers": 3, "class_name": ["NORMAL", "Model"]}))
        elif name == "labels.json":
            path.write_text('["A", "B"]')
        elif path.suffix == ".json":
            write_layers(path)
        else:
            path.write_bytes(b"something else")


@pytest.mark.parametrize(
    ("there", "weights"),
    [
        (("model.h5",), "model.h5"),
        (("model.weights.h5",), "model.weights.h5"),
        (("model.hdf5", "other.h5"), "model.hdf5"),
        (("model_weights.h5", "other.h5"), "model_weights.h5"),
        (("weights.h5", "other_weights.h5"), "weights.h5"),
        (("best.H5", "labels.json", "picture.png"), "best.H5"),
        (("model.weights.h5", "model.h5+"), "model.weights.h5"),
        (("a.h5", "b.h5+", "c.hdf5+"), "a.h5"),
        (("model.h5+",), "model.h5"),
        (("model.h5", "._model.h5"), "model.h5"),
    ],
)
def test_layers_find_their_weights(there: tuple[str, ...], weights: str, tmp_path: Path) -> None:
    put(tmp_path, "model.json", *there)
    assert found(tmp_path / "model.json") == ["model.json", weights]


@pytest.mark.parametrize(
    ("layers", "weights"),
    [
        ("fer.json", "fer.h5"),
        ("emotion_model.json", "emotion_weights.h5"),
        ("facial_expression_model_structure.json", "facial_expression_model_weights.h5"),
        ("model-architecture.yaml", "model-weights.hdf5"),
    ],
)
def test_each_part_finds_the_other_by_the_name_of_the_model(
    layers: str, weights: str, tmp_path: Path
) -> None:
    put(tmp_path, layers, weights, "another.json", "another.h5", "labels.json")
    assert found(tmp_path / layers) == found(tmp_path / weights) == [layers, weights]


def test_weights_alone_find_the_only_layers_that_are_there(tmp_path: Path) -> None:
    put(tmp_path, "w.h5", "net.json", "labels.json", "summary.json", "w.card.json")
    (tmp_path / "w.card.json").write_text('{"labels": ["A"]}')
    (tmp_path / "w.card.yaml").write_text("name: w\nlabels: [A, B]\n")
    assert found(tmp_path / "w.h5") == ["net.json", "w.h5"]


def test_a_whole_model_is_alone_whatever_lies_beside_it(tmp_path: Path) -> None:
    put(tmp_path, "m.h5+", "m.json", "m.weights.h5")
    assert found(tmp_path / "m.h5") == ["m.h5"]


def test_where_nothing_lies_beside_it_nothing_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "m.h5+", "m.keras")
    monkeypatch.setattr(parts, "_beside", None)
    assert found(tmp_path / "m.h5") == ["m.h5"]
    assert found(tmp_path / "m.keras") == ["m.keras"]


@pytest.mark.parametrize(
    ("asked", "there", "error", "said"),
    [
        ("m.json", (), UnsupportedModelError, r"nothing else does.*m\.weights\.h5"),
        ("m.json", ("a.txt", "b.png"), UnsupportedModelError, r"there are a\.txt, b\.png\)"),
        (
            "m.json",
            ("a.h5", "b.h5"),
            UnsupportedModelError,
            r"any of a\.h5, b\.h5\. .*MODEL_WEIGHTS",
        ),
        ("m.json", ("m.h5", "m.hdf5"), UnsupportedModelError, r"any of m\.h5, m\.hdf5"),
        ("labels.json", (), UnreadableModelError, "not of a model's layers"),
        ("w.h5", ("a.json", "b.yaml"), UnsupportedModelError, r"a\.json, b\.yaml\. Set MODEL_PATH"),
    ],
)
def test_what_cannot_be_told_is_an_error_that_lists_what_is_there(
    asked: str, there: tuple[str, ...], error: type[ModelError], said: str, tmp_path: Path
) -> None:
    put(tmp_path, asked, *there)
    with pytest.raises(error, match=said):
        find_parts(tmp_path / asked)


def test_a_long_list_is_cut(tmp_path: Path) -> None:
    put(tmp_path, "m.json", *(f"w{number:02}.h5" for number in range(30)))
    with pytest.raises(UnsupportedModelError, match=r"w00\.h5, .*w07\.h5 and 22 more"):
        find_parts(tmp_path / "m.json")


def test_model_weights_chooses(tmp_path: Path) -> None:
    put(tmp_path, "m.json", "m.h5")
    elsewhere = tmp_path / "sub" / "other.h5"
    elsewhere.parent.mkdir()
    write_legacy(elsewhere)
    assert find_parts(tmp_path / "m.json", elsewhere).weights == (elsewhere,)
    with pytest.raises(ModelNotFoundError, match="MODEL_WEIGHTS"):
        find_parts(tmp_path / "m.json", tmp_path / "nowhere.h5")
    with pytest.raises(UnreadableModelError, match="no file"):
        find_parts(tmp_path / "m.json", tmp_path)
    with pytest.raises(UnsupportedModelError, match="take MODEL_WEIGHTS away"):
        find_parts(tmp_path / "m.h5", elsewhere)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes are made otherwise here")
def test_pipes_beside_a_model_are_not_opened_and_links_are_followed(tmp_path: Path) -> None:
    put(tmp_path, "m.json", "kept.h5", "w.h5")
    for name in ("m.h5", "w.json"):
        os.mkfifo(tmp_path / name)
    (tmp_path / "m.weights.h5").symlink_to("nowhere")
    (tmp_path / "m.hdf5").symlink_to("kept.h5")
    assert found(tmp_path / "m.json") == ["m.json", "m.hdf5"]
    assert found(tmp_path / "w.h5") == ["m.json", "w.h5"]


@pytest.mark.parametrize("name", ["fer.json", "fer.model.json", "a.dat.yaml"])
def test_layers_are_no_file_of_scikit_learn_whatever_their_name(name: str, tmp_path: Path) -> None:
    put(tmp_path, name)
    assert not is_estimator(tmp_path / name)


@pytest.mark.parametrize(
    "text", [b"class_name:", b'"class_name":' + b" " * 1000, b'\\"', b"\n", b"#\n", b"---\n"]
)
def test_a_text_takes_little_time_to_be_told(text: bytes) -> None:
    started, whole = time.process_time(), text * ((1 << 20) // len(text))
    assert not holds_layers(whole)
    text_kind(whole)
    assert time.process_time() - started < 1


def test_a_text_that_is_beyond_measure_is_no_candidate(tmp_path: Path) -> None:
    put(tmp_path, "w.h5")
    with (tmp_path / "w.json").open("wb") as file:
        file.truncate(33 << 20)
    assert found(tmp_path / "w.h5") == ["w.h5"]


def test_the_identity_is_that_of_the_files_one_after_the_other(tmp_path: Path) -> None:
    layers = write_pair(tmp_path)
    weights = tmp_path / "model.weights.h5"
    expected = hashlib.sha256(layers.read_bytes() + weights.read_bytes()).hexdigest()
    assert find_model(layers, None).sha256 == find_model(weights, None).sha256 == expected
    assert find_model(layers, None, sha256=expected).home == layers
    with pytest.raises(UnreadableModelError, match="MODEL_SHA256"):
        find_model(layers, None, sha256="0" * 64)
    shutil.copy(weights, tmp_path / "elsewhere")
    chosen = find_model(layers, None, weights_file=tmp_path / "elsewhere")
    assert chosen.sha256 == expected


def test_the_card_of_one_part_is_the_card_of_the_model(tmp_path: Path) -> None:
    write_pair(tmp_path)
    card = tmp_path / "model.card.yaml"
    card.write_text("name: of the layers\n")
    with pytest.raises(CardError, match="version"):
        find_model(tmp_path / "model.weights.h5", None)


@pytest.mark.parametrize("part", ["model.json", "model.weights.h5"])
def test_a_part_that_changes_while_it_is_compiled_is_noticed(
    part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = find_model(write_pair(tmp_path), None)

    def compile_another(source: Path, target: Path, *_: object, **__: object) -> None:
        write_pair(tmp_path / "other")
        write_legacy(tmp_path / "other" / "model.weights.h5", seed=2)
        write_layers(tmp_path / "other" / "model.json", model_pairs.config(("a", "b")))
        shutil.copy(tmp_path / "other" / part, tmp_path / part)
        convert(source, target, weights=model.parts.weights)

    monkeypatch.setattr(store, "compile_model", compile_another)
    with (
        pytest.raises(ModelError, match="changed while it was read"),
        compiled(model, tmp_path / "cache"),
    ):
        pass
    assert not list((tmp_path / "cache").glob("*.onnx"))


@pytest.mark.parametrize("shard", ["weights.bin", "group1-shard1of1"])
def test_a_reload_looks_at_shards(shard: str, tmp_path: Path) -> None:
    put(tmp_path, "model.json")
    source = ModelSource(tmp_path / "model.json", None, tmp_path / "cache")
    before = stamp_of(source)
    (tmp_path / shard).write_bytes(b"numbers")
    assert stamp_of(source) != before


def test_a_file_that_may_not_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "m.json", "a.h5", "b.h5")

    def refused(file: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(file))

    monkeypatch.setattr(parts, "has_layers", refused)
    with pytest.raises(UnreadableModelError, match=r"a\.h5 cannot be read: Permission denied"):
        find_parts(tmp_path / "m.json")


@pytest.mark.parametrize("asked", ["model.json", "model.weights.h5"])
@pytest.mark.parametrize("changed", ["model.json", "model.weights.h5"])
def test_a_reload_looks_at_both_parts(asked: str, changed: str, tmp_path: Path) -> None:
    write_pair(tmp_path)
    source = ModelSource(tmp_path / asked, None, tmp_path / "cache")
    before = stamp_of(source)
    (tmp_path / changed).write_bytes((tmp_path / changed).read_bytes() + b" ")
    assert stamp_of(source) != before


def test_a_reload_looks_at_the_weights_that_were_named_and_at_no_text_beside_a_whole_model(
    tmp_path: Path,
) -> None:
    put(tmp_path, "m.json", "m.h5+")
    elsewhere = write_keras3(tmp_path / "cache.h5")
    source = ModelSource(tmp_path / "m.json", None, tmp_path / "cache", weights=elsewhere)
    before = stamp_of(source)
    write_keras3(elsewhere, seed=5)
    assert stamp_of(source) != before
    whole = ModelSource(tmp_path / "m.h5", None, tmp_path / "cache")
    before = stamp_of(whole)
    write_layers(tmp_path / "m.json", {})
    assert stamp_of(whole) == before


def test_convert_finds_the_card_beside_either_part(tmp_path: Path) -> None:
    document = model_pairs.config()
    document["config"]["layers"][0]["config"]["batch_shape"] = [None, 64]
    write_layers(tmp_path / "model.json", document)
    weights = write_legacy(tmp_path / "model.weights.h5")
    command, cache = ("convert", str(weights), str(tmp_path / "model.onnx")), str(tmp_path / "c")
    assert "8x8 in grey" in run_here(command, {"CACHE_DIR": cache}).stderr
    write_card(card(), card_path(tmp_path / "model.json"))  # says 8 x 8
    done = run_here(command, {"CACHE_DIR": cache})
    assert done.returncode == 0, done.stderr
    assert "8 x 8 x 1 -> 2" in done.stdout
