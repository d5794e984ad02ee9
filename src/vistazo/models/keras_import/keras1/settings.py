"""The settings of one layer: what Keras 1 called them, and what Keras 2 does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from vistazo.errors import UnsupportedModelError

Settings = dict[str, Any]

_CHANNELS = {"th": "channels_first", "tf": "channels_last"}
_BY_GATE, _JOINED = 1, 2


@dataclass(frozen=True)
class Facts:
    """What a layer does not say of itself: where channels lie, what ``running_std`` holds.

    ``statistic_is_std`` is None where the file does not tell its version.
    """

    data_format: str | None
    statistic_is_std: bool | None


_Step = Callable[[str, Settings, Facts], Settings]


@dataclass(frozen=True)
class _Class:
    """What became of a class: its name in Keras 2, of its settings, and what else to do."""

    name: str
    renamed: Mapping[str, str]
    steps: tuple[_Step, ...] = ()


def is_keras1(class_name: str, config: object) -> bool:
    """Whether a layer's settings have the names that only Keras 1 gave them."""
    known = _CLASSES.get(class_name)
    return (
        known is not None
        and isinstance(config, dict)
        and not known.renamed.keys().isdisjoint(config)
    )


def says_channels(class_name: str, config: Mapping[str, Any]) -> str | None:
    """``channels_first``, ``channels_last``, or None where a layer has no such setting."""
    return _CHANNELS.get(str(config.get("dim_ordering"))) if class_name in _CLASSES else None


def in_keras2(class_name: str, config: Mapping[str, Any], facts: Facts) -> tuple[str, Settings]:
    """A layer's class and settings as Keras 2 has them; a class that is not stock stays.

    Raises UnsupportedModelError where the file does not say what its layer computed.
    """
    known = _CLASSES.get(class_name)
    if known is None:
        return class_name, dict(config)
    settings = {known.renamed.get(key, key): value for key, value in config.items()}
    for step in known.steps:
        settings = step(class_name, settings, facts)
    return (settings.pop("class_name", known.name), settings)


def _sized(_: str, settings: Settings, __: Facts) -> Settings:
    if "nb_row" in settings:
        settings["kernel_size"] = [settings.pop("nb_row"), settings.pop("nb_col")]
    if isinstance(settings.get("data_format"), str):
        settings["data_format"] = _CHANNELS.get(settings["data_format"], settings["data_format"])
    return settings


def _placed(class_name: str, settings: Settings, facts: Facts) -> Settings:
    """Layers that kept no ``dim_ordering``: where the others have their channels."""
    own = _CHANNELS.get(str(settings.pop("dim_ordering", None)))
    if own is None and facts.data_format is None:
        raise UnsupportedModelError(
            f"Layer '{settings.get('name')}' ({class_name}) is of Keras 1, which did not save "
            "where its channels lie, and the other layers do not agree on it. Add "
            '"dim_ordering": "th" (channels first) or "tf" to the settings of those that lack it.'
        )
    return {**settings, "data_format": own or facts.data_format}


def _bordered(_: str, settings: Settings, __: Facts) -> Settings:
    """``padding``: (rows, columns), four sides, or four names."""
    border = settings.get("padding")
    if isinstance(border, dict):
        sides = [border.get(f"{side}_pad", 0) for side in ("top", "bottom", "left", "right")]
    elif isinstance(border, list) and len(border) == len(("top", "bottom", "left", "right")):
        sides = border
    else:
        return settings
    return {**settings, "padding": [sides[:2], sides[2:]]}


def _bordered_row(_: str, settings: Settings, __: Facts) -> Settings:
    border = settings.get("padding")
    if not isinstance(border, dict):
        return settings
    return {**settings, "padding": [border.get("left_pad", 0), border.get("right_pad", 0)]}


def _enlarged(_: str, settings: Settings, __: Facts) -> Settings:
    """A transposed convolution was told the shape of its output."""
    shape = settings.pop("output_shape")
    rows = 2 if settings.get("data_format") == "channels_first" else 1
    return {**settings, "output_size": shape[rows : rows + 2]}


def _recurrent(class_name: str, settings: Settings, _: Facts) -> Settings:
    """Only ``consume_less="gpu"`` kept the arrays of all gates in one."""
    is_joined = settings.pop("consume_less", "cpu") == "gpu"
    former = {"reset_after": False} if class_name == "GRU" else {}
    return {**settings, **former, "implementation": _JOINED if is_joined else _BY_GATE}


def _merged(_: str, settings: Settings, __: Facts) -> Settings:
    """``Merge`` became a layer for each mode; one that has no heir stays what it is."""
    is_code = settings.get("mode_type", "raw") != "raw"
    heir = None if is_code else _MERGED.get(str(settings.get("mode")))
    if heir is None:
        return settings
    kept: Settings = {key: settings[key] for key in ("name", "trainable") if key in settings}
    if heir == "Concatenate":
        kept["axis"] = settings.get("concat_axis", -1)
    if heir == "Dot":
        kept["axes"] = settings.get("dot_axes", -1)
    return {**kept, "class_name": heir}


def _normalized(class_name: str, settings: Settings, facts: Facts) -> Settings:
    """Up to 1.0.5 ``running_std`` was a standard deviation, and epsilon was added to that."""
    if settings.get("mode") or facts.statistic_is_std is False:
        return settings
    if facts.statistic_is_std is None:
        raise UnsupportedModelError(
            f"Layer '{settings.get('name')}' ({class_name}) is of Keras 1, whose versions computed "
            "it in two ways, and the file does not say which version wrote it. Say it: "
            '"keras_version": "1.0.3" beside "config" in its JSON, or in an .h5 file '
            "h5py.File(path, 'r+').attrs['keras_version'] = '1.0.3'."
        )
    return {**settings, "added_to_std": settings.get("epsilon", 1e-6), "epsilon": 0.0}


_MERGED = {
    "sum": "Add",
    "mul": "Multiply",
    "ave": "Average",
    "max": "Maximum",
    "concat": "Concatenate",
    "dot": "Dot",
}
_WINDOW = {"border_mode": "padding", "dim_ordering": "data_format"}
_CONVOLUTION = {
    **_WINDOW,
    "nb_filter": "filters",
    "subsample": "strides",
    "atrous_rate": "dilation_rate",
    "bias": "use_bias",
}
_ROW = {
    "nb_filter": "filters",
    "border_mode": "padding",
    "filter_length": "kernel_size",
    "subsample_length": "strides",
    "atrous_rate": "dilation_rate",
    "bias": "use_bias",
}
_ROW_POOL = {"border_mode": "padding", "pool_length": "pool_size", "stride": "strides"}
_UNITS = {"output_dim": "units", "bias": "use_bias"}
_STEPS = {**_UNITS, "inner_activation": "recurrent_activation"}

_CLASSES: Mapping[str, _Class] = {
    "Dense": _Class("Dense", _UNITS),
    "TimeDistributedDense": _Class("Dense", _UNITS),
    "MaxoutDense": _Class("MaxoutDense", _UNITS),
    "Highway": _Class("Highway", {"bias": "use_bias"}),
    "Convolution1D": _Class("Conv1D", _ROW),
    "AtrousConvolution1D": _Class("Conv1D", _ROW),
    "LocallyConnected1D": _Class("LocallyConnected1D", _ROW),
    "Convolution2D": _Class("Conv2D", _CONVOLUTION, (_sized,)),
    "AtrousConvolution2D": _Class("Conv2D", _CONVOLUTION, (_sized,)),
    "Deconvolution2D": _Class("Conv2DTranspose", _CONVOLUTION, (_sized, _enlarged)),
    "SeparableConvolution2D": _Class("SeparableConv2D", _CONVOLUTION, (_sized,)),
    "LocallyConnected2D": _Class("LocallyConnected2D", _CONVOLUTION, (_sized,)),
    "Convolution3D": _Class("Conv3D", _CONVOLUTION, (_sized,)),
    "MaxPooling1D": _Class("MaxPooling1D", _ROW_POOL),
    "AveragePooling1D": _Class("AveragePooling1D", _ROW_POOL),
    "MaxPooling2D": _Class("MaxPooling2D", _WINDOW, (_sized,)),
    "AveragePooling2D": _Class("AveragePooling2D", _WINDOW, (_sized,)),
    "GlobalMaxPooling2D": _Class("GlobalMaxPooling2D", _WINDOW, (_sized,)),
    "GlobalAveragePooling2D": _Class("GlobalAveragePooling2D", _WINDOW, (_sized,)),
    "UpSampling1D": _Class("UpSampling1D", {"length": "size"}),
    "UpSampling2D": _Class("UpSampling2D", {}, (_placed,)),
    "ZeroPadding1D": _Class("ZeroPadding1D", {}, (_bordered_row,)),
    "ZeroPadding2D": _Class("ZeroPadding2D", {}, (_placed, _bordered)),
    "Cropping2D": _Class("Cropping2D", {}, (_placed,)),
    "BatchNormalization": _Class("BatchNormalization", {"mode": "mode"}, (_normalized,)),
    "Merge": _Class("Merge", {"mode": "mode"}, (_merged,)),
    "Dropout": _Class("Dropout", {"p": "rate"}),
    "GaussianDropout": _Class("GaussianDropout", {"p": "rate"}),
    "GaussianNoise": _Class("GaussianNoise", {"sigma": "stddev"}),
    "LSTM": _Class("LSTM", _STEPS, (_recurrent,)),
    "GRU": _Class("GRU", _STEPS, (_recurrent,)),
    "SimpleRNN": _Class("SimpleRNN", _STEPS, (_recurrent,)),
    "ConvLSTM2D": _Class("ConvLSTM2D", {**_CONVOLUTION, **_STEPS}, (_sized, _recurrent)),
}
