"""Inputs that are no pictures: what they are instead, in words."""

from __future__ import annotations

from collections.abc import Iterator

from vistazo.errors import UnsupportedModelError
from vistazo.models.keras_import.dialect import Layer, Model
from vistazo.models.keras_import.laid_flat import MAX_SIDE, MIN_SIDE, SAY_THE_SIZE
from vistazo.models.keras_import.value import Shape

_ROW, _SERIES, _PICTURE, _VIDEO = 2, 3, 4, 5

# What may stand before the layer that shows how the input is read.
_ON_THE_WAY = """
InputLayer ActivityRegularization AlphaDropout BatchNormalization Cast Dropout GaussianDropout
GaussianNoise Identity LayerNormalization Normalization Rescaling SpatialDropout1D
"""
_OF_SERIES = """
Attention AveragePooling1D Bidirectional Conv1D Convolution1D ConvLSTM1D CuDNNGRU CuDNNLSTM GRU
GlobalAveragePooling1D GlobalMaxPooling1D LSTM LocallyConnected1D Masking MaxPooling1D
MultiHeadAttention RNN SeparableConv1D SimpleRNN TimeDistributed ZeroPadding1D
"""
_OF_WORDS = ("Embedding", "ReversibleEmbedding", "StringLookup", "TextVectorization")


def check_is_a_picture(model: Model, shape: Shape, asked: tuple[int, int] | None) -> None:
    """Raise UnsupportedModelError where an input of this shape cannot be a picture, nor a row.

    A table of numbers without channels is a grey picture, unless the model reads it as a series
    and it is not square. ``asked`` is the size of which somebody says that it is a picture's.
    """
    first = first_layer(model)
    if _reads_words(model, first):
        raise _refusal(shape, "the numbers of words in a text")
    if len(shape) not in (_ROW, _SERIES, _PICTURE):
        raise _refusal(shape, "a video, a volume or such" if len(shape) == _VIDEO else "")
    if len(shape) == _ROW and shape[1] is None:
        raise _refusal(shape, "a row of any number of numbers")
    if len(shape) == _SERIES and shape[1:] != asked:
        _check_table(shape, is_series=first is not None and first.class_name in _OF_SERIES.split())
    if len(shape) > _ROW and max(n or 0 for n in shape[1:3]) > MAX_SIDE:
        raise _refusal(
            shape,
            f"no side of a picture has more than {MAX_SIDE} pixels. Where that is the shape of all "
            "that the model was trained on, build it with the shape of one",
        )


def _check_table(shape: Shape, *, is_series: bool) -> None:
    steps, numbers = shape[1], shape[2]
    is_small = min(steps or MIN_SIDE, numbers or MIN_SIDE) < MIN_SIDE
    if not is_small and (not is_series or steps == numbers):
        return
    series = f"a series of {steps or 'any number of'} steps of {numbers} numbers"
    why = f"{series}, such as landmarks or measurements over time"
    if is_small or not steps or not numbers or max(steps, numbers) > MAX_SIDE:
        raise _refusal(shape, why)
    size = f"{steps}x{numbers}"
    raise _refusal(shape, f"{why}. If it is a grey picture of {size}, say so: {SAY_THE_SIZE}")


def _refusal(shape: Shape, why: str) -> UnsupportedModelError:
    return UnsupportedModelError(
        f"The model takes no picture, but {shape}{f': {why}' if why else ''}. (batch, height, "
        "width, channels) is what can be served."
    )


def _reads_words(model: Model, first: Layer | None) -> bool:
    layer = model.layer(model.inputs[0].layer)
    is_text = layer.config.get("dtype") == "string"
    return is_text or (first is not None and first.class_name in _OF_WORDS)


def first_layer(model: Model) -> Layer | None:
    """The first that does more to its input than to scale it; they stand in order."""
    return next(
        (layer for layer in flat_layers(model) if layer.class_name not in _ON_THE_WAY), None
    )


def flat_layers(model: Model) -> Iterator[Layer]:
    """Every layer that is no model, in their order; nested models opened."""
    for layer in model.layers:
        if layer.model is None:
            yield layer
        else:
            yield from flat_layers(layer.model)
