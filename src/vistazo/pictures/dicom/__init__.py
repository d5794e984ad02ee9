"""X-rays as hospitals have them: their pixels become grey levels as their header says."""

from __future__ import annotations

from vistazo.pictures.dicom.libraries import load_libraries
from vistazo.pictures.dicom.raster import DicomRaster, open_dicom

__all__ = ["DicomRaster", "load_libraries", "open_dicom"]
