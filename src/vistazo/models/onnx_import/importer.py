"""Read somebody else's ONNX classifier as data and write it as the engines expect it.

Whatever its tensors are called and however its images lie (PyTorch exports channels first), the
result takes ``images`` float32 (n, h, w, c) and gives ``scores`` float32 (n, k).
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx
import onnx.compose
from google.protobuf.message import DecodeError, Message
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto, helper

from vistazo.errors import CardError, HostileModelError, UnreadableModelError, UnsupportedModelError
from vistazo.models.bounded_child import is_about_memory
from vistazo.models.onnx_import.allowance import Allowance
from vistazo.models.onnx_import.looks import look_through
from vistazo.models.onnx_import.tensor_sizes import check_tensor_sizes, without_weights
from vistazo.models.outputs import OutputSignature, check_number, first_place
from vistazo.models.signature import Description, ModelSignature

_IMAGES, _SCORES = "images", "scores"
_JOINT = "head/Concat"  # of keras_import/head.py
_PREFIX = "model/"
_CHANNELS = (1, 3)
_TO_FIRST = (0, 3, 1, 2)
_IMAGE_RANK = 4
_PASS_ON = {"Identity", "Reshape", "Flatten", "Squeeze", "Cast"}
_ACTIVATIONS = {"Softmax": "softmax", "Sigmoid": "sigmoid", "Gemm": "linear", "MatMul": "linear"}
_ACTIVATIONS |= {"Add": "linear", "Conv": "linear"}


def convert(
    source: Path,
    target: Path,
    input_size: tuple[int, int] | None,
    *,
    with_evidence: bool = False,
    allowance: Allowance | None = None,
    output: str | None = None,
) -> ModelSignature:
    """Write ``target`` from ``source``; a file that this project wrote is copied as it is.

    But its evidence is left behind unless asked for; a file of somebody else has none.
    ``input_size`` (height, width) is used where the file leaves them open, ``output`` names the one
    of several outputs that is meant. Raises ModelError.
    """
    allowance = allowance or Allowance()
    model = _read(source, allowance)
    signature = _own_signature(model, output)
    if signature is None:
        signature = _adapt(model, input_size, output)
        helper.set_model_props(model, signature.to_metadata())
    elif len(model.graph.output) > 1 and not with_evidence:
        signature = replace(signature, features=None)
        _keep_scores_alone(model.graph, signature)
        helper.set_model_props(model, signature.to_metadata())
    check_tensor_sizes(model, source.name, allowance.tensor_bytes)
    target.write_bytes(model.SerializeToString(deterministic=True))
    return signature


def describe(
    source: Path,
    input_size: tuple[int, int] | None,
    allowance: Allowance | None = None,
    output: str | None = None,
) -> Description:
    """What the model takes and gives. Raises ModelError where the file cannot be read at all."""
    allowance, framework = allowance or Allowance(), "onnx of unknown origin"
    try:
        model = _read(source, allowance)
        framework = _framework(model)
        signature = _own_signature(model, output) or _adapt(model, input_size, output)
        check_tensor_sizes(model, source.name, allowance.tensor_bytes)
    except (CardError, HostileModelError, UnsupportedModelError) as error:
        return Description("ONNX", framework, None, (), (str(error),))
    return Description("ONNX", signature.framework, signature, (), ())


def _own_signature(model: ModelProto, output: str | None) -> ModelSignature | None:
    """None where somebody else wrote the file. Raises CardError where another output is asked for:
    which one is meant was settled when the file was written.
    """
    properties = {item.key: item.value for item in model.metadata_props}
    signature = ModelSignature.from_metadata(properties)
    if signature is not None and output not in (None, signature.output):
        raise CardError(
            f"The card's output.name is '{output}', but in this file, which Vistazo wrote, it is "
            f"'{signature.output}'. Correct the card, or serve the file that it was made of."
        )
    return signature


def _framework(model: ModelProto) -> str:
    return f"onnx {model.producer_name or 'of unknown origin'}"


def _read(source: Path, allowance: Allowance) -> ModelProto:
    """Its weights are looked at by the runtime: here they would be copied twice."""
    model = ModelProto()
    try:
        model.ParseFromString(source.read_bytes())
        model = look_through(model, source.name, allowance)
        onnx.checker.check_model(without_weights(model))
    except (DecodeError, onnx.checker.ValidationError, ValueError) as error:
        if is_about_memory(str(error)):
            raise MemoryError from error
        raise UnreadableModelError(
            f"{source.name} is no sound ONNX model ({str(error).splitlines()[0]}). Export it again."
        ) from error
    return model


def _keep_scores_alone(graph: GraphProto, signature: ModelSignature) -> None:
    """Make a graph that this project wrote with evidence a plain one."""
    nodes: list[NodeProto] = []
    wanted = {_SCORES, *(output.tensor for output in signature.others)}
    needed = set(wanted)
    for node in reversed(graph.node):
        if not needed.isdisjoint(node.output):
            nodes.append(_alone(node))
            needed.update(nodes[-1].input)
    _put(graph.node, nodes[::-1])
    _put(graph.initializer, [item for item in graph.initializer if item.name in needed])
    _put(graph.input, [value for value in graph.input if value.name == _IMAGES])
    _put(graph.output, [value for value in graph.output if value.name in wanted])


def _alone(node: NodeProto) -> NodeProto:
    """Where further maps join those of the images, the latter pass by themselves."""
    if node.name != _JOINT:
        return node
    return helper.make_node("Identity", node.input[:1], node.output, name=node.name)


def _put(field: Any, items: Sequence[Message]) -> None:
    """Let a repeated field hold these items."""
    kept = list(items)
    del field[:]
    field.extend(kept)


def _adapt(
    model: ModelProto, input_size: tuple[int, int] | None, output: str | None
) -> ModelSignature:
    given, no_rows = _rows(model)
    onnx.compose.add_prefix(model, _PREFIX, inplace=True)  # its names and ours cannot meet
    graph = model.graph
    weights = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in weights]
    if len(inputs) != 1:
        raise UnsupportedModelError(
            f"The ONNX model has {len(inputs)} inputs; an image classifier has one."
        )
    height, width, channels, is_first = _image_shape(inputs[0], input_size)
    first = given.pop(first_place(given, output))
    head = helper.make_node("Transpose", [_IMAGES], [inputs[0].name], perm=_TO_FIRST)
    start = head if is_first else helper.make_node("Identity", [_IMAGES], [inputs[0].name])
    weights_count = sum(math.prod(tensor.dims) for tensor in graph.initializer)
    ends = [(first, _SCORES), *((each, each.tensor) for each in given)]
    nodes: list[NodeProto] = [start, *graph.node, *(_end(graph, *end) for end in ends)]
    _put(graph.node, nodes)
    _put(graph.input, [_tensor(_IMAGES, height, width, channels)])
    _put(graph.output, [_tensor(name, each.units) for each, name in ends])
    return ModelSignature(
        height=height,
        width=width,
        channels=channels,
        units=first.units,
        activation=first.activation,
        features=None,
        weights=weights_count,
        layers=len(nodes) - 1 - len(ends),
        framework=_framework(model),
        output=first.name,
        others=tuple(given),
        no_rows=no_rows,
    )


def _end(graph: GraphProto, output: OutputSignature, name: str) -> NodeProto:
    """The node that gives an output as a row, under the name that it has here."""
    shape = f"shape/{name}"
    dims = [0, output.units]  # 0 keeps the batch
    graph.initializer.append(helper.make_tensor(shape, TensorProto.INT64, [2], dims))
    return helper.make_node("Reshape", [_PREFIX + output.name, shape], [name])


def _rows(model: ModelProto) -> tuple[list[OutputSignature], tuple[str, ...]]:
    """The outputs that are rows of numbers, and the names of the others. Raises ModelError."""
    outputs = list(model.graph.output)
    check_number(len(outputs))
    alone = len(outputs) == 1
    rows = [value for value in outputs if alone or _is_row(value)]
    if not rows:
        names = ", ".join(value.name for value in outputs)
        raise UnsupportedModelError(
            f"The ONNX model has {len(outputs)} outputs ({names}), and none is a row of scores, "
            "float32 (n, k)."
        )
    signatures = [
        OutputSignature(value.name, _units(value), _activation(model, value.name)) for value in rows
    ]
    return signatures, tuple(value.name for value in outputs if value not in rows)


def _is_row(value: ValueInfoProto) -> bool:
    tensor = value.type.tensor_type
    dims = [dim.dim_value for dim in tensor.shape.dim]
    is_float = tensor.elem_type == TensorProto.FLOAT
    return is_float and len(dims) > 1 and 0 not in dims[1:] and math.prod(dims[1:]) == dims[-1]


def _image_shape(
    value: ValueInfoProto, input_size: tuple[int, int] | None
) -> tuple[int, int, int, bool]:
    """Height, width, channels, and whether the channels come first."""
    tensor = value.type.tensor_type
    dims = [dim.dim_value for dim in tensor.shape.dim]  # 0 where it is open
    if tensor.elem_type != TensorProto.FLOAT or len(dims) != _IMAGE_RANK:
        raise UnsupportedModelError(
            f"The ONNX model's input '{value.name}' is no batch of float32 images (n, h, w, c) or "
            "(n, c, h, w)."
        )
    is_first = dims[1] in _CHANNELS and dims[3] not in _CHANNELS
    channels = dims[1] if is_first else dims[3]
    height, width = (dims[2], dims[3]) if is_first else (dims[1], dims[2])
    if input_size is not None:
        height, width = height or input_size[0], width or input_size[1]
    if channels not in _CHANNELS or not (height and width):
        raise UnsupportedModelError(
            f"The ONNX model's input has shape {dims}; it needs a height, a width and 1 or 3 "
            "channels. Set INPUT_SIZE=HEIGHTxWIDTH, give --input or a card, where it leaves the "
            "size open."
        )
    return height, width, channels, is_first


def _units(value: ValueInfoProto) -> int:
    dims = [dim.dim_value for dim in value.type.tensor_type.shape.dim]
    if len(dims) < 2 or 0 in dims[1:] or value.type.tensor_type.elem_type != TensorProto.FLOAT:
        raise UnsupportedModelError(
            f"The ONNX model's output '{value.name}' has shape {dims}; scores are float32 (n, k)."
        )
    return math.prod(dims[1:])


def _activation(model: ModelProto, name: str) -> str:
    makers = {output: node for node in model.graph.node for output in node.output}
    with contextlib.suppress(KeyError):
        while makers[name].op_type in _PASS_ON:
            name = makers[name].input[0]
        return _ACTIVATIONS.get(makers[name].op_type, "unknown")
    return "unknown"


def _tensor(name: str, *dims: int) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", *dims])
