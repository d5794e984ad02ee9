"""From a Keras file to an ONNX file: the steps, in order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from onnx import TensorProto, ValueInfoProto, helper

import vistazo.keras_import.layers  # noqa: F401  (registers the converters)
from vistazo.keras_import.archive import Archive, open_archive
from vistazo.keras_import.compiler import Compiler, Step
from vistazo.keras_import.dialect import Model, read_model
from vistazo.keras_import.graph import Graph
from vistazo.keras_import.hdf5 import read_tree
from vistazo.keras_import.image_input import (
    FEATURES_NAME,
    INPUT_NAME,
    SCORES_NAME,
    ImageInput,
    last_map,
    open_graph,
    read_input,
    score_shape,
)
from vistazo.keras_import.keras_layout import find_keras_weights
from vistazo.keras_import.legacy_layout import find_legacy_weights
from vistazo.keras_import.registry import slots_of
from vistazo.keras_import.value import Value
from vistazo.keras_import.weights import LayerPath, LayerWeights
from vistazo.keras_import.writer import OnnxModel, check_size, write_onnx
from vistazo.signature import ModelSignature


@dataclass(frozen=True)
class Import:
    """A model that was read and converted, its weights still in the file."""

    archive: Archive
    signature: ModelSignature
    onnx: OnnxModel
    steps: tuple[Step, ...]
    weights: dict[LayerPath, LayerWeights]


@contextmanager
def open_import(source: Path, input_size: tuple[int, int] | None) -> Iterator[Import]:
    """Read and convert a file. The weights can be read as long as the context is open."""
    with open_archive(source) as archive:
        model = read_model(archive.config)
        image = read_input(model, input_size)
        weights = _find_weights(archive, model)
        graph = Graph(archive.keras_major)
        compiler = Compiler(graph, weights)
        outputs = compiler.run(model, [open_graph(graph, image)])
        yield _finish(archive, image, graph, outputs, compiler, weights)


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
    archive: Archive,
    image: ImageInput,
    graph: Graph,
    outputs: list[Value],
    compiler: Compiler,
    weights: dict[LayerPath, LayerWeights],
) -> Import:
    scores, units = score_shape(outputs)
    features = last_map(scores)
    _name_outputs(graph, scores, units, features)
    signature = ModelSignature(
        height=image.height,
        width=image.width,
        channels=image.channels,
        units=units,
        activation=scores.activation,
        features=_features_shape(features),
        weights=sum(weight.size for arrays in weights.values() for weight in arrays.values()),
        layers=len(compiler.steps),
        framework=f"keras {archive.keras_version}",
    )
    onnx = OnnxModel(
        nodes=graph.nodes,
        inputs=[_tensor(INPUT_NAME, ("n", image.height, image.width, image.channels))],
        outputs=_outputs(units, signature.features),
        initializers=tuple(graph.initializers.values()),
        metadata=signature.to_metadata(),
    )
    check_size(onnx)
    return Import(archive, signature, onnx, tuple(compiler.steps), weights)


def _name_outputs(graph: Graph, scores: Value, units: int, features: Value | None) -> None:
    flat = graph.reshape(scores, (None, units)) if scores.rank != 2 else scores  # noqa: PLR2004
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


def _outputs(units: int, features: tuple[int, int, int] | None) -> list[ValueInfoProto]:
    outputs = [_tensor(SCORES_NAME, ("n", units))]
    if features is not None:
        outputs.append(_tensor(FEATURES_NAME, ("n", *features)))
    return outputs


def _tensor(name: str, shape: tuple[int | str, ...]) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
