"""Where a model begins: one picture; and the spatial map nearest to its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from vistazo.errors import UnsupportedModelError
from vistazo.models.keras_import.config import DataFormat
from vistazo.models.keras_import.dialect import Model
from vistazo.models.keras_import.graph import Graph
from vistazo.models.keras_import.laid_flat import (
    COLOURS,
    MAX_SIDE,
    MIN_SIDE,
    SAY_THE_SIZE,
    unfolded,
)
from vistazo.models.keras_import.no_picture import check_is_a_picture, first_layer, flat_layers
from vistazo.models.keras_import.value import Shape, Value

INPUT_NAME, SCORES_NAME, FEATURES_NAME = "images", "scores", "features"

# A grey picture without a channel axis, as in Flatten(input_shape=(28, 28)); and one laid flat.
_GREY_RANK, _FLAT_RANK = 3, 2
_BEFORE_PERMUTE: Mapping[tuple[int, ...], DataFormat] = {
    (3, 1, 2): "channels_last",
    (2, 3, 1): "channels_first",
}


@dataclass(frozen=True)
class ImageInput:
    """The picture that a model takes.

    ``rank`` is that of the model's own input: 3 is a grey picture without a channel axis, 2 one
    that is laid flat, channels first where ``data_format`` says so.
    """

    height: int
    width: int
    channels: int
    data_format: DataFormat
    rank: int


def read_input(model: Model, input_size: tuple[int, int] | None) -> ImageInput:
    """Raises UnsupportedModelError where the model takes no picture, or one of unknown size."""
    if len(model.inputs) != 1:
        names = ", ".join(f"'{ref.layer}'" for ref in model.inputs)
        raise UnsupportedModelError(
            f"The model has {len(model.inputs)} inputs ({names}); one picture is what can be "
            "served. Build keras.Model(image, scores) from the part that classifies the picture."
        )
    layer = model.layer(model.inputs[0].layer)
    shape = layer.input_shape
    if shape is None:
        raise UnsupportedModelError(
            f"The file does not say what the {layer} takes: the model was never built. Call it on "
            "one picture, or give the first layer an input_shape, and save it again."
        )
    check_is_a_picture(model, shape, input_size)
    image = _of_shape(model, shape, input_size)
    if not (0 < image.height <= MAX_SIDE and 0 < image.width <= MAX_SIDE):
        raise UnsupportedModelError(
            f"A picture of {image.height} x {image.width} cannot be served: no side may have more "
            f"than {MAX_SIDE} pixels."
        )
    return image


def _of_shape(model: Model, shape: Shape, input_size: tuple[int, int] | None) -> ImageInput:
    if len(shape) == _FLAT_RANK:
        return _of_row(model, shape[1] or 0, input_size)
    data_format = _data_format(model)
    if len(shape) == _GREY_RANK:
        height, width, channels = shape[1], shape[2], 1
    elif data_format == "channels_first":
        height, width, channels = shape[2], shape[3], shape[1] or 0
    else:
        height, width, channels = shape[1], shape[2], shape[3] or 0
    if channels < 1:
        raise UnsupportedModelError(
            f"The model takes {shape}: the number of channels is left open. Rebuild it with a "
            "fixed one, 3 for colour or 1 for grey."
        )
    if (height is None or width is None) and input_size is None:
        raise UnsupportedModelError(
            f"The model takes pictures of any size {shape}. Say which one to serve: {SAY_THE_SIZE}."
        )
    height, width = height or (input_size or (0, 0))[0], width or (input_size or (0, 0))[1]
    return ImageInput(height, width, channels, data_format, len(shape))


def _of_row(model: Model, length: int, asked: tuple[int, int] | None) -> ImageInput:
    """Of a picture laid flat: as the model lays it out itself at once, or of the size asked for."""
    layer, data_format = first_layer(model), _data_format(model)
    if layer is not None and layer.class_name == "Reshape":
        target = layer.config.integers("target_shape")
        if data_format == "channels_first":
            target = (*target[1:], *target[:1])
        if len(target) == _GREY_RANK and prod(target) == length and target[2] in COLOURS:
            height, width, channels = target
            if (height, width) == asked or min(height, width) >= MIN_SIDE:
                return ImageInput(height, width, channels, data_format, _FLAT_RANK)
    return ImageInput(*unfolded(length, asked), "channels_last", _FLAT_RANK)


def _data_format(model: Model) -> DataFormat:
    """What the first layer that names one says; the file does not say it of the input itself.

    Layers along a sequence speak of that alone; a Permute says what was before it.
    """
    for layer in flat_layers(model):
        if layer.class_name == "Permute":
            before = _BEFORE_PERMUTE.get(layer.config.integers("dims"))
            if before is not None:
                return before
        says_one = isinstance(layer.config.get("data_format"), str)
        if says_one and not layer.class_name.endswith("1D"):
            return layer.config.data_format()
    return "channels_last"


def open_graph(graph: Graph, image: ImageInput) -> Value:
    """The model's own input, made of ``images`` (n, h, w, c)."""
    shape = (None, image.height, image.width, image.channels)
    given = Value(INPUT_NAME, shape)
    if image.rank == _GREY_RANK:
        return graph.reshape(given, shape[:-1])
    if image.data_format == "channels_first":
        name = graph.channels_first(given, "channels_last")
        given = Value(name, (shape[0], shape[3], *shape[1:3]), parents=(given,))
    return graph.reshape(given, (None, given.elements)) if image.rank == _FLAT_RANK else given


def last_map(scores: Value) -> Value | None:
    """The spatial map nearest to the scores, walking back; None where the model has none."""
    seen: set[int] = set()
    level = [scores]
    while level:
        for value in level:
            if value.channel_axis is not None and _area(value) > 1:
                return value
        seen.update(map(id, level))
        level = [parent for value in level for parent in value.parents if id(parent) not in seen]
        level = list({id(value): value for value in level}.values())
    return None


def _area(value: Value) -> int:
    return value.elements // value.size(value.channel_axis or 0)
