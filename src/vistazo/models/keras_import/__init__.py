"""Reads a Keras classifier as data and writes it as ONNX, without Keras or TensorFlow.

``convert`` writes the ONNX file, ``read_signature`` says what a file takes and gives, ``describe``
lists its layers, ``register`` adds a converter for a layer of your own. The errors are those of
``vistazo.errors``: ModelNotFoundError, UnreadableModelError, HostileModelError,
UnsupportedModelError.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vistazo.models.keras_import.description import describe_file
from vistazo.models.keras_import.importer import convert_file, open_import
from vistazo.models.keras_import.layers_file import read_layers
from vistazo.models.keras_import.registry import LayerCall, register, slots
from vistazo.models.keras_import.tfjs_manifest import shard_names, tfjs_shards
from vistazo.models.keras_import.value import Value
from vistazo.models.keras_import.weights import Slot
from vistazo.models.signature import Description, ModelSignature

__all__ = [
    "LayerCall",
    "Slot",
    "Value",
    "convert",
    "describe",
    "read_signature",
    "register",
    "shard_names_of",
    "shards_of",
    "slots",
]


def convert(
    source: Path,
    target: Path,
    input_size: tuple[int, int] | None = None,
    *,
    weights: Sequence[Path] = (),
    with_evidence: bool = False,
    max_tensor_bytes: int | None = None,
    output: str | None = None,
) -> ModelSignature:
    """Write the ONNX file of a Keras model: ``images`` (n, h, w, c) -> ``scores`` (n, k).

    ``weights`` are the further files that it is made of, where ``source`` has its layers only.

    ``with_evidence`` adds what the engine of this project shows beside the scores: ``features``
    (n, fh, fw, fc) where the model has a spatial map, and what heatmaps ask for. ``input_size`` is
    (height, width), used where the file leaves them open. The target appears whole or not at all;
    the same file gives the same bytes. ``max_tensor_bytes`` bounds what a layer makes of a picture.
    Of a model of several outputs ``output`` names the one that becomes ``scores``, by default the
    first that classifies; each other is ``outputs/NAME`` (n, k).
    """
    return convert_file(
        source,
        target,
        input_size,
        output,
        weights=weights,
        with_evidence=with_evidence,
        max_tensor_bytes=max_tensor_bytes,
    )


def shards_of(source: Path) -> tuple[Path, ...]:
    """The files in which TensorFlow.js keeps the weights of a ``model.json``, in their order."""
    return tfjs_shards(read_layers(source), source)


def shard_names_of(source: Path) -> tuple[str, ...]:
    """What those files are called, wherever they are."""
    return shard_names(read_layers(source), source.name)


def read_signature(
    source: Path,
    input_size: tuple[int, int] | None = None,
    weights: Sequence[Path] = (),
    output: str | None = None,
) -> ModelSignature:
    """What the model takes and gives, after the same checks as ``convert``; writes nothing."""
    with open_import(source, input_size, output, weights=weights) as imported:
        return imported.signature


def describe(
    source: Path,
    input_size: tuple[int, int] | None = None,
    max_tensor_bytes: int | None = None,
    weights: Sequence[Path] = (),
    output: str | None = None,
) -> Description:
    """The layers of a file and, where it cannot be served, every reason at once."""
    return describe_file(source, input_size, max_tensor_bytes, weights, output)
