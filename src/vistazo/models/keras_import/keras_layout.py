"""Weights in a ``.keras`` file: ``layers/<name>/vars/0``, ``1``... in ``model.weights.h5``.

``<name>`` is the layer's class in snake case, numbered in the model's order
(``saving_lib._save_container_state``), or, in some versions, the layer's own name. Newer files note
the own name in an attribute of ``vars``, which settles it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from vistazo.errors import UnreadableModelError
from vistazo.models.keras_import.dialect import Layer, Model
from vistazo.models.keras_import.hdf5 import Tree, read_text
from vistazo.models.keras_import.weight import Weight
from vistazo.models.keras_import.weights import LayerPath, LayerWeights, SlotsOf, leaves

# tf.keras 2.12 filed layers under its checkpoint's name for them.
CONTAINERS = ("layers", "_layer_checkpoint_dependencies")


def find_keras_weights(
    tree: Tree, model: Model, slots_of: SlotsOf
) -> dict[LayerPath, LayerWeights]:
    """The arrays of every layer. Raises UnreadableModelError where one lacks its arrays."""
    return dict(_find(tree, model.layers, slots_of, "", ()))


def _find(
    tree: Tree, layers: Sequence[Layer], slots_of: SlotsOf, prefix: str, path: LayerPath
) -> Iterator[tuple[LayerPath, LayerWeights]]:
    places = _places(tree, layers, prefix, slots_of)
    for layer in layers:
        yield from _inside(tree, layer, slots_of, places.get(layer.name, ""), path)


def _inside(
    tree: Tree, layer: Layer, slots_of: SlotsOf, place: str, path: LayerPath
) -> Iterator[tuple[LayerPath, LayerWeights]]:
    here = (*path, layer.name)
    if layer.model is not None:
        yield from _find(tree, layer.model.layers, slots_of, f"{place}/", here)
    elif layer.inner:
        for role, inner in layer.inner.items():
            yield from _inside(tree, inner, slots_of, f"{place}/{role}", here)
    else:
        yield here, _arrays(tree, layer, place, slots_of)


def _places(tree: Tree, layers: Sequence[Layer], prefix: str, slots_of: SlotsOf) -> dict[str, str]:
    """The group of each layer's arrays."""
    wanted = [layer for layer in layers if _has_weights(layer, slots_of)]
    container, filled = _container(tree, prefix)
    chosen = _noted_names(tree, container, filled)
    # Another session numbers layers anew: then one name can be that of two layers.
    if not {layer.name for layer in layers}.issuperset(chosen):
        chosen = {}
    if not any(layer.name in chosen for layer in wanted):
        chosen = _by_class(wanted, filled)
    if not all(layer.name in chosen for layer in wanted):
        chosen = {layer.name: layer.name for layer in wanted} | chosen
    return {layer.name: f"{container}/{chosen[layer.name]}" for layer in wanted}


def _container(tree: Tree, prefix: str) -> tuple[str, list[str]]:
    """Where a model's layers are filed, and the names of those that hold arrays."""
    for name in CONTAINERS:
        start = f"{prefix}{name}/"
        inside = (path[len(start) :] for path in tree.weights if path.startswith(start))
        filled = dict.fromkeys(path.split("/")[0] for path in inside)
        if filled:
            return start[:-1], list(filled)
    return f"{prefix}{CONTAINERS[0]}", []


def _noted_names(tree: Tree, container: str, groups: Sequence[str]) -> dict[str, str]:
    noted: dict[str, str] = {}
    for name in groups:
        variables = tree.groups.get(f"{container}/{name}/vars")
        own_name = None if variables is None else read_text(variables, "name")
        if own_name is not None:
            noted[own_name] = name
    return noted


def _has_weights(layer: Layer, slots_of: SlotsOf) -> bool:
    return any(leaf.slots for leaf in leaves(layer, slots_of))


def _by_class(layers: Sequence[Layer], groups: Sequence[str]) -> dict[str, str]:
    """Layers and groups of one class paired in order.

    Not by the number itself: Keras 2.12 counted every layer with arrays twice.
    """
    members: dict[str, list[Layer]] = defaultdict(list)
    for layer in layers:
        members[snake_case(layer.class_name)].append(layer)
    places: dict[str, str] = {}
    for base, same in members.items():
        numbered = re.compile(re.escape(base) + r"(_\d{1,9})?")
        of_class = [name for name in groups if numbered.fullmatch(name)]
        if len(of_class) == len(same):
            of_class.sort(key=lambda name: int(name[len(base) + 1 :] or 0))
            places |= {layer.name: name for layer, name in zip(same, of_class, strict=True)}
    return places if len(places) == len(layers) else {}


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
