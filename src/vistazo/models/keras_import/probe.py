"""What a batch normalisation near the input remembers of training, laid open to be compared.

Its moving mean and variance are those of the activations of the training pictures. So the graph
with evidence takes one optional input more, ``probe_images`` (p, h, w, c), and gives of each of
these the mean and the variance of every channel of what reaches the normalisation (p, c), beside
the two that it remembers (c,). Left out it is empty, an initializer with no rows, and none of that
is computed: the part of the network before the normalisation is repeated inside a branch, so that
the runtime is as free as before to fuse the rest. With an empty batch of images only the branch
runs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from onnx import (
    GraphProto,
    ModelProto,
    NodeProto,
    TensorProto,
    ValueInfoProto,
    helper,
    numpy_helper,
)

from vistazo.models.keras_import.compiler import Step
from vistazo.models.keras_import.graph import Graph, Initializer
from vistazo.models.keras_import.image_input import INPUT_NAME, ImageInput
from vistazo.models.keras_import.layers.normalization import BATCH_NORMALIZATIONS
from vistazo.models.keras_import.value import IMAGE_RANK

PROBE_NAME = "probe_images"
OUTPUT_NAMES = ("probe_mean", "probe_variance", "moving_mean", "moving_variance")
METADATA_KEY = "vistazo.models.probe"

# Beyond some layers with weights, what is in a picture matters more than how it was scaled; and the
# branch would repeat much of the network.
_MOST_WEIGHTED = 3
_WEIGHTED = {"Conv", "ConvTranspose", "MatMul", "Gemm"}
_SPATIAL = (2, 3)
_INSIDE = "probe/"


@dataclass(frozen=True)
class Probe:
    """What a graph with a probe takes and gives in addition, and what else is known of it."""

    input: ValueInfoProto
    outputs: Sequence[ValueInfoProto]
    metadata: Mapping[str, str]


def open_probe(graph: Graph, image: ImageInput, steps: Sequence[Step]) -> Probe | None:
    """Add the branch; None, and nothing changed, where no batch normalisation is near the input."""
    makers = {output: node for node in graph.nodes for output in node.output}
    step = next((step for step in steps if _normalizes_a_map(step)), None)
    node = makers.get(step.output[0].name) if step is not None else None
    if step is None or node is None:
        return None
    source, _, _, mean, variance = node.input[:5]
    path = _path_to(graph.nodes, source)
    if sum(node.op_type in _WEIGHTED for node in path) > _MOST_WEIGHTED:
        return None
    channels = graph.initializers[mean].shape[0]
    axes = graph.integers(_SPATIAL)
    taken = _measuring(path, source, (mean, variance), axes, channels)
    rows = (0, image.height, image.width, image.channels)
    graph.initializers[PROBE_NAME] = Initializer(
        PROBE_NAME, rows, "float32", lambda: np.zeros(rows, np.float32)
    )
    branches = {"then_branch": taken, "else_branch": _nothing(channels)}
    graph.nodes += [
        helper.make_node("Shape", [PROBE_NAME], [f"{_INSIDE}count"], start=0, end=1),
        helper.make_node("Cast", [f"{_INSIDE}count"], [f"{_INSIDE}any"], to=TensorProto.BOOL),
        helper.make_node("If", [f"{_INSIDE}any"], OUTPUT_NAMES, name="probe", **branches),
    ]
    told = {"layer": step.layer.name, "frozen": _is_frozen(step, steps)}
    return Probe(
        helper.make_tensor_value_info(PROBE_NAME, TensorProto.FLOAT, ("p", *rows[1:])),
        _described(OUTPUT_NAMES, ("probed", channels), ("remembered",)),
        {METADATA_KEY: json.dumps(told, sort_keys=True)},
    )


def close_probe(model: ModelProto) -> None:
    """Take the branch out of a written model, and with it what it takes and gives."""
    graph = model.graph
    for field in (graph.input, graph.output, graph.initializer):
        for item in [item for item in field if item.name in {PROBE_NAME, *OUTPUT_NAMES}]:
            field.remove(item)
    needed = {value.name for value in graph.output}
    for node in reversed(list(graph.node)):
        if needed.isdisjoint(node.output):
            graph.node.remove(node)
        else:
            needed.update(node.input)
    for item in [item for item in model.metadata_props if item.key == METADATA_KEY]:
        model.metadata_props.remove(item)


def _normalizes_a_map(step: Step) -> bool:
    return (
        step.layer.class_name in BATCH_NORMALIZATIONS
        and len(step.output) == 1
        and step.rows == 1
        and step.output[0].rank == IMAGE_RANK
        and step.output[0].channel_axis is not None
    )


def _path_to(nodes: Sequence[NodeProto], name: str) -> list[NodeProto]:
    """The nodes that a tensor needs, in order."""
    needed, path = {name}, []
    for node in reversed(nodes):
        if not needed.isdisjoint(node.output):
            path.append(node)
            needed.update(node.input)
    return path[::-1]


def _measuring(
    path: Sequence[NodeProto], source: str, remembered: tuple[str, str], axes: str, channels: int
) -> GraphProto:
    """The branch that runs the path again, under other names, and measures where it ends."""
    names = {output: _INSIDE + output for node in path for output in node.output}
    names[INPUT_NAME] = PROBE_NAME
    nodes = [_renamed(node, names) for node in path]
    means, centred, squares = (f"{_INSIDE}{part}" for part in ("means", "centred", "squares"))
    results = [f"{_INSIDE}then/{name}" for name in OUTPUT_NAMES]
    nodes += [
        helper.make_node("ReduceMean", [names.get(source, source), axes], [means], keepdims=1),
        helper.make_node("Sub", [names.get(source, source), means], [centred]),
        helper.make_node("Mul", [centred, centred], [squares]),
        helper.make_node("Squeeze", [means, axes], [results[0]]),
        helper.make_node("ReduceMean", [squares, axes], [results[1]], keepdims=0),
        helper.make_node("Identity", [remembered[0]], [results[2]]),
        helper.make_node("Identity", [remembered[1]], [results[3]]),
    ]
    outputs = _described(results, ("p", channels), (channels,))
    return helper.make_graph(nodes, "measuring", [], outputs)


def _renamed(node: NodeProto, names: Mapping[str, str]) -> NodeProto:
    copy = NodeProto()
    copy.CopyFrom(node)
    copy.name = _INSIDE + node.name
    copy.input[:] = [names.get(name, name) for name in node.input]
    copy.output[:] = [names[name] for name in node.output]
    return copy


def _nothing(channels: int) -> GraphProto:
    """The branch that gives no row at all."""
    results = [f"{_INSIDE}else/{name}" for name in OUTPUT_NAMES]
    shapes = [(0, channels), (0, channels), (0,), (0,)]
    nodes = [
        helper.make_node(
            "Constant", [], [name], value=numpy_helper.from_array(np.zeros(shape, np.float32))
        )
        for name, shape in zip(results, shapes, strict=True)
    ]
    return helper.make_graph(nodes, "nothing", [], _described(results, (0, channels), (0,)))


def _described(
    names: Sequence[str], measured: tuple[int | str, ...], remembered: tuple[int | str, ...]
) -> list[ValueInfoProto]:
    shapes = (measured, measured, remembered, remembered)
    return [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in zip(names, shapes, strict=True)
    ]


def _is_frozen(step: Step, steps: Sequence[Step]) -> bool:
    """Whether training left the moving statistics as they were: they are of another training.

    A frozen batch normalisation runs in inference mode, and so does one of a model that is called
    with ``training=False`` (keras.io, "Transfer learning & fine-tuning").
    """
    around = [other.layer for other in steps if other.path == step.path[: len(other.path)]]
    return any(
        not layer.trainable or any(call.kwargs.get("training") is False for call in layer.calls)
        for layer in around
    )
