"""The calls of a layer: what it was called on, and with which arguments.

Keras 2: ``[["conv", 0, 0, {kwargs}], ...]``, constants as ``["_CONSTANT_VALUE", -1, value, {}]``
(``tf_keras.src.engine.node.Node.serialize``). Keras 3: ``{"args": [...], "kwargs": {...}}`` with
``__keras_tensor__`` objects (``keras.src.models.functional.serialize_node``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from vistazo.errors import UnreadableModelError
from vistazo.models.keras_import.plain import unwrap
from vistazo.models.outputs import unique

_CONSTANT = "_CONSTANT_VALUE"
_REFERENCE_LENGTHS = (3, 4)
_KWARGS_AT = 3


@dataclass(frozen=True)
class TensorRef:
    """One output of one call of a layer, counted from 0."""

    layer: str
    call: int
    output: int


@dataclass(frozen=True)
class Call:
    """One call. Arguments are plain values in which a TensorRef stands for a tensor."""

    args: tuple[object, ...]
    kwargs: Mapping[str, object]

    def references(self) -> Iterator[TensorRef]:
        yield from _references([*self.args, *self.kwargs.values()])

    def map(self, change: Callable[[TensorRef], object]) -> Call:
        """The same call with every reference replaced."""
        return Call(
            tuple(replace_references(arg, change) for arg in self.args),
            {name: replace_references(value, change) for name, value in self.kwargs.items()},
        )


def read_call(node: object, known: frozenset[str]) -> Call:
    """One inbound node of either dialect; ``known`` are the names of the model's layers."""
    if isinstance(node, dict):
        args, kwargs = node.get("args"), node.get("kwargs")
        if not isinstance(args, list) or not isinstance(kwargs, dict):
            raise _damaged(node)
        found = {str(key): _modern(value) for key, value in kwargs.items()}
        return Call(tuple(_modern(arg) for arg in args), found)
    return _read_old(node, known)


def read_ends(
    value: object, known: frozenset[str]
) -> tuple[tuple[TensorRef, ...], tuple[str, ...]]:
    """``input_layers`` or ``output_layers``: one reference, or lists or dicts of them; and a name
    for each: its key in a dict, else its layer's.
    """
    named = _named_references(value, known)
    return tuple(ref for _, ref in named), unique([name for name, _ in named])


def _named_references(
    value: object, known: frozenset[str], name: str = ""
) -> tuple[tuple[str, TensorRef], ...]:
    """A dict is in the order of its keys: so the frameworks flatten it (``keras.tree``,
    ``tf.nest``).
    """
    if _is_reference(value, known):
        reference = _reference(cast(list[object], value))
        return ((name or reference.layer, reference),)
    if isinstance(value, dict):
        items = sorted((str(key), item) for key, item in value.items())
        return tuple(found for key, item in items for found in _named_references(item, known, key))
    if not isinstance(value, list):
        raise _damaged(value)
    return tuple(found for item in value for found in _named_references(item, known, name))


def replace_references(value: object, change: Callable[[TensorRef], object]) -> object:
    """A plain value in which every TensorRef is replaced."""
    if isinstance(value, TensorRef):
        return change(value)
    if isinstance(value, list):
        return [replace_references(item, change) for item in value]
    if isinstance(value, dict):
        return {key: replace_references(item, change) for key, item in value.items()}
    return value


def _references(value: object) -> Iterator[TensorRef]:
    if isinstance(value, TensorRef):
        yield value
    elif isinstance(value, list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _references(item)


def _modern(value: object) -> object:
    if isinstance(value, list):
        return [_modern(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("class_name") == "__keras_tensor__":
        config = value.get("config")
        history = config.get("keras_history") if isinstance(config, dict) else None
        if not isinstance(history, list) or len(history) not in _REFERENCE_LENGTHS:
            raise _damaged(value)
        return _reference(history)
    if "class_name" in value:
        return unwrap(value)
    return {key: _modern(item) for key, item in value.items()}


def _read_old(node: object, known: frozenset[str]) -> Call:
    if _is_input(node, known):
        value, kwargs = _old_input(cast(list[object], node), known)
        return Call((value,), kwargs)
    if isinstance(node, dict):
        node = list(node.values())
    if not isinstance(node, list) or not all(_is_input(item, known) for item in node):
        raise _damaged(node)
    read = [_old_input(item, known) for item in node]
    values = [value for value, _ in read]
    # Keras 2 repeats the keyword arguments on every tensor of the first argument.
    return Call((values[0] if len(values) == 1 else values,), read[0][1] if read else {})


def _old_input(item: list[object], known: frozenset[str]) -> tuple[object, dict[str, object]]:
    extra = item[_KWARGS_AT] if len(item) > _KWARGS_AT else {}
    kwargs = extra if isinstance(extra, dict) else {}
    value = unwrap(item[2]) if item[0] == _CONSTANT else _reference(item)
    return value, {str(key): _old_argument(arg, known) for key, arg in kwargs.items()}


def _old_argument(value: object, known: frozenset[str]) -> object:
    if _is_reference(value, known):
        return _reference(cast(list[object], value))
    if isinstance(value, list):
        return [_old_argument(item, known) for item in value]
    if isinstance(value, dict) and set(value) == {"start", "stop", "step"}:
        return slice(*(_old_argument(value[key], known) for key in ("start", "stop", "step")))
    return unwrap(value)


def _is_input(item: object, known: frozenset[str]) -> bool:
    constant = isinstance(item, list) and len(item) in _REFERENCE_LENGTHS and item[0] == _CONSTANT
    return constant or _is_reference(item, known)


def _is_reference(value: object, known: frozenset[str]) -> bool:
    return (
        isinstance(value, list)
        and len(value) in _REFERENCE_LENGTHS
        and isinstance(value[0], str)
        and value[0] in known
        and isinstance(value[1], int)
        and isinstance(value[2], int)
    )


def _reference(value: list[object]) -> TensorRef:
    layer, call, output = value[:3]
    if not isinstance(layer, str) or not isinstance(call, int) or not isinstance(output, int):
        raise _damaged(value)
    return TensorRef(layer, call, output)


def _damaged(value: object) -> UnreadableModelError:
    return UnreadableModelError(
        f"The model's graph holds a call that cannot be read: {str(value)[:80]}. The file is "
        "damaged or was edited by hand."
    )
