"""Models made to do harm: small files that ask for any amount of time or memory.

Each writes one file into a folder and gives its path; a card lies beside it where one is needed.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import onnx
from onnx import ModelProto, TensorProto, helper, numpy_helper, parser

from builders import layer, write_keras_archive
from vistazo.models.signature import ModelSignature

Attack = Callable[[Path], Path]

_SIDE = 8
_MODEL = """
<ir_version: 9, opset_import: ["" : 18{domains}]>
hostile (float[n,8,8,1] images) => (float[n,2] scores)
<int64[2] places = {{1, 2}}, float zero = {{0}}, float one = {{1}}, int64 nought = {{0}},
 int64 unit = {{1}}{constants}> {{
  mean = ReduceMean <keepdims = 0> (images, places)
  total = ReduceMean <keepdims = 0> (images)
  {body}
  small = ReduceMean <keepdims = 0> (big)
  raised = Add (mean, small)
  two = Concat <axis = 1> (mean, raised)
  scores = Softmax (two)
}}
{functions}
"""


def graph(body: str, constants: str = "", functions: str = "", domains: str = "") -> ModelProto:
    """A classifier of 8 x 8 grey pictures in which ``body`` makes ``big`` of ``total`` or such."""
    text = _MODEL.format(
        body=body,
        constants=f", {constants}" if constants else "",
        functions=functions,
        domains="".join(f', "{domain}" : 1' for domain in domains.split()),
    )
    return parser.parse_model(text)


def _onnx(
    body: str, constants: str = "", functions: str = "", domains: str = ""
) -> Callable[[Path], Path]:
    return lambda folder: save(graph(body, constants, functions, domains), folder)


def save(model: ModelProto, folder: Path) -> Path:
    path = folder / "hostile.onnx"
    path.write_bytes(model.SerializeToString())
    return with_card(path, model.graph.input[0].type.tensor_type.shape.dim[1].dim_value)


def with_card(path: Path, side: int = _SIDE) -> Path:
    document = {
        "name": "hostile",
        "version": "1",
        "labels": ["A", "B"],
        "input": {"height": side, "width": side, "colour": "grey", "scale": "1/255"},
        "output": {"kind": "softmax"},
    }
    path.with_name(f"{path.stem}.card.yaml").write_text(json.dumps(document))
    return path


_LOOP = """
  {out} = Loop ({times}, yes, {start}) <body = {name} (int64 i, bool go, float{kind} a)
    => (bool on, float{kind} b) {{ on = Identity (go)  {inner} }}>
"""
_FOREVER = "int64 times = {4611686018427387904}, bool yes = {1}"


def _loop(inner: str, start: str = "total", kind: str = "", name: str = "body") -> str:
    return _LOOP.format(out="big", times="times", start=start, inner=inner, kind=kind, name=name)


_BRANCH_IN_A_LOOP = _loop(
    """
  b = If (go) <then_branch = t () => (float c) {{ c = Add (a, a) }},
               else_branch = e () => (float d) {{ d = Add (a, a) }}>
""".replace("{{", "{").replace("}}", "}")
)

_SCAN = """
  long = Expand (total, length)
  state, big = Scan <num_scan_inputs = 1, body = step (float s, float x) => (float t, float y)
    { t = Add (s, x)  y = Identity (t) }> (zero, long)
"""

_DOUBLING = "\n".join(
    f"d{step + 1} = Concat <axis = 0> (d{step}, d{step})" for step in range(40)
).join(["d0 = Reshape (images, flat)\n", "\n  big = Identity (d40)"])

_MULTIPLYING = "\n".join(
    ["square = Expand (total, size)", "m0 = Identity (square)"]
    + [f"m{step + 1} = MatMul (m{step}, square)" for step in range(2_000)]
    + ["big = Identity (m2000)"]
)

_FOLDED = "\n".join(
    ["f0 = ConstantOfShape (size)"]
    + [f"f{step + 1} = MatMul (f{step}, f{step})" for step in range(2_000)]
    + ["flatly = ReduceMean <keepdims = 0> (f2000)", "big = Add (flatly, total)"]
)


def _resized() -> ModelProto:
    model = graph(
        'big = Resize <mode = "nearest"> (images, , scales)', "float[4] scales = {1, 400, 400, 1}"
    )
    for place in (1, 2):
        model.graph.input[0].type.tensor_type.shape.dim[place].dim_value = 32
    return model


def _explosion() -> ModelProto:
    calls = "\n".join(
        f'<opset_import: ["" : 18, "x" : 1], domain: "x"> f{step} (a) => (c) '
        f"{{ b = x.f{step + 1} (a)  c = x.f{step + 1} (b) }}"
        for step in range(40)
    )
    last = '<opset_import: ["" : 18], domain: "x"> f40 (a) => (b) { b = Add (a, a) }'
    return graph("big = x.f0 (total)", functions=f"{calls}\n{last}", domains="x")


_LOOP_IN_A_FUNCTION = """
<opset_import: ["" : 18], domain: "x"> f (start, times, yes) => (end) {
  end = Loop (times, yes, start) <body = body (int64 i, bool go, float a)
    => (bool on, float b) { on = Identity (go)  b = Add (a, a) }>
}
"""


def own_format(folder: Path, model: ModelProto, **changes: Any) -> Path:
    """A file that says that this project wrote it."""
    fields = {
        "height": _SIDE,
        "width": _SIDE,
        "channels": 1,
        "units": 2,
        "activation": "softmax",
        "features": None,
        "weights": 0,
        "layers": 1,
        "framework": "keras 3",
    }
    signature = ModelSignature(**{**fields, **changes})
    helper.set_model_props(model, signature.to_metadata())
    return save(model, folder)


def _with_a_vast_map(folder: Path) -> Path:
    model = graph("big = Identity (total)")
    empty = numpy_helper.from_array(np.zeros((0, 1, 1, 1), np.float32), "more_features")
    model.graph.initializer.append(empty)
    model.graph.input.append(
        helper.make_tensor_value_info("more_features", TensorProto.FLOAT, ["m", 1, 1, 1])
    )
    return own_format(folder, model, features=(1 << 15, 1 << 15, 1 << 10))


def _elsewhere(place: str) -> Attack:
    def write(folder: Path) -> Path:
        model = graph("big = Add (total, weight)", "float[4] weight = {1, 2, 3, 4}")
        tensor = next(item for item in model.graph.initializer if item.name == "weight")
        for field in ("raw_data", "float_data"):
            tensor.ClearField(field)
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value=place)
        return save(model, folder)

    return write


def _sparsely_elsewhere(folder: Path) -> Path:
    model = graph("big = Identity (total)")
    sparse = onnx.SparseTensorProto(dims=[4])
    sparse.values.CopyFrom(numpy_helper.from_array(np.ones(1, np.float32), "values"))
    sparse.indices.CopyFrom(numpy_helper.from_array(np.zeros(1, np.int64), "indices"))
    sparse.values.data_location = TensorProto.EXTERNAL
    sparse.values.external_data.add(key="location", value="/dev/zero")
    model.graph.sparse_initializer.append(sparse)
    return save(model, folder)


def keras_of(*layers: dict[str, Any], side: int = _SIDE) -> Attack:
    """A Sequential ``.keras`` of a few kilobytes: these layers, the mean, a dense one of two."""

    def write(folder: Path) -> Path:
        parts = [
            layer("InputLayer", "pixels", batch_shape=[None, side, side, 1]),
            *layers,
            layer("GlobalAveragePooling2D", "mean"),
            layer("Dense", "score", units=2, activation="softmax", use_bias=True),
        ]
        config = {"class_name": "Sequential", "config": {"name": "hostile", "layers": parts}}
        path, weights = folder / "hostile.keras", folder / "weights.h5"
        with h5py.File(weights, "w") as file:
            file["layers/score/vars/0"] = np.zeros((1, 2), np.float32)
            file["layers/score/vars/1"] = np.zeros(2, np.float32)
            for item in layers:
                if item["class_name"] == "Conv2DTranspose":
                    file[f"layers/{item['config']['name']}/vars/0"] = np.ones(
                        (1, 1, 1, 1), np.float32
                    )
        write_keras_archive(path, config, weights.read_bytes())
        weights.unlink()
        return with_card(path, side)

    return write


def packed_zeros(folder: Path, side: int = 64, units: int = 1 << 15) -> Path:
    """Half a gigabyte of weights, every packed piece of which is the same kilobytes."""
    parts = [
        layer("InputLayer", "pixels", batch_shape=[None, side, side, 1]),
        layer("Flatten", "flat"),
        layer("Dense", "wide", units=units, activation="relu", use_bias=False),
        layer("Dense", "score", units=2, activation="softmax", use_bias=True),
    ]
    path, weights = folder / "hostile.keras", folder / "weights.h5"
    with h5py.File(weights, "w") as file:
        chunk = (side * side, units // 64)
        wide = file.create_dataset(
            "layers/wide/vars/0", (side * side, units), "f4", chunks=chunk, compression="gzip"
        )
        piece = zlib.compress(bytes(4 * chunk[0] * chunk[1]), 9)
        for place in range(64):
            wide.id.write_direct_chunk((0, place * chunk[1]), piece)
        file["layers/score/vars/0"] = np.zeros((units, 2), np.float32)
        file["layers/score/vars/1"] = np.zeros(2, np.float32)
    config = {"class_name": "Sequential", "config": {"name": "hostile", "layers": parts}}
    write_keras_archive(path, config, weights.read_bytes())
    weights.unlink()
    return with_card(path, side)


def _enlarged(times: int, name: str = "enlarged") -> dict[str, Any]:
    return layer("UpSampling2D", name, size=[times, times])


_PADDED = [
    layer("ZeroPadding2D", f"padded{step}", padding=[[500, 500], [500, 500]]) for step in range(9)
]
_TRANSPOSED = layer(
    "Conv2DTranspose",
    "transposed",
    filters=1,
    kernel_size=[1, 1],
    strides=[400, 400],
    padding="same",
    use_bias=False,
)

# What the file itself shows: refused before anything is loaded.
SHOWN: dict[str, Attack] = {
    "Loop of 2^62": _onnx(_loop("b = Add (a, a)"), _FOREVER),
    "a doubling Loop": _onnx(
        "flatter = Reshape (images, flat)\n"
        + _loop("b = Concat <axis = 0> (a, a)", "flatter", "[d]"),
        f"{_FOREVER}, int64[1] flat = {{-1}}",
    ),
    "If in a Loop": _onnx(_BRANCH_IN_A_LOOP, _FOREVER),
    "Scan": _onnx(_SCAN, "int64[1] length = {1073741824}"),
    "a Loop in a function": _onnx(
        "big = x.f (total, times, yes)", _FOREVER, _LOOP_IN_A_FUNCTION, "x"
    ),
    "functions that call twice": lambda folder: save(_explosion(), folder),
    "a Loop in a file of our own": lambda folder: own_format(
        folder, graph(_loop("b = Add (a, a)"), _FOREVER)
    ),
    "Resize by 400": lambda folder: save(_resized(), folder),
    "Resize by 4000": _onnx(
        'big = Resize <mode = "nearest"> (images, , scales)',
        "float[4] scales = {1, 4000, 4000, 1}",
    ),
    "ConstantOfShape of 2^40": _onnx(
        "made = ConstantOfShape (size)\n big = Add (made, total)", "int64[1] size = {1099511627776}"
    ),
    "Expand to 2^36": _onnx("big = Expand (total, size)", "int64[1] size = {68719476736}"),
    "Tile by 2^30": _onnx("big = Tile (images, times)", "int64[4] times = {1, 32768, 32768, 1}"),
    "ConvTranspose of stride 4000": _onnx(
        "first = Transpose <perm = [0, 3, 1, 2]> (images)\n"
        "big = ConvTranspose <strides = [4000, 4000]> (first, kernel)",
        "float[1,1,1,1] kernel = {1}",
    ),
    "Pad by 10^6": _onnx(
        "big = Pad (images, pads)", "int64[8] pads = {0, 0, 0, 0, 0, 1000000, 1000000, 0}"
    ),
    "an outer product": _onnx(
        "row = Expand (total, across)\n column = Expand (total, down)\n big = MatMul (column, row)",
        "int64[2] across = {1, 200000}, int64[2] down = {200000, 1}",
    ),
    "an outer product by Einsum": _onnx(
        'row = Expand (total, across)\n big = Einsum <equation = "i,j->ij"> (row, row)',
        "int64[1] across = {200000}",
    ),
    "Range to 2^60": _onnx(
        "numbers = Range (nought, end, unit)\n made = Cast <to = 1> (numbers)\n"
        "big = Add (made, total)",
        "int64 end = {1152921504606846976}",
    ),
    "a Range that the picture ends": _onnx(
        "end = Cast <to = 7> (total)\n numbers = Range (nought, end, unit)\n"
        "big = Cast <to = 1> (numbers)"
    ),
    "a picture that chooses an axis": _onnx(
        "axis = Cast <to = 7> (total)\n which = Reshape (axis, once)\n"
        "long = Expand (total, length)\n row = ReduceSum <keepdims = 0> (long, which)\n"
        "big = Identity (row)",
        "int64[2] length = {1, 100000}, int64[1] once = {1}",
    ),
    "a picture that counts itself": _onnx(
        "found = NonZero (images)\n made = Cast <to = 1> (found)\n"
        "turned = Transpose <perm = [1, 0]> (made)\n big = MatMul (turned, made)"
    ),
    "doubling forty times": _onnx(_DOUBLING, "int64[1] flat = {-1}"),
    "weights in /dev/zero": _elsewhere("/dev/zero"),
    "weights in /etc/passwd": _elsewhere("../../../../etc/passwd"),
    "sparse weights in /dev/zero": _sparsely_elsewhere,
    "a foreign operator": _onnx("big = evil.Steal (total)", domains="evil"),
    "another library's file": _onnx(
        "big = com.microsoft.EPContext (total)", domains="com.microsoft"
    ),
    "weights of zeros, packed": packed_zeros,
    "UpSampling2D by 140": keras_of(_enlarged(140), side=64),
    "UpSampling2D by 1400": keras_of(_enlarged(1400)),
    "UpSampling2D twice": keras_of(_enlarged(140), _enlarged(30, "again")),
    "ZeroPadding2D nine times": keras_of(*_PADDED, _enlarged(3)),
    "Conv2DTranspose of stride 400": keras_of(_TRANSPOSED, side=80),
}

# What only a run shows.
RUN: dict[str, Attack] = {
    "a head that is small for one map": keras_of(
        layer("MaxPooling2D", "map", pool_size=[4, 4]),
        layer("Flatten", "flat"),
        layer("RepeatVector", "much", n=8_000_000),
        layer("Permute", "turned", dims=[2, 1]),
        layer("Reshape", "again", target_shape=[2, 2, 8_000_000]),
        layer("Permute", "first", dims=[3, 1, 2]),
        layer("Reshape", "last", target_shape=[4_000_000, 8, 1]),
    ),
    "two thousand products": _onnx(_MULTIPLYING, "int64[2] size = {2000, 2000}"),
    "folding for ever": _onnx(_FOLDED, "int64[2] size = {3000, 3000}"),
    "a map of 4 TB in a file of our own": _with_a_vast_map,
    "many tensors at once": _onnx(
        "\n".join(
            ["p0 = Identity (total)"]
            + [f"p{step} = Add (p{step - 1}, one)" for step in range(1, 40)]
            + [f"t{step} = Expand (p{step}, size)" for step in range(40)]
            + ["all = Sum (" + ", ".join(f"t{step}" for step in range(40)) + ")"]
            + ["big = Identity (all)"]
        ),
        "int64[1] size = {50000000}",
    ),
}
ATTACKS = {**SHOWN, **RUN}
