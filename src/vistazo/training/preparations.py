"""The ways in which people really prepare pictures, and how common each is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product

from vistazo.models.card import Colour, InputSpec, Resize, Scale, Standardization
from vistazo.pictures.preprocessing import place

# keras.applications.imagenet_utils: 'caffe' takes off the means of blue, green, red; 'torch' has
# the constants of torchvision.
CAFFE = Standardization(mean=(103.939, 116.779, 123.68), std=(1.0, 1.0, 1.0))
TORCH = Standardization(divide_by=255, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))

# How common, in units of likelihood (nats): as much as a preparation has to be better on all of the
# pictures together before it is preferred to one of 0.
_SCALES: dict[Scale, float] = {"1/255": 0, "1/127.5-1": -0.5, "none": -0.5, CAFFE: -1, TORCH: -1}
_COLOURS: dict[Colour, float] = {"rgb": 0, "bgr": -1, "grey": 0}
_RESIZES: dict[Resize, float] = {"stretch": 0, "crop": -1, "fit": -1.5}
_RESAMPLINGS: dict[tuple[str, bool], float] = {
    ("bilinear", False): 0,
    ("nearest", True): -0.5,
    ("bilinear", True): -0.5,
    ("lanczos", True): -1.5,
    ("bicubic", True): -1.5,
    ("box", True): -2,
}


# What the sample code says that comes with an export of Teachable Machine.
_TEACHABLE_MACHINE = ("1/127.5-1", "rgb", "crop", "lanczos", True)


def commonness(spec: InputSpec) -> float:
    """The logarithm of how common a preparation is, at most 0."""
    way = (spec.scale, spec.colour, spec.resize, spec.filter, spec.antialias)
    if way == _TEACHABLE_MACHINE:
        return -1
    colour = 0 if spec.scale == CAFFE else _COLOURS[spec.colour]  # caffe's own order is BGR
    resampling = _RESAMPLINGS.get((spec.filter, spec.antialias), -3)
    return _SCALES.get(spec.scale, -3) + colour + _RESIZES[spec.resize] + resampling


def ways_to_scale(first: InputSpec) -> list[InputSpec]:
    """Every scale and order of colours, for the rest as ``first``."""
    if first.colour == "grey":
        return [_with(first, scale=scale) for scale in _SCALES if isinstance(scale, str)]
    colours: tuple[Colour, ...] = ("rgb", "bgr")
    return [_with(first, scale=scale, colour=colour) for scale, colour in product(_SCALES, colours)]


def ways_to_resize(specs: Iterable[InputSpec], sizes: Sequence[tuple[int, int]]) -> list[InputSpec]:
    """These, with every resize that makes a difference to pictures of ``sizes`` (width, height)."""
    return [
        _with(spec, resize=resize) for spec in specs for resize in _resizes_that_differ(spec, sizes)
    ]


def ways_to_resample(
    specs: Iterable[InputSpec], sizes: Sequence[tuple[int, int]]
) -> list[InputSpec]:
    """These, with every resampling that makes a difference to pictures of ``sizes``."""
    return [
        _with(spec, filter=name, antialias=antialias)
        for spec in specs
        for name, antialias in _resamplings_that_differ(spec, sizes)
    ]


def in_words(spec: InputSpec) -> str:
    """Short, for one line of a table."""
    return f"{scale_in_words(spec.scale)}, {spec.colour}, {spec.resize}, {resampling(spec)}"


def scale_in_words(scale: Scale) -> str:
    names = {CAFFE: "ImageNet means (caffe)", TORCH: "ImageNet mean and std (torch)"}
    return scale if isinstance(scale, str) else names.get(scale, "mean and std")


def resampling(spec: InputSpec) -> str:
    if spec.filter == "nearest":
        return "nearest"
    return f"{spec.filter}, antialiased" if spec.antialias else f"{spec.filter}, not antialiased"


def _with(spec: InputSpec, **fields: object) -> InputSpec:
    return InputSpec.model_validate({**spec.model_dump(), **fields})


def _resizes_that_differ(spec: InputSpec, sizes: Sequence[tuple[int, int]]) -> list[Resize]:
    different: list[Resize] = ["stretch"]
    others: tuple[Resize, ...] = ("crop", "fit")
    for resize in others:
        how = _with(spec, resize=resize)
        places = (place(width, height, how) for width, height in sizes)
        # Within half a pixel of the model's input it is the same picture.
        if any(abs(at.width - spec.width) + abs(at.height - spec.height) > 0.5 for at in places):
            different.append(resize)
    return different


def _resamplings_that_differ(
    spec: InputSpec, sizes: Sequence[tuple[int, int]]
) -> list[tuple[str, bool]]:
    """A picture of the model's own size is not resampled at all."""
    is_resampled = any(size != (spec.width, spec.height) for size in sizes)
    return list(_RESAMPLINGS) if is_resampled else [("bilinear", False)]
