"""Run lengths (PS3.5 annex G)."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vistazo.pictures.dicom.damage import refuse

_HEAD = struct.Struct("<16I")  # the number of segments, then where each begins
_MOST_SEGMENTS = 15


def rle_decoded(data: bytes, n_pixels: int, samples: int, sample_bytes: int) -> NDArray[np.uint8]:
    """Bytes (samples, n_pixels, sample_bytes), the least significant first.

    Raises CorruptImageError.
    """
    count = samples * sample_bytes
    if len(data) < _HEAD.size or count > _MOST_SEGMENTS:
        refuse("its run lengths have no header")
    said, *offsets = _HEAD.unpack_from(data)
    starts = offsets[:count]
    if said != count or starts != sorted(starts) or starts[0] < _HEAD.size:
        refuse("its run lengths have not as many segments as its pixels have bytes")
    planes = np.empty((samples, n_pixels, sample_bytes), np.uint8)
    for number, (start, end) in enumerate(zip(starts, [*starts[1:], len(data)], strict=True)):
        sample, significance = divmod(number, sample_bytes)
        run = _unpacked(data[start:end], n_pixels)
        planes[sample, :, sample_bytes - 1 - significance] = np.frombuffer(run, np.uint8)
    return planes


def _unpacked(segment: bytes | memoryview, n_bytes: int) -> bytes:
    """Never more than that, whatever its codes ask for. The same codes as those of a TIFF, which
    Pillow decodes; one row is the whole of it.
    """
    try:
        return Image.frombytes("L", (n_bytes, 1), segment, "packbits", "L").tobytes()
    except ValueError:
        refuse("its run lengths end too early")
