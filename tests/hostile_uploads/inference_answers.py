"""What an answer of the Open Inference Protocol has to be, whatever was asked."""

from __future__ import annotations

import gzip
import json
import math
import struct
import zlib
from collections.abc import Mapping
from email.message import Message
from typing import Any

LENGTH = "Inference-Header-Content-Length"
_BYTES_OF = {"UINT8": 1, "FP32": 4, "FP64": 8, "INT32": 4, "INT64": 8, "BOOL": 1}
_UNPACKED = {"": bytes, "gzip": gzip.decompress, "deflate": zlib.decompress}
_BUSY = 503


def wrong_inference_answer(status: int, headers: Mapping[str, str] | Message, body: bytes) -> str:
    """Why it is not as it has to be; "" where it is."""
    if status == 200:
        return _wrong_answer(headers, body)
    if not (400 <= status < 500 or status == _BUSY):
        return "neither 200, a 4xx nor 503"
    if headers.get("Content-Type") != "application/json":  # KServe's client reads no other
        return "its content type is not exactly application/json"
    if "Content-Encoding" in headers:  # no client unpacks an error
        return "an error that is packed"
    try:
        said = json.loads(body)["error"]
    except (ValueError, TypeError, KeyError):
        return "no error in the shape of the protocol"
    return "" if isinstance(said, str) and said else "an error that says nothing"


def _wrong_answer(headers: Mapping[str, str] | Message, body: bytes) -> str:
    try:
        content = _UNPACKED[headers.get("Content-Encoding", "")](body)
        length = int(headers.get(LENGTH, len(content)))
        document = json.loads(content[:length])
    except (KeyError, ValueError, OSError, EOFError, zlib.error) as error:
        return f"not to be read: {error!r}"
    behind = content[length:]
    if "outputs" not in document or "model_name" not in document:
        return "tensors of nothing" if behind else ""  # metadata, or version 1
    for output in document["outputs"]:
        size = output.get("parameters", {}).get("binary_data_size")
        wrong = _wrong_output(output, None if size is None else behind[:size], size)
        if wrong:
            return f"{str(output.get('name'))[:30]}: {wrong}"
        behind = behind[size or 0 :]
    return "more behind the JSON than its outputs say" if behind else ""


def _wrong_output(output: Mapping[str, Any], tensor: bytes | None, size: int | None) -> str:
    count = math.prod(output["shape"])
    if tensor is None:
        found = len(output["data"])
        return "" if found == count else f"{found} values of the shape {output['shape']}"
    if len(tensor) != size:
        return f"{len(tensor)} bytes where it says {size}"
    if output["datatype"] != "BYTES":
        wanted = count * _BYTES_OF[output["datatype"]]
        return "" if size == wanted else f"{size} bytes of the shape {output['shape']}"
    return _wrong_strings(tensor, count)


def _wrong_strings(tensor: bytes, count: int) -> str:
    """Each has its length before it, in four bytes, the lowest first."""
    at = 0
    for _ in range(count):
        if at + 4 > len(tensor):
            return f"fewer than {count} strings"
        at += 4 + struct.unpack_from("<I", tensor, at)[0]
    return "" if at == len(tensor) else f"strings of {at} bytes in {len(tensor)}"
