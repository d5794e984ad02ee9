"""DICOM files that are no X-ray, or no picture: what is refused in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate

from dicom_files.pictures import frames_of, shades
from dicom_files.syntaxes import DEFLATED, IMPLICIT, MPEG4
from dicom_files.writing import dicom_file, study, written

_STORAGE = "1.2.840.10008.5.1.4.1.1"


def _picture(modality: str, sop_class: str, **given: Any) -> bytes:
    return dicom_file(
        shades(bits=12),
        bits_stored=12,
        Modality=modality,
        SOPClassUID=f"{_STORAGE}.{sop_class}",
        ViewPosition=None,
        **given,
    )


def _without_pixels(modality: str, sop_class: str) -> Dataset:
    found = study()
    found.Modality, found.SOPClassUID = modality, f"{_STORAGE}.{sop_class}"
    return found


def structured_report() -> bytes:
    found = _without_pixels("SR", "88.22")
    item = Dataset()
    item.RelationshipType, item.ValueType, item.TextValue = "CONTAINS", "TEXT", "No finding."
    found.ValueType, found.ContinuityOfContent = "CONTAINER", "SEPARATE"
    found.CompletionFlag, found.VerificationFlag = "COMPLETE", "UNVERIFIED"
    found.ContentSequence = [item]
    return written(found)


def encapsulated_pdf() -> bytes:
    found = _without_pixels("DOC", "104.1")
    found.MIMETypeOfEncapsulatedDocument = "application/pdf"
    found.EncapsulatedDocument = b"%PDF-1.4\n%%EOF\n "
    return written(found)


def directory() -> bytes:
    """A DICOMDIR: an index of files, no picture."""
    found = Dataset()
    found.SOPClassUID = "1.2.840.10008.1.3.10"
    found.FileSetID = "DISC"
    found.DirectoryRecordSequence = []
    found.FileSetConsistencyFlag = 0
    return written(found)


def presentation_state() -> bytes:
    found = _without_pixels("PR", "11.1")
    found.PresentationLUTShape = "IDENTITY"
    return written(found, IMPLICIT)


def video() -> bytes:
    """MPEG-4: pixels that no picture decoder reads."""
    found = _without_pixels("ES", "77.1.1.1")
    found.Rows, found.Columns, found.SamplesPerPixel, found.NumberOfFrames = 48, 64, 3, 30
    found.PhotometricInterpretation, found.PlanarConfiguration = "YBR_PARTIAL_420", 0
    found.BitsAllocated, found.BitsStored, found.HighBit, found.PixelRepresentation = 8, 8, 7, 0
    found.PixelData = encapsulate([b"\0\0\0\x18ftypisom" + bytes(300)])
    found["PixelData"].VR, found["PixelData"].is_undefined_length = "OB", True
    return written(found, MPEG4)


def float_pixels() -> bytes:
    """A parametric map: its pixels are real numbers."""
    found = _without_pixels("MR", "30")
    found.Rows, found.Columns, found.SamplesPerPixel, found.BitsAllocated = 48, 64, 1, 32
    found.PhotometricInterpretation = "MONOCHROME2"
    found.FloatPixelData = np.zeros((48, 64), "<f4").tobytes()
    return written(found)


OTHERS: dict[str, Callable[[], bytes]] = {
    "ct": lambda: _picture("CT", "2", RescaleIntercept=-1024, RescaleSlope=1),
    "mr": lambda: _picture("MR", "4"),
    "ultrasound": lambda: _picture("US", "6.1"),
    "pet": lambda: _picture("PT", "128"),
    "mammography": lambda: _picture("MG", "1.2"),
    "nuclear medicine": lambda: _picture("NM", "20"),
    "ultrasound of many frames": lambda: dicom_file(
        frames_of(shades(), 5), Modality="US", SOPClassUID=f"{_STORAGE}.3.1"
    ),
    "structured report": structured_report,
    "structured report, deflated": lambda: written(_without_pixels("SR", "88.33"), DEFLATED),
    "encapsulated pdf": encapsulated_pdf,
    "dicomdir": directory,
    "presentation state": presentation_state,
    "rt plan": lambda: written(_without_pixels("RTPLAN", "481.5")),
    "waveform": lambda: written(_without_pixels("ECG", "9.1.1")),
    "video": video,
    "float pixels": float_pixels,
    "no pixels": lambda: written(_without_pixels("CR", "1")),
}
