"""The pictures that are sent: JPEG in colour, 1500 x 1100, about 130 kB, made by code."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

SIZE = (1500, 1100)
_ROUGH, _DARK, _LIGHT, _QUALITY = (130, 160), 100, 156, 76


def film(seed: int = 0) -> bytes:
    """The same for the same seed. Grey in three channels, as most programs save one."""
    rough = np.random.default_rng(seed).integers(_DARK, _LIGHT, _ROUGH, dtype=np.uint8)
    if seed:  # another picture, so that its answer is another: light above, dark below
        rough = (rough * np.linspace(1.5, 0.2, len(rough))[:, np.newaxis]).astype(np.uint8)
    image = Image.fromarray(rough).resize(SIZE, Image.Resampling.BICUBIC).convert("RGB")
    written = io.BytesIO()
    image.save(written, "JPEG", quality=_QUALITY)
    return written.getvalue()
