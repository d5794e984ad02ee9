"""Weights in a ``.keras`` file: ``layers/<name>/vars/0``, ``1``... in ``model.weights.h5``.

``<name>`` is the layer's class in snake case, numbered in the model's order
(``saving_lib._save_container_state``), or, in some versions, the layer's own name. Newer files note
the own name in an attribute of ``vars``, which settles it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

import h5py

from vistazo.errors import UnreadableModelError
from vistazo.keras_import.dialect import Layer, Model
from vistazo.keras_import.hdf5 import Tree, Weight, read_text
from vistazo.keras_import.weights import LayerPath, LayerWeights, SlotsOf, leaves

# tf.keras 2.12 filed layers under its checkpoint's name for them.
_CONTAINERS = ("layers", "_layer_checkpoint_dependencies")


def find_keras_weights(
    tree: Tree, model: Model, slots_of: SlotsOf
) -> dict[LayerPath, LayerWeights]:
    """The arrays of every layer. Raises UnreadableModelError where one lacks its arrays."""
    found: dict[LayerPath, LayerWeights] = {}
    _fill(tree, model.layers, "", (), slots_of, found)
    return found


def _fill(
    tree: Tree,
    layers: Sequence[Layer],
    prefix: str,
    path: LayerPath,
    slots_of: SlotsOf,
    found: dict[LayerPath, LayerWeights],
) -> None:
    places = _places(tree, layers, prefix, slots_of)
    for layer in layers:
        place = places.get(layer.name, "")
        if layer.model is not None:
            _fill(tree, layer.model.layers, f"{place}/", (*path, layer.name), slots_of, found)
        else:
            found[(*path, layer.name)] = _arrays(tree, layer, place, slots_of)


def _places(tree: Tree, layers: Sequence[Layer], prefix: str, slots_of: SlotsOf) -> dict[str, str]:
    """The group of each layer's arrays."""
    container = next(
        (f"{prefix}{name}" for name in _CONTAINERS if f"{prefix}{name}" in tree.groups),
        f"{prefix}layers",
    )
    groups = _children(tree, container)
    noted = _noted_names(groups)
    wanted = [layer.name for layer in layers if _has_weights(layer, slots_of)]
    if all(name in noted for name in wanted):
        return {name: f"{container}/{noted[name]}" for name in wanted}
    numbered = _numbered(layers)
    by_number = {name: numbered[name] for name in wanted}
    if all(group in groups for group in by_number.values()):
        return {name: f"{container}/{group}" for name, group in by_number.items()}
    return {name: f"{container}/{name}" for name in wanted}


def _children(tree: Tree, container: str) -> Mapping[str, h5py.Group | None]:
    start = f"{container}/"
    names = {path[len(start) :].split("/")[0] for path in tree.groups if path.startswith(start)}
    return {name: tree.groups.get(f"{start}{name}/vars") for name in sorted(names)}


def _noted_names(groups: Mapping[str, h5py.Group | None]) -> dict[str, str]:
    noted: dict[str, str] = {}
    for name, group in groups.items():
        own_name = None if group is None else read_text(group, "name")
        if own_name is not None:
            noted[own_name] = name
    return noted


def _has_weights(layer: Layer, slots_of: SlotsOf) -> bool:
    return any(leaf.slots for leaf in leaves(layer, slots_of))


def _numbered(layers: Sequence[Layer]) -> dict[str, str]:
    used: dict[str, int] = defaultdict(int)
    names: dict[str, str] = {}
    for layer in layers:
        base = snake_case(layer.class_name)
        names[layer.name] = f"{base}_{used[base]}" if used[base] else base
        used[base] += 1
    return names


def snake_case(name: str) -> str:
    """``Conv2DTranspose`` -> ``conv2d_transpose``, as ``keras.src.utils.naming`` does it."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def _arrays(tree: Tree, layer: Layer, place: str, slots_of: SlotsOf) -> LayerWeights:
    slots = slots_of(layer)
    if not slots:
        return {}
    counted: dict[str, int] = defaultdict(int)
    arrays: dict[str, Weight] = {}
    for slot in slots:
        sublayer = slot.path.rpartition("/")[0]
        index, counted[sublayer] = counted[sublayer], counted[sublayer] + 1
        array = _array(tree, place, sublayer, index)
        if array is not None:
            arrays[slot.path] = array
        elif not slot.optional:
            raise UnreadableModelError(
                f"The file holds no '{slot.path}' for {layer}: it was saved incompletely, or its "
                "parts do not belong together. Save the model again."
            )
    return arrays


def _array(tree: Tree, place: str, sublayer: str, index: int) -> Weight | None:
    # Keras 2 kept sublayers in private attributes, Keras 3 mostly in public ones.
    spellings = (sublayer, f"_{sublayer}") if sublayer else ("",)
    for spelling in spellings:
        inner = f"{spelling}/" if spelling else ""
        weight = tree.weights.get(f"{place}/{inner}vars/{index}")
        if weight is not None:
            return weight
    return None
