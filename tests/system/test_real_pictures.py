from __future__ import annotations

import io
import random
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vistazo.errors import InputError
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


@pytest.mark.longer
@pytest.mark.parametrize("seed", range(300))
def test_a_damaged_real_picture_is_a_picture_or_an_input_error(data: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    files = [path for path in (data / "chest_xray_other_split").rglob("*") if path.is_file()]
    damaged = bytearray(chance.choice(sorted(files)).read_bytes())
    for _ in range(chance.randint(1, 9)):
        start = chance.choice((chance.randrange(len(damaged)), chance.randrange(700)))
        end = start + chance.choice((0, 1, 1, 2, 300))
        damaged[start:end] = chance.randbytes(chance.choice((0, 1, 1, 2, 300)))
    started = time.process_time()
    with suppress(InputError):
        open_image(bytes(damaged), ImageLimits()).decode(_SIZE)
    assert time.process_time() - started < 1
