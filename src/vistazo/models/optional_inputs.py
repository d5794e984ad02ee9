"""A compiled model's optional inputs, for a runtime that knows none."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError, EncodeError

from vistazo.errors import UnreadableModelError


def with_inputs_required(path: Path, names: Collection[str]) -> bytes:
    """The ONNX file, but these inputs have no default any more: who runs it has to give them.

    Raises UnreadableModelError where it is no ONNX, MemoryError where it cannot be held twice.
    """
    try:
        model = onnx.load(path)
    except DecodeError as error:
        raise UnreadableModelError(f"{path} cannot be read as ONNX: {error}") from error
    kept = [default for default in model.graph.initializer if default.name not in names]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    try:
        return bytes(model.SerializeToString())
    except EncodeError as error:
        raise MemoryError(str(error)) from error
