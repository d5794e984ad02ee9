"""What a request of the Open Inference Protocol says, read out of hostile JSON.

Fields that nobody here knows are left alone, as the protocol has it: ``model_name`` is one that
clients send. Those that are known can be read in one way only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vistazo.api.json_outline import Outline
from vistazo.api.protocols.request_json import (
    fields_of,
    flag_of,
    outlined,
    parameters_of,
    refuse,
    text_of,
    whole_of,
)
from vistazo.api.protocols.sent_tensor import SentTensor
from vistazo.api.protocols.tensor_json import tensors_of
from vistazo.errors import RequestError

_DATA = b"data"
_MAX_ID = 1_000
_MOST_OUTPUTS = 64


@dataclass(frozen=True)
class MostHeld:
    """By a request: ``elements`` that are strings, and ``inputs``."""

    elements: int
    inputs: int = 1


@dataclass(frozen=True)
class WantedOutput:
    """``n_classes``: that many of the highest, as strings; None for the numbers themselves, of the
    ``datatype`` that the model has them in. ``is_default``: nobody has asked for it.
    """

    name: str
    is_binary: bool
    n_classes: int | None = None
    datatype: str = ""
    is_default: bool = False


@dataclass(frozen=True)
class InferenceRequest:
    """``outputs`` are empty where none are named. ``id`` is None where it has none."""

    id: str | None
    tensors: tuple[SentTensor, ...]
    outputs: tuple[WantedOutput, ...]
    is_binary: bool
    explains: bool
    label: str | None


def read_request(body: bytes, header_length: int | None, most: MostHeld) -> InferenceRequest:
    """``header_length`` is that of the JSON, where binary data follows; None where none does.

    Raises RequestError.
    """
    if header_length is not None and header_length > len(body):
        raise RequestError(
            f"Inference-Header-Content-Length is {header_length}, and the body has {len(body)} "
            "bytes."
        )
    head = body if header_length is None else body[:header_length]
    outline = outlined(head, most.elements, _DATA, most.inputs)
    fields = fields_of(outline)
    parameters, its_id = parameters_of(fields), fields.get("id")
    is_binary, label = flag_of(parameters, "binary_data_output"), parameters.get("label")
    return InferenceRequest(
        None if its_id is None else text_of(outline, its_id, "id", _MAX_ID),
        tensors_of(fields.get("inputs"), outline, memoryview(body)[len(head) :], most.inputs),
        _outputs(fields.get("outputs"), outline, is_binary=is_binary),
        is_binary,
        flag_of(parameters, "explain"),
        None if label is None else text_of(outline, label, "label"),
    )


def _outputs(outputs: object, outline: Outline, *, is_binary: bool) -> tuple[WantedOutput, ...]:
    if outputs is None:
        return ()
    if not isinstance(outputs, list) or len(outputs) > _MOST_OUTPUTS:
        refuse(f"'outputs' is no list of at most {_MOST_OUTPUTS}.")
    wanted = [_output(each, outline, is_binary=is_binary) for each in outputs]
    # Once each: the answer would else grow as often as somebody likes.
    return tuple({each.name: each for each in reversed(wanted)}.values())[::-1]


def _output(output: object, outline: Outline, *, is_binary: bool) -> WantedOutput:
    if not isinstance(output, dict):
        refuse('An output is an object, such as {"name": "scores"}.')
    parameters = parameters_of(output)
    if "binary_data" in parameters:
        is_binary = flag_of(parameters, "binary_data")
    return WantedOutput(
        text_of(outline, output.get("name"), "name"), is_binary, _classes(parameters)
    )


def _classes(parameters: Mapping[str, object]) -> int | None:
    """0 is as if nothing had been said, as Triton's clients have it."""
    wanted = parameters.get("classification")
    return None if wanted is None else whole_of(wanted, "classification") or None
