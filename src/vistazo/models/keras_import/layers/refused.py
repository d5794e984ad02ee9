"""Layers that are known, and are refused for what they are."""

from __future__ import annotations

from typing import NoReturn

from vistazo.errors import UnsupportedModelError
from vistazo.models.keras_import.registry import LayerCall, keras_layer, register

_WITH_ITS_GRAPH = (
    "Train the model with a network of keras.applications in its place, or convert it to ONNX with "
    "tf2onnx where TensorFlow can load it, and serve that."
)


@keras_layer("Lambda")
def refuse_code(call: LayerCall) -> NoReturn:
    """keras.layers.Lambda keeps Python bytecode, which runs whatever its author wrote."""
    raise UnsupportedModelError(
        f"The {call.layer} holds Python code, which is never run here. Replace it with a layer "
        "that says what it does (Rescaling, Resizing, Reshape, Activation...) and save the model "
        "again, or convert the model to ONNX where you trust the file."
    )


@register("KerasLayer")
def refuse_address(call: LayerCall) -> NoReturn:
    """tensorflow_hub.KerasLayer: ``handle`` is where its graph was fetched from."""
    raise UnsupportedModelError(
        f"The {call.layer} is a module of TensorFlow Hub: its graph is not in the file, only its "
        f"address ({str(call.config.get('handle'))[:120]}). {_WITH_ITS_GRAPH}"
    )


@keras_layer("TFSMLayer")
def refuse_folder(call: LayerCall) -> NoReturn:
    """keras.layers.TFSMLayer: ``filepath`` is the folder of a SavedModel."""
    raise UnsupportedModelError(
        f"The {call.layer} is a SavedModel in a folder of its own: its graph is not in the file, "
        f"only its path ({str(call.config.get('filepath'))[:120]}). {_WITH_ITS_GRAPH}"
    )
