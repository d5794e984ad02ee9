"""Every node and every constant of a model, wherever in it they lie."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto


def nodes_of(model: ModelProto) -> Iterator[NodeProto]:
    """Of the graph, of local functions, and of graphs inside nodes."""
    yield from nodes_within(model.graph.node)
    for function in model.functions:
        yield from nodes_within(function.node)
        for attribute in function.attribute_proto:
            for graph in graphs_of(attribute):
                yield from nodes_within(graph.node)


def nodes_within(nodes: Iterable[NodeProto]) -> Iterator[NodeProto]:
    """These, and those of the graphs inside them."""
    for node in nodes:
        yield node
        for attribute in node.attribute:
            for graph in graphs_of(attribute):
                yield from nodes_within(graph.node)


def graphs_of(attribute: AttributeProto) -> Iterator[GraphProto]:
    if attribute.HasField("g"):
        yield attribute.g
    yield from attribute.graphs


def tensors_of(model: ModelProto) -> Iterator[TensorProto]:
    """Every constant, those of nodes, of functions and of graphs inside nodes included."""
    yield from _initializers(model.graph)
    attributes = [item for function in model.functions for item in function.attribute_proto]
    for attribute in attributes:
        yield from _constants(attribute)
    for node in nodes_of(model):
        for attribute in node.attribute:
            yield from _constants(attribute)


def _initializers(graph: GraphProto) -> Iterator[TensorProto]:
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield sparse.values
        yield sparse.indices


def _constants(attribute: AttributeProto) -> Iterator[TensorProto]:
    yield attribute.t
    yield from attribute.tensors
    for sparse in (attribute.sparse_tensor, *attribute.sparse_tensors):
        yield sparse.values
        yield sparse.indices
    for graph in graphs_of(attribute):
        yield from _initializers(graph)
