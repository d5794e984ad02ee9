"""How large a graph is once its local functions are written out."""

from __future__ import annotations

from collections.abc import Mapping

from onnx import FunctionProto, ModelProto, NodeProto

from vistazo.errors import HostileModelError
from vistazo.models.onnx_import.parts import nodes_within

_MAX_DEPTH = 100

_Key = tuple[str, str]
_Bodies = Mapping[_Key, list[FunctionProto]]


def expanded_nodes(model: ModelProto) -> int:
    """Functions call functions: a small file can ask for any number of nodes.

    Raises HostileModelError where they lie too deep, such as one that calls itself.
    """
    bodies: dict[_Key, list[FunctionProto]] = {}
    for function in model.functions:
        bodies.setdefault((function.domain, function.name), []).append(function)
    sizes: dict[_Key, int] = {}
    return sum(_size(node, bodies, sizes, 0) for node in nodes_within(model.graph.node))


def _size(node: NodeProto, bodies: _Bodies, sizes: dict[_Key, int], depth: int) -> int:
    key = (node.domain, node.op_type)
    if key not in bodies:
        return 1
    if depth > _MAX_DEPTH:
        raise HostileModelError(f"The functions of the model call each other over {depth} deep.")
    if key not in sizes:
        sizes[key] = max(
            sum(_size(inner, bodies, sizes, depth + 1) for inner in nodes_within(body.node))
            for body in bodies[key]
        )
    return sizes[key]
