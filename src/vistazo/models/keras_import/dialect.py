"""One language for the graph of layers, whichever Keras wrote it.

Sequential and Functional models, Keras 2 and Keras 3 nodes, nested to a bounded depth, all become
the same small classes: a model is a list of layers and of what each was called on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from typing import cast

from vistazo.errors import HostileModelError, UnreadableModelError, UnsupportedModelError
from vistazo.models.keras_import.config import Config
from vistazo.models.keras_import.file_faults import file_faults
from vistazo.models.keras_import.nodes import Call, TensorRef, read_call, read_ends
from vistazo.models.keras_import.plain import input_shape, unwrap
from vistazo.models.keras_import.wrappers import FIELDS, inner_layers

MAX_NESTED_MODELS = 16
MAX_LAYERS = 20_000

_MODEL_CLASSES = frozenset({"Sequential", "Functional", "Model"})
_KERAS_MODULES = frozenset({"keras", "tf_keras", "tensorflow", "builtins"})
_OFFSET_OF_NESTED = 1


@dataclass(frozen=True)
class Layer:
    """One layer: what it is, how it is set, and every call of it.

    ``model`` is a nested model, ``inner`` what a wrapper holds. ``package`` is where the class
    comes from, empty for Keras' own.
    """

    class_name: str
    name: str
    config: Config
    calls: tuple[Call, ...] = ()
    model: Model | None = None
    input_shape: tuple[int | None, ...] | None = None
    package: str = ""
    inner: Mapping[str, Layer] = field(default_factory=dict)

    @property
    def trainable(self) -> bool:
        return self.config.flag("trainable", default=True)

    def __str__(self) -> str:
        return f"layer '{self.name}' ({self.class_name})"


@dataclass(frozen=True)
class Model:
    """A graph of layers. ``inputs`` and ``outputs`` refer to the calls that give them.

    Each output has a name of its own, in ``output_names``.
    """

    name: str
    class_name: str
    layers: tuple[Layer, ...]
    inputs: tuple[TensorRef, ...]
    outputs: tuple[TensorRef, ...]
    output_names: tuple[str, ...] = ()

    def layer(self, name: str) -> Layer:
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise UnreadableModelError(f"The model refers to a layer '{name}' that it does not hold.")


def read_model(document: Mapping[str, object]) -> Model:
    """The graph of a file's configuration. Raises UnsupportedModelError, UnreadableModelError."""
    with file_faults("The configuration of the model is damaged"):
        return _read_model(document)


def _read_model(document: Mapping[str, object]) -> Model:
    class_name = str(document.get("class_name"))
    if not _holds_layers(document.get("config")):
        raise UnsupportedModelError(
            f"The model is a subclass ('{class_name}') whose code is not in the file, so it cannot "
            "be read as data. Rebuild it with keras.Sequential or keras.Model(inputs, outputs), "
            "or convert it to ONNX where its code is at hand."
        )
    return _read_nested(document, depth=0)


def _holds_layers(config: object) -> bool:
    return isinstance(config, list) or (isinstance(config, dict) and "layers" in config)


def _read_nested(document: Mapping[str, object], depth: int) -> Model:
    config = document["config"]
    if isinstance(config, list):  # Sequential before Keras 2.2.3
        config = {"name": str(document.get("name", "sequential")), "layers": config}
    config = cast(Mapping[str, object], config)
    listed = config["layers"]
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        raise UnreadableModelError("The model's list of layers is damaged.")
    if len(listed) > MAX_LAYERS:
        raise HostileModelError(f"A model lists more than {MAX_LAYERS} layers.")
    layers = [_read_layer(item, depth, place) for place, item in enumerate(listed, start=1)]
    name = str(config.get("name") or "model")
    class_name = str(document.get("class_name"))
    if "input_layers" in config and "output_layers" in config:
        return _functional(name, class_name, config, listed, layers)
    return _sequential(name, class_name, config, layers)


def _read_layer(document: Mapping[str, object], depth: int, place: int = 1) -> Layer:
    if depth > MAX_NESTED_MODELS:
        raise HostileModelError(f"Models are nested deeper than {MAX_NESTED_MODELS} levels.")
    package, class_name = class_origin(document)
    raw = document.get("config")
    if isinstance(raw, list):  # a Sequential that has no name
        document = {"name": f"sequential_{place}", **document}
    nested = _read_nested(document, depth + 1) if _is_model(class_name, raw) else None
    held = ("layers",) if nested else () if package else FIELDS.get(class_name, ())
    inner = inner_layers(class_name, raw, partial(_read_layer, depth=depth + 1)) if held else {}
    fields = cast(
        Mapping[str, object],
        {"name": nested.name if nested else class_name}
        | {key: _field(key, value) for key, value in _fields(raw) if key not in held},
    )
    name = str(document.get("name") or fields.get("name"))
    return Layer(
        class_name=class_name,
        name=name,
        config=Config(f"Layer '{name}' ({class_name})", fields),
        model=nested,
        input_shape=input_shape(fields, document.get("build_config")),
        package=package,
        inner=inner,
    )


def class_origin(document: Mapping[str, object]) -> tuple[str, str]:
    """The package of a layer's class, empty for Keras' own, and its name.

    ``@register_keras_serializable`` writes ``package>Name`` as the class (Keras 2) or as
    ``registered_name`` (Keras 3); a class that was not registered shows in ``module``.
    """
    package, _, class_name = str(document.get("class_name")).rpartition(">")
    registered = str(document.get("registered_name") or "").rpartition(">")[0]
    module = str(document.get("module") or "keras")
    elsewhere = "" if module.split(".", maxsplit=1)[0] in _KERAS_MODULES else module
    found = package or registered or elsewhere
    return ("" if found.lower() in _KERAS_MODULES else found), class_name


def _is_model(class_name: str, config: object) -> bool:
    if isinstance(config, list):
        return class_name == "Sequential"
    if not isinstance(config, dict) or not isinstance(config.get("layers"), list):
        return False
    return class_name in _MODEL_CLASSES or "input_layers" in config


def _fields(raw: object) -> list[tuple[str, object]]:
    return [(str(key), value) for key, value in raw.items()] if isinstance(raw, dict) else []


def _field(key: str, value: object) -> object:
    # Initializers and the like speak of training; they may be as odd as they please.
    return None if key.endswith(("_initializer", "_regularizer", "_constraint")) else unwrap(value)


def _sequential(
    name: str, class_name: str, config: Mapping[str, object], layers: list[Layer]
) -> Model:
    if not layers:
        raise UnsupportedModelError(f"The model '{name}' has no layers.")
    if layers[0].class_name != "InputLayer":
        layers = [_implied_input(name, config, layers[0]), *layers]
    chained = [layers[0]]
    for before, layer in pairwise(layers):
        call = Call(args=(TensorRef(before.name, 0, 0),), kwargs={})
        chained.append(replace(layer, calls=(call,)))
    _refuse_twins(name, chained)
    first, last = TensorRef(chained[0].name, 0, 0), TensorRef(chained[-1].name, 0, 0)
    return Model(name, class_name, tuple(chained), (first,), (last,), (last.layer,))


def _implied_input(name: str, config: Mapping[str, object], first: Layer) -> Layer:
    """The InputLayer that a Sequential without one starts with."""
    shape = first.input_shape
    if shape is None and first.model is not None:
        shape = first.model.layers[0].input_shape
    if shape is None:
        shape = input_shape({"build_input_shape": unwrap(config.get("build_input_shape"))})
    fields = {"batch_shape": list(shape) if shape else None}
    label = f"{name}.input"
    return Layer("InputLayer", label, Config(f"The input of '{name}'", fields), input_shape=shape)


def _functional(
    name: str,
    class_name: str,
    config: Mapping[str, object],
    listed: Sequence[Mapping[str, object]],
    layers: list[Layer],
) -> Model:
    _refuse_twins(name, layers)
    known = frozenset(layer.name for layer in layers)
    called = [
        replace(layer, calls=_read_calls(item, known))
        for item, layer in zip(listed, layers, strict=True)
    ]
    inputs, _ = read_ends(config["input_layers"], known)
    outputs, names = read_ends(config["output_layers"], known)
    if not outputs:
        raise UnreadableModelError(f"The model '{name}' names no output.")
    return _renumber(Model(name, class_name, tuple(called), inputs, outputs, names), listed)


def _read_calls(item: Mapping[str, object], known: frozenset[str]) -> tuple[Call, ...]:
    nodes = item.get("inbound_nodes") or []
    if not isinstance(nodes, list):
        raise UnreadableModelError(f"The calls of layer '{item.get('name')}' are damaged.")
    return tuple(read_call(node, known) for node in nodes)


def _renumber(model: Model, listed: Sequence[Mapping[str, object]]) -> Model:
    """Count the calls of every layer from 0.

    A nested functional model counts its own creation as call 0, so that its first call is 1
    (``_should_skip_first_node`` in Keras 2). Keras 3 kept that for a model's outputs only
    (``functional_from_config.get_tensor``). Every call that is kept leads to the output, so the
    smallest number in use is the offset.
    """
    modern = any(
        isinstance(node, dict)
        for item in listed
        for node in cast(list[object], item.get("inbound_nodes") or [])
    )
    refs = [ref for layer in model.layers for call in layer.calls for ref in call.references()]
    inner = _offsets(model, refs if modern else [*refs, *model.outputs])
    outer = inner
    if modern:
        outer = dict.fromkeys(_nested_functionals(model), _OFFSET_OF_NESTED)
    layers = tuple(
        replace(layer, calls=tuple(call.map(_shift(inner)) for call in layer.calls))
        for layer in model.layers
    )
    return replace(
        model,
        layers=layers,
        inputs=tuple(map(_shift(inner), model.inputs)),
        outputs=tuple(map(_shift(outer), model.outputs)),
    )


def _nested_functionals(model: Model) -> list[str]:
    return [
        layer.name
        for layer in model.layers
        if layer.model is not None and layer.class_name != "Sequential"
    ]


def _offsets(model: Model, refs: Sequence[TensorRef]) -> dict[str, int]:
    nested = {layer.name for layer in model.layers if layer.model is not None}
    offsets: dict[str, int] = {}
    for ref in refs:
        if ref.layer in nested:
            offsets[ref.layer] = min(ref.call, offsets.get(ref.layer, ref.call))
    return offsets


def _shift(offsets: Mapping[str, int]) -> Callable[[TensorRef], TensorRef]:
    def shift(ref: TensorRef) -> TensorRef:
        return replace(ref, call=max(0, ref.call - offsets.get(ref.layer, 0)))

    return shift


def _refuse_twins(name: str, layers: Sequence[Layer]) -> None:
    seen: set[str] = set()
    for layer in layers:
        if layer.name in seen:
            raise UnreadableModelError(
                f"Two layers of '{name}' are both called '{layer.name}'. Keras gives each its own "
                "name; the file is damaged or was edited by hand."
            )
        seen.add(layer.name)
