"""The libraries that decode some transfer syntaxes: loaded when the first such file comes."""

from __future__ import annotations

import importlib
import sys

from vistazo.errors import UnsupportedFormatError
from vistazo.pictures.container.dicom import kinds

_GDCM, _OPENJPEG = "gdcm", "openjpeg.utils"
_NEEDED = {
    **dict.fromkeys((*kinds.JPEG_LOSSLESS, *kinds.JPEG_LS, kinds.JPEG_EXTENDED), _GDCM),
    **dict.fromkeys(kinds.OF_JPEG_2000, _OPENJPEG),
}


def load_libraries(transfer_syntax: str) -> bool:
    """Load what decodes it, unless it is loaded: whether it was not.

    Importing GDCM costs 19 MB and 0.05 s, OpenJPEG 5 MB; all the rest is decoded without either.
    Raises UnsupportedFormatError where it is not installed.
    """
    name = _NEEDED.get(transfer_syntax)
    if name is None or name in sys.modules:
        return False
    try:
        importlib.import_module(name)
    except ImportError:
        raise UnsupportedFormatError(
            "This is a compressed DICOM file, and what decodes those is not installed here: "
            "pip install 'vistazo[dicom]'."
        ) from None
    return True
