"""Files as old versions of Keras wrote them, made by code; and their scores, worked out in NumPy.

No old Keras is at hand where tests run. What a file looks like, and what the sums below come to,
was compared once with real ones: Keras 1.0 to 2.3 on Theano and on TensorFlow.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Arrays = Mapping[str, Mapping[str, Floats]]  # by layer, by the name in the file


def write_h5(
    path: Path, config: Any, arrays: Arrays, attributes: Mapping[str, str] | None = None
) -> Path:
    """A whole model. ``attributes`` are what the version noted of itself."""
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(config).encode()
        for name, text in (attributes or {}).items():
            file.attrs[name] = text.encode()
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = [name.encode() for name in arrays]
        for layer, weights in arrays.items():
            place = group.create_group(layer)
            place.attrs["weight_names"] = [name.encode() for name in weights]
            for name, values in weights.items():
                place[name] = values
    return path


def random(*shape: int, seed: int = 0) -> Floats:
    return np.random.default_rng([seed, *shape]).normal(0, 0.5, shape).astype(np.float32)


def windows(maps: Floats, size: Sequence[int], strides: Sequence[int], dilation: int = 1) -> Floats:
    """(n, h, w, c) -> (n, rows, columns, c, kernel rows, kernel columns)."""
    reach = [(side - 1) * dilation + 1 for side in size]
    view = np.lib.stride_tricks.sliding_window_view(maps, reach, axis=(1, 2))  # type: ignore[call-overload]
    return np.asarray(
        view[:, :: strides[0], :: strides[1], :, ::dilation, ::dilation], dtype=np.float32
    )


def padded(maps: Floats, rows: int, columns: int, value: float = 0.0) -> Floats:
    """As much before as after."""
    return np.pad(maps, ((0, 0), (rows, rows), (columns, columns), (0, 0)), constant_values=value)


def theano_conv2d(
    maps: Floats,
    kernel: Floats,
    *,
    strides: Sequence[int] = (1, 1),
    same: bool = False,
    dilation: int = 1,
) -> Floats:
    """``theano.tensor.nnet.conv2d``, which turns the kernel (h, w, in, out); Keras trims it."""
    sides = kernel.shape[:2]
    wanted = [-(-size // step) for size, step in zip(maps.shape[1:3], strides, strict=True)]
    if same:
        half = [((side - 1) * dilation + 1) // 2 for side in sides]
        maps = padded(maps, *half)
    view = windows(maps, sides, strides, dilation)
    found = np.einsum("nrscij,ijcf->nrsf", view, kernel[::-1, ::-1])
    return np.asarray(found[:, : wanted[0], : wanted[1]] if same else found, dtype=np.float32)


def softmax(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), dtype=np.float32)
