"""What the written graph takes and gives: plain, or with the evidence that answers carry.

Plain is ``images`` -> ``scores`` and nothing else, for any runtime. With evidence there are also
``features``, ``logits`` and optional inputs, for this project's own engine alone: other runtimes
stumble over an optional input that is empty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from onnx import TensorProto, ValueInfoProto, helper

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
from vistazo.models.keras_import.value import Value


@dataclass(frozen=True)
class Interface:
    """``features`` is (fh, fw, fc) of the map that is given out, or None."""

    inputs: Sequence[ValueInfoProto]
    outputs: Sequence[ValueInfoProto]
    features: tuple[int, int, int] | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


def plain_interface(graph: Graph, image: ImageInput, scores: Value, units: int) -> Interface:
    """Close the graph with ``scores`` (n, units)."""
    _name_scores(graph, scores, units)
    graph.prune([SCORES_NAME])
    return Interface([_images(image)], [_tensor(SCORES_NAME, ("n", units))])


def evident_interface(
    graph: Graph, image: ImageInput, scores: Value, units: int, steps: Sequence[Step]
) -> Interface:
    """The same, with all that an engine can show beside the scores; ``steps`` made the graph."""
    _name_scores(graph, scores, units)
    features = last_map(scores)
    _name_features(graph, features)
    name_logits(graph, units)
    graph.prune((SCORES_NAME, LOGITS_NAME, FEATURES_NAME))
    probe = open_probe(graph, image, steps)
    inputs, outputs = [_images(image)], [_tensor(SCORES_NAME, ("rows", units))]
    shape = _features_shape(features)
    if features is not None and shape is not None:
        outputs.append(_tensor(FEATURES_NAME, ("rows", *shape)))
        if open_head(graph, features, shape):
            inputs.append(_tensor(MORE_NAME, ("m", *shape)))
    outputs.append(_tensor(LOGITS_NAME, ("rows", units)))
    if probe is None:
        return Interface(inputs, outputs, shape)
    return Interface([*inputs, probe.input], [*outputs, *probe.outputs], shape, probe.metadata)


def _name_scores(graph: Graph, scores: Value, units: int) -> None:
    flat = graph.reshape(scores, (None, units)) if scores.rank != 2 else scores
    with graph.scope("output"):
        graph.nodes.append(helper.make_node("Identity", [graph.plain(flat)], [SCORES_NAME]))


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
