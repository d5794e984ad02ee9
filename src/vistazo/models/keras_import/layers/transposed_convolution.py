"""Transposed convolutions. Kernels: Keras (h, w, out, in), ONNX (in, out, h, w)."""

from __future__ import annotations

from vistazo.models.keras_import.layers.activation import apply_activation
from vistazo.models.keras_import.layers.convolution import channels_of, spatial_size
from vistazo.models.keras_import.layers.window import (
    PADDINGS,
    Fit,
    Window,
    fit_transposed,
)
from vistazo.models.keras_import.registry import LayerCall, keras_layer, slots
from vistazo.models.keras_import.value import Value


@keras_layer("Conv2DTranspose", "Convolution2DTranspose", weights=slots("kernel", bias="use_bias"))
def conv2d_transpose(call: LayerCall) -> Value:
    """keras.layers.Conv2DTranspose: the gradient of ``tf.nn.conv2d``."""
    value, graph, config = call.input, call.graph, call.config
    channels, filters = channels_of(call, value), config.integer("filters")
    kernel, data_format = config.pair("kernel_size"), config.data_format()
    rows, columns = _fits(call, value, kernel)
    stored = call.weight("kernel", (*kernel, filters, channels))
    shape = (channels, filters, *kernel)
    weight = graph.parameter(
        call.name("kernel"), [stored], shape, lambda array: array.transpose(3, 2, 0, 1)
    )
    inputs = [graph.channels_first(value, data_format), weight]
    if config.flag("use_bias", default=True):
        bias = call.weight("bias", (filters,))
        inputs.append(graph.parameter(call.name("bias"), [bias], (filters,)))
    name = graph.op(
        "ConvTranspose",
        *inputs,
        kernel_shape=kernel,
        strides=config.pair("strides", 1),
        dilations=config.pair("dilation_rate", 1),
        pads=(rows.before, columns.before, max(0, rows.after), max(0, columns.after)),
        output_padding=(max(0, -rows.after), max(0, -columns.after)),
    )
    out = graph.map(name, (filters, rows.out, columns.out), data_format, value)
    return apply_activation(call, out, config.get("activation"))


def _fits(call: LayerCall, value: Value, kernel: tuple[int, int]) -> tuple[Fit, Fit]:
    config = call.config
    strides, dilations = config.pair("strides", 1), config.pair("dilation_rate", 1)
    extra = config.pair("output_padding") if config.get("output_padding") is not None else None
    wanted = config.pair("output_size") if config.get("output_size") is not None else None
    padding = config.text("padding", "valid")
    if padding not in PADDINGS or padding == "full":
        raise call.refusal(f"its padding is '{padding}'")
    fits = [
        fit_transposed(
            Window(size, kernel[i], strides[i], dilations[i]),
            padding,
            None if extra is None else extra[i],
            None if wanted is None else wanted[i],
        )
        for i, size in enumerate(spatial_size(call, value))
    ]
    if fits[0] is None or fits[1] is None:
        raise call.refusal(f"its window {kernel} does not fit into {spatial_size(call, value)}")
    return fits[0], fits[1]
