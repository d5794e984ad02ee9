"""The arithmetic of windows that share nothing: what each place sees, and its kernel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from vistazo.models.keras_import.graph import Floats
from vistazo.models.keras_import.layers.window import Window, fit

_MATRIX, _SPARSE = 2, 3  # ``implementation`` of Keras; 1 keeps a kernel for each place
_WIDEST = 2  # times the input: from no place does a wider window see more


@dataclass(frozen=True)
class LocalWindows:
    """What each place of the output sees of the flattened input, in the order of its axes.

    ``seen`` (places, window) are indices, 0 where ``inside`` says that the window juts out.
    """

    sizes: tuple[int, ...]
    out: tuple[int, ...]
    channels: int
    is_last: bool
    seen: NDArray[np.int64]
    inside: NDArray[np.bool_]

    @property
    def places(self) -> int:
        return prod(self.out)

    @property
    def window(self) -> int:
        """Numbers that one place sees, and those that it would see where its window juts out."""
        return int(self.seen.shape[1])


def local_windows(
    axes: Sequence[Window], padding: str, channels: int, *, is_last: bool, most: int
) -> LocalWindows | None:
    """None where a window finds no place, or all together see more than ``most`` numbers.

    With ``same`` a window is centred on its place, an even one further to the front
    (``conv_utils.conv_connected_inputs``), which is not how TensorFlow's convolutions pad.
    """
    fits = [fit(axis, padding) for axis in axes]
    out = tuple(fitted.out for fitted in fits if fitted is not None)
    pixels = prod(axis.kernel for axis in axes)
    is_wide = any(axis.kernel > _WIDEST * axis.size for axis in axes)
    if len(out) < len(axes) or is_wide or prod(out) * pixels * channels > most:
        return None
    seen, inside = _seen(axes, out, padding)
    sizes = tuple(axis.size for axis in axes)
    number = np.arange(channels)
    if is_last:
        seen = seen[:, :, None] * channels + number
        inside = np.broadcast_to(inside[:, :, None], seen.shape)
    else:
        seen = seen[:, None, :] + number[:, None] * prod(sizes)
        inside = np.broadcast_to(inside[:, None, :], seen.shape)
    flat = (prod(out), pixels * channels)
    inside = inside.reshape(flat)
    return LocalWindows(
        sizes, out, channels, is_last, np.where(inside, seen.reshape(flat), 0), inside
    )


def _seen(
    axes: Sequence[Window], out: Sequence[int], padding: str
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Of each place (places, pixels) the pixels under its window, and whether these are any."""
    ranks = 2 * len(axes)
    seen, inside = np.zeros((1,) * ranks, np.int64), np.ones((1,) * ranks, bool)
    for number, (axis, places) in enumerate(zip(axes, out, strict=True)):
        start = np.arange(places) * axis.stride - (axis.kernel // 2 if padding == "same" else 0)
        along = start[:, None] + np.arange(axis.kernel)
        shape = [1] * ranks
        shape[number], shape[len(axes) + number] = along.shape
        seen = seen * axis.size + along.reshape(shape)
        inside = inside & ((along >= 0) & (along < axis.size)).reshape(shape)
    flat = (prod(out), prod(axis.kernel for axis in axes))
    return seen.reshape(flat), inside.reshape(flat)


def kernel_shape(windows: LocalWindows, filters: int, implementation: int) -> tuple[int, ...]:
    """How Keras stores the kernel: for each place, as the matrix of a dense layer, or sparse."""
    if implementation == _SPARSE:
        return (int(windows.inside.sum()) * filters,)
    if implementation != _MATRIX:
        return (windows.places, windows.window, filters)
    if windows.is_last:
        return (*windows.sizes, windows.channels, *windows.out, filters)
    return (windows.channels, *windows.sizes, filters, *windows.out)


def dense_kernels(
    stored: Floats, windows: LocalWindows, filters: int, implementation: int
) -> Floats:
    """The kernel of each place (places, filters, window), 0 where a window juts out."""
    places, window = windows.seen.shape
    if implementation == _SPARSE:
        # One number for each pair of an output and an input that it sees, in that order.
        shape = (places, filters, window) if windows.is_last else (filters, places, window)
        inside = windows.inside[:, None] if windows.is_last else windows.inside
        dense = np.zeros(shape, np.float32)
        dense[np.broadcast_to(inside, shape)] = stored
        return dense if windows.is_last else dense.transpose(1, 0, 2)
    if implementation != _MATRIX:
        return stored.transpose(0, 2, 1)
    inputs, place = windows.channels * prod(windows.sizes), np.arange(places)[:, None]
    if windows.is_last:
        dense = stored.reshape(inputs, places, filters)[windows.seen, place]
    else:
        dense = stored.reshape(inputs, filters, places)[windows.seen, :, place]
    return (dense * windows.inside[:, :, None]).transpose(0, 2, 1)
