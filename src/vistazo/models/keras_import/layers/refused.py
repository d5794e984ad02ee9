"""Layers that are known, and are refused for what they are."""

from __future__ import annotations

from typing import NoReturn

from vistazo.errors import UnsupportedModelError
from vistazo.models.keras_import.registry import LayerCall, keras_layer


@keras_layer("Lambda")
def refuse_code(call: LayerCall) -> NoReturn:
    """keras.layers.Lambda keeps Python bytecode, which runs whatever its author wrote."""
    raise UnsupportedModelError(
        f"The {call.layer} holds Python code, which is never run here. Replace it with a layer "
        "that says what it does (Rescaling, Resizing, Reshape, Activation...) and save the model "
        "again, or convert the model to ONNX where you trust the file."
    )
