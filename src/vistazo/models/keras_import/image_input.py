"""Where a model begins: one picture; and the spatial map nearest to its end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vistazo.errors import UnsupportedModelError
from vistazo.models.keras_import.config import DataFormat
from vistazo.models.keras_import.dialect import Layer, Model
from vistazo.models.keras_import.graph import Graph
from vistazo.models.keras_import.value import IMAGE_RANK, Shape, Value

INPUT_NAME, SCORES_NAME, FEATURES_NAME = "images", "scores", "features"

# A grey picture without a channel axis, as in Flatten(input_shape=(28, 28)).
_GREY_RANK = 3
_MIN_GREY_SIDE = 8
_MAX_SIDE = 16_384


@dataclass(frozen=True)
class ImageInput:
    """The picture that a model takes. ``rank`` 3 is a grey one without a channel axis."""

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
    if layer.config.get("dtype") == "string" or len(shape) not in (_GREY_RANK, IMAGE_RANK):
        raise UnsupportedModelError(
            f"The model takes {shape}, which is no picture: (batch, height, width, channels) is "
            "what can be served."
        )
    return _of_shape(model, shape, input_size)


def _of_shape(model: Model, shape: Shape, input_size: tuple[int, int] | None) -> ImageInput:
    data_format = _data_format(model)
    if len(shape) == _GREY_RANK:
        height, width, channels = shape[1], shape[2], 1
        if min(height or _MIN_GREY_SIDE, width or _MIN_GREY_SIDE) < _MIN_GREY_SIDE:
            raise UnsupportedModelError(f"The model takes {shape}, which is no picture.")
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
            f"The model takes pictures of any size {shape}. Say which one to serve: "
            "INPUT_SIZE=HEIGHTxWIDTH, the input size of the model card, or 'vistazo convert "
            "--input HEIGHTxWIDTH'."
        )
    height, width = height or (input_size or (0, 0))[0], width or (input_size or (0, 0))[1]
    if not (0 < height <= _MAX_SIDE and 0 < width <= _MAX_SIDE):
        raise UnsupportedModelError(f"A picture of {height} x {width} cannot be served.")
    return ImageInput(height, width, channels, data_format, len(shape))


def _data_format(model: Model) -> DataFormat:
    """What the first layer that names one says; the file does not say it of the input itself."""
    for layer in _flat(model):
        if isinstance(layer.config.get("data_format"), str):
            return layer.config.data_format()
    return "channels_last"


def _flat(model: Model) -> Iterator[Layer]:
    for layer in model.layers:
        if layer.model is None:
            yield layer
        else:
            yield from _flat(layer.model)


def open_graph(graph: Graph, image: ImageInput) -> Value:
    """The model's own input, made of ``images`` (n, h, w, c)."""
    shape = (None, image.height, image.width, image.channels)
    pictures = Value(INPUT_NAME, shape)
    if image.rank == _GREY_RANK:
        return graph.reshape(pictures, shape[:-1])
    if image.data_format == "channels_first":
        name = graph.channels_first(pictures, "channels_last")
        return Value(name, (shape[0], shape[3], *shape[1:3]), parents=(pictures,))
    return pictures


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
