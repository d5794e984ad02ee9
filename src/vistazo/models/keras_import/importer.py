"""From a Keras file to an ONNX file: the steps, in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import vistazo.models.keras_import.layers  # noqa: F401  (registers the converters)
from vistazo.errors import HostileModelError
from vistazo.models.keras_import.archive import Archive, open_archive
from vistazo.models.keras_import.compiler import Compiler, Step
from vistazo.models.keras_import.dialect import Model
from vistazo.models.keras_import.file_faults import file_faults
from vistazo.models.keras_import.graph import Graph
from vistazo.models.keras_import.image_input import (
    INPUT_NAME,
    ImageInput,
    open_graph,
    read_input,
)
from vistazo.models.keras_import.input_values import input_values
from vistazo.models.keras_import.interface import evident_interface, plain_interface
from vistazo.models.keras_import.origin import origin_of
from vistazo.models.keras_import.reading import read_archive, with_weights
from vistazo.models.keras_import.score_rows import ScoreRows, score_rows
from vistazo.models.keras_import.value import MAX_ELEMENTS, Value
from vistazo.models.keras_import.weights import LayerPath, LayerWeights
from vistazo.models.keras_import.writer import OnnxModel, check_size, weights_bytes, write_onnx
from vistazo.models.signature import ModelSignature

_NUMBER_BYTES = 4
# Keras packs nothing; those who do win a tenth, or of a pruned model nine tenths.
_MAX_EXPANSION, _EXPANSION_FLOOR_BYTES = 64, 100_000_000
# EfficientNetB7 on pictures that were enlarged from 32 x 32 to its 600 x 600 has 17 million.
_MAX_ENLARGED, _ENLARGED_TIMES = 1 << 25, 4


@dataclass(frozen=True)
class Import:
    """A model that was read and converted, its weights still in the file."""

    signature: ModelSignature
    onnx: OnnxModel
    steps: tuple[Step, ...]
    weights: Mapping[LayerPath, LayerWeights]


@contextmanager
def open_import(
    source: Path,
    input_size: tuple[int, int] | None,
    output: str | None = None,
    *,
    weights: Sequence[Path] = (),
    with_evidence: bool = True,
) -> Iterator[Import]:
    """Read and convert a model. The weights can be read as long as the context is open."""
    with open_archive(source, weights) as opened:
        archive, model = read_archive(opened)
        yield compile_archive(archive, model, input_size, output, with_evidence=with_evidence)


def compile_archive(
    archive: Archive,
    model: Model,
    input_size: tuple[int, int] | None,
    output: str | None = None,
    *,
    with_evidence: bool = True,
) -> Import:
    """Convert the model of an open file; reads shapes, no weights.

    ``output`` is the name of that one of several outputs that shall be ``scores``.
    """
    with file_faults(f"{archive.label} is damaged"):
        image = read_input(model, input_size)  # first: of what takes no picture, no more matters
        model, arrays = with_weights(archive, model)
        graph = Graph(archive.keras_major)
        compiler = Compiler(graph, arrays)
        outputs = compiler.run(model, [open_graph(graph, image)])
        rows = score_rows(outputs, model.output_names, output)
        imported = _finish(archive, image, graph, rows, compiler, with_evidence=with_evidence)
        return _with_what_it_was_fed(imported, origin_of(model, image))


def convert_file(
    source: Path,
    target: Path,
    input_size: tuple[int, int] | None,
    output: str | None = None,
    *,
    weights: Sequence[Path] = (),
    with_evidence: bool,
    max_tensor_bytes: int | None = None,
) -> ModelSignature:
    """Convert and write."""
    with open_import(
        source, input_size, output, weights=weights, with_evidence=with_evidence
    ) as imported:
        check_outputs(imported, max_tensor_bytes)
        _check_expansion(imported.onnx, [source, *weights])
        write_onnx(imported.onnx, target)
        return imported.signature


def check_outputs(imported: Import, max_bytes: int | None) -> None:
    """Raise HostileModelError where a layer makes more of one picture than can be held.

    That is little of what lies over more places than the picture has: it is but the same again.
    """
    picture = imported.signature.height * imported.signature.width
    for step in imported.steps:
        most = _NUMBER_BYTES * MAX_ELEMENTS if max_bytes is None else max_bytes
        if any(_is_enlarged(value, picture, step.rows) for value in step.output):
            most = min(most, _NUMBER_BYTES * _MAX_ENLARGED)
        size = _NUMBER_BYTES * step.rows * sum(value.elements for value in step.output)
        if size > most:
            raise HostileModelError(
                f"The {step.layer} makes {size / 1e6:,.0f} MB of one picture; at most "
                f"{most / 1e6:,.0f} can be had here. Use a smaller model, or smaller pictures."
            )


def _check_expansion(model: OnnxModel, parts: Sequence[Path]) -> None:
    """Raise HostileModelError where a small file would become large: numbers learnt pack badly."""
    size, held = weights_bytes(model), sum(part.stat().st_size for part in parts)
    if size > _EXPANSION_FLOOR_BYTES + _MAX_EXPANSION * held:
        raise HostileModelError(
            f"The weights take {size / 1e6:,.0f} MB, of a file of {held / 1e6:,.1f}. Save the "
            "model again without compression, where it is sound."
        )


def _is_enlarged(value: Value, picture: int, rows: int) -> bool:
    if value.channel_axis is None:
        return True
    return rows * value.elements > _ENLARGED_TIMES * picture * value.size(value.channel_axis)


def _finish(
    archive: Archive,
    image: ImageInput,
    graph: Graph,
    rows: ScoreRows,
    compiler: Compiler,
    *,
    with_evidence: bool,
) -> Import:
    if with_evidence:
        interface = evident_interface(graph, image, rows, compiler.steps)
    else:
        interface = plain_interface(graph, image, rows)
    first = rows.first.of
    signature = ModelSignature(
        height=image.height,
        width=image.width,
        channels=image.channels,
        units=first.units,
        activation=first.activation,
        features=interface.features,
        weights=_count(compiler.weights),
        layers=len(compiler.steps),
        framework=archive.framework,
        output=first.name,
        others=tuple(row.of for row in rows.others),
        no_rows=rows.no_rows,
    )
    onnx = OnnxModel(
        nodes=graph.nodes,
        inputs=interface.inputs,
        outputs=interface.outputs,
        initializers=tuple(graph.initializers.values()),
        metadata={**signature.to_metadata(), **interface.metadata},
        declared=tuple(graph.declared.values()),
    )
    check_size(onnx)
    return Import(signature, onnx, tuple(compiler.steps), compiler.weights)


def _with_what_it_was_fed(imported: Import, origin: str) -> Import:
    """The signature also says what is known of the values that the model was made for."""
    constants = {item.name: item for item in imported.onnx.initializers}
    values = input_values(imported.onnx.nodes, constants, INPUT_NAME)
    scale, why = (values.scale, values.why) if values is not None else (None, "")
    signature = replace(imported.signature, scale=scale, scale_why=why, origin=origin)
    metadata = {**imported.onnx.metadata, **signature.to_metadata()}
    onnx = replace(imported.onnx, metadata=metadata)
    return replace(imported, signature=signature, onnx=onnx)


def _count(weights: Mapping[LayerPath, LayerWeights]) -> int:
    return sum(weight.size for arrays in weights.values() for weight in arrays.values())
