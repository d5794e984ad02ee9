"""The texts of a tensor, or rows of numbers: of one tensor, or of one for each column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vistazo.api.protocols.number_text import NUMBERS
from vistazo.api.protocols.sent_tensor import SentTensor
from vistazo.api.sample_body import SentSamples, Shape
from vistazo.errors import RequestError, SampleError
from vistazo.samples.bulk import names_of
from vistazo.samples.classifier import SampleClassifier
from vistazo.texts.limits import SampleLimits

_SHOWN_NAMES = 20


def samples_of(
    tensors: Sequence[SentTensor], served: SampleClassifier, limits: SampleLimits
) -> SentSamples:
    """Raises RequestError, and SampleError for too many."""
    shape = Shape.of(served)
    if shape.takes == "texts":
        return SentSamples(shape, limits, _texts(tensors[0], limits), is_one=False)
    rows = _Rows(shape, limits)
    found = rows.of_one(tensors[0]) if len(tensors) == 1 else rows.of_columns(tensors, served)
    return SentSamples(shape, limits, rows_of(found), is_one=False)


def _texts(tensor: SentTensor, limits: SampleLimits) -> list[str]:
    if tensor.datatype != "BYTES" or tensor.shape not in ((tensor.count,), (tensor.count, 1)):
        raise _other(tensor, "It takes texts: BYTES [n], in UTF-8.")
    refuse_too_many(tensor.count, "texts", limits)
    return tensor.texts()


@dataclass(frozen=True)
class _Rows:
    shape: Shape
    limits: SampleLimits

    @property
    def taken(self) -> str:
        count = self.shape.n_features
        return f"It takes rows of numbers: FP64 [n, {count}], or FP32, or whole numbers."

    def of_one(self, tensor: SentTensor) -> NDArray[np.float64]:
        if tensor.datatype not in NUMBERS or tensor.shape[1:] != (self.shape.n_features,):
            raise _other(tensor, self.taken)
        refuse_too_many(tensor.shape[0], "rows", self.limits)
        return tensor.array().astype(np.float64)

    def of_columns(
        self, tensors: Sequence[SentTensor], served: SampleClassifier
    ) -> NDArray[np.float64]:
        """As data frames are sent: each by its name, or in order where the model knows none."""
        count, names = tensors[0].shape[0], names_of(served)
        for tensor in tensors:
            if tensor.datatype not in NUMBERS or tensor.shape not in ((count,), (count, 1)):
                raise _other(tensor, f"Of several tensors each is a column, [{count}, 1].")
        refuse_too_many(count, "rows", self.limits)
        sent = {tensor.name: tensor for tensor in tensors}
        if names and set(names) != sent.keys():
            shown = ", ".join(names[:_SHOWN_NAMES])
            raise RequestError(f"The columns are not those of the model, which are: {shown}.")
        if len(tensors) != self.shape.n_features or len(sent) != len(tensors):
            raise RequestError(f"There are {len(tensors)} columns, or some twice. {self.taken}")
        columns = [sent[name] for name in names] if names else tensors
        return np.column_stack([each.array().reshape(count).astype(np.float64) for each in columns])


def rows_of(rows: NDArray[np.float64]) -> list[list[float | None]]:
    """NaN is a missing number."""
    found: list[list[float | None]] = rows.tolist()
    for row, column in np.argwhere(np.isnan(rows)):
        found[row][column] = None
    return found


def refuse_too_many(count: int, takes: str, limits: SampleLimits) -> None:
    """Raises SampleError."""
    if count > limits.max_samples:
        raise SampleError(
            f"The request holds {count} {takes}; at most {limits.max_samples} are accepted. Send "
            "them in several."
        )


def _other(tensor: SentTensor, taken: str) -> RequestError:
    return RequestError(
        f"This model takes no {tensor.datatype[:20]} of the shape {list(tensor.shape)}. {taken}"
    )
