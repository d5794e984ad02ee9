"""A DICOM file whose header has been read, and whose pixels have not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pydicom

from vistazo.pictures.container import Stripped
from vistazo.pictures.dicom.facts import radiograph_of
from vistazo.pictures.picture import Picture
from vistazo.pictures.radiograph import Radiograph
from vistazo.pictures.stored import damage_is_an_input_error


@dataclass(frozen=True)
class DicomRaster:
    """As ``raster.RasterImage``, and what the header says."""

    size: tuple[int, int]
    channels: int
    radiograph: Radiograph
    _dataset: pydicom.FileDataset
    is_on_its_side: bool = False

    def picture(self, at_least: tuple[int, int] | None, most_bytes: float) -> Picture:  # noqa: ARG002
        with damage_is_an_input_error():
            values = self._dataset.pixel_array.astype(np.float32)
            low, high = values.min(), values.max()
            return Picture((values - low) * np.float32(255 / max(high - low, 1)))


def opened(stripped: Stripped) -> DicomRaster:
    with damage_is_an_input_error():
        dataset = pydicom.dcmread(stripped.stream(), force=True)
        size = (int(dataset.Columns), int(dataset.Rows))
        return DicomRaster(size, int(dataset.SamplesPerPixel), radiograph_of(dataset), dataset)
