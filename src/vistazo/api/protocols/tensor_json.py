"""The tensors of a request, out of its JSON and what lies behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vistazo.api.json_outline import Outline
from vistazo.api.protocols.request_json import parameters_of, refuse, text_of, whole_of
from vistazo.api.protocols.sent_tensor import SentTensor

_MOST_DIMENSIONS = 8


def tensors_of(
    inputs: object, outline: Outline, packed: memoryview, most: int
) -> tuple[SentTensor, ...]:
    """At least one. ``packed`` are the bytes behind the JSON, of which each has its own, in order.

    Raises RequestError.
    """
    if not isinstance(inputs, list) or not 0 < len(inputs) <= most:
        number = f"1 to {most} tensors" if most > 1 else "exactly one tensor"
        refuse(f"A request has {number} in 'inputs'.")
    found, at = [], 0
    for each in inputs:
        if not isinstance(each, dict):
            refuse("A tensor in 'inputs' is no object.")
        tensor = _Tensor(outline, each, parameters_of(each))
        size = tensor.packed_bytes()
        found.append(tensor.read(None if size is None else packed[at : at + size]))
        at += size or 0
    if at != len(packed):
        refuse(
            f"By their 'binary_data_size' the inputs have {at} bytes behind the JSON, where "
            f"{len(packed)} lie."
        )
    return tuple(found)


@dataclass(frozen=True)
class _Tensor:
    outline: Outline
    fields: Mapping[str, object]
    parameters: Mapping[str, object]

    def packed_bytes(self) -> int | None:
        size = self.parameters.get("binary_data_size")
        if size is not None and self.fields.get("data") is not None:
            refuse("An input has 'data' or a 'binary_data_size', not both.")
        return None if size is None else whole_of(size, "binary_data_size")

    def read(self, packed: memoryview | None) -> SentTensor:
        fields, data = self.fields, self.fields.get("data")
        content_type = self.parameters.get("content_type")
        told = (
            text_of(self.outline, fields.get("name"), "name"),
            text_of(self.outline, fields.get("datatype"), "datatype"),
            _shape(fields.get("shape")),
            "" if content_type is None else text_of(self.outline, content_type, "content_type"),
            self.outline,
        )
        if packed is not None:
            return SentTensor(*told, packed=packed)
        if isinstance(data, str) and self.outline.are_numbers(data):
            return SentTensor(*told, numbers=data)
        return SentTensor(*told, strings=self._strings(data))

    def _strings(self, data: object) -> list[str]:
        """However they are nested: their shape says how many there are."""
        if not isinstance(data, list):
            refuse("An input has no 'data' that is a list.")
        found: list[str] = []
        waiting: list[object] = data[::-1]
        while waiting:
            each = waiting.pop()
            if isinstance(each, list):
                waiting += each[::-1]
            elif isinstance(each, str) and not self.outline.are_numbers(each):
                found.append(each)
            else:
                refuse("'data' holds something else than strings, or than numbers alone.")
        return found


def _shape(shape: object) -> tuple[int, ...]:
    if not isinstance(shape, list) or not 0 < len(shape) <= _MOST_DIMENSIONS:
        refuse(f"'shape' is no list of 1 to {_MOST_DIMENSIONS} whole numbers.")
    found = tuple(whole_of(each, "shape") for each in shape)
    return found if all(found) else refuse("'shape' has a 0: there is nothing to answer.")
