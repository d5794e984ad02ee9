"""Sizes that depend on what a picture shows: a model could be small for all but one picture.

A first run on some pictures says how much a model takes for any only where its tensors have the
same sizes for all. So what a picture shows must not reach where an operator takes a size from; the
size of a tensor may.
"""

from __future__ import annotations

from collections.abc import Sequence

from onnx import GraphProto, NodeProto

from vistazo.errors import UnsupportedModelError

# Inputs that say how large a result is, or how long it takes.
_SIZES = {
    "AffineGrid": (1,),
    "BlackmanWindow": (0,),
    "CenterCropPad": (1,),
    "Col2Im": (1, 2),
    "ConstantOfShape": (0,),
    "DFT": (1, 2),
    "Expand": (1,),
    "GRU": (4,),
    "HammingWindow": (0,),
    "HannWindow": (0,),
    "LSTM": (4,),
    "MaxUnpool": (1, 2),
    "MelWeightMatrix": (0, 1, 2, 3, 4),
    "OneHot": (1,),
    "Pad": (1, 3),
    "RNN": (4,),
    "Range": (0, 1, 2),
    "Reshape": (1,),
    "Resize": (1, 2, 3),
    "STFT": (1, 3),
    "SequenceAt": (1,),
    "SequenceErase": (1,),
    "SequenceInsert": (2,),
    "Slice": (1, 2, 3, 4),
    "Split": (1,),
    "SplitToSequence": (1,),
    "Squeeze": (1,),
    "Tile": (1, 2),
    "TopK": (1,),
    "Unsqueeze": (1,),
    "Upsample": (1,),
}
# The result is as large as a picture's numbers say.
_SELECTING = {
    "Compress",
    "ImageDecoder",
    "NonMaxSuppression",
    "NonZero",
    "RegexFullMatch",
    "StringConcat",
    "StringNormalizer",
    "StringSplit",
    "Unique",
}
_TELLING_SIZES = {"Shape", "Size"}
_AXES = (1,)
_RANDOM = ("Bernoulli", "Multinomial", "Random")
_OWN_INPUTS = {"more_features", "probe_images"}  # of keras_import, which have a default


def check_sizes_are_fixed(graph: GraphProto, name: str) -> None:
    """Raise UnsupportedModelError where a picture's content, or chance, decides on a size.

    The nodes are in order: what the format asks for is checked afterwards.
    """
    constants = {tensor.name for tensor in graph.initializer} - _OWN_INPUTS
    shown = {value.name for value in graph.input} - constants
    for node in graph.node:
        chosen = [node.input[place] for place in _places(node) if place < len(node.input)]
        if not shown.isdisjoint(chosen):
            raise UnsupportedModelError(
                f"What a picture shows decides how much {name} computes (in {node.op_type} "
                f"'{node.name or node.output[0]}'): nothing bounds it. Where you trust the file "
                "set ALLOW_CONTROL_FLOW=1; else export it with fixed sizes."
            )
        is_random = node.op_type.startswith(_RANDOM)
        if is_random or (node.op_type not in _TELLING_SIZES and not shown.isdisjoint(node.input)):
            shown.update(node.output)


def _places(node: NodeProto) -> Sequence[int]:
    """Which of its inputs say how large its result is."""
    if node.op_type in _SELECTING:
        return range(len(node.input))
    if node.op_type.startswith("Reduce"):
        return _AXES
    return _SIZES.get(node.op_type, ())
