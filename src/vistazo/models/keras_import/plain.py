"""Serialized Python values of every Keras version, turned into plain ones.

Keras wraps what JSON lacks: numpy scalars, tuples, shapes, slices, dtype policies, functions
(``serialization_lib.serialize_keras_object`` in Keras 3, ``json_utils.get_json_type`` in Keras 2).
Only data comes out of here: a lambda or a class stays the dictionary that it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import cast

_Wrapped = Mapping[str, object]
_SHAPE_FIELDS = ("batch_shape", "batch_input_shape")


def unwrap(value: object) -> object:
    """A plain value: numbers, text, lists, dicts, ``slice`` and ``...``; wrappers opened."""
    if isinstance(value, list | tuple):
        return [unwrap(item) for item in value]
    if not isinstance(value, dict):
        return value
    opener = _OPENERS.get(str(value.get("class_name")))
    if opener is not None:
        return opener(value)
    return {str(key): unwrap(item) for key, item in value.items()}


def input_shape(
    fields: Mapping[str, object], build: object = None
) -> tuple[int | None, ...] | None:
    """The shape that a layer's configuration gives its input; None where it gives none."""
    shape = next((fields[key] for key in _SHAPE_FIELDS if fields.get(key)), None)
    if shape is None:
        shape = fields.get("build_input_shape")
    if shape is None and isinstance(build, dict):
        shape = unwrap(build.get("input_shape"))
    if isinstance(shape, list) and len(shape) == 1 and isinstance(shape[0], list):
        shape = shape[0]
    if not isinstance(shape, list) or not all(n is None or isinstance(n, int) for n in shape):
        return None
    return tuple(shape)


def _body(value: _Wrapped) -> _Wrapped:
    config = value.get("config")
    return cast(_Wrapped, config) if isinstance(config, dict) else value


def _array(value: _Wrapped) -> object:
    return unwrap(_body(value).get("value"))


def _items(value: _Wrapped) -> object:
    body = _body(value)
    items = body.get("items", body.get("value", value.get("config")))
    return [unwrap(item) for item in items] if isinstance(items, Sequence) else []


def _policy(value: _Wrapped) -> object:
    return _body(value).get("name", "float32")


def _function(value: _Wrapped) -> object:
    config = value.get("config")
    return config if isinstance(config, str) else dict(value)


def _slice(value: _Wrapped) -> object:
    body = _body(value)
    return slice(unwrap(body.get("start")), unwrap(body.get("stop")), unwrap(body.get("step")))


_OPENERS: Mapping[str, Callable[[_Wrapped], object]] = {
    "__numpy__": _array,
    "__tensor__": _array,
    "__tuple__": _items,
    "TensorShape": _items,
    "__slice__": _slice,
    "__ellipsis__": lambda _: ...,
    "DTypePolicy": _policy,
    "Policy": _policy,
    "PolicyV1": _policy,
    "function": _function,
}
