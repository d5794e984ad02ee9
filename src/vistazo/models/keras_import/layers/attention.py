"""Attention, embeddings, and the small layers of transformers and ConvNeXt."""

from __future__ import annotations

from math import sqrt

import numpy as np

from vistazo.models.keras_import.dialect import Layer
from vistazo.models.keras_import.elementwise import AxisParameter, along_axis
from vistazo.models.keras_import.registry import LayerCall, keras_layer, register, slots
from vistazo.models.keras_import.value import Shape, Value
from vistazo.models.keras_import.weights import Slot

_SEQUENCE_RANK = 3
_LEGACY_NAMES = {
    "query_dense": "query",
    "key_dense": "key",
    "gate_dense": "gate",
    "value_dense": "value",
    "output_dense": "attention_output",
}


def _attention_slots(layer: Layer) -> tuple[Slot, ...]:
    parts = ("kernel", "bias") if layer.config.flag("use_bias", default=True) else ("kernel",)
    gated = layer.config.flag("use_gate", default=False)
    return tuple(
        Slot(f"{sublayer}/{part}", legacy=f"{legacy}/{part}")
        for sublayer, legacy in _LEGACY_NAMES.items()
        for part in parts
        if gated or sublayer != "gate_dense"
    )


@keras_layer("MultiHeadAttention", weights=_attention_slots)
def multi_head_attention(call: LayerCall) -> Value:
    """keras.layers.MultiHeadAttention (Vaswani et al. 2017), over (n, steps, channels).

    Per head: ``softmax(q k / sqrt(key_dim)) v``; heads joined and projected.
    """
    query, value, key = _sources(call)
    heads, key_dim = call.config.integer("num_heads"), call.config.integer("key_dim")
    value_dim = call.config.optional_integer("value_dim") or key_dim
    graph = call.graph
    q = _heads(call, "query_dense", query, (heads, key_dim), (0, 2, 1, 3))
    k = _heads(call, "key_dense", key, (heads, key_dim), (0, 2, 3, 1))
    v = _heads(call, "value_dense", value, (heads, value_dim), (0, 2, 1, 3))
    scaled = graph.op("Mul", q, graph.floats(1 / sqrt(key_dim)))
    scores = graph.op("MatMul", scaled, k)
    if call.kwargs.get("use_causal_mask") is True:
        scores = graph.op("Add", scores, _causal_mask(call, query.size(1), value.size(1)))
    weights = graph.op("Softmax", scores, axis=-1)
    joined = graph.op("Transpose", graph.op("MatMul", weights, v), perm=(0, 2, 1, 3))
    if call.config.flag("use_gate", default=False):
        gate = _heads(call, "gate_dense", query, (heads, value_dim), (0, 1, 2, 3))
        joined = graph.op("Mul", joined, graph.op("Sigmoid", gate))
    return _project_out(call, joined, query, heads * value_dim)


def _sources(call: LayerCall) -> tuple[Value, Value, Value]:
    named = [call.argument(name, i) for i, name in enumerate(("query", "value", "key"))]
    query, value = named[0], named[1]
    key = value if named[2] is None else named[2]
    if isinstance(query, list) or not all(isinstance(x, Value) for x in (query, value, key)):
        raise call.refusal("its query, value and key are not three tensors")
    assert isinstance(query, Value) and isinstance(value, Value) and isinstance(key, Value)  # noqa: S101, PT018
    if any(x.rank != _SEQUENCE_RANK for x in (query, value, key)):
        raise call.refusal("it attends over more than one axis")
    axes = call.config.get("attention_axes")
    if axes not in (None, 1, [1], [-2], -2):
        raise call.refusal(f"it attends over the axes {axes}")
    masks = ("attention_mask", "query_mask", "value_mask", "key_mask")
    if any(isinstance(call.kwargs.get(name), Value | list) for name in masks):
        raise call.refusal("it is called with a mask")
    if call.config.get("sliding_window") is not None:
        raise call.refusal("it attends through a sliding window")
    if call.kwargs.get("return_attention_scores") is True:
        raise call.refusal("it returns its attention scores")
    return query, value, key


def _heads(
    call: LayerCall, part: str, source: Value, split: tuple[int, int], order: tuple[int, ...]
) -> str:
    """The projection of (n, steps, c) to (n, steps, heads, size), its axes in this order."""
    (heads, size), graph = split, call.graph
    channels, steps = source.size(2), source.size(1)
    kernel = call.weight(f"{part}/kernel", (channels, heads, size))
    shape = (channels, heads * size)
    name = graph.op(
        "MatMul", graph.plain(source), graph.parameter(call.name(f"{part}.kernel"), [kernel], shape)
    )
    if call.config.flag("use_bias", default=True):
        bias = call.weight(f"{part}/bias", (heads, size))
        offset = graph.parameter(call.name(f"{part}.bias"), [bias], (heads * size,))
        name = graph.op("Add", name, offset)
    apart = graph.op("Reshape", name, graph.integers([-1, steps, heads, size]))
    return graph.op("Transpose", apart, perm=order) if order != (0, 1, 2, 3) else apart


def _causal_mask(call: LayerCall, queries: int, keys: int) -> str:
    """Nothing looks ahead: a large negative number there."""
    if queries * keys > 1 << 22:
        raise call.refusal("its causal mask would be too large")
    return call.graph.floats(np.triu(np.full((queries, keys), -1e9), 1))


def _project_out(call: LayerCall, joined: str, query: Value, width: int) -> Value:
    graph, steps = call.graph, query.size(1)
    wanted = call.config.get("output_shape")
    sizes = call.config.integers("output_shape") if wanted else (query.size(2),)
    if len(sizes) != 1:
        raise call.refusal("its output has several axes")
    kernel = call.weight("output_dense/kernel", (*_head_shape(call, width), sizes[0]))
    flat = graph.op("Reshape", joined, graph.integers([-1, steps, width]))
    matrix = graph.parameter(call.name("output_dense.kernel"), [kernel], (width, sizes[0]))
    name = graph.op("MatMul", flat, matrix)
    if call.config.flag("use_bias", default=True):
        bias = call.weight("output_dense/bias", sizes)
        name = graph.op("Add", name, graph.parameter(call.name("output_dense.bias"), [bias], sizes))
    return graph.value(name, (query.shape[0], steps, sizes[0]), query)


def _head_shape(call: LayerCall, width: int) -> tuple[int, int]:
    heads = call.config.integer("num_heads")
    return heads, width // heads


@keras_layer("Attention", weights=slots())
def attention(call: LayerCall) -> Value:
    """keras.layers.Attention (Luong): ``softmax(q k^T) v`` for a list [query, value, key]."""
    query, value, *rest = call.inputs
    key = rest[0] if rest else value
    if (
        call.config.flag("use_scale", default=False)
        or call.config.text("score_mode", "dot") != "dot"
    ):
        raise call.refusal("its scores are scaled or concatenated")
    if any(x.rank != _SEQUENCE_RANK for x in (query, value, key)):
        raise call.refusal("it attends over more than one axis")
    graph = call.graph
    turned = graph.op("Transpose", graph.plain(key), perm=(0, 2, 1))
    weights = graph.op("Softmax", graph.op("MatMul", graph.plain(query), turned), axis=-1)
    name = graph.op("MatMul", weights, graph.plain(value))
    return graph.value(name, (query.shape[0], query.size(1), value.size(2)), query, value)


def _embedding_slots(_: Layer) -> tuple[Slot, ...]:
    return (Slot("embeddings"),)


@keras_layer("Embedding", weights=_embedding_slots)
def embedding(call: LayerCall) -> Value:
    """keras.layers.Embedding: row ``i`` of a table; of a tensor, or of constants (positions)."""
    rows, width = call.config.integer("input_dim"), call.config.integer("output_dim")
    graph, table = call.graph, call.weight("embeddings", (rows, width))
    name = graph.parameter(call.name("embeddings"), [table], (rows, width))
    if call.inputs:
        value = call.input
        places = value.name if value.dtype == "int64" else graph.op("Cast", value.name, to=7)
        shape: Shape = (*value.shape, width)
        return graph.value(graph.op("Gather", name, places, axis=0), shape, value)
    given = np.asarray(call.args[0], dtype=np.int64)
    gathered = graph.op("Gather", name, graph.array(given), axis=0)
    return graph.value(gathered, (*given.shape, width))


def _gamma(_: Layer) -> tuple[Slot, ...]:
    return (Slot("gamma"),)


@register("LayerScale", weights=_gamma)
def layer_scale(call: LayerCall) -> Value:
    """The LayerScale that keras.applications registers for ConvNeXt: ``x * gamma`` per channel."""
    value = call.input
    size = value.size(-1)
    over = AxisParameter(call.name("gamma"), [call.weight("gamma", (size,))], size)
    return along_axis(call.graph, "Mul", value, value.rank - 1, over)
