"""Requests of the Open Inference Protocol, as clients send them."""

from __future__ import annotations

import base64
import json
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

INFER = "/v2/models/brightness/infer"
PREDICT = "/v1/models/brightness:predict"
HEADER_LENGTH = "Inference-Header-Content-Length"
_KINDS = {"UINT8": "u1", "FP32": "<f4", "FP64": "<f8"}


def as_base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def tensor(datatype: str, shape: list[int], data: Any, **more: Any) -> dict[str, Any]:
    return {"name": "input", "datatype": datatype, "shape": shape, "data": data, **more}


def asking(an_input: dict[str, Any], *outputs: str, **more: Any) -> dict[str, Any]:
    named = {"outputs": [{"name": name} for name in outputs]} if outputs else {}
    return {"inputs": [an_input], **named, **more}


def of_files(*files: bytes) -> dict[str, Any]:
    return tensor("BYTES", [len(files)], [as_base64(file) for file in files])


def elements(*each: bytes) -> bytes:
    """As BYTES lie behind the JSON."""
    return b"".join(struct.pack("<I", len(one)) + one for one in each)


def packed(
    datatype: str, shape: list[int], data: bytes, **more: Any
) -> tuple[bytes, dict[str, str]]:
    """The body of a request with binary data, and its headers."""
    said = {"name": "input", "datatype": datatype, "shape": shape}
    request = {"inputs": [{**said, "parameters": {"binary_data_size": len(data)}}], **more}
    head = json.dumps(request).encode()
    return head + data, {HEADER_LENGTH: str(len(head))}


def packed_array(datatype: str, array: NDArray[Any], **more: Any) -> tuple[bytes, dict[str, str]]:
    data = np.ascontiguousarray(array, _KINDS[datatype]).tobytes()
    return packed(datatype, list(array.shape), data, **more)


def output_of(answer: Any, name: str = "scores") -> Any:
    """What one output holds, of an answer in JSON, or of one with binary data."""
    length = answer.headers.get(HEADER_LENGTH)
    head = answer.content if length is None else answer.content[: int(length)]
    at = len(head)
    for output in json.loads(head)["outputs"]:
        size = output.get("parameters", {}).get("binary_data_size")
        data = answer.content[at : at + (size or 0)]
        at += size or 0
        if output["name"] != name:
            continue
        if size is None:
            return np.reshape(output["data"], output["shape"]).tolist()
        if output["datatype"] == "BYTES":
            return elements_of(data)
        return np.frombuffer(data, _KINDS[output["datatype"]]).reshape(output["shape"]).tolist()
    raise AssertionError(f"no output {name}")


def elements_of(data: bytes) -> list[bytes]:
    found, at = [], 0
    while at < len(data):
        (length,) = struct.unpack_from("<I", data, at)
        found.append(data[at + 4 : at + 4 + length])
        at += 4 + length
    return found


def error_of(answer: Any, status: int, code: str) -> str:
    """The words of a refusal in the protocol's shape."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-request-id"]
    document = answer.json()
    assert document.keys() == {"error"}
    said, _, words = document["error"].partition(": ")
    assert said == code, document
    return str(words)
