"""Weights in a legacy ``.h5`` file: ``model_weights/<layer>``, listed by ``weight_names``.

A nested model's arrays all lie under the outer layer, trained ones first, then the others
(``legacy_h5_format._legacy_weights``). They are matched by name (``block1/conv/kernel:0``), and
where names do not settle it by that order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from vistazo.errors import UnreadableModelError
from vistazo.models.keras_import.dialect import Layer, Model
from vistazo.models.keras_import.hdf5 import Tree, read_names
from vistazo.models.keras_import.weight import Weight
from vistazo.models.keras_import.weights import LayerPath, LayerWeights, Leaf, Slot, SlotsOf, leaves

# More than any layer's own name and its sublayers' take.
_MAX_PARTS = 16

_Wanted = tuple[Leaf, Slot]


def find_legacy_weights(
    tree: Tree, model: Model, slots_of: SlotsOf
) -> dict[LayerPath, LayerWeights]:
    """The arrays of every layer. Raises UnreadableModelError where a layer lacks its arrays."""
    places = _places(tree, model, slots_of)
    found: dict[LayerPath, LayerWeights] = {}
    for layer in model.layers:
        listed = _listed(tree, places.get(layer.name, ""))
        inside = list(leaves(layer, slots_of))
        matched = _match(layer, inside, listed)
        for leaf in inside:
            found[leaf.path] = {
                slot.path: matched[leaf.path, slot.path]
                for slot in leaf.slots
                if (leaf.path, slot.path) in matched
            }
    return found


def _places(tree: Tree, model: Model, slots_of: SlotsOf) -> dict[str, str]:
    """The group of each layer's arrays.

    By the layer's name; but where layers and weights come from two sessions, whose numbers differ
    (``conv2d_1``, ``conv2d_4``), in their order, as Keras does (``load_weights``).
    """
    root = "model_weights" if "model_weights" in tree.groups else ""
    prefix = f"{root}/" if root else ""
    filled = [name for name in _layer_names(tree, root) if _listed(tree, f"{prefix}{name}")]
    wanted = [layer.name for layer in model.layers if any(_required(layer, slots_of))]
    if len(filled) != len(wanted) or {layer.name for layer in model.layers}.issuperset(filled):
        return {layer.name: f"{prefix}{layer.name}" for layer in model.layers}
    return {layer: f"{prefix}{name}" for layer, name in zip(wanted, filled, strict=True)}


def _layer_names(tree: Tree, root: str) -> list[str]:
    group = tree.groups.get(root)
    return [] if group is None else read_names(group, "layer_names")


def _required(layer: Layer, slots_of: SlotsOf) -> Iterator[Slot]:
    for leaf in leaves(layer, slots_of):
        yield from (slot for slot in leaf.slots if not slot.optional)


def _listed(tree: Tree, place: str) -> dict[str, Weight]:
    """The arrays of one top-level layer by name, in the order of ``weight_names``."""
    group = tree.groups.get(place.replace("\\", "/")) if place else None
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
    layer: Layer, inside: Sequence[Leaf], listed: Mapping[str, Weight]
) -> Mapping[tuple[LayerPath, str], Weight]:
    wanted = [(leaf, slot) for leaf in inside for slot in leaf.slots]
    required = [(leaf, slot) for leaf, slot in wanted if not slot.optional]
    named = _by_name(wanted, listed, nested=layer.model is not None)
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
    plain = {_plain(name): weight for name, weight in listed.items()}
    if len(plain) != len(listed):
        return {}
    endings: dict[str, list[str]] = {}
    for name in plain:
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
            matched[leaf.path, slot.path] = plain[candidates[0]]
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


def _plain(name: str) -> str:
    """``conv/kernel_1:0`` -> ``conv/kernel``: TensorFlow's output number, its uniqueness suffix."""
    return re.sub(r"(_\d+)?(:\d+)?$", "", name)
