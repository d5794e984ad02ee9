"""What TensorFlow saves beside Keras files: none of it is read, each has its own way out.

Told by the first bytes where these tell, else by the name: the numbers of a checkpoint are bare.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePath

SAVED_MODEL = "saved_model.pb"
_ONNX = "python -m tf2onnx.convert --{option} {path} --output model.onnx"
_NAMED = "--inputs INPUT:0 --outputs OUTPUT:0 "
_WHERE = "Where TensorFlow is: {command}; then serve model.onnx."


@dataclass(frozen=True)
class _Kind:
    """A kind of file: what it is, and what to do with the file at {path}."""

    what: str
    way_out: str
    head: re.Pattern[bytes] | None = None
    name: re.Pattern[str] | None = None


def _by_tf2onnx(option: str, needed: str = "") -> str:
    command = _ONNX.format(option=option, path="{path}").replace("--output", f"{needed}--output")
    return _WHERE.format(command=command)


_OF_A_FOLDER = _by_tf2onnx("saved-model") + " Or serve the folder with ENGINE=keras."
_FOLDER = _Kind("is a TensorFlow SavedModel", _OF_A_FOLDER)
_KINDS = (
    _Kind(
        "is a TensorFlow Lite model",
        _by_tf2onnx("tflite"),
        head=re.compile(rb"....TFL3", re.DOTALL),
    ),
    _Kind(
        "is a part of a TensorFlow SavedModel, whose folder is the model",
        _OF_A_FOLDER.replace("{path}", "{folder}"),
        name=re.compile(r"(saved_model|keras_metadata|fingerprint)\.pb(txt)?"),
    ),
    _Kind(
        "is a graph of a TensorFlow 1 checkpoint",
        _by_tf2onnx("checkpoint", _NAMED),
        name=re.compile(r".+\.meta"),
    ),
    _Kind(
        "is a part of a TensorFlow checkpoint, which holds weights without layers",
        "Where the model's code is: model.load_weights({stem}); model.save('model.keras')",
        # A table of LevelDB whose first entry has no name: the BundleHeaderProto.
        head=re.compile(rb"\x00\x00.\x08[\x01-\x7f]\x1a|model_checkpoint_path:", re.DOTALL),
        name=re.compile(r".+\.(ckpt(-\d+)?|index|data-\d{5}-of-\d{5})|checkpoint"),
    ),
    _Kind(
        "is a frozen graph of TensorFlow",
        _by_tf2onnx("graphdef", _NAMED),
        # A GraphDef begins with a node: its name, and its operation.
        head=re.compile(rb"\n.{1,3}\n[\x01-\x7f][\w./-]{1,127}\x12[\x01-\x7f][A-Z]\w", re.DOTALL),
    ),
)


def what_file_it_is(path: Path, head: bytes) -> str | None:
    """A sentence on what a file of TensorFlow is, and one on what to do; None for another file."""
    for kind in _KINDS:
        if kind.head is not None and kind.head.match(head):
            return _sentences(kind, path)
    return _told_by_name(path)


def what_folder_it_is(path: Path) -> str | None:
    """The same for a folder."""
    return _sentences(_FOLDER, path) if (path / SAVED_MODEL).exists() else None


def what_is_not_there(path: Path) -> str | None:
    """The same for the name of a checkpoint, whose files are called ``NAME.index`` and so on."""
    index = path.with_name(f"{path.name}.index")
    return _told_by_name(index) if index.exists() else None


def what_lies_in(names: Iterable[str]) -> str | None:
    """What the members of a zip are, and what to do with it; None where it is nothing of this."""
    for name in map(PurePath, names):
        if name.name == SAVED_MODEL:
            folder = shlex.quote(str(name.parent))
            return f"a TensorFlow SavedModel. Unpack it. {_OF_A_FOLDER.format(path=folder)}"
        if name.suffix == ".tflite":
            way_out = _by_tf2onnx("tflite").format(path=shlex.quote(str(name)))
            return f"a TensorFlow Lite model. Unpack it. {way_out}"
        if name.suffix == ".pb" or _told_by_name(Path(name)) is not None:
            return (
                f"{name}, of a TensorFlow graph or checkpoint. Save the model from Keras instead."
            )
    return None


def _told_by_name(path: Path) -> str | None:
    for kind in _KINDS:
        if kind.name is not None and kind.name.fullmatch(path.name):
            return _sentences(kind, path)
    return None


def _sentences(kind: _Kind, path: Path) -> str:
    stem = re.sub(r"\.(index|data-\d{5}-of-\d{5})$", "", str(path))
    way_out = kind.way_out.format(
        path=shlex.quote(str(path)), folder=shlex.quote(str(path.parent)), stem=repr(stem)
    )
    return f"{path.name} {kind.what}. {way_out}"
