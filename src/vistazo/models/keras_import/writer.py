"""Writes an ONNX file with one tensor in memory at a time.

Protocol buffers can be written in parts: a message is its fields one after the other, in any order
(the encoding's documentation, "Message Structure"). So the graph without its weights goes out
first, and every weight is then appended as one more ``initializer`` field, straight from the model
file. The same graph gives the same bytes.
"""

from __future__ import annotations

import math
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto, helper

from vistazo.errors import UnsupportedModelError
from vistazo.models.keras_import.graph import Initializer

# Opset 18 brought antialiased Resize; IR version 8 is read by ONNX Runtime from 1.12 on.
OPSET = 18
IR_VERSION = 8

# A protocol buffer message is at most 2 GiB, so an ONNX file without side files is too.
MAX_FILE_BYTES = (1 << 31) - 1

_GRAPH_FIELD = 7
_INITIALIZER_FIELD = 5
_RAW_DATA_FIELD = 9
_LENGTH_DELIMITED = 2
_ELEMENT = {"float32": TensorProto.FLOAT, "int64": TensorProto.INT64, "bool": TensorProto.BOOL}
_BYTES = {"float32": 4, "int64": 8, "bool": 1}


@dataclass(frozen=True)
class OnnxModel:
    """What goes into the file."""

    nodes: Sequence[NodeProto]
    inputs: Sequence[ValueInfoProto]
    outputs: Sequence[ValueInfoProto]
    initializers: Sequence[Initializer]
    metadata: Mapping[str, str]
    declared: Sequence[ValueInfoProto] = ()


def write_onnx(model: OnnxModel, target: Path) -> None:
    """Write the file under a temporary name and rename it, so that a reader never sees half of it.

    Raises UnsupportedModelError above 2 GiB, and OSError where the disk does not take it.
    """
    partial = target.with_name(f".{target.name}.{os.getpid()}.{secrets.token_hex(4)}.part")
    try:
        with partial.open("xb") as file:
            _write(model, file)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def check_size(model: OnnxModel) -> None:
    """Raises UnsupportedModelError where the model would not fit into one ONNX file."""
    size = weights_bytes(model)
    if size > MAX_FILE_BYTES:
        raise UnsupportedModelError(
            f"The model's weights take {size / 2**30:.1f} GiB as ONNX; one file holds at most 2. "
            "Use a smaller model."
        )


def weights_bytes(model: OnnxModel) -> int:
    return sum(map(_tensor_bytes, model.initializers))


def _write(model: OnnxModel, file: BinaryIO) -> None:
    check_size(model)
    graph = GraphProto(
        name="vistazo",
        node=model.nodes,
        input=model.inputs,
        output=model.outputs,
        value_info=model.declared,
    ).SerializeToString(deterministic=True)
    heads = [_tensor_head(item) for item in model.initializers]
    fields = [
        _tag(_INITIALIZER_FIELD) + _varint(len(head) + _tensor_bytes(item)) + head
        for item, head in zip(model.initializers, heads, strict=True)
    ]
    length = len(graph) + sum(map(len, fields)) + weights_bytes(model)
    file.write(_header(model.metadata) + _tag(_GRAPH_FIELD) + _varint(length) + graph)
    for item, head in zip(model.initializers, fields, strict=True):
        file.write(head)
        array = np.ascontiguousarray(item.read().astype(_little_endian(item), copy=False))
        file.write(array.data if array.size else b"")


def _header(metadata: Mapping[str, str]) -> bytes:
    header = ModelProto(
        ir_version=IR_VERSION,
        producer_name="vistazo",
        opset_import=[helper.make_opsetid("", OPSET)],
    )
    helper.set_model_props(header, dict(sorted(metadata.items())))
    return bytes(header.SerializeToString(deterministic=True))


def _tensor_head(item: Initializer) -> bytes:
    """A TensorProto up to its raw data."""
    tensor = TensorProto(name=item.name, dims=item.shape, data_type=_ELEMENT[item.dtype])
    return (
        bytes(tensor.SerializeToString(deterministic=True))
        + _tag(_RAW_DATA_FIELD)
        + _varint(_tensor_bytes(item))
    )


def _tensor_bytes(item: Initializer) -> int:
    return math.prod(item.shape) * _BYTES[item.dtype]


def _little_endian(item: Initializer) -> np.dtype[np.generic]:
    return np.dtype({"float32": "<f4", "int64": "<i8", "bool": "?"}[item.dtype])


def _tag(field: int) -> bytes:
    return _varint(field << 3 | _LENGTH_DELIMITED)


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
