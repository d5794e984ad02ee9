"""What the written graph takes and gives: plain, or with the evidence that answers carry.

Plain is ``images`` -> ``scores``, and ``outputs/NAME`` for each further output of the model, for
any runtime. With evidence there are also
``features``, ``logits`` and optional inputs, for this project's own engine alone: other runtimes
stumble over an optional input that is empty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from onnx import TensorProto, ValueInfoProto, helper

from vistazo.errors import UnreadableModelError
from vistazo.models.keras_import.compiler import Step
from vistazo.models.keras_import.graph import Graph
from vistazo.models.keras_import.head import LOGITS_NAME, MORE_NAME, name_logits, open_head
from vistazo.models.keras_import.image_input import (
    FEATURES_NAME,
    INPUT_NAME,
    SCORES_NAME,
    ImageInput,
    last_map,
)
from vistazo.models.keras_import.probe import open_probe
from vistazo.models.keras_import.score_rows import ScoreRow, ScoreRows
from vistazo.models.keras_import.value import Value


@dataclass(frozen=True)
class Interface:
    """``features`` is (fh, fw, fc) of the map that is given out, or None."""

    inputs: Sequence[ValueInfoProto]
    outputs: Sequence[ValueInfoProto]
    features: tuple[int, int, int] | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


def plain_interface(graph: Graph, image: ImageInput, rows: ScoreRows) -> Interface:
    """Close the graph with ``scores`` (n, units), and the like for each further output."""
    outputs = _name_rows(graph, rows, "n")
    graph.prune(output.name for output in outputs)
    return Interface([_images(image)], outputs)


def evident_interface(
    graph: Graph, image: ImageInput, rows: ScoreRows, steps: Sequence[Step]
) -> Interface:
    """The same, with all that an engine can show beside the scores; ``steps`` made the graph."""
    outputs, units = _name_rows(graph, rows, "rows"), rows.first.of.units
    further = [row.of.tensor for row in rows.others]
    features = last_map(rows.first.value)
    _name_features(graph, features)
    name_logits(graph, units)
    graph.prune((SCORES_NAME, LOGITS_NAME, FEATURES_NAME, *further))
    probe, inputs = open_probe(graph, image, steps), [_images(image)]
    shape = _features_shape(features)
    if features is not None and shape is not None:
        outputs.append(_tensor(FEATURES_NAME, ("rows", *shape)))
        if open_head(graph, features, shape, further):
            inputs.append(_tensor(MORE_NAME, ("m", *shape)))
    outputs.append(_tensor(LOGITS_NAME, ("rows", units)))
    if probe is None:
        return Interface(inputs, outputs, shape)
    return Interface([*inputs, probe.input], [*outputs, *probe.outputs], shape, probe.metadata)


def _name_rows(graph: Graph, rows: ScoreRows, count: str) -> list[ValueInfoProto]:
    outputs = [_name_row(graph, rows.first, SCORES_NAME, count)]
    taken = {name for node in graph.nodes for name in node.output} | graph.initializers.keys()
    for row in rows.others:
        if row.of.tensor in taken:
            raise UnreadableModelError(
                f"The model's output '{row.of.name}' is called as what it is made of. Rename the "
                "layer, and save the model again."
            )
        outputs.append(_name_row(graph, row, row.of.tensor, count))
    return outputs


def _name_row(graph: Graph, row: ScoreRow, name: str, count: str) -> ValueInfoProto:
    value, units = row.value, row.of.units
    flat = graph.reshape(value, (None, units)) if value.rank != 2 else value
    with graph.scope("output"):
        graph.nodes.append(helper.make_node("Identity", [graph.plain(flat)], [name]))
    return _tensor(name, (count, units))


def _name_features(graph: Graph, features: Value | None) -> None:
    if features is None:
        return
    last = replace(features, moved=features.moved or features.channel_axis == 1)
    with graph.scope("output"):
        graph.nodes.append(helper.make_node("Identity", [graph.plain(last)], [FEATURES_NAME]))


def _features_shape(features: Value | None) -> tuple[int, int, int] | None:
    if features is None:
        return None
    if features.channel_axis == 1:
        return features.size(2), features.size(3), features.size(1)
    return features.size(1), features.size(2), features.size(3)


def _images(image: ImageInput) -> ValueInfoProto:
    return _tensor(INPUT_NAME, ("n", image.height, image.width, image.channels))


def _tensor(name: str, shape: tuple[int | str, ...]) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
