"""What CNTK made of a model, as far as it is known to be what TensorFlow makes of it.

Its kernels are not turned (``_need_convert_kernel`` of Keras 2). Its ``same`` padding puts the
middle of a window on every pixel, which TensorFlow does with odd windows that take single steps;
where its windows begin else could not be tried.
"""

from __future__ import annotations

from vistazo.errors import UnsupportedModelError
from vistazo.models.keras_import.dialect import Layer, Model
from vistazo.models.keras_import.weights import model_leaves

CNTK = "cntk"


def refuse_unknown(model: Model) -> None:
    """Raise UnsupportedModelError where a layer's padding may be another than TensorFlow's."""
    for leaf in model_leaves(model, lambda _: ()):
        if leaf.layer.config.get("padding") == "same" and not _is_centred(leaf.layer):
            raise UnsupportedModelError(
                f"The {leaf.layer} was computed by CNTK, whose padding is not known here for even "
                "windows, steps of more than one, and means. Load the file with Keras 2.2 on "
                "TensorFlow, see whether its scores are still right, and save it again from there."
            )


def _is_centred(layer: Layer) -> bool:
    if any(word in layer.class_name for word in ("Average", "Transpose")):
        return False
    config = layer.config
    size = config.integers("kernel_size", config.get("pool_size", default=2))
    steps = config.integers("strides", list(size) if "Pool" in layer.class_name else 1)
    return all(side % 2 for side in size) and set(steps) == {1}
