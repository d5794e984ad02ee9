"""Weights of TensorFlow.js, which are found by name alone: ``conv2d_Conv2D1/kernel``.

tfjs itself names them after the layer; Keras 2 wrote the same, with the cell between where there is
one (``lstm/lstm_cell/kernel``); Keras 3 puts the models around the layer before it
(``sequential/dense/kernel``), and of a ``.keras`` file the converter keeps the paths
(``layers/dense/vars/0``), so that these are searched as in one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from vistazo.errors import UnreadableModelError
from vistazo.models.keras_import.dialect import Model
from vistazo.models.keras_import.hdf5 import Tree
from vistazo.models.keras_import.keras_layout import find_keras_weights
from vistazo.models.keras_import.weights import (
    LayerPath,
    LayerWeights,
    Leaf,
    Slot,
    SlotsOf,
    model_leaves,
)

_CELL = re.compile(r"_cell(_\d+)?$")
_STACKED = "/cells/"


def find_tfjs_weights(tree: Tree, model: Model, slots_of: SlotsOf) -> dict[LayerPath, LayerWeights]:
    """The arrays of every layer. Raises UnreadableModelError where a layer lacks its arrays."""
    if any("/vars/" in name for name in tree.weights):
        return find_keras_weights(tree, model, slots_of)
    names = _spellings(tree.weights)
    found: dict[LayerPath, LayerWeights] = {}
    taken: dict[str, Leaf] = {}
    for leaf in model_leaves(model, slots_of):
        place = replace(leaf, path=(model.name, *leaf.path))
        given = {slot.path: _name_of(slot, place, names) for slot in leaf.slots}
        if any(_STACKED in slot.path for slot in leaf.slots) and not any(given.values()):
            given = _in_order(place, tree.weights)
        found[leaf.path] = {
            slot.path: tree.weights[name] for slot in leaf.slots if (name := given.get(slot.path))
        }
        _check(leaf, found[leaf.path], taken)
    return found


def _check(leaf: Leaf, arrays: LayerWeights, taken: dict[str, Leaf]) -> None:
    """Raise UnreadableModelError where an array is missing, or another layer's."""
    for slot in leaf.slots:
        if slot.path not in arrays and not slot.optional:
            raise _missing(slot, leaf)
    for weight in arrays.values():
        if taken.setdefault(weight.name, leaf) is not leaf:
            raise _ambiguous(weight.name, taken[weight.name], leaf)


def _in_order(leaf: Leaf, names: Iterable[str]) -> dict[str, str | None]:
    """Stacked cells are called otherwise in each tool; what they own is listed cell by cell."""
    places = ["/".join(leaf.path[start:]) for start in range(len(leaf.path))]
    inside = [name for name in names if any(name.startswith(f"{place}/") for place in places)]
    paths = [slot.path for slot in leaf.slots]
    if [_last(name) for name in inside] != [_last(path) for path in paths]:
        return {}
    return dict(zip(paths, inside, strict=True))


def _last(name: str) -> str:
    return _plain(name).rpartition("/")[2]


def _spellings(names: Iterable[str]) -> dict[str, str]:
    """What an array may be asked for as, and its name: without its cell, ``:0`` and ``_1``.

    A spelling that would stand for two arrays stands for none, but each keeps its own name.
    """
    own = {name: name for name in names}
    counted = Counter(map(_plain, own))
    return {_plain(name): name for name in own if counted[_plain(name)] == 1} | own


def _plain(name: str) -> str:
    *place, last = re.sub(r"(_\d+)?(:\d+)?$", "", name).split("/")
    return "/".join([*place[:-1], *(part for part in place[-1:] if not _CELL.search(part)), last])


def _name_of(slot: Slot, leaf: Leaf, names: Mapping[str, str]) -> str | None:
    """The array that a slot is filled with: the one whose name says most of where it belongs."""
    # What a TimeDistributed holds is filed under the wrapper's name.
    for end in (len(leaf.path), len(leaf.path) - 1):
        for start in range(end):
            place = "/".join(leaf.path[start:end])
            for path in slot.legacy_paths:
                if f"{place}/{path}" in names:
                    return names[f"{place}/{path}"]
    return None


def _missing(slot: Slot, leaf: Leaf) -> UnreadableModelError:
    return UnreadableModelError(
        f"The model holds no '{slot.path}' for {leaf.layer}: it was exported incompletely, or its "
        "files do not belong together. Export it again."
    )


def _ambiguous(name: str, one: Leaf, other: Leaf) -> UnreadableModelError:
    return UnreadableModelError(
        f"The array '{name}' may belong to {'/'.join(one.path)} or to {'/'.join(other.path)}. Give "
        "the layers different names and export the model again."
    )
