"""A file of a model's layers, without weights: what ``to_json`` or ``to_yaml`` wrote."""

from __future__ import annotations

from pathlib import Path

from vistazo.errors import HostileModelError, UnreadableModelError, UnsupportedModelError
from vistazo.models.keras_import.document import MAX_CONFIG_BYTES, parse_json
from vistazo.models.keras_import.file_kind import recognise
from vistazo.models.keras_import.tfjs_manifest import is_tfjs
from vistazo.models.layers_text import text_kind

_SHARDED = "weight_map"


def read_layers(path: Path) -> dict[str, object]:
    """The document in a file: ``class_name`` and ``config``, or what TensorFlow.js writes.

    Raises ModelNotFoundError, UnreadableModelError, HostileModelError, UnsupportedModelError.
    """
    text = _read(path)
    kind = text_kind(text)
    if kind is None:
        recognise(path)  # knows what else it may be
        raise UnsupportedModelError(
            f"{path.name} has weights of its own: take MODEL_WEIGHTS away, or set MODEL_PATH to "
            "the .json or .yaml of the layers."
        )
    if kind == "yaml":
        from vistazo.models.keras_import.yaml_document import parse_yaml

        return _checked(parse_yaml(text, path.name), path)
    return _checked(parse_json(text, path.name), path)


def _read(path: Path) -> bytes:
    """At most one byte more than may be there."""
    if not path.is_file():
        recognise(path)
    try:
        with path.open("rb") as file:
            text = file.read(MAX_CONFIG_BYTES + 1)
    except OSError as error:
        raise UnreadableModelError(f"{path} cannot be read: {error.strerror}.") from error
    if len(text) > MAX_CONFIG_BYTES:
        raise HostileModelError(f"'{path.name}' is larger than {MAX_CONFIG_BYTES} bytes.")
    return text


def _checked(document: dict[str, object], path: Path) -> dict[str, object]:
    if is_tfjs(document) or ("class_name" in document and "config" in document):
        return document
    if isinstance(document.get("layers"), list):  # get_config() instead of to_json()
        return {"class_name": "Model", "config": document}
    if _SHARDED in document:
        raise UnsupportedModelError(
            f"{path.name} lists weights that are split over several files. Save them in one: "
            "model.save_weights('model.weights.h5')."
        )
    raise UnreadableModelError(
        f"{path.name} describes no model: it has no 'class_name' with a 'config', as "
        "model.to_json() writes them."
    )
