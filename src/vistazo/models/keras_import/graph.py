"""Builds an ONNX graph out of values that know their layout.

Keras mostly speaks channels last, ONNX convolutions channels first. A converter asks for the layout
that it needs and says which one it gives; transposes are inserted where two disagree, and each only
once. So a usual CNN has a single transpose, at its input.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import prod

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, helper

from vistazo.errors import HostileModelError
from vistazo.models.keras_import.config import DataFormat
from vistazo.models.keras_import.value import IMAGE_RANK, DType, Shape, Value, stored_shape
from vistazo.models.keras_import.weight import Weight

Floats = NDArray[np.float32]
Array = NDArray[np.float32] | NDArray[np.int64] | NDArray[np.bool_]
Attribute = int | float | str | Sequence[int] | Sequence[float] | Sequence[str]

Border = tuple[int, int, int, int]  # top, left, bottom, right

MAX_NODES = 100_000
MAX_CONSTANT = 1 << 24
MAX_OUTPUTS = 4096
_DTYPES: Mapping[str, DType] = {"float32": "float32", "int64": "int64", "bool": "bool"}
_MOVES = ("Transpose", "Reshape", "Squeeze", "Unsqueeze", "Identity")
_TO_FIRST = (0, 3, 1, 2)
_TO_LAST = (0, 2, 3, 1)


@dataclass(frozen=True)
class Initializer:
    """A constant of the graph; ``read`` gives it when the file is written, one at a time."""

    name: str
    shape: tuple[int, ...]
    dtype: DType
    read: Callable[[], Array]


class Graph:
    """The ONNX nodes and constants so far."""

    def __init__(self, keras_major: int) -> None:
        self.keras_major = keras_major
        self.nodes: list[NodeProto] = []
        self.initializers: dict[str, Initializer] = {}
        self._borders: dict[str, tuple[Value, Border]] = {}
        self._maps: dict[str, Value] = {}
        self._makers: dict[str, NodeProto] = {}
        self._constants: dict[tuple[str, tuple[int, ...], bytes], str] = {}
        self._transposed: dict[str, str] = {}
        self._reversed: dict[tuple[str, int], str] = {}
        self._once: dict[object, str] = {}
        self._scope = ""

    @contextmanager
    def scope(self, name: str) -> Iterator[None]:
        """Nodes made inside are named after the layer that they belong to."""
        before, self._scope = self._scope, name
        try:
            yield
        finally:
            self._scope = before

    def op(self, op_type: str, *inputs: str, **attributes: Attribute) -> str:
        """Add a node with one output, and give the output's name."""
        return self.ops(op_type, *inputs, outputs=1, **attributes)[0]

    def ops(
        self, op_type: str, *inputs: str, outputs: int, **attributes: Attribute
    ) -> tuple[str, ...]:
        """Add a node with several outputs."""
        if len(self.nodes) >= MAX_NODES or outputs > MAX_OUTPUTS:
            raise HostileModelError(
                f"The model would need more than {MAX_NODES} operations, or one of more than "
                f"{MAX_OUTPUTS} outputs."
            )
        label = f"{self._scope}/{op_type}_{len(self.nodes)}"
        names = (label,) if outputs == 1 else tuple(f"{label}:{i}" for i in range(outputs))
        self.nodes.append(helper.make_node(op_type, inputs, names, name=label, **attributes))
        self._makers.update(dict.fromkeys(names, self.nodes[-1]))
        return names

    def maker(self, name: str) -> NodeProto | None:
        """The node that gives a tensor; what only moves numbers about is looked through."""
        node = self._makers.get(name)
        while node is not None and node.op_type in _MOVES:
            node = self._makers.get(node.input[0])
        return node

    def once(self, op_type: str, *inputs: str, **attributes: Attribute) -> str:
        """The same, where the same node may be there already: then it is that one."""
        key = (op_type, inputs, tuple(sorted(attributes.items())))
        if key not in self._once:
            self._once[key] = self.op(op_type, *inputs, **attributes)
        return self._once[key]

    def reverse(self, name: str, axis: int) -> str:
        """The other way round along an axis; what was turned and is turned again is as it was."""
        if (name, axis) not in self._reversed:
            lists = ([-1], [-(1 << 31)], [axis], [-1])
            made = self.op("Slice", name, *map(self.integers, lists))
            self._reversed[name, axis] = made
            self._reversed[made, axis] = name
        return self._reversed[name, axis]

    def floats(self, values: object) -> str:
        """A float32 constant."""
        return self.array(np.asarray(values, dtype=np.float32))

    def filled(self, shape: tuple[int, ...], number: float) -> str:
        """A float32 constant of one number only."""
        if prod(shape) > MAX_CONSTANT:
            raise HostileModelError(f"'{self._scope}' would need {prod(shape)} equal constants.")
        return self.floats(np.full(shape, number))

    def integers(self, values: Iterable[int] | int) -> str:
        """An int64 constant."""
        listed = values if isinstance(values, int) else list(values)
        return self.array(np.asarray(listed, dtype=np.int64))

    def array(self, array: Array) -> str:
        """A constant; equal ones are kept once."""
        dtype = _DTYPES[array.dtype.name]
        key = (dtype, array.shape, array.tobytes())
        if key not in self._constants:
            name = f"constant_{len(self._constants)}"
            self._constants[key] = name
            self.initializers[name] = Initializer(name, array.shape, dtype, lambda: array)
        return self._constants[key]

    def parameter(
        self,
        name: str,
        sources: Sequence[Weight],
        shape: tuple[int, ...],
        make: Callable[..., Floats] | None = None,
    ) -> str:
        """A constant made from weights of the file when it is written; the same name, made once."""
        if name not in self.initializers:

            def read() -> Floats:
                arrays = [source.read() for source in sources]
                made = arrays[0] if make is None else make(*arrays)
                return np.ascontiguousarray(made.reshape(shape), dtype=np.float32)

            self.initializers[name] = Initializer(name, shape, "float32", read)
        return name

    def note_border(self, padded: Value, source: Value, border: Border) -> None:
        """Remember that a map is another one with zeros around it."""
        self._borders[padded.name] = (source, border)

    def without_border(self, value: Value) -> tuple[Value, Border]:
        """The map inside the zeros that were laid around it, and how many these are."""
        return self._borders.get(value.name, (value, (0, 0, 0, 0)))

    def note_map(self, sequence: Value, source: Value) -> None:
        """Remember that a sequence (n, steps, c) is a map of one column."""
        self._maps[sequence.name] = source

    def map_of(self, sequence: Value, shape: Shape) -> Value:
        """The sequence as a map of this shape; that which it was made of, where there is one."""
        known = self._maps.get(sequence.name)
        return (
            known if known is not None and known.shape == shape else self.reshape(sequence, shape)
        )

    def prune(self, outputs: Iterable[str]) -> None:
        """Drop what no output needs."""
        needed = set(outputs)
        kept = []
        for node in reversed(self.nodes):
            if needed.intersection(node.output):
                kept.append(node)
                needed.update(node.input)
        self.nodes = kept[::-1]
        self.initializers = {k: v for k, v in self.initializers.items() if k in needed}

    def plain(self, value: Value) -> str:
        """The tensor in Keras' own order."""
        return self._transpose(value.name, _TO_LAST) if value.moved else value.name

    def channels_first(self, value: Value, data_format: DataFormat) -> str:
        """The tensor of a map as (n, c, h, w), where Keras holds it in ``data_format``."""
        if data_format == "channels_first":
            return self.plain(value)
        return value.name if value.moved else self._transpose(value.name, _TO_FIRST)

    def map(
        self, name: str, shape: tuple[int, int, int], data_format: DataFormat, source: Value
    ) -> Value:
        """A spatial map that is stored as (n, c, h, w); ``shape`` is (c, h, w)."""
        channels, height, width = shape
        last = data_format == "channels_last"
        return Value(
            name,
            (None, height, width, channels) if last else (None, channels, height, width),
            moved=last,
            channel_axis=IMAGE_RANK - 1 if last else 1,
            activation="linear",
            parents=(source,),
        )

    def value(self, name: str, shape: Shape, *parents: Value, dtype: DType = "float32") -> Value:
        """A tensor in Keras' order."""
        return Value(name, shape, dtype=dtype, parents=parents)

    def like(self, source: Value, name: str, activation: str = "unknown") -> Value:
        """The result of something done to every element: same shape, same layout."""
        return replace(source, name=name, activation=activation, sizes=None, parents=(source,))

    def reshape(self, value: Value, shape: Shape) -> Value:
        """The same numbers, in Keras' order, in another shape; None is the batch."""
        if value.moved and all(n == 1 for n in value.shape[1:-1]):
            source = value.name  # one pixel: both layouts are the same bytes
        else:
            source = self.plain(value)
        new = replace(
            value, shape=shape, moved=False, channel_axis=None, parents=(value,), name=source
        )
        if shape == value.shape and not value.moved:
            return new
        if len(shape) == IMAGE_RANK and shape[1:3] == (1, 1):
            new = replace(new, moved=True)
        target = stored_shape(shape) if new.moved else shape
        dims = [-1 if n is None else n for n in target]
        return replace(new, name=self.op("Reshape", source, self.integers(dims)))

    def stored_axis(self, value: Value, axis: int) -> int:
        """Where a Keras axis really lies."""
        axis = axis % value.rank
        if not value.moved or axis == 0:
            return axis
        return 1 if axis == value.rank - 1 else axis + 1

    def _transpose(self, name: str, order: tuple[int, ...]) -> str:
        if name not in self._transposed:
            made = self.op("Transpose", name, perm=order)
            self._transposed[name] = made
            self._transposed[made] = name
        return self._transposed[name]
