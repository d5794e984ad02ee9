"""A Keras file as data: its configuration (JSON) and its weights (HDF5), whichever Keras wrote it.

Nothing in the file is executed or imported: a ``module`` path is a word, a pickle stays shut.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

import h5py

from vistazo.errors import ModelError, UnreadableModelError, UnsupportedModelError
from vistazo.models.keras_import.document import MAX_CONFIG_BYTES, parse_json
from vistazo.models.keras_import.file_faults import file_faults
from vistazo.models.keras_import.file_kind import recognise
from vistazo.models.keras_import.hdf5 import Tree, has_layer_names, open_hdf5, read_text, read_tree
from vistazo.models.keras_import.keras_layout import CONTAINERS
from vistazo.models.keras_import.layers_file import read_layers
from vistazo.models.keras_import.tfjs_manifest import is_tfjs, read_manifest, topology_of
from vistazo.models.tensorflow_files import what_lies_in
from vistazo.models.zip_member import open_member, open_zip, read_small

_CONFIG = "config.json"
_METADATA = "metadata.json"
_WEIGHTS = "model.weights.h5"
_OF_KERAS_2 = "batch_input_shape"

Layout = Literal["h5", "keras", "tfjs"]


@dataclass(frozen=True)
class Archive:
    """An open model. ``layout`` says how the arrays of ``tree`` are arranged.

    ``backend`` is what Keras computed with: ``tensorflow``, ``theano``, ``cntk``; empty where
    nothing says so.
    """

    label: str
    layout: Layout
    config: Mapping[str, object]
    keras_version: str
    tree: Tree
    backend: str = ""

    @property
    def keras_major(self) -> int:
        """2 or 3; files older than the first version mark count as 2."""
        return 3 if self.keras_version.startswith("3") else 2

    @property
    def is_by_tfjs(self) -> bool:
        """Whether TensorFlow.js itself saved the model: its converter notes Keras' version."""
        return self.keras_version.startswith("tfjs")

    @property
    def framework(self) -> str:
        """What wrote the model: ``keras 2.15.0``, ``keras 1.2.2 (theano)``, ``tfjs-layers 1``."""
        if self.is_by_tfjs:
            return self.keras_version
        computed = " (theano)" if self.backend.lower() == "theano" else ""
        return f"keras {self.keras_version}{computed}"


@contextmanager
def open_archive(path: Path, weights: Sequence[Path] = ()) -> Iterator[Archive]:
    """Open a ``.h5``, ``.hdf5`` or ``.keras`` file; its name does not matter, its bytes do.

    ``weights`` are the further files that a model is made of, where ``path`` has its layers only.
    Raises ModelNotFoundError, UnreadableModelError, HostileModelError, UnsupportedModelError.
    """
    with ExitStack() as stack:
        if weights:
            archive = _from_parts(path, weights, stack)
            with nullcontext() if archive.layout == "tfjs" else _of_two_files(path, weights):
                yield archive
        elif recognise(path) == "hdf5":
            yield _from_hdf5(stack.enter_context(open_hdf5(str(path), path.name)), path.name)
        else:
            yield _from_zip(path, stack)


@contextmanager
def _of_two_files(path: Path, weights: Sequence[Path]) -> Iterator[None]:
    """Where what is read makes no sense, the two files may just not belong together."""
    try:
        yield
    except UnreadableModelError as error:
        raise UnreadableModelError(
            f"{error} (The layers are those of {path.name}, the weights those of "
            f"{weights[0].name}: where these are of another model, name others in MODEL_WEIGHTS.)"
        ) from error


def _from_parts(path: Path, weights: Sequence[Path], stack: ExitStack) -> Archive:
    """Layers in JSON or YAML (``model.to_json()``), weights in HDF5 (``model.save_weights()``)."""
    config, of_weights = read_layers(path), weights[0].name
    if is_tfjs(config):
        return _from_tfjs(config, weights, path.name)
    if recognise(weights[0]) != "hdf5":
        raise UnsupportedModelError(
            f"{of_weights} is a zip file, where the weights of {path.name} have to be an HDF5 file "
            "(.h5). A .keras file is a whole model: set MODEL_PATH to it."
        )
    file = stack.enter_context(open_hdf5(str(weights[0]), of_weights))
    tree = _tree(file, of_weights)
    layout = _layout_of(tree)
    if layout is None:
        raise UnreadableModelError(
            f"{of_weights} is an HDF5 file, but it holds no weights of a Keras model."
        )
    # Keras 3 notes no version, nor do the layers that are unpacked from a .keras file of Keras 2.
    is_keras3 = "module" in config and _OF_KERAS_2 not in str(config)
    usual = "3" if is_keras3 else "2"
    version = str(config.get("keras_version") or _noted(file, tree, "keras_version") or usual)
    backend = _noted(file, tree, "backend") or str(config.get("backend") or "")
    return Archive(f"{path.name} with {of_weights}", layout, config, version, tree, backend)


def _layout_of(tree: Tree) -> Layout | None:
    """How the weights of an HDF5 file are arranged; None where there are none of Keras."""
    if "model_weights" in tree.groups or has_layer_names(tree.groups[""]):
        return "h5"
    return "keras" if any(name in tree.groups for name in CONTAINERS) else None


def _from_tfjs(document: Mapping[str, object], shards: Sequence[Path], label: str) -> Archive:
    """A layers model of TensorFlow.js; the converter wraps the layers in ``model_config``."""
    topology = topology_of(document)
    config = topology.get("model_config", topology)
    if not isinstance(config, dict):
        raise UnreadableModelError(f"The 'modelTopology' of {label} does not describe a model.")
    with file_faults(f"{label} is damaged"):
        tree = Tree(read_manifest(document, shards), {})
    version, backend = (str(topology.get(key) or "") for key in ("keras_version", "backend"))
    return Archive(label, "tfjs", config, version or "2", tree, backend)


def _from_hdf5(file: h5py.File, label: str) -> Archive:
    text, tree = read_text(file, "model_config"), _tree(file, label)
    if text is None:
        raise _without_layers(tree, label)
    config = parse_json(text, "model_config")
    version, backend = (_noted(file, tree, name) for name in ("keras_version", "backend"))
    return Archive(label, "h5", config, version or "2", tree, backend)


def _tree(file: h5py.File, label: str) -> Tree:
    with file_faults(f"{label} is damaged"):
        return read_tree(file)


def _noted(file: h5py.File, tree: Tree, attribute: str) -> str:
    """What Keras notes of itself, on the file or on its weights; empty where it does not."""
    weights = tree.groups.get("model_weights", file)
    return read_text(file, attribute) or read_text(weights, attribute) or ""


def _without_layers(tree: Tree, label: str) -> ModelError:
    if _layout_of(tree) is None:
        return UnreadableModelError(
            f"{label} is an HDF5 file, but no Keras model: it has no 'model_config'."
        )
    stem = label.removesuffix(PurePosixPath(label).suffix).removesuffix(".weights")
    return UnsupportedModelError(
        f"{label} holds weights only, without the model's layers. What is missing is the file that "
        f"says them: write it with open('{stem}.json', 'w').write(model.to_json()) and put it "
        "beside the weights; or save the whole model with model.save('model.keras') instead of "
        "save_weights()."
    )


def _from_zip(path: Path, stack: ExitStack) -> Archive:
    archive = stack.enter_context(open_zip(stack.enter_context(path.open("rb")), path.name))
    names = set(archive.namelist())
    if _CONFIG not in names:
        _refuse_other_zip(archive, path.name)
    config = parse_json(read_small(archive, _CONFIG, MAX_CONFIG_BYTES), _CONFIG)
    metadata = (
        parse_json(read_small(archive, _METADATA, MAX_CONFIG_BYTES), _METADATA)
        if _METADATA in names
        else {}
    )
    if _WEIGHTS not in names:
        raise UnsupportedModelError(
            f"{path.name} has no '{_WEIGHTS}'. Save it with model.save('model.keras')."
        )
    member = stack.enter_context(open_member(archive, _WEIGHTS, path))
    file = stack.enter_context(open_hdf5(member, f"'{_WEIGHTS}' in {path.name}"))
    version = str(metadata.get("keras_version", "3"))
    return Archive(path.name, "keras", config, version, _tree(file, path.name))


def _refuse_other_zip(archive: zipfile.ZipFile, label: str) -> None:
    names = archive.namelist()
    models = [name for name in names if PurePosixPath(name).suffix in {".h5", ".hdf5", ".keras"}]
    if models:
        raise UnsupportedModelError(f"{label} is a zip file around '{models[0]}'. Unpack it first.")
    if any(name.endswith("data.pkl") for name in names):
        raise UnsupportedModelError(
            f"{label} is a PyTorch file, which holds a pickle. Export the model to ONNX."
        )
    of_tensorflow = what_lies_in(names)
    if of_tensorflow is not None:
        raise UnsupportedModelError(f"{label} is a zip file around {of_tensorflow}")
    raise UnreadableModelError(f"{label} is a zip file, but no Keras model: no '{_CONFIG}' in it.")
