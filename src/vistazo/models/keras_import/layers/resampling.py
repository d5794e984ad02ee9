"""Scaling of maps, as ``tf.image.resize`` (version 2) does it: half-pixel centres.

TensorFlow.js interpolates without them, see ``tfjs_words``.
"""

from __future__ import annotations

from vistazo.models.keras_import.graph import MAX_CONSTANT
from vistazo.models.keras_import.layers.convolution import channels_of, spatial_size
from vistazo.models.keras_import.layers.interpolation import can_resample, resampling_matrix
from vistazo.models.keras_import.operations import operation
from vistazo.models.keras_import.registry import LayerCall, keras_layer
from vistazo.models.keras_import.value import Value


@keras_layer("UpSampling2D")
def up_sampling(call: LayerCall) -> Value:
    """keras.layers.UpSampling2D: rows and columns repeated, or interpolated."""
    factors = call.config.pair("size", 2)
    height, width = spatial_size(call, call.input)
    if min(factors) < 1:
        raise call.config.wrong("size", "two positive numbers", factors)
    wanted = (height * factors[0], width * factors[1])
    how = call.config.text("interpolation", "nearest")
    if how == "bilinear" and not call.config.flag("half_pixel_centers", default=True):
        data_format = call.config.data_format()
        source = call.graph.channels_first(call.input, data_format)
        name = _resize_op(call, source, wanted, how, centres="asymmetric")
        shape = (channels_of(call, call.input), *wanted)
        return call.graph.map(name, shape, data_format, call.input)
    return resize(call, call.input, wanted, how, antialias=False)


def resize(
    call: LayerCall, value: Value, wanted: tuple[int, int], how: str, *, antialias: bool
) -> Value:
    """A map scaled to (height, width)."""
    if spatial_size(call, value) == wanted:
        return value
    if min(wanted) < 1:
        raise call.refusal(f"it scales to {wanted}")
    graph, data_format = call.graph, call.config.data_format()
    source = graph.channels_first(value, data_format)
    if how == "nearest" or (how == "bilinear" and not antialias):
        name = _resize_op(call, source, wanted, how)
    elif can_resample(how):
        size = spatial_size(call, value)
        if max(size[0] * wanted[0], size[1] * wanted[1]) > MAX_CONSTANT:
            raise call.refusal(f"it scales from {size} to {wanted} with '{how}'")
        rows, columns = (
            resampling_matrix(how, size[i], wanted[i], antialias=antialias) for i in (0, 1)
        )
        tall = graph.op("MatMul", graph.floats(rows), source)
        name = graph.op("MatMul", tall, graph.floats(columns.T))
    else:
        raise call.refusal(f"it interpolates with '{how}'")
    return graph.map(name, (channels_of(call, value), *wanted), data_format, value)


def _resize_op(
    call: LayerCall, source: str, wanted: tuple[int, int], how: str, centres: str = "half_pixel"
) -> str:
    graph = call.graph
    # ONNX Runtime 1.31 does not take sizes for some of the axes only.
    kept = graph.op("Shape", source, start=0, end=2)
    sizes = graph.op("Concat", kept, graph.integers(wanted), axis=0)
    coordinates = {"coordinate_transformation_mode": centres}
    if how == "bilinear":
        return graph.op("Resize", source, "", "", sizes, mode="linear", **coordinates)
    # floor((i + 0.5) * scale), which is the half-pixel coordinate rounded, halves up
    method = {"mode": "nearest", "nearest_mode": "round_prefer_ceil", **coordinates}
    return graph.op("Resize", source, "", "", sizes, **method)


@operation("Resize", tf="image.resize image.resize_images_v2")
def resize_operation(call: LayerCall) -> Value:
    """keras.ops.image.resize and tf.image.resize."""
    options = call.options
    flags = ("crop_to_aspect_ratio", "pad_to_aspect_ratio", "preserve_aspect_ratio")
    if any(options.flag(name, default=False) for name in flags):
        raise call.refusal("it keeps the aspect ratio")
    how = str(options.get("interpolation", "method", default="bilinear")).lower()
    antialias = options.flag("antialias", default=False)
    return resize(call, call.input, options.pair("size"), how, antialias=antialias)


@operation(tf="nn.depth_to_space nn.space_to_depth")
def depth_and_space(call: LayerCall) -> Value:
    """tf.nn.depth_to_space and its inverse, on (n, h, w, c): ONNX's order DCR."""
    value, block = call.input, call.options.integer("block_size")
    if call.options.text("data_format", "NHWC") != "NHWC" or block < 1:
        raise call.refusal("it does not work on (n, h, w, c)")
    (height, width), channels = spatial_size(call, value), channels_of(call, value)
    grows = "depth_to_space" in call.config.text("function")
    parts = (channels,) if grows else (height, width)
    if any(part % (block * block if grows else block) for part in parts):
        raise call.refusal(f"its input does not divide by {block}")
    source = call.graph.channels_first(value, "channels_last")
    if grows:
        name = call.graph.op("DepthToSpace", source, blocksize=block, mode="DCR")
        shape = (channels // block**2, height * block, width * block)
    else:
        name = call.graph.op("SpaceToDepth", source, blocksize=block)
        shape = (channels * block**2, height // block, width // block)
    return call.graph.map(name, shape, "channels_last", value)
