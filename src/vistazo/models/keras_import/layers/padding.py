"""Layers that add or cut a border."""

from __future__ import annotations

from vistazo.models.keras_import.layers.convolution import channels_of, spatial_size
from vistazo.models.keras_import.registry import LayerCall, keras_layer
from vistazo.models.keras_import.value import Value

_Border = tuple[tuple[int, int], tuple[int, int]]


@keras_layer("ZeroPadding2D")
def zero_padding(call: LayerCall) -> Value:
    """keras.layers.ZeroPadding2D: ``padding`` is one number, (rows, columns) or two pairs.

    A convolution that follows takes the zeros over as its own padding.
    """
    (top, bottom), (left, right) = _border(call, "padding")
    value, data_format = call.input, call.config.data_format()
    height, width = spatial_size(call, value)
    source = call.graph.channels_first(value, data_format)
    name = call.graph.op("Pad", source, call.graph.integers([0, 0, top, left, 0, 0, bottom, right]))
    shape = (channels_of(call, value), height + top + bottom, width + left + right)
    padded = call.graph.map(name, shape, data_format, value)
    call.graph.note_border(padded, value, (top, left, bottom, right))
    return padded


@keras_layer("Cropping2D")
def cropping(call: LayerCall) -> Value:
    """keras.layers.Cropping2D: ``cropping`` as in ZeroPadding2D."""
    (top, bottom), (left, right) = _border(call, "cropping")
    height, width = spatial_size(call, call.input)
    return crop(call, call.input, (top, left), (height - top - bottom, width - left - right))


def crop(call: LayerCall, value: Value, corner: tuple[int, int], size: tuple[int, int]) -> Value:
    """The part of a map of this size (height, width) that starts at this corner (row, column)."""
    if min(size) < 1:
        raise call.refusal("nothing of its input would be left")
    if size == spatial_size(call, value):
        return value
    data_format, graph = call.config.data_format(), call.graph
    source = graph.channels_first(value, data_format)
    ends = [corner[0] + size[0], corner[1] + size[1]]
    name = graph.op(
        "Slice", source, graph.integers(corner), graph.integers(ends), graph.integers((2, 3))
    )
    return graph.map(name, (channels_of(call, value), *size), data_format, value)


def _border(call: LayerCall, field: str) -> _Border:
    given = call.config.get(field, default=1 if field == "padding" else 0)
    sides = given if isinstance(given, list) else [given, given]
    pairs = [side if isinstance(side, list) else [side, side] for side in sides]
    numbers = [number for pair in pairs for number in pair if isinstance(number, int)]
    if len(numbers) != 4 or min(numbers) < 0:
        raise call.config.wrong(field, "whole numbers for the four sides", given)
    return (numbers[0], numbers[1]), (numbers[2], numbers[3])
