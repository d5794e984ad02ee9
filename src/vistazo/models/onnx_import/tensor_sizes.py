"""How large the tensors of a graph are, found without running it."""

from __future__ import annotations

import math

from onnx import GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto, helper
from onnx import shape_inference as inference

from vistazo.errors import HostileModelError

_SMALL = 1024  # elements of a constant that may be a size; the others are left out of the copy
_NUMBER_BYTES = 4
# What makes much of little; as of a Keras file.
_ENLARGING = {
    "ConstantOfShape", "ConvTranspose", "Expand", "Pad", "Range", "Resize", "Tile", "Upsample"
}  # fmt: skip
_MAX_ENLARGED_BYTES = _NUMBER_BYTES << 25


def check_tensor_sizes(model: ModelProto, name: str, most_bytes: int) -> None:
    """Raise HostileModelError for a tensor of over ``most_bytes`` for one picture.

    A dimension that stays open counts as 1. What sizes are computed of is not followed: that can
    take any amount of memory itself.
    """
    inferred = inference.infer_shapes(without_weights(model)).graph
    makers = {output: node for node in model.graph.node for output in node.output}
    for value in (*inferred.value_info, *inferred.output):
        maker = makers[value.name].op_type if value.name in makers else "tensor"
        size = _NUMBER_BYTES * _elements(value)
        most = min(most_bytes, _MAX_ENLARGED_BYTES) if maker in _ENLARGING else most_bytes
        if size > most:
            raise HostileModelError(
                f"In {name} the {maker} '{value.name[:80]}' makes {size / 1e6:,.0f} MB of one "
                f"picture; at most {most / 1e6:,.0f} can be had here. Use a smaller model, or "
                "smaller pictures."
            )


def _elements(value: ValueInfoProto) -> int:
    dims = value.type.tensor_type.shape.dim
    return math.prod(dim.dim_value if dim.HasField("dim_value") else 1 for dim in dims)


def without_weights(model: ModelProto) -> ModelProto:
    """The same graph of one picture, large constants being inputs of it.

    What the file itself says of the sizes inside is left out.
    """
    graph = GraphProto(name="bare", output=model.graph.output)
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    graph.input.extend(value for value in model.graph.input if value.name not in constants)
    for value in graph.input:
        for dim in value.type.tensor_type.shape.dim[:1]:
            dim.dim_value = dim.dim_value or 1  # one picture
    for name, tensor in constants.items():
        _add_constant(graph, name, tensor)
    for node in model.graph.node:
        tensor = _large_constant(node)
        if tensor is None:
            graph.node.append(node)
        else:
            _add_constant(graph, node.output[0], tensor)
    bare = ModelProto(ir_version=model.ir_version, graph=graph)
    bare.opset_import.extend(model.opset_import)
    return bare


def _add_constant(graph: GraphProto, name: str, tensor: TensorProto) -> None:
    if math.prod(tensor.dims) <= _SMALL:
        graph.initializer.append(tensor)
        graph.initializer[-1].name = name
    else:
        made = helper.make_tensor_value_info(name, tensor.data_type, list(tensor.dims))
        graph.input.append(made)


def _large_constant(node: NodeProto) -> TensorProto | None:
    if node.op_type != "Constant" or not node.output:
        return None
    tensors = [item.t for item in node.attribute if item.name == "value"]
    return next((tensor for tensor in tensors if math.prod(tensor.dims) > _SMALL), None)
