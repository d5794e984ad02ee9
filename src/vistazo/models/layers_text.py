"""The layers of a Keras model as text: JSON (``to_json``) or YAML (``to_yaml``).

Told by bytes alone, in the service itself: nothing is parsed here, see ``models.keras_import``.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

TextKind = Literal["json", "yaml"]

SUFFIXES = (".json", ".yaml", ".yml")
MAX_BYTES = 32 << 20  # of JSON; YAML takes far longer to read
_HEAD_BYTES = 65_536
_BLOCK_BYTES = 1 << 16
HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# A text of JSON may have been written as JSON once more: then it is a string.
_JSON = re.compile(rb'\s*[{"\[]')
_YAML = re.compile(rb"(?:[ \t]*(?:---|[#%][^\n]*)?\r?\n)*[A-Za-z_]\w*[ \t]*:")
# At least one layer's class is that of a model, in JSON, JSON twice or YAML.
_MODEL_CLASS = re.compile(
    rb"""\\?["']?\bclass_name\\?["']?[ \t]*:\s*\\?["']?(?:Sequential|Functional|Model)\b"""
)
_SHARDS = b"weightsManifest"  # TensorFlow.js: its weights are files of another kind
_FOR_BROWSER = (b'"modelTopology"', b'"layers-model"', b'"graph-model"')
_CONFIG_NAME = b"model_config"  # of the attribute in which an HDF5 file keeps the layers


def text_kind(text: bytes) -> TextKind | None:
    """What the first bytes of a file of layers are; None for what is no such text."""
    head = text[:_HEAD_BYTES].removeprefix(_BYTE_ORDER_MARK)
    if _JSON.match(head):
        return "json"
    return "yaml" if _YAML.match(head) else None


def is_layers_name(path: Path) -> bool:
    """Whether a file is named as text: MODEL_PATH may name it for a model's layers."""
    return path.suffix.lower() in SUFFIXES


def has_shards(text: bytes) -> bool:
    """Whether the weights are files that TensorFlow.js wrote, which the text names."""
    return _SHARDS in text


def holds_layers(text: bytes) -> bool:
    """Whether a text speaks of a model's layers, and needs HDF5 weights beside it."""
    return _MODEL_CLASS.search(text) is not None and not has_shards(text)


def may_hold_layers(head: bytes) -> bool:
    """Whether a text that begins so may be of a model's layers, and not one for the browser."""
    return text_kind(head) is not None and b"class_name" in head and b"modelTopology" not in head


def is_for_browser(head: bytes) -> bool:
    """Whether a text that begins so is the ``model.json`` of TensorFlow.js, of whichever kind."""
    return text_kind(head) == "json" and any(mark in head for mark in _FOR_BROWSER)


def head_of(path: Path) -> bytes:
    """As much as tells what a file is."""
    with path.open("rb") as file:
        return file.read(_HEAD_BYTES)


def is_one_of_two(path: Path) -> bool:
    """Whether a file is one part of a model: its layers as text, or HDF5 weights without them."""
    head = head_of(path)
    return may_hold_layers(head) or (head.startswith(HDF5_SIGNATURE) and not has_layers(path))


def is_one_of_several(path: Path) -> bool:
    """Whether other files belong to the model, so that its hash is not that of this file."""
    return is_one_of_two(path) or is_for_browser(head_of(path))


def is_layers_file(path: Path) -> bool:
    """Whether a file holds a model's layers as text; False where it cannot be read."""
    try:
        if not is_layers_name(path) or not path.is_file() or path.stat().st_size > MAX_BYTES:
            return False
        return holds_layers(path.read_bytes())
    except OSError:
        return False


def has_layers(hdf5: Path) -> bool:
    """Whether an HDF5 file may have its layers in itself, as ``model.save`` writes it.

    HDF5 keeps an attribute's name as it is: where it is nowhere, there are weights alone.
    """
    kept = b""
    with hdf5.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            if _CONFIG_NAME in kept + block:
                return True
            kept = block[-len(_CONFIG_NAME) :]
    return False
