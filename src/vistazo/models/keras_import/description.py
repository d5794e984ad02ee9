"""What a file holds, for a person to read: layer by layer, with every obstacle at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from pathlib import Path

from vistazo.errors import ModelError
from vistazo.models.keras_import.archive import open_archive
from vistazo.models.keras_import.dialect import Layer, Model
from vistazo.models.keras_import.image_input import read_input
from vistazo.models.keras_import.importer import Import, check_outputs, compile_archive
from vistazo.models.keras_import.reading import read_archive
from vistazo.models.keras_import.registry import converter_of
from vistazo.models.signature import Description, LayerRow

_KINDS = {
    "h5": "HDF5 (legacy .h5)",
    "keras": "Keras archive (.keras)",
    "tfjs": "TensorFlow.js (model.json)",
}


def describe_file(
    source: Path,
    input_size: tuple[int, int] | None,
    max_tensor_bytes: int | None = None,
    weights: Sequence[Path] = (),
    output: str | None = None,
) -> Description:
    """Raises only where the file cannot be read at all; what cannot be served is listed."""
    with open_archive(source, weights) as opened:
        archive, model = read_archive(opened)
        kind, framework = _KINDS[archive.layout], archive.framework
        if weights and archive.layout != "tfjs":
            kind = f"layers ({source.suffix}) and weights ({weights[0].suffix})"
        try:
            imported = compile_archive(archive, model, input_size, output)
            check_outputs(imported, max_tensor_bytes)
            signature, rows = imported.signature, _rows(imported)
        except ModelError as error:
            obstacles = (*_of_the_input(model, input_size), *_unknown(model), str(error))
            problems = dict.fromkeys(obstacles)
            bare = (LayerRow(name, layer.class_name, None, 0) for name, layer in _flat(model))
            return Description(kind, framework, None, tuple(bare), tuple(problems))
        return Description(kind, framework, signature, rows, ())


def _rows(imported: Import) -> tuple[LayerRow, ...]:
    rows = []
    for step in imported.steps:
        arrays = imported.weights.get(step.path, {}).values()
        count = sum(prod(weight.shape) for weight in arrays)
        shape = step.output[0].shape[1:] if step.output else None
        rows.append(LayerRow("/".join(step.path), step.layer.class_name, shape, count))
    return tuple(rows)


def _of_the_input(model: Model, input_size: tuple[int, int] | None) -> Iterator[str]:
    """Before anything about layers: of a model that takes no picture they do not matter."""
    try:
        read_input(model, input_size)
    except ModelError as error:
        yield str(error)


def _unknown(model: Model) -> Iterator[str]:
    for _, layer in _flat(model):
        try:
            converter_of(layer)
        except ModelError as error:
            yield str(error)


def _flat(model: Model, prefix: str = "") -> Iterator[tuple[str, Layer]]:
    for layer in model.layers:
        name = f"{prefix}{layer.name}"
        if layer.model is None:
            yield name, layer
        else:
            yield from _flat(layer.model, f"{name}/")
