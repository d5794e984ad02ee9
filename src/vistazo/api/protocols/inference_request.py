"""What a request of the Open Inference Protocol says, read out of hostile JSON.

Fields that nobody here knows are left alone, as the protocol has it: ``model_name`` is one that
clients send. Those that are known can be read in one way only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NoReturn

from vistazo.api.json_outline import Outline
from vistazo.api.plain_json import once_each
from vistazo.api.protocols.sent_tensor import SentTensor
from vistazo.errors import RequestError

INPUTS, OUTPUTS, PARAMETERS = "inputs", "outputs", "parameters"
HOW = (
    'Send {"inputs": [{"name": "...", "datatype": "...", "shape": [...], "data": [...]}]}; the '
    "model's own page, /v2/models/NAME, says what it takes."
)
MAX_ID = 1_000
_MAX_NAME = 200
_MOST_DIMENSIONS = 8
_MOST_DIMENSION = 1 << 40  # a product of a few of them is no danger, as its number alone
_MOST_OUTPUTS = 64
_STRINGS, _AROUND_BYTES, _AROUND_AN_ELEMENT_BYTES = 400, 20_000, 100
_SHARED = "shared_memory_region"


@dataclass(frozen=True)
class WantedOutput:
    """``n_classes``: that many of the highest, as strings; None for the numbers themselves."""

    name: str
    is_binary: bool
    n_classes: int | None = None


@dataclass(frozen=True)
class InferenceRequest:
    """``outputs`` are empty where none are named. ``id`` is None where it has none."""

    id: str | None
    tensor: SentTensor
    outputs: tuple[WantedOutput, ...]
    is_binary: bool
    explains: bool
    label: str | None


def read_request(body: bytes, header_length: int | None, most_elements: int) -> InferenceRequest:
    """``header_length`` is that of the JSON, where binary data follows; None where none does. Of
    strings in its data there are ``most_elements`` at most.

    Raises RequestError.
    """
    if header_length is not None and header_length > len(body):
        raise RequestError(
            f"Inference-Header-Content-Length is {header_length}, and the body has {len(body)} "
            "bytes."
        )
    head = body if header_length is None else body[:header_length]
    packed = memoryview(body)[len(head) :]
    return _Reading(outlined(head, most_elements, b"data"), packed).request()


def outlined(head: bytes, most_elements: int, data: bytes) -> Outline:
    """JSON with its strings and the numbers in ``data`` left where they lie. Raises RequestError
    for what holds more beside them than such requests do.
    """
    refusal = RequestError(
        f"The request holds far more than the {most_elements} elements that one may have."
    )
    outline = Outline.of(head, _STRINGS + most_elements, refusal, numbers_of=(data,))
    if outline.around_bytes > _AROUND_BYTES + most_elements * _AROUND_AN_ELEMENT_BYTES:
        raise RequestError(f"The JSON holds much beside its data. {HOW}")
    return outline


def fields_of(outline: Outline) -> dict[str, object]:
    """Of the whole. Raises RequestError."""
    found = outline.parsed(partial(_named, outline))
    return found if isinstance(found, dict) else _refuse("The JSON is no object.")


def _named(outline: Outline, pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    """Names are read, so that one that is written in two ways does not come twice."""
    return once_each([(outline.text(number, "a name", _MAX_NAME), each) for number, each in pairs])


@dataclass(frozen=True)
class _Reading:
    outline: Outline
    packed: memoryview

    def request(self) -> InferenceRequest:
        fields = fields_of(self.outline)
        parameters = _parameters(fields)
        is_binary = _flag(parameters, "binary_data_output")
        sent = fields.get("id")
        label = parameters.get("label")
        return InferenceRequest(
            None if sent is None else self._text(sent, "id", MAX_ID),
            self._tensor(fields),
            self._outputs(fields, is_binary),
            is_binary,
            _flag(parameters, "explain"),
            None if label is None else self._text(label, "label", _MAX_NAME),
        )

    def _text(self, value: object, name: str, max_chars: int) -> str:
        if not isinstance(value, str) or self.outline.are_numbers(value):
            _refuse(f"'{name}' is no string.")
        return self.outline.text(value, name, max_chars)

    def _tensor(self, fields: Mapping[str, object]) -> SentTensor:
        inputs = fields.get(INPUTS)
        if not isinstance(inputs, list) or len(inputs) != 1 or not isinstance(inputs[0], dict):
            found = f"{len(inputs)}" if isinstance(inputs, list) else "no list of them"
            _refuse(f"A request has exactly one tensor in 'inputs'; here is {found}.")
        tensor = inputs[0]
        parameters = _parameters(tensor)
        _refuse_shared_memory(parameters)
        content_type = parameters.get("content_type")
        name = self._text(tensor.get("name"), "name", _MAX_NAME)
        datatype = self._text(tensor.get("datatype"), "datatype", _MAX_NAME)
        kind = "" if content_type is None else self._text(content_type, "content_type", _MAX_NAME)
        told = (name, datatype, _shape(tensor.get("shape")), kind, self.outline)
        size, data = parameters.get("binary_data_size"), tensor.get("data")
        if size is not None:
            return SentTensor(*told, packed=self._packed(size, has_data=data is not None))
        if self.packed:
            _refuse("There are bytes behind the JSON, and no input has a 'binary_data_size'.")
        if isinstance(data, str) and self.outline.are_numbers(data):
            return SentTensor(*told, numbers=data)
        return SentTensor(*told, strings=self._strings(data))

    def _packed(self, size: object, *, has_data: bool) -> memoryview:
        if has_data:
            _refuse("An input has 'data' or a 'binary_data_size', not both.")
        if _whole(size, "binary_data_size") != len(self.packed):
            _refuse(f"'binary_data_size' is not the {len(self.packed)} bytes behind the JSON.")
        return self.packed

    def _strings(self, data: object) -> list[str]:
        """However they are nested: their shape says how many there are."""
        if not isinstance(data, list):
            _refuse("An input has no 'data' that is a list.")
        found: list[str] = []
        waiting: list[object] = data[::-1]
        while waiting:
            each = waiting.pop()
            if isinstance(each, list):
                waiting += each[::-1]
            elif isinstance(each, str) and not self.outline.are_numbers(each):
                found.append(each)
            else:
                _refuse("'data' holds something else than strings, or than numbers alone.")
        return found

    def _outputs(self, fields: Mapping[str, object], is_binary: bool) -> tuple[WantedOutput, ...]:
        outputs = fields.get(OUTPUTS)
        if outputs is None:
            return ()
        if not isinstance(outputs, list) or len(outputs) > _MOST_OUTPUTS:
            _refuse(f"'outputs' is no list of at most {_MOST_OUTPUTS}.")
        wanted = tuple(self._output(each, is_binary) for each in outputs)
        if len({each.name for each in wanted}) != len(wanted):
            _refuse("An output is asked for twice.")
        return wanted

    def _output(self, output: object, is_binary: bool) -> WantedOutput:
        if not isinstance(output, dict):
            _refuse('An output is an object, such as {"name": "scores"}.')
        parameters = _parameters(output)
        _refuse_shared_memory(parameters)
        name, count = self._text(output.get("name"), "name", _MAX_NAME), None
        if "binary_data" in parameters:
            is_binary = _flag(parameters, "binary_data")
        if parameters.get("classification") is not None:
            count = _whole(parameters["classification"], "classification") or None
        return WantedOutput(name, is_binary, count)


def _parameters(fields: Mapping[str, object]) -> Mapping[str, object]:
    parameters = fields.get(PARAMETERS)
    if parameters is None:
        return {}
    return parameters if isinstance(parameters, dict) else _refuse("'parameters' are no object.")


def _refuse_shared_memory(parameters: Mapping[str, object]) -> None:
    if _SHARED in parameters:
        _refuse("Shared memory is not spoken here: send the data itself.")


def _flag(parameters: Mapping[str, object], name: str) -> bool:
    value = parameters.get(name, False)
    return value if isinstance(value, bool) else _refuse(f"'{name}' is neither true nor false.")


def _shape(shape: object) -> tuple[int, ...]:
    if not isinstance(shape, list) or not 0 < len(shape) <= _MOST_DIMENSIONS:
        _refuse(f"'shape' is no list of 1 to {_MOST_DIMENSIONS} whole numbers.")
    found = tuple(_whole(each, "shape") for each in shape)
    return found if all(found) else _refuse("'shape' has a 0: there is nothing to answer.")


def _whole(value: object, name: str) -> int:
    """However it is written: to JSON 2.0 is a whole number, too."""
    if not isinstance(value, float) or not value.is_integer() or not 0 <= value < _MOST_DIMENSION:
        _refuse(f"'{name}' is no whole number from 0 on, or a far too large one.")
    return int(value)


def _refuse(why: str) -> NoReturn:
    raise RequestError(f"{why} {HOW}")
