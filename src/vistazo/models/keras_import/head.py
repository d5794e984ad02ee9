"""The head of a graph, from the last spatial map to the scores, opened for other feature maps.

The heatmap asks what the head would say of a changed feature map. So the graph takes one optional
input more, ``more_features`` (m, fh, fw, fc): maps that the head treats like those of m further
pictures. Left out it is empty, an initializer with no rows, and nothing changes. With an empty
batch of images only the head runs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from onnx import NodeProto, helper

from vistazo.models.keras_import.graph import Graph, Initializer
from vistazo.models.keras_import.image_input import INPUT_NAME, SCORES_NAME
from vistazo.models.keras_import.value import Value

MORE_NAME, LOGITS_NAME = "more_features", "logits"

_TO_FIRST, _TO_LAST = (0, 3, 1, 2), (0, 2, 3, 1)
_SAME_NUMBERS = {"Identity", "Reshape", "Squeeze", "Flatten"}
_LAST_ACTIVATIONS = {"Softmax", "Sigmoid"}


def open_head(
    graph: Graph, features: Value, shape: tuple[int, int, int], further: Sequence[str] = ()
) -> bool:
    """Let the head score ``more_features`` as well. ``shape`` is (fh, fw, fc).

    False, and nothing changed, where something goes past the map: then no head can be cut off. So
    it is where one of the ``further`` outputs comes of both the map and something past it.
    """
    past = _reached_past(graph.nodes, features.name)
    behind = _reached(graph.nodes, {features.name})
    if SCORES_NAME in past or not past.intersection(further).isdisjoint(behind):
        return False
    rows = (0, *shape)
    graph.initializers[MORE_NAME] = Initializer(
        MORE_NAME, rows, "float32", lambda: np.zeros(rows, np.float32)
    )
    name, is_first = features.name, features.moved or features.channel_axis == 1
    consumers = _consumers(graph, name)
    if is_first and [*map(_puts_last, consumers)] == [True]:  # join after the one transpose
        name, is_first = consumers[0].output[0], False
        consumers = _consumers(graph, name)
    place = graph.nodes.index(consumers[0])
    more = "head/more" if is_first else MORE_NAME
    joined = helper.make_node("Concat", [name, more], ["head/all"], "head/Concat", axis=0)
    moved = helper.make_node("Transpose", [MORE_NAME], [more], "head/Transpose", perm=_TO_FIRST)
    for node in consumers:
        node.input[:] = ["head/all" if given == name else given for given in node.input]
    graph.nodes[place:place] = [moved, joined] if is_first else [joined]
    return True


def _consumers(graph: Graph, name: str) -> list[NodeProto]:
    return [node for node in graph.nodes if name in node.input]


def _puts_last(node: NodeProto) -> bool:
    return node.op_type == "Transpose" and tuple(node.attribute[0].ints) == _TO_LAST


def name_logits(graph: Graph, units: int) -> None:
    """Give ``logits`` (n, k): the scores before a last softmax or sigmoid, else the scores."""
    makers = {output: node for node in graph.nodes for output in node.output}
    name = SCORES_NAME
    while name in makers and makers[name].op_type in _SAME_NUMBERS:
        name = makers[name].input[0]
    node = makers.get(name)
    source = node.input[0] if node and node.op_type in _LAST_ACTIVATIONS else SCORES_NAME
    shape = graph.integers((-1, units))
    graph.nodes.append(helper.make_node("Reshape", [source, shape], [LOGITS_NAME]))


def _reached_past(nodes: Sequence[NodeProto], name: str) -> set[str]:
    """What the images lead to by a way that goes past the tensor ``name``."""
    return _reached(nodes, {INPUT_NAME}, without=name)


def _reached(nodes: Sequence[NodeProto], start: set[str], without: str = "") -> set[str]:
    reached = set(start)
    for node in nodes:
        if reached.intersection(node.input):
            reached.update(output for output in node.output if output != without)
    return reached
