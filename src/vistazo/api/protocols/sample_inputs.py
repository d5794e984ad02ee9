"""The texts of a tensor, or its rows of numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vistazo.api.protocols.number_text import NUMBERS
from vistazo.api.protocols.sent_tensor import SentTensor
from vistazo.api.sample_body import SentSamples, Shape
from vistazo.errors import RequestError, SampleError
from vistazo.texts.limits import SampleLimits


def takes_of(shape: Shape) -> str:
    """What a tensor may be, in words."""
    if shape.takes == "texts":
        return "It takes texts: BYTES [n], in UTF-8."
    return f"It takes rows of numbers: FP64 [n, {shape.n_features}], or FP32, or whole numbers."


def samples_of(tensor: SentTensor, shape: Shape, limits: SampleLimits) -> SentSamples:
    """Raises RequestError, and SampleError for too many."""
    samples = (
        _texts(tensor, shape, limits) if shape.takes == "texts" else _rows(tensor, shape, limits)
    )
    return SentSamples(shape, limits, samples, is_one=False)


def _texts(tensor: SentTensor, shape: Shape, limits: SampleLimits) -> list[str]:
    if tensor.datatype != "BYTES" or tensor.shape not in ((tensor.count,), (tensor.count, 1)):
        raise _other(tensor, shape)
    refuse_too_many(tensor.count, shape, limits)
    return tensor.texts(limits.max_text_chars)


def _rows(tensor: SentTensor, shape: Shape, limits: SampleLimits) -> list[list[float | None]]:
    """NaN is a missing number."""
    is_shaped = len(tensor.shape) == 2 and tensor.shape[1] == shape.n_features
    if tensor.datatype not in NUMBERS or not is_shaped:
        raise _other(tensor, shape)
    refuse_too_many(tensor.shape[0], shape, limits)
    return rows_of(tensor.array().astype(np.float64))


def rows_of(rows: NDArray[np.generic]) -> list[list[float | None]]:
    return [[None if np.isnan(each) else float(each) for each in row] for row in rows]


def refuse_too_many(count: int, shape: Shape, limits: SampleLimits) -> None:
    """Raises SampleError."""
    if count > limits.max_samples:
        raise SampleError(
            f"The request holds {count} {shape.takes}; at most {limits.max_samples} are accepted. "
            "Send them in several."
        )


def _other(tensor: SentTensor, shape: Shape) -> RequestError:
    return RequestError(
        f"This model takes no {tensor.datatype[:20]} of the shape {list(tensor.shape)}. "
        f"{takes_of(shape)}"
    )
