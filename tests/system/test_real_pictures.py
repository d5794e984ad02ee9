from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vistazo.pictures import ImageLimits, open_image
from vistazo.pictures.raster import RasterImage

_KINDS = (".jpeg", ".jpg", ".png")
_SIZE = (224, 224)


@pytest.mark.longer
def test_no_real_picture_changes_for_being_looked_through(data: Path) -> None:
    compared = 0
    for path in data.rglob("*"):
        if path.suffix.lower() not in _KINDS:
            continue
        encoded, compared = path.read_bytes(), compared + 1
        image = Image.open(io.BytesIO(encoded))
        expected = RasterImage(image, image.getexif().get(0x0112, 1)).picture(_SIZE)
        found = open_image(encoded, ImageLimits()).decode(_SIZE)
        np.testing.assert_array_equal(found.pixels, expected.pixels, err_msg=path.name)
    assert compared > 1000
