"""An open model in one language, its layers and the arrays of each, whichever Keras wrote it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from vistazo.errors import UnsupportedModelError
from vistazo.models.keras_import.archive import Archive
from vistazo.models.keras_import.cntk import CNTK, refuse_unknown
from vistazo.models.keras_import.dialect import Model, read_model
from vistazo.models.keras_import.file_faults import file_faults
from vistazo.models.keras_import.hdf5 import Tree
from vistazo.models.keras_import.keras1.arrays import (
    are_of_keras1,
    backend_of,
    in_keras2,
    shared_axes,
    slots_in_keras1,
    todays_name,
)
from vistazo.models.keras_import.keras1.document import as_keras2, is_of_keras1, refuse_keras0
from vistazo.models.keras_import.keras_layout import find_keras_weights
from vistazo.models.keras_import.legacy_layout import find_legacy_weights
from vistazo.models.keras_import.registry import slots_of
from vistazo.models.keras_import.rewriting import rewrite
from vistazo.models.keras_import.tfjs_layout import find_tfjs_weights
from vistazo.models.keras_import.tfjs_words import as_tfjs
from vistazo.models.keras_import.theano import THEANO, as_theano, has_turned, turned
from vistazo.models.keras_import.weights import LayerPath, LayerWeights, model_leaves

# Up to 1.0.3 Keras did not say its version.
_FIRST = "1.0"
_Weights = dict[LayerPath, LayerWeights]


def read_archive(archive: Archive) -> tuple[Archive, Model]:
    """The graph of layers; the archive's configuration and backend in the words of Keras 2."""
    with file_faults("The configuration of the model is damaged"):
        if not archive.backend and _has_former_arrays(archive):
            archive = replace(archive, backend=backend_of(_array_names(archive.tree)))
        refuse_keras0(archive.config)
        if is_of_keras1(archive.config):
            config = as_keras2(archive.config, archive.keras_version, archive.backend)
            known = archive.keras_version.startswith("1.")
            version = archive.keras_version if known else _FIRST
            archive = replace(archive, config=config, keras_version=version)
    return archive, read_model(archive.config)


def with_weights(archive: Archive, model: Model) -> tuple[Model, _Weights]:
    """The arrays of every layer; and the model with what only they, or the backend, show."""
    if archive.backend.lower() == CNTK:
        refuse_unknown(model)
    is_theano = archive.backend.lower() == THEANO
    model = as_theano(model, archive.keras_version) if is_theano else model
    model = as_tfjs(model) if archive.is_by_tfjs else model
    found = _find(archive, model)
    if _has_former_arrays(archive):
        model, found = _from_keras1(archive, model, found)
    return model, turned(found, model, slots_of) if is_theano else found


def _find(archive: Archive, model: Model) -> _Weights:
    if archive.layout == "tfjs":
        return find_tfjs_weights(archive.tree, model, slots_of)
    if archive.layout == "keras":
        return find_keras_weights(archive.tree, model, slots_of)
    if _has_former_arrays(archive):
        return find_legacy_weights(archive.tree, model, slots_in_keras1(slots_of), todays_name)
    return find_legacy_weights(archive.tree, model, slots_of)


def _has_former_arrays(archive: Archive) -> bool:
    return archive.layout == "h5" and are_of_keras1(_array_names(archive.tree))


def _from_keras1(archive: Archive, model: Model, found: _Weights) -> tuple[Model, _Weights]:
    if not archive.backend and has_turned(model):
        raise UnsupportedModelError(
            f"{archive.label} is of Keras 1 and does not say whether Theano or TensorFlow computed "
            'it, which turn the kernels of convolutions differently. Say it: "backend": "theano" '
            '(or "tensorflow") beside "config" in its JSON, or in an .h5 file '
            "h5py.File(path, 'r+').attrs['backend'] = 'theano'."
        )
    layers = {leaf.path: leaf.layer for leaf in model_leaves(model, slots_of)}
    changed = {
        path: in_keras2(layers[path], arrays, [slot.path for slot in slots_of(layers[path])])
        for path, arrays in found.items()
    }
    return rewrite(model, lambda path, layer: shared_axes(layer, found.get(path, {}))), changed


def _array_names(tree: Tree) -> Iterator[str]:
    """The names of the arrays of all layers, without the layer's own group before them."""
    prefix = "model_weights/" if "model_weights" in tree.groups else ""
    for path in tree.weights:
        if path.startswith(prefix) and not path.startswith("optimizer_weights/"):
            yield path.removeprefix(prefix).partition("/")[2]
