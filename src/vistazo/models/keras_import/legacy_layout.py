"""Weights in a legacy ``.h5`` file: ``model_weights/<layer>``, listed by ``weight_names``.

A nested model's arrays all lie under the outer layer, trained ones first, then the others
(``legacy_h5_format._legacy_weights``). They are matched by name (``block1/conv/kernel:0``), and
where names do not settle it by that order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from vistazo.errors import UnreadableModelError
from vistazo.models.keras_import.dialect import Layer, Model
from vistazo.models.keras_import.hdf5 import Tree, read_names
from vistazo.models.keras_import.weight import Weight
from vistazo.models.keras_import.weights import LayerPath, LayerWeights, Leaf, Slot, SlotsOf, leaves

# More than any layer's own name and its sublayers' take.
_MAX_PARTS = 16

_Wanted = tuple[Leaf, Slot]


def plain_name(name: str) -> str:
    """``conv/kernel_1:0`` -> ``conv/kernel``: TensorFlow's output number, its uniqueness suffix."""
    return re.sub(r"(_\d+)?(:\d+)?$", "", name)


def find_legacy_weights(
    tree: Tree, model: Model, slots_of: SlotsOf, plain: Callable[[str], str] = plain_name
) -> dict[LayerPath, LayerWeights]:
    """The arrays of every layer. Raises UnreadableModelError where a layer lacks its arrays.

    ``plain`` makes of an array's name the path of a slot, with its layer's name before it.
    """
    owned = {layer.name: list(leaves(layer, slots_of)) for layer in model.layers}
    places = _places(tree, owned)
    found: dict[LayerPath, LayerWeights] = {}
    for layer in model.layers:
        inside = owned[layer.name]
        matched = _match(layer, inside, _listed(tree, places[layer.name]), plain)
        for leaf in inside:
            found[leaf.path] = {
                slot.path: matched[leaf.path, slot.path]
                for slot in leaf.slots
                if (leaf.path, slot.path) in matched
            }
    return found


def _places(tree: Tree, owned: Mapping[str, Sequence[Leaf]]) -> dict[str, str]:
    """The group of every layer: by name, or where names differ in the order that the file lists.

    They differ where a nested Sequential had no name of its own (before Keras 2.2.3), and where
    layers and weights were saved in two sessions: Keras itself goes by the order.
    """
    prefix = "model_weights/" if "model_weights" in tree.groups else ""
    places = {name: f"{prefix}{name}" for name in owned}
    owning = [name for name, inside in owned.items() if _owns_arrays(inside)]
    if all(_listed(tree, places[name]) for name in owning):
        return places
    ordered = [f"{prefix}{name}" for name in _layer_names(tree)]
    filled = [place for place in ordered if _listed(tree, place)]
    return places | dict(zip(owning, filled, strict=True)) if len(filled) == len(owning) else places


def _owns_arrays(inside: Sequence[Leaf]) -> bool:
    return any(not slot.optional for leaf in inside for slot in leaf.slots)


def _layer_names(tree: Tree) -> list[str]:
    group = tree.groups.get("model_weights", tree.groups.get(""))
    return [] if group is None else read_names(group, "layer_names")


def _listed(tree: Tree, place: str) -> dict[str, Weight]:
    """The arrays of one top-level layer by name, in the order of ``weight_names``."""
    group = tree.groups.get(place.replace("\\", "/"))
    if group is None:
        return {}
    listed: dict[str, Weight] = {}
    for name in read_names(group, "weight_names"):
        weight = tree.weights.get(f"{place}/{name}".replace("\\", "/"))
        if weight is None:
            raise UnreadableModelError(
                f"The file lists the array '{place}/{name}' but does not hold it. It is damaged; "
                "copy or save it again."
            )
        listed[name.replace("\\", "/")] = weight
    return listed


def _match(
    layer: Layer,
    inside: Sequence[Leaf],
    listed: Mapping[str, Weight],
    plain: Callable[[str], str],
) -> Mapping[tuple[LayerPath, str], Weight]:
    wanted = [(leaf, slot) for leaf in inside for slot in leaf.slots]
    required = [(leaf, slot) for leaf, slot in wanted if not slot.optional]
    renamed = {plain(name): weight for name, weight in listed.items()}
    is_unmistakable = len(renamed) == len(listed)
    nested = bool(layer.model or layer.inner)
    named = _by_name(wanted, renamed, nested=nested) if is_unmistakable else {}
    if len(named) == len(listed) and len(named) >= len(required):
        return named
    for candidates in (wanted, required):
        if len(listed) == len(candidates):
            return _by_order(candidates, list(listed.values()))
    if all((leaf.path, slot.path) in named for leaf, slot in required):
        return named
    raise UnreadableModelError(
        f"The file holds {len(listed)} arrays for {layer}, which needs {len(required)}: it was "
        "saved incompletely, or its parts do not belong together. Save the model again."
    )


def _by_name(
    wanted: Sequence[_Wanted], listed: Mapping[str, Weight], *, nested: bool
) -> dict[tuple[LayerPath, str], Weight]:
    """The arrays whose names say unmistakably where they belong."""
    endings: dict[str, list[str]] = {}
    for name in listed:
        parts = name.rsplit("/", _MAX_PARTS)
        for start in range(len(parts)):
            endings.setdefault("/".join(parts[start:]), []).append(name)
    matched: dict[tuple[LayerPath, str], Weight] = {}
    taken: set[str] = set()
    for leaf, slot in wanted:
        prefix = f"{leaf.layer.name}/" if nested else ""
        candidates = [n for path in slot.legacy_paths for n in endings.get(f"{prefix}{path}", ())]
        if len(candidates) == 1 and candidates[0] not in taken:
            taken.add(candidates[0])
            matched[leaf.path, slot.path] = listed[candidates[0]]
    return matched


def _by_order(
    wanted: Sequence[_Wanted], arrays: Sequence[Weight]
) -> dict[tuple[LayerPath, str], Weight]:
    def is_late(item: _Wanted) -> bool:
        leaf, slot = item
        return slot.statistic or not leaf.trainable

    ordered = sorted(wanted, key=is_late)
    return {
        (leaf.path, slot.path): array for (leaf, slot), array in zip(ordered, arrays, strict=True)
    }
