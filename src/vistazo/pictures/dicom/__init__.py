"""Pictures of DICOM files, decoded by pydicom and its plugins, which are loaded with the first."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

from vistazo.errors import UnsupportedFormatError
from vistazo.pictures.container import Stripped

if TYPE_CHECKING:
    from vistazo.pictures.dicom.raster import DicomRaster

_LIBRARY = "pydicom"


def load_libraries() -> bool:
    """Load what reads DICOM, unless it is loaded: whether it was not.

    Raises UnsupportedFormatError where it is not installed.
    """
    if "vistazo.pictures.dicom.raster" in sys.modules:
        return False
    try:
        importlib.import_module(_LIBRARY)
    except ImportError:
        raise UnsupportedFormatError(
            "This is a DICOM file, and what reads those is not installed here: "
            "pip install 'vistazo[dicom]'."
        ) from None
    importlib.import_module("vistazo.pictures.dicom.raster")
    return True


def open_dicom(stripped: Stripped) -> DicomRaster:
    """Read the header. Raises CorruptImageError and UnsupportedFormatError."""
    load_libraries()
    from vistazo.pictures.dicom.raster import open_raster as opened

    return opened(stripped)
