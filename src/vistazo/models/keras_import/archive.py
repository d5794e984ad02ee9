"""A Keras file as data: its configuration (JSON) and its weights (HDF5), whichever Keras wrote it.

Nothing in the file is executed or imported: a ``module`` path is a word, a pickle stays shut.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

import h5py

from vistazo.errors import HostileModelError, UnreadableModelError, UnsupportedModelError
from vistazo.models.keras_import.file_kind import recognise
from vistazo.models.keras_import.hdf5 import open_hdf5, read_text
from vistazo.models.zip_member import open_member, open_zip, read_small

MAX_CONFIG_BYTES = 32 << 20
MAX_CONFIG_DEPTH = 256
_CONFIG = "config.json"
_METADATA = "metadata.json"
_WEIGHTS = "model.weights.h5"


@dataclass(frozen=True)
class Archive:
    """An open model file. ``layout`` says how its weights are arranged."""

    label: str
    layout: Literal["h5", "keras"]
    config: Mapping[str, object]
    keras_version: str
    weights: h5py.File

    @property
    def keras_major(self) -> int:
        """2 or 3; files older than the first version mark count as 2."""
        return 3 if self.keras_version.startswith("3") else 2


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Open a ``.h5``, ``.hdf5`` or ``.keras`` file; its name does not matter, its bytes do.

    Raises ModelNotFoundError, UnreadableModelError, HostileModelError, UnsupportedModelError.
    """
    with ExitStack() as stack:
        if recognise(path) == "hdf5":
            yield _from_hdf5(stack.enter_context(open_hdf5(str(path), path.name)), path.name)
        else:
            yield _from_zip(path, stack)


def _from_hdf5(file: h5py.File, label: str) -> Archive:
    text = read_text(file, "model_config")
    if text is None:
        _refuse_weights_alone(file, label)
    version = read_text(file, "keras_version")
    if version is None and isinstance(file.get("model_weights"), h5py.Group):
        version = read_text(file["model_weights"], "keras_version")
    return Archive(label, "h5", _parse(text or "", "model_config"), version or "2", file)


def _refuse_weights_alone(file: h5py.File, label: str) -> None:
    if "layer_names" in file.attrs or "layers" in file or "_layer_checkpoint_dependencies" in file:
        raise UnsupportedModelError(
            f"{label} holds weights only, without the model's layers. Save the whole model with "
            "model.save('model.keras') instead of save_weights()."
        )
    raise UnreadableModelError(
        f"{label} is an HDF5 file, but no Keras model: it has no 'model_config'."
    )


def _from_zip(path: Path, stack: ExitStack) -> Archive:
    archive = stack.enter_context(open_zip(stack.enter_context(path.open("rb")), path.name))
    names = set(archive.namelist())
    if _CONFIG not in names:
        _refuse_other_zip(archive, path.name)
    config = _parse(read_small(archive, _CONFIG, MAX_CONFIG_BYTES), _CONFIG)
    metadata = (
        _parse(read_small(archive, _METADATA, MAX_CONFIG_BYTES), _METADATA)
        if _METADATA in names
        else {}
    )
    if _WEIGHTS not in names:
        raise UnsupportedModelError(
            f"{path.name} has no '{_WEIGHTS}'. Save it with model.save('model.keras')."
        )
    member = stack.enter_context(open_member(archive, _WEIGHTS, path))
    weights = stack.enter_context(open_hdf5(member, f"'{_WEIGHTS}' in {path.name}"))
    return Archive(path.name, "keras", config, str(metadata.get("keras_version", "3")), weights)


def _refuse_other_zip(archive: zipfile.ZipFile, label: str) -> None:
    names = archive.namelist()
    models = [name for name in names if PurePosixPath(name).suffix in {".h5", ".hdf5", ".keras"}]
    if models:
        raise UnsupportedModelError(f"{label} is a zip file around '{models[0]}'. Unpack it first.")
    if any(name.endswith("data.pkl") for name in names):
        raise UnsupportedModelError(
            f"{label} is a PyTorch file, which holds a pickle. Export the model to ONNX."
        )
    if any(name.endswith("saved_model.pb") for name in names):
        raise UnsupportedModelError(
            f"{label} is a zipped TensorFlow SavedModel. Save the model with "
            "model.save('model.keras')."
        )
    raise UnreadableModelError(f"{label} is a zip file, but no Keras model: no '{_CONFIG}' in it.")


def _parse(text: str | bytes, what: str) -> dict[str, object]:
    if len(text) > MAX_CONFIG_BYTES:
        raise HostileModelError(f"'{what}' is larger than {MAX_CONFIG_BYTES} bytes.")
    try:
        document = json.loads(text)
    except RecursionError:
        raise HostileModelError(f"'{what}' is nested without end.") from None
    except (ValueError, UnicodeError) as error:
        raise UnreadableModelError(
            f"'{what}' is not valid JSON ({error}). The file is damaged; copy it again."
        ) from error
    if _depth(document) > MAX_CONFIG_DEPTH:
        raise HostileModelError(f"'{what}' is nested deeper than {MAX_CONFIG_DEPTH} levels.")
    if not isinstance(document, dict):
        raise UnreadableModelError(f"'{what}' does not describe a model.")
    return document


def _depth(document: object) -> int:
    level, depth = [document], 0
    while level and depth <= MAX_CONFIG_DEPTH:
        depth += 1
        level = [child for item in level for child in _children(item)]
    return depth


def _children(item: object) -> list[object]:
    if isinstance(item, dict):
        return list(item.values())
    return item if isinstance(item, list) else []
