"""The layers inside wrappers, by the attribute under which Keras holds (and files) each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from vistazo.errors import UnreadableModelError
from vistazo.models.keras_import.config import Config

if TYPE_CHECKING:
    from vistazo.models.keras_import.dialect import Layer

Read = Callable[[Mapping[str, object]], "Layer"]

# What a wrapper's configuration calls the layers inside it.
FIELDS: Mapping[str, tuple[str, ...]] = {
    "TimeDistributed": ("layer",),
    "Bidirectional": ("layer", "backward_layer"),
}


def inner_layers(class_name: str, config: object, read: Read) -> Mapping[str, Layer]:
    """None for a layer that is no wrapper. Raises UnreadableModelError where one holds no layer."""
    if class_name not in FIELDS:
        return {}
    fields = config if isinstance(config, Mapping) else {}
    described = [fields.get(name) for name in FIELDS[class_name]]
    if not isinstance(described[0], Mapping):
        raise UnreadableModelError(f"A layer '{class_name}' holds no layer. The file is damaged.")
    first = read(described[0])
    if class_name == "TimeDistributed":
        return {"layer": first}
    return _both_ways(first, read(described[1]) if isinstance(described[1], Mapping) else None)


def _both_ways(forward: Layer, backward: Layer | None) -> Mapping[str, Layer]:
    """Bidirectional's two layers: the second is, unless it is given, the first the other way."""
    goes_back = forward.config.flag("go_backwards", default=False)
    second = backward or _set(forward, go_backwards=not goes_back)
    # Where it gives whole sequences, it has both give zeros where a step is masked.
    zeros = forward.config.flag("return_sequences", default=False)
    return {
        role: _set(
            replace(layer, name=f"{way}_{layer.name.removeprefix(f'{way}_')}"),
            zero_output_for_mask=zeros,
        )
        for role, way, layer in (
            ("forward_layer", "forward", forward),
            ("backward_layer", "backward", second),
        )
    }


def _set(layer: Layer, **fields: object) -> Layer:
    config = Config(layer.config.owner, {**layer.config.fields, **fields})
    return replace(layer, config=config)
