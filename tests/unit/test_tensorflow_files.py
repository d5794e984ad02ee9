"""What TensorFlow saves is told for what it is, with the line that gets a model out of it."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from vistazo.errors import UnreadableModelError, UnsupportedModelError
from vistazo.models.keras_import import read_signature
from vistazo.models.store import check_is_there
from vistazo.models.unpacking import unpack_model

# The first bytes of what TensorFlow 2.21 wrote.
_GRAPH = b"\n\x43\n\x01x\x12\x0bPlaceholder*\x0b\n\x05dtype\x12\x020\x01*$\n\x05shape"
_INDEX = b"\x00\x00\x06\x08\x01\x1a\x02\x08\x01\x00\x1c\x0f_CHECKPOINTABLE_OBJECT_GRAPH"
_SAVED = b"\x08\x01\x12\x96\xf9\x02\n\x86\x12\x12\xd6\x11\n^\n\x10AssignVariableOp"
_LITE = b"\x1c\x00\x00\x00TFL3\x14\x00\x20\x00\x1c\x00\x18\x00"
_CODE = r"model\.load_weights\('.*/w\.ckpt'\); model\.save\('model\.keras'\)"
_LINE = r"python -m tf2onnx\.convert --{} {} --output model\.onnx"

FILES: dict[str, tuple[str, bytes, str]] = {
    "TensorFlow Lite": ("m.tflite", _LITE, _LINE.format("tflite", r"/.*/m\.tflite")),
    "TensorFlow Lite by another name": ("m.h5", _LITE, "is a TensorFlow Lite model"),
    "a frozen graph": (
        "a graph.pb",
        _GRAPH,
        _LINE.format("graphdef", r"'/.*/a graph\.pb' --inputs INPUT:0 --outputs OUTPUT:0"),
    ),
    "the graph of a SavedModel": (
        "saved_model.pb",
        _SAVED,
        _LINE.format("saved-model", "/.*folder") + ".*ENGINE=keras",
    ),
    "the index of a checkpoint": ("w.ckpt.index", _INDEX, _CODE),
    "the index by another name": ("w.h5", _INDEX, "is a part of a TensorFlow checkpoint"),
    "the numbers of a checkpoint": ("w.ckpt.data-00000-of-00001", b"\xf2\xcae>f\xdbn>", _CODE),
    "the list of checkpoints": ("checkpoint", b'model_checkpoint_path: "w"', "TensorFlow check"),
    "a checkpoint of old": ("w.ckpt", b"\x00\x05\x02", _CODE),
    "the graph of a checkpoint": (
        "w.ckpt.meta",
        b"\n\xd1\x02\n\x12",
        _LINE.format("checkpoint", r"/.*\.meta --inputs INPUT:0 --outputs OUTPUT:0"),
    ),
}


@pytest.mark.parametrize(("name", "content", "words"), FILES.values(), ids=FILES.keys())
def test_a_file_of_tensorflow_is_named_with_its_way_out(
    name: str, content: bytes, words: str, tmp_path: Path
) -> None:
    path = tmp_path / "folder" / name
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(UnsupportedModelError, match=words):
        read_signature(path)


@pytest.mark.parametrize("content", [b"\n\n\n", b"\x08\x08\x12\x04tf2onnx", b"\n\x02\x08"])
def test_what_is_not_of_tensorflow_is_not_called_so(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "m.pb"
    path.write_bytes(content)
    with pytest.raises(UnreadableModelError):
        read_signature(path)


def test_the_name_of_a_checkpoint_is_understood_though_no_file_has_it(tmp_path: Path) -> None:
    (tmp_path / "w.ckpt.index").write_bytes(_INDEX)
    with pytest.raises(UnsupportedModelError, match=_CODE):
        check_is_there(tmp_path / "w.ckpt")


def test_a_folder_is_told_by_what_lies_in_it(tmp_path: Path) -> None:
    (tmp_path / "model.json").touch()
    with pytest.raises(UnreadableModelError, match=r"Set MODEL_PATH to .*/model\.json\."):
        check_is_there(tmp_path)
    (tmp_path / "saved_model.pb").touch()
    with pytest.raises(UnsupportedModelError, match=r"tf2onnx.*--saved-model.*ENGINE=keras"):
        check_is_there(tmp_path)
    check_is_there(tmp_path, may_be_folder=True)


@pytest.mark.parametrize(
    ("member", "words"),
    [
        ("m/saved_model.pb", "a TensorFlow SavedModel. Unpack it.*--saved-model m --output"),
        ("m.tflite", r"a TensorFlow Lite model. Unpack it.*--tflite m\.tflite"),
        ("w.ckpt.index", "a TensorFlow graph or checkpoint"),
        ("frozen.pb", "a TensorFlow graph or checkpoint"),
    ],
)
def test_a_zip_is_told_by_what_lies_in_it(member: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "m.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, b"x")
    with pytest.raises(UnsupportedModelError, match=words):
        unpack_model(path, tmp_path)
    with pytest.raises(UnsupportedModelError, match=words):
        read_signature(path)
