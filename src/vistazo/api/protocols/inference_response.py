"""An answer of the Open Inference Protocol: JSON, and behind it what is wanted as binary data."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from starlette.responses import Response

from vistazo.api.protocols.compressed_body import compressed
from vistazo.api.protocols.outputs import OutputTensor

HEADER_LENGTH = "Inference-Header-Content-Length"
_LENGTH_BYTES = 4


def inference_response(
    document: dict[str, Any], tensors: Sequence[tuple[OutputTensor, bool]], encoding: str
) -> Response:
    """Of a ``document`` without its outputs; each tensor with whether it is wanted as binary data.
    The length of the JSON is that before the answer is compressed.
    """
    packed = [_packed(tensor) if is_binary else None for tensor, is_binary in tensors]
    outputs = [_described(tensor, data) for (tensor, _), data in zip(tensors, packed, strict=True)]
    head = json.dumps({**document, "outputs": outputs}, ensure_ascii=False, allow_nan=False)
    behind = [data for data in packed if data is not None]
    body = head.encode()
    headers = {HEADER_LENGTH: str(len(body))} if behind else {}
    media_type = "application/octet-stream" if behind else "application/json"
    return compressed_response(b"".join([body, *behind]), media_type, encoding, headers)


def compressed_response(
    body: bytes, media_type: str, encoding: str, headers: dict[str, str] | None = None
) -> Response:
    body, encoded_in = compressed(body, encoding)
    told = {"Content-Encoding": encoded_in, "Vary": "Accept-Encoding"} if encoded_in else {}
    return Response(body, headers={**(headers or {}), **told}, media_type=media_type)


def _described(tensor: OutputTensor, packed: bytes | None) -> dict[str, Any]:
    values, parameters = tensor.values, dict[str, object]()
    is_of_bytes = isinstance(values, list)
    if packed is not None:
        parameters["binary_data_size"] = len(packed)
    elif is_of_bytes:
        parameters["content_type"] = "base64" if tensor.are_files else "str"
    return {
        "name": tensor.name,
        "datatype": tensor.datatype,
        "shape": list(tensor.shape),
        **({"parameters": parameters} if parameters else {}),
        **({"data": _data(tensor)} if packed is None else {}),
    }


def _data(tensor: OutputTensor) -> list[Any]:
    """As JSON has it: flat."""
    if not isinstance(tensor.values, list):
        numbers: list[float] = tensor.values.ravel().tolist()
        return numbers
    if tensor.are_files:
        return [base64.b64encode(each).decode("ascii") for each in tensor.values]
    return [each.decode() for each in tensor.values]


def _packed(tensor: OutputTensor) -> bytes:
    """Little-endian; of BYTES each element behind its length."""
    if not isinstance(tensor.values, list):
        values = tensor.values
        return np.ascontiguousarray(values, values.dtype.newbyteorder("<")).tobytes()
    return b"".join(len(each).to_bytes(_LENGTH_BYTES, "little") + each for each in tensor.values)
