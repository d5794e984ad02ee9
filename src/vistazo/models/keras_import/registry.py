"""Which function converts which layer.

A converter is a function from a LayerCall to the layer's result, registered under the layer's class
name, together with the arrays that the layer owns::

    @register("Scale", weights=slots("gamma"))
    def scale(call: LayerCall) -> Value:
        gamma = call.weight("gamma", (call.input.size(-1),))
        return call.graph.like(call.input, call.graph.op("Mul", ...))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from vistazo.errors import ModelError, UnreadableModelError, UnsupportedModelError
from vistazo.models.keras_import.config import Config
from vistazo.models.keras_import.dialect import Layer
from vistazo.models.keras_import.graph import Graph
from vistazo.models.keras_import.stock import kind_of_stock
from vistazo.models.keras_import.value import Value
from vistazo.models.keras_import.weight import Weight
from vistazo.models.keras_import.weights import LayerPath, LayerWeights, Slot, SlotsOf

Result = Value | Sequence[Value]
# A layer, its arguments, and how many rows of each picture it is given.
ApplyInner = Callable[[Layer, tuple[object, ...], Mapping[str, object], int], tuple[Value, ...]]

_A_KIND = {"layer": "a layer", "operation": "an operation"}


@dataclass(frozen=True)
class LayerCall:
    """One call of one layer: what a converter works with.

    ``args`` and ``kwargs`` are plain values in which a Value stands for a tensor. ``mask`` is that
    of its first input, for layers that know what to do with one (``masks``).
    """

    layer: Layer
    graph: Graph
    path: LayerPath
    args: tuple[object, ...] = ()
    kwargs: Mapping[str, object] = field(default_factory=dict)
    weights: LayerWeights = field(default_factory=dict)
    mask: Value | None = None
    apply_inner: ApplyInner | None = None

    @property
    def config(self) -> Config:
        return self.layer.config

    def configured(self, **fields: object) -> LayerCall:
        """The same call of the same layer, set differently."""
        config = Config(self.config.owner, {**self.config.fields, **fields})
        return replace(self, layer=replace(self.layer, config=config))

    @property
    def options(self) -> Config:
        """The configuration, overridden by the call's keyword arguments."""
        return Config(self.config.owner, {**self.config.fields, **self.kwargs})

    @property
    def inputs(self) -> tuple[Value, ...]:
        """Every tensor among the positional arguments, lists opened."""
        return tuple(_values(list(self.args)))

    @property
    def input(self) -> Value:
        """The one tensor that the layer is called on."""
        inputs = self.inputs or tuple(_values(list(self.kwargs.values())))
        if not inputs:
            raise self.refusal("it is called on no tensor")
        return inputs[0]

    def argument(self, name: str, position: int, default: object = None) -> object:
        """An argument of an operation: by name, by place, or from its configuration."""
        if self.kwargs.get(name) is not None:
            return self.kwargs[name]
        if position < len(self.args) and self.args[position] is not None:
            return self.args[position]
        return self.config.get(name, default=default)

    def numbers(self, name: str, position: int, *others: str) -> tuple[int, ...] | None:
        """Whole numbers among the arguments, one or a list; None where there are none."""
        given = self.argument(name, position)
        for other in others:
            given = self.options.get(other) if given is None else given
        if given is None:
            return None
        listed = given if isinstance(given, list) else [given]
        numbers = tuple(item for item in listed if isinstance(item, int))
        if len(numbers) != len(listed):
            raise self.refusal(f"its '{name}' is not made of whole numbers")
        return numbers

    def weight(self, name: str, shape: Sequence[int]) -> Weight:
        """An array of the layer, whose stored shape has to be this one."""
        weight = self.weights.get(name)
        if weight is None:
            raise UnreadableModelError(
                f"The file holds no '{name}' for {self.layer}. It was saved incompletely; save the "
                "model again."
            )
        if weight.is_quantized:
            raise self.refusal(f"'{name}' is quantized to whole numbers")
        if weight.shape != tuple(shape):
            raise UnreadableModelError(
                f"'{name}' of {self.layer} is {weight.shape} in the file, where {tuple(shape)} is "
                "needed. The file is damaged, or its parts do not belong together."
            )
        return weight

    def inner(
        self, role: str, value: Value, kwargs: Mapping[str, object] | None = None, rows: int = 1
    ) -> tuple[Value, ...]:
        """The result of a layer inside this wrapper, for ``rows`` rows of each picture."""
        if self.apply_inner is None or role not in self.layer.inner:
            raise self.refusal(f"it holds no '{role}'")
        return self.apply_inner(self.layer.inner[role], (value,), kwargs or {}, rows)

    def name(self, part: str) -> str:
        """A name for a constant that belongs to this layer, the same for every call of it."""
        return "/".join((*self.path, part))

    def refusal(self, reason: str) -> ModelError:
        """The error to raise where a layer is used in a way that is not supported."""
        return UnsupportedModelError(
            f"The {self.layer} cannot be converted: {reason}. Replace the layer, or convert the "
            "model to ONNX where Keras is at hand."
        )


Convert = Callable[[LayerCall], Result]
AnyConvert = TypeVar("AnyConvert", bound=Convert)


@dataclass(frozen=True)
class Converter:
    convert: Convert
    slots_of: SlotsOf
    keras_own: bool


_CONVERTERS: dict[str, Converter] = {}


def no_slots(_: Layer) -> tuple[Slot, ...]:
    return ()


def slots(*names: str, **conditional: str) -> SlotsOf:
    """The arrays of a layer, in Keras' order; ``bias="use_bias"``: there if that flag is set."""

    def of(layer: Layer) -> tuple[Slot, ...]:
        there = [Slot(name) for name in names]
        kept = (name for name, flag in conditional.items() if layer.config.flag(flag, default=True))
        there += map(Slot, kept)
        return tuple(there)

    return of


def register(*class_names: str, weights: SlotsOf = no_slots) -> Callable[[AnyConvert], AnyConvert]:
    """Make a function the converter of these layer classes; a later registration replaces.

    A class that its author registered in a package may be named with it, ``Custom>Scale``.
    """
    return _registration(class_names, weights, keras_own=False)


def keras_layer(
    *class_names: str, weights: SlotsOf = no_slots
) -> Callable[[AnyConvert], AnyConvert]:
    """The same for Keras' own classes: somebody else's class of that name is another matter."""
    return _registration(class_names, weights, keras_own=True)


def _registration(
    class_names: Sequence[str], weights: SlotsOf, *, keras_own: bool
) -> Callable[[AnyConvert], AnyConvert]:
    def decorate(convert: AnyConvert) -> AnyConvert:
        for name in class_names:
            _CONVERTERS[name] = Converter(convert, weights, keras_own)
        return convert

    return decorate


def converter_of(layer: Layer) -> Converter:
    """Raises UnsupportedModelError for a layer that nobody registered a converter for."""
    converter = _find(layer)
    if converter is not None:
        return converter
    kind = None if layer.package else kind_of_stock(layer.class_name)
    if kind is not None:
        raise UnsupportedModelError(
            f"The {layer} cannot be converted: {layer.class_name} is {_A_KIND[kind]} of Keras that "
            "is not supported yet. Replace it, or convert the model to ONNX where Keras is at hand "
            "and serve that."
        )
    raise UnsupportedModelError(
        f"The {layer} is of a class that is not known here. If it is your own, register a "
        "converter for it (vistazo.models.keras_import.register), or convert the model to ONNX "
        "where its code is at hand and serve that."
    )


def slots_of(layer: Layer) -> Sequence[Slot]:
    """The arrays that a layer owns; none for a layer that is not known."""
    converter = _find(layer)
    return converter.slots_of(layer) if converter is not None else ()


def _find(layer: Layer) -> Converter | None:
    packaged = _CONVERTERS.get(f"{layer.package}>{layer.class_name}")
    if packaged is not None:
        return packaged
    converter = _CONVERTERS.get(layer.class_name)
    if converter is not None and converter.keras_own and layer.package:
        return None  # a class of the same name, which may compute anything
    return converter


def _values(value: object) -> list[Value]:
    if isinstance(value, Value):
        return [value]
    if isinstance(value, dict):
        value = [item for _, item in sorted(value.items())]  # as the frameworks flatten it
    return [inner for item in value for inner in _values(item)] if isinstance(value, list) else []
