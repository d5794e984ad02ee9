"""Operations on tensors that a graph holds beside its layers.

Keras 3 keeps them as nodes of their own class (``keras.src.ops``), Keras 2 as ``TFOpLambda`` layers
that name a TensorFlow function. Both names lead to one converter.
"""

from __future__ import annotations

from collections.abc import Callable

from vistazo.models.keras_import.registry import AnyConvert, Convert, LayerCall, Result, keras_layer

_FUNCTIONS: dict[str, Convert] = {}


def operation(*class_names: str, tf: str = "") -> Callable[[AnyConvert], AnyConvert]:
    """Make a function the converter of Keras 3 operations and of TensorFlow functions."""

    def decorate(convert: AnyConvert) -> AnyConvert:
        keras_layer(*class_names)(convert)
        for name in tf.split():
            _FUNCTIONS[name] = convert
        return convert

    return decorate


@keras_layer("TFOpLambda", "SlicingOpLambda")
def tensorflow_function(call: LayerCall) -> Result:
    """``tf_keras.src.layers.core.tf_op_layer``: a named TensorFlow function, called with data."""
    name = function_name(call)
    convert = _FUNCTIONS.get(name) or _FUNCTIONS.get(name.rpartition(".")[2])
    if convert is None:
        raise call.refusal(f"the TensorFlow function 'tf.{name[:60]}' is not supported yet")
    return convert(call)


def function_name(call: LayerCall) -> str:
    """``math.add`` for a TensorFlow function, the class name for a Keras 3 operation."""
    if call.layer.class_name not in ("TFOpLambda", "SlicingOpLambda"):
        return call.layer.class_name
    return call.config.text("function").removeprefix("tf.").removeprefix("compat.v1.")
