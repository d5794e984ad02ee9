"""The texts of a tensor, or its rows of numbers."""

from __future__ import annotations

import numpy as np

from vistazo.api.protocols.sent_tensor import SentTensor
from vistazo.api.sample_body import SentSamples, Shape
from vistazo.errors import RequestError, SampleError
from vistazo.texts.limits import SampleLimits


def takes_of(shape: Shape) -> str:
    """What a tensor may be, in words."""
    if shape.takes == "texts":
        return "It takes texts: BYTES [n], in UTF-8."
    return f"It takes rows of numbers: FP32 or FP64 [n, {shape.n_features}]."


def samples_of(tensor: SentTensor, shape: Shape, limits: SampleLimits) -> SentSamples:
    """Raises RequestError, and SampleError for too many."""
    samples = (
        _texts(tensor, shape, limits) if shape.takes == "texts" else _rows(tensor, shape, limits)
    )
    return SentSamples(shape, limits, samples, is_one=False)


def _texts(tensor: SentTensor, shape: Shape, limits: SampleLimits) -> list[str]:
    if tensor.datatype != "BYTES" or tensor.shape not in ((tensor.count,), (tensor.count, 1)):
        raise _other(tensor, shape)
    _refuse_too_many(tensor.count, shape, limits)
    return tensor.texts(limits.max_text_chars)


def _rows(tensor: SentTensor, shape: Shape, limits: SampleLimits) -> list[list[float | None]]:
    """NaN is a missing number."""
    is_shaped = len(tensor.shape) == 2 and tensor.shape[1] == shape.n_features
    if tensor.datatype not in ("FP32", "FP64") or not is_shaped:
        raise _other(tensor, shape)
    _refuse_too_many(tensor.shape[0], shape, limits)
    rows = tensor.array().astype(np.float64)
    return [[None if np.isnan(each) else float(each) for each in row] for row in rows]


def _refuse_too_many(count: int, shape: Shape, limits: SampleLimits) -> None:
    if count > limits.max_samples:
        raise SampleError(
            f"The tensor holds {count} {shape.takes}; at most {limits.max_samples} are accepted in "
            "one request. Send them in several."
        )


def _other(tensor: SentTensor, shape: Shape) -> RequestError:
    return RequestError(
        f"This model takes no {tensor.datatype[:20]} of the shape {list(tensor.shape)}. "
        f"{takes_of(shape)}"
    )
