"""Look through a stranger's graph before anything is done with it.

What is left has a size that the file says, whatever the picture: no loops, no branches, no code of
other libraries, no other files.
"""

from __future__ import annotations

from onnx import ModelProto, NodeProto, TensorProto, inliner

from vistazo.errors import HostileModelError, UnsupportedModelError
from vistazo.models.onnx_import.allowance import Allowance
from vistazo.models.onnx_import.functions import expanded_nodes
from vistazo.models.onnx_import.parts import graphs_of, nodes_of, tensors_of
from vistazo.models.onnx_import.picture_sizes import check_sizes_are_fixed

MAX_NODES = 100_000  # as of a Keras file; the largest of keras.applications has 2,000

_CONTROL_FLOW = {"If", "Loop", "Scan", "SequenceMap"}
_DOMAINS = {"", "ai.onnx", "ai.onnx.ml"}
# What ONNX Runtime's own tools write when they quantise or fuse. Its other operators read files,
# or have sizes that a picture decides.
_OF_THE_RUNTIME = {
    "Attention", "BiasAdd", "BiasGelu", "DequantizeLinear", "DynamicQuantizeMatMul", "FastGelu",
    "FusedConv", "FusedGemm", "FusedMatMul", "Gelu", "GroupNorm", "LayerNormalization",
    "MatMulIntegerToFloat", "MatMulNBits", "MultiHeadAttention", "NhwcFusedConv", "NhwcMaxPool",
    "QAttention", "QGemm", "QLinearAdd", "QLinearAveragePool", "QLinearConcat", "QLinearConv",
    "QLinearGlobalAveragePool", "QLinearLeakyRelu", "QLinearMul", "QLinearReduceMean",
    "QLinearSigmoid", "QLinearSoftmax", "QLinearWhere", "QuantizeLinear", "QuickGelu",
    "SimplifiedLayerNormalization", "SkipLayerNormalization", "SkipSimplifiedLayerNormalization",
}  # fmt: skip


def look_through(model: ModelProto, name: str, allowance: Allowance) -> ModelProto:
    """The model, its functions inlined. Raises ModelError, and ValueError for a broken one."""
    model.ClearField("training_info")
    if any(_is_elsewhere(tensor) for tensor in tensors_of(model)):
        raise HostileModelError(
            f"{name} keeps its weights in other files; a model is one file here. Save it with "
            "onnx.save(model, path, save_as_external_data=False)."
        )
    if not allowance.control_flow:
        for node in nodes_of(model):
            _check_is_straight(node, name)
    if expanded_nodes(model) > MAX_NODES:
        raise HostileModelError(f"{name} would need more than {MAX_NODES} operations.")
    if model.functions:
        model = inliner.inline_local_functions(model)
    for node in nodes_of(model):
        _check_is_known(node, name)
    if not allowance.control_flow:
        check_sizes_are_fixed(model.graph, name)
    return model


def told(node: NodeProto) -> str:
    """For a message: what it is, and where."""
    output = node.output[0] if node.output else "nothing"
    return f"{node.op_type} '{node.name or output}'"[:120]


def _is_elsewhere(tensor: TensorProto) -> bool:
    return bool(tensor.external_data) or tensor.data_location == TensorProto.EXTERNAL


def _check_is_straight(node: NodeProto, name: str) -> None:
    has_graphs = any(True for attribute in node.attribute for _ in graphs_of(attribute))
    if node.op_type in _CONTROL_FLOW or has_graphs:
        raise UnsupportedModelError(
            f"{name} has loops or branches ({told(node)}): nothing says how long it runs. Where "
            "you trust the file set ALLOW_CONTROL_FLOW=1; else export it without."
        )


def _check_is_known(node: NodeProto, name: str) -> None:
    is_runtimes = node.domain == "com.microsoft" and node.op_type in _OF_THE_RUNTIME
    if node.domain not in _DOMAINS and not is_runtimes:
        raise UnsupportedModelError(
            f"{name} needs an operator that ONNX itself does not have ({told(node)} of "
            f"'{node.domain[:60]}'). Export it with standard operators alone."
        )
