"""Operations as TensorFlow 2.1 to 2.3 kept them: a node of its graph with its constant inputs.

``TensorFlowOpLayer`` holds ``node_def`` (the operation, its attributes) and ``constants`` (by their
place among the inputs); later versions name a function instead (``operations``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

from vistazo.models.keras_import.config import Config
from vistazo.models.keras_import.operations import tensorflow_function
from vistazo.models.keras_import.registry import LayerCall, Result, keras_layer

_FUNCTION_OF_NODE = {
    "Abs": "math.abs",
    "Add": "math.add",
    "AddN": "math.add_n",
    "AddV2": "math.add",
    "BiasAdd": "nn.bias_add",
    "ConcatV2": "concat",
    "Exp": "math.exp",
    "ExpandDims": "expand_dims",
    "Identity": "identity",
    "Log": "math.log",
    "Max": "math.reduce_max",
    "Maximum": "math.maximum",
    "Mean": "math.reduce_mean",
    "Min": "math.reduce_min",
    "Minimum": "math.minimum",
    "Mul": "math.multiply",
    "Neg": "math.negative",
    "Pad": "pad",
    "Pow": "math.pow",
    "RealDiv": "math.truediv",
    "Relu": "nn.relu",
    "Relu6": "nn.relu6",
    "Reshape": "reshape",
    "Rsqrt": "math.rsqrt",
    "Sigmoid": "math.sigmoid",
    "Softmax": "nn.softmax",
    "Sqrt": "math.sqrt",
    "Square": "math.square",
    "SquaredDifference": "math.squared_difference",
    "Squeeze": "squeeze",
    "Sub": "math.subtract",
    "Sum": "math.reduce_sum",
    "Tanh": "math.tanh",
    "Transpose": "transpose",
}


@keras_layer("TensorFlowOpLayer")
def graph_node(call: LayerCall) -> Result:
    """``tensorflow.python.keras.engine.base_layer.TensorFlowOpLayer``."""
    node = _mapping(call.config.get("node_def"))
    function = _FUNCTION_OF_NODE.get(str(node.get("op")))
    if function is None:
        name = str(node.get("op"))[:60]
        raise call.refusal(f"the TensorFlow operation '{name}' is not supported yet")
    arguments = _arguments(call, _mapping(call.config.get("constants")))
    if function in ("concat", "math.add_n"):
        joined = arguments if function == "math.add_n" else arguments[:-1]
        arguments = [joined, *arguments[len(joined) :]]
    keeps = _mapping(_mapping(node.get("attr")).get("keep_dims")).get("b") is True
    config = Config(call.config.owner, {"function": function, "name": call.layer.name})
    layer = replace(call.layer, class_name="TFOpLambda", config=config)
    kwargs = {"keepdims": True} if keeps else {}
    return tensorflow_function(replace(call, layer=layer, args=tuple(arguments), kwargs=kwargs))


def _arguments(call: LayerCall, constants: Mapping[str, object]) -> list[object]:
    """Tensors in order, each constant at its own place between them."""
    arguments: list[object] = list(call.inputs)
    for place, constant in sorted(constants.items(), key=lambda item: int(item[0])):
        arguments.insert(int(place), constant)
    return arguments


def _mapping(value: object) -> Mapping[str, object]:
    if isinstance(value, str):
        value = json.loads(value)
    return {str(k): v for k, v in value.items()} if isinstance(value, Mapping) else {}
