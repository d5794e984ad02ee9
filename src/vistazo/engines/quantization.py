"""A compiled model in whole numbers of 8 bits, as ONNX Runtime quantizes it (static, QDQ).

What leads to the last spatial map becomes int8: weights channel by channel, and what flows between
layers in the ranges that some pictures show. The head stays as it is: heatmaps ask it about maps
that no picture gave, and it costs next to nothing.
"""

from __future__ import annotations

import contextlib
import logging
import math
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx.shape_inference
import onnxruntime
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, helper, numpy_helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_static,
)

from vistazo.errors import UnsupportedModelError, VistazoError
from vistazo.models.keras_import.probe import close_probe
from vistazo.models.signature import ModelSignature

_INPUT, _FEATURES = "images", "features"
_CONVOLUTION, _QUANTIZED = "Conv", ("DequantizeLinear", "QLinearConv")
# Joining maps in int8 rounds each of them again, and was slower (DenseNet121: 19 ms for 13).
_OPERATORS = (_CONVOLUTION, "Add", "Mul", "Relu", "Clip")
_LEAST_OPSET = 13  # from there on DequantizeLinear has an axis
_OF_BOTH = ("kernel_shape", "strides")  # of pooling and of convolution
_AS_WRITTEN = b"NOTSET"
_WARNING, _ERROR = 2, 3


def quantize(source: Path, target: Path, pictures: Iterable[NDArray[np.float32]]) -> ModelSignature:
    """Write ``target``, the compiled model ``source`` in int8, with its evidence but the probe.

    ``pictures`` (h, w, c), prepared, are looked at one by one for the ranges. Raises
    UnsupportedModelError for a model that has no convolution, is quantized already, or in an opset
    before 13.
    """
    model = onnx.load(source)
    _check(model)
    close_probe(model)  # a branch, which no ONNX file that is served may have
    with tempfile.TemporaryDirectory() as folder, _quietly(), _told_by_the_runtime():
        folded = Path(folder, "folded.onnx")
        _fold(model, folded)
        model = onnx.shape_inference.infer_shapes(onnx.load(folded))
        head = _head_of(model)
        _average_by_convolution(model, head)
        onnx.save(model, folded)
        quantize_static(
            folded,
            target,
            _Pictures(pictures),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            # Weights of 7 bits: sums of products of 8 overflow on processors with AVX2 or AVX512
            # but no VNNI, and the same file would answer otherwise there (ONNX Runtime's
            # documentation, "Quantize ONNX models", data type selection).
            reduce_range=True,
            op_types_to_quantize=list(_OPERATORS),
            nodes_to_exclude=head,
        )
    return _sign(target)


class _Pictures(CalibrationDataReader):  # type: ignore[misc]  # the runtime's tools have no types
    def __init__(self, pictures: Iterable[NDArray[np.float32]]) -> None:
        self._left = iter(pictures)

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        picture = next(self._left, None)
        return None if picture is None else {_INPUT: picture[np.newaxis]}


def _check(model: ModelProto) -> None:
    kinds = {node.op_type for node in model.graph.node}
    if not kinds.isdisjoint(_QUANTIZED):
        raise UnsupportedModelError("The model is quantized already. Serve it as it is.")
    if _CONVOLUTION not in kinds:
        raise UnsupportedModelError(
            "The model has no convolution: int8 would gain nothing. Serve it as it is."
        )
    opset = max((each.version for each in model.opset_import if not each.domain), default=0)
    if opset < _LEAST_OPSET:
        raise UnsupportedModelError(
            f"The model is written in opset {opset} of ONNX; a scale for each channel needs "
            f"{_LEAST_OPSET}. Export it again with that, or a later one."
        )


def _fold(model: ModelProto, target: Path) -> None:
    """Make batch normalisations part of the convolutions before them; once quantized it is late."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(target)
    written = model.SerializeToString()
    onnxruntime.InferenceSession(written, options, providers=["CPUExecutionProvider"])


def _head_of(model: ModelProto) -> list[str]:
    """The names of the nodes that the last map does not need; none where it is not given out."""
    makers = {output: node for node in model.graph.node for output in node.output}
    body = {output for node in _before(_FEATURES, makers) for output in node.output}
    nodes = model.graph.node if body else []
    return [node.name for node in nodes if body.isdisjoint(node.output)]


def _before(name: str, makers: Mapping[str, NodeProto]) -> Iterator[NodeProto]:
    """The nodes that a tensor needs, each once."""
    pending, seen = [name], set[str]()
    while pending:
        node = makers.get(pending.pop())
        if node is not None and node.output[0] not in seen:
            seen.add(node.output[0])
            pending += node.input
            yield node


def _average_by_convolution(model: ModelProto, head: Sequence[str]) -> None:
    """Let a convolution of each map by itself take the averages of its windows: the same numbers,
    as all its weights are one number, in a fifth of the time of the runtime's average in int8.
    """
    graph = model.graph
    shapes = {value.name: value.type.tensor_type.shape.dim for value in graph.value_info}
    for node in graph.node:
        shape = shapes.get(node.input[0]) if _averages_whole_windows(node) else None
        if shape is None or node.name in head or not shape[1].dim_value:
            continue
        channels, window = shape[1].dim_value, _attributes(node)["kernel_shape"]
        name = f"{node.output[0]}/window"
        weights = np.full((channels, 1, *window), 1 / math.prod(window), np.float32)
        graph.initializer.append(numpy_helper.from_array(weights, name))
        kept = [each for each in node.attribute if each.name in _OF_BOTH]
        del node.attribute[:]
        node.attribute.extend([*kept, helper.make_attribute("group", channels)])
        node.op_type = _CONVOLUTION
        node.input.append(name)


def _averages_whole_windows(node: NodeProto) -> bool:
    """Whether every average is of as many numbers of the map: none is cut off at its edge."""
    if node.op_type != "AveragePool":
        return False
    said = _attributes(node)
    padded = any(said.get("pads", ())) or said.get("auto_pad", _AS_WRITTEN) != _AS_WRITTEN
    return not (padded or said.get("ceil_mode") or any(d != 1 for d in said.get("dilations", ())))


def _attributes(node: NodeProto) -> dict[str, Any]:
    return {each.name: helper.get_attribute_value(each) for each in node.attribute}


def _sign(target: Path) -> ModelSignature:
    """Let the file itself say that it is int8, and by whom."""
    model = onnx.load(target)
    signature = ModelSignature.from_metadata({p.key: p.value for p in model.metadata_props})
    if signature is None:
        raise UnsupportedModelError("The model was not compiled here.")
    framework = f"{signature.framework}, int8 by ONNX Runtime {onnxruntime.__version__}"
    signed = replace(signature, framework=framework, precision="int8")
    helper.set_model_props(model, signed.to_metadata())
    target.write_bytes(model.SerializeToString(deterministic=True))
    return signed


@contextlib.contextmanager
def _told_by_the_runtime() -> Iterator[None]:
    """Its tools raise whatever they meet: ValueError, RuntimeError, errors of their own."""
    try:
        yield
    except (VistazoError, OSError):
        raise
    except Exception as error:  # they share no base but Exception
        told = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UnsupportedModelError(f"ONNX Runtime cannot quantize the model: {told}") from error


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """They warn, through the root logger, of steps that were taken here in another way."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)
    onnxruntime.set_default_logger_severity(_ERROR)
    try:
        yield
    finally:
        root.setLevel(level)
        onnxruntime.set_default_logger_severity(_WARNING)
