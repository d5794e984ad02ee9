"""From a Keras file to an ONNX file: the steps, in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from onnx import TensorProto, ValueInfoProto, helper

import vistazo.models.keras_import.layers  # noqa: F401  (registers the converters)
from vistazo.models.keras_import.archive import Archive, open_archive
from vistazo.models.keras_import.compiler import Compiler, Step
from vistazo.models.keras_import.dialect import Model, read_model
from vistazo.models.keras_import.file_faults import file_faults
from vistazo.models.keras_import.graph import Graph
from vistazo.models.keras_import.hdf5 import read_tree
from vistazo.models.keras_import.head import LOGITS_NAME, MORE_NAME, name_logits, open_head
from vistazo.models.keras_import.image_input import (
    FEATURES_NAME,
    INPUT_NAME,
    SCORES_NAME,
    ImageInput,
    last_map,
    open_graph,
    read_input,
    score_shape,
)
from vistazo.models.keras_import.input_values import input_values
from vistazo.models.keras_import.keras_layout import find_keras_weights
from vistazo.models.keras_import.legacy_layout import find_legacy_weights
from vistazo.models.keras_import.origin import origin_of
from vistazo.models.keras_import.registry import slots_of
from vistazo.models.keras_import.value import Value
from vistazo.models.keras_import.weights import LayerPath, LayerWeights
from vistazo.models.keras_import.writer import OnnxModel, check_size, write_onnx
from vistazo.models.signature import ModelSignature


@dataclass(frozen=True)
class Import:
    """A model that was read and converted, its weights still in the file."""

    signature: ModelSignature
    onnx: OnnxModel
    steps: tuple[Step, ...]
    weights: Mapping[LayerPath, LayerWeights]


@contextmanager
def open_import(source: Path, input_size: tuple[int, int] | None) -> Iterator[Import]:
    """Read and convert a file. The weights can be read as long as the context is open."""
    with open_archive(source) as archive:
        yield compile_archive(archive, read_model(archive.config), input_size)


def compile_archive(archive: Archive, model: Model, input_size: tuple[int, int] | None) -> Import:
    """Convert the model of an open file; reads shapes, no weights."""
    with file_faults(f"{archive.label} is damaged"):
        image = read_input(model, input_size)
        graph = Graph(archive.keras_major)
        compiler = Compiler(graph, _find_weights(archive, model))
        outputs = compiler.run(model, [open_graph(graph, image)])
        imported = _finish(archive, image, graph, outputs, compiler)
        return _with_what_it_was_fed(imported, origin_of(model, image))


def convert_file(source: Path, target: Path, input_size: tuple[int, int] | None) -> ModelSignature:
    """Convert and write."""
    with open_import(source, input_size) as imported:
        write_onnx(imported.onnx, target)
        return imported.signature


def _find_weights(archive: Archive, model: Model) -> dict[LayerPath, LayerWeights]:
    tree = read_tree(archive.weights)
    if archive.layout == "h5":
        return find_legacy_weights(tree, model, slots_of)
    return find_keras_weights(tree, model, slots_of)


def _finish(
    archive: Archive, image: ImageInput, graph: Graph, outputs: list[Value], compiler: Compiler
) -> Import:
    scores, units = score_shape(outputs)
    features = last_map(scores)
    _name_outputs(graph, scores, units, features)
    name_logits(graph, units)
    graph.prune((SCORES_NAME, LOGITS_NAME, FEATURES_NAME))
    shape = _features_shape(features)
    has_head = features is not None and shape is not None and open_head(graph, features, shape)
    signature = ModelSignature(
        height=image.height,
        width=image.width,
        channels=image.channels,
        units=units,
        activation=scores.activation,
        features=shape,
        weights=_count(compiler.weights),
        layers=len(compiler.steps),
        framework=f"keras {archive.keras_version}",
    )
    onnx = OnnxModel(
        nodes=graph.nodes,
        inputs=_inputs(image, shape if has_head else None),
        outputs=_outputs(units, signature.features),
        initializers=tuple(graph.initializers.values()),
        metadata=signature.to_metadata(),
    )
    check_size(onnx)
    return Import(signature, onnx, tuple(compiler.steps), compiler.weights)


def _with_what_it_was_fed(imported: Import, origin: str) -> Import:
    """The signature also says what is known of the values that the model was made for."""
    constants = {item.name: item for item in imported.onnx.initializers}
    values = input_values(imported.onnx.nodes, constants, INPUT_NAME)
    scale, why = (values.scale, values.why) if values is not None else (None, "")
    signature = replace(imported.signature, scale=scale, scale_why=why, origin=origin)
    onnx = replace(imported.onnx, metadata=signature.to_metadata())
    return replace(imported, signature=signature, onnx=onnx)


def _count(weights: Mapping[LayerPath, LayerWeights]) -> int:
    return sum(weight.size for arrays in weights.values() for weight in arrays.values())


def _name_outputs(graph: Graph, scores: Value, units: int, features: Value | None) -> None:
    flat = graph.reshape(scores, (None, units)) if scores.rank != 2 else scores
    with graph.scope("output"):
        graph.nodes.append(helper.make_node("Identity", [graph.plain(flat)], [SCORES_NAME]))
        if features is not None:
            last = replace(features, moved=features.moved or features.channel_axis == 1)
            source = graph.plain(last)
            graph.nodes.append(helper.make_node("Identity", [source], [FEATURES_NAME]))


def _features_shape(features: Value | None) -> tuple[int, int, int] | None:
    if features is None:
        return None
    if features.channel_axis == 1:
        return features.size(2), features.size(3), features.size(1)
    return features.size(1), features.size(2), features.size(3)


def _inputs(image: ImageInput, head: tuple[int, int, int] | None) -> list[ValueInfoProto]:
    inputs = [_tensor(INPUT_NAME, ("n", image.height, image.width, image.channels))]
    if head is not None:
        inputs.append(_tensor(MORE_NAME, ("m", *head)))
    return inputs


def _outputs(units: int, features: tuple[int, int, int] | None) -> list[ValueInfoProto]:
    outputs = [_tensor(SCORES_NAME, ("rows", units))]
    if features is not None:
        outputs.append(_tensor(FEATURES_NAME, ("rows", *features)))
    return [*outputs, _tensor(LOGITS_NAME, ("rows", units))]


def _tensor(name: str, shape: tuple[int | str, ...]) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
