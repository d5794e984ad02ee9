"""The pictures of a tensor: encoded files, raw pixels, or prepared for the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vistazo.api.picture_words import too_many
from vistazo.api.protocols.sent_tensor import SentTensor
from vistazo.errors import InputError, MissingFileError, NotBase64Error, RequestError
from vistazo.models.card import InputSpec
from vistazo.pictures import ImageLimits
from vistazo.pictures.preprocessing import scale

_GREYS, _COLOURS = 1, 3
_OVERSHOOT = 64  # of 255: some filters go beyond black and white at an edge


@dataclass(frozen=True)
class EncodedPicture:
    """A file. ``fault`` is why there is no ``data``."""

    data: bytes
    fault: InputError | None = None


@dataclass(frozen=True, eq=False)
class RawPicture:
    """uint8 (h, w), (h, w, 1), or (h, w, 3) of red, green and blue."""

    pixels: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class PreparedPicture:
    """float32 (h, w, c), finite, as the model takes them."""

    pixels: NDArray[np.float32]


SentPicture = EncodedPicture | RawPicture | PreparedPicture


def takes_of(spec: InputSpec) -> str:
    """What a tensor may be, in words."""
    shape = f"[n, {spec.height}, {spec.width}, {spec.channels}]"
    return (
        "It takes pictures: BYTES [n], encoded files, which JSON has in base64; UINT8 [n, h, w, 3],"
        f" [n, h, w, 1] or [n, h, w], raw pixels; or FP32 {shape}, prepared as the model takes "
        "them."
    )


def pictures_of(
    tensor: SentTensor, spec: InputSpec, limits: ImageLimits, max_files: int
) -> list[SentPicture]:
    """Raises RequestError, TooManyFilesError, UploadTooLargeError."""
    if tensor.datatype == "BYTES":
        return _encoded(tensor, spec, limits, max_files)
    if tensor.datatype == "UINT8":
        return _raw(tensor, spec, limits, max_files)
    if tensor.datatype == "FP32":
        return _prepared(tensor, spec, max_files)
    raise RequestError(f"This model takes no tensor of {tensor.datatype[:20]}. {takes_of(spec)}")


def _encoded(
    tensor: SentTensor, spec: InputSpec, limits: ImageLimits, max_files: int
) -> list[SentPicture]:
    if tensor.shape not in ((tensor.count,), (tensor.count, 1)):
        raise _shaped(tensor, spec)
    if tensor.count > max_files:
        raise too_many(max_files)
    return encoded_pictures(tensor.files(limits))


def encoded_pictures(files: Sequence[bytes | NotBase64Error]) -> list[SentPicture]:
    """Raises MissingFileError."""
    if any(file == b"" for file in files):
        raise MissingFileError("An element of the tensor holds nothing, where a picture belongs.")
    return [
        EncodedPicture(file) if isinstance(file, bytes) else EncodedPicture(b"", file)
        for file in files
    ]


def _raw(
    tensor: SentTensor, spec: InputSpec, limits: ImageLimits, max_files: int
) -> list[SentPicture]:
    shape = tensor.shape
    if len(shape) not in (3, 4) or (len(shape) == 4 and shape[3] not in (_GREYS, _COLOURS)):
        raise _shaped(tensor, spec)
    if shape[0] > max_files:
        raise too_many(max_files)
    if shape[1] * shape[2] > limits.max_pixels:
        raise RequestError(
            f"A picture of {shape[1]} x {shape[2]} pixels is too large: at most "
            f"{limits.max_pixels} in all are accepted."
        )
    return [RawPicture(pixels.astype(np.uint8, copy=False)) for pixels in tensor.array()]


def _prepared(tensor: SentTensor, spec: InputSpec, max_files: int) -> list[SentPicture]:
    if tensor.shape[1:] != (spec.height, spec.width, spec.channels):
        raise _shaped(tensor, spec)
    if tensor.shape[0] > max_files:
        raise too_many(max_files)
    pixels = tensor.array().astype(np.float32, copy=False)
    if not np.isfinite(pixels).all():
        raise RequestError("The tensor has a number that is NaN or infinite.")
    _refuse_unprepared(pixels, spec)
    return [PreparedPicture(each) for each in pixels]


def _refuse_unprepared(pixels: NDArray[np.float32], spec: InputSpec) -> None:
    """Where the scale of the card has a range: most often they are raw. Raises RequestError."""
    if spec.scale == "per_picture":
        return
    levels = np.array([-_OVERSHOOT, 255 + _OVERSHOOT, 0, 255], np.float32)
    shown = np.broadcast_to(levels[:, np.newaxis, np.newaxis], (4, 1, spec.channels))
    least, most, low, high = scale(shown, spec.scale)
    if (pixels < least).any() or (pixels > most).any():
        raise RequestError(
            f"Prepared for this model, pixels lie between {low.min():.4g} and {high.max():.4g}; "
            f"here they lie between {pixels.min():.4g} and {pixels.max():.4g}. Send raw pixels as "
            "UINT8."
        )


def _shaped(tensor: SentTensor, spec: InputSpec) -> RequestError:
    shape = list(tensor.shape)
    return RequestError(
        f"This model takes no {tensor.datatype} of the shape {shape}. {takes_of(spec)}"
    )
