"""Scaling of maps, as ``tf.image.resize`` (version 2) does it: half-pixel centres."""

from __future__ import annotations

from vistazo.keras_import.layers.convolution import channels_of, spatial_size
from vistazo.keras_import.registry import LayerCall, register
from vistazo.keras_import.value import Value


@register("UpSampling2D")
def up_sampling(call: LayerCall) -> Value:
    """keras.layers.UpSampling2D: rows and columns repeated, or interpolated."""
    factors = call.config.pair("size", 2)
    height, width = spatial_size(call, call.input)
    if min(factors) < 1:
        raise call.config.wrong("size", "two positive numbers", factors)
    wanted = (height * factors[0], width * factors[1])
    how = call.config.text("interpolation", "nearest")
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
    channels, sizes = channels_of(call, value), graph.integers(wanted)
    method = _method(call, how, antialias=antialias)
    name = graph.op("Resize", source, "", "", sizes, axes=(2, 3), **method)
    return graph.map(name, (channels, *wanted), data_format, value)


def _method(call: LayerCall, how: str, *, antialias: bool) -> dict[str, int | float | str]:
    if how == "nearest":
        # floor((i + 0.5) * scale), which is round-half-up of the half-pixel coordinate
        return {
            "mode": "nearest",
            "coordinate_transformation_mode": "half_pixel",
            "nearest_mode": "round_prefer_ceil",
        }
    filters: dict[str, int | float | str] = {
        "coordinate_transformation_mode": "half_pixel",
        "antialias": int(antialias),
    }
    if how == "bilinear":
        return {"mode": "linear", **filters}
    if how == "bicubic":  # Keys' cubic with a = -0.5, its weights renormalized at the border
        return {"mode": "cubic", "cubic_coeff_a": -0.5, "exclude_outside": 1, **filters}
    raise call.refusal(f"it interpolates with '{how}'")
