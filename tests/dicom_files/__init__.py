"""DICOM files, made by code with pydicom and the encoders that the tests' environment has.

    data = dicom_file(shades(64, 48, 12), bits_stored=12, WindowCenter=2048, WindowWidth=4096)
    data = CASES["jpeg lossless, 12 of 16 bits"]()

The patient in them is nobody: ``CANARY`` is in every name and number that no answer may show.
"""

from dicom_files.cases import CASES
from dicom_files.others import OTHERS
from dicom_files.pictures import colours, shades
from dicom_files.syntaxes import SYNTAXES
from dicom_files.writing import CANARY, dicom_file, minimal_file

__all__ = [
    "CANARY",
    "CASES",
    "OTHERS",
    "SYNTAXES",
    "colours",
    "dicom_file",
    "minimal_file",
    "shades",
]
