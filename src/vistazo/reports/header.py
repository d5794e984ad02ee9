"""Of a stranger's file only what a report needs goes on to what parses it."""

from __future__ import annotations

from vistazo.pictures.container.dicom.subset import subset

# Modules Patient, General Study and Patient Study, and what refers to the picture (DICOM PS3.6).
_WANTED = {
    0x00080016: "UI",  # SOP Class UID
    0x00080018: "UI",  # SOP Instance UID
    0x00080020: "DA",  # Study Date
    0x00080030: "TM",  # Study Time
    0x00080050: "SH",  # Accession Number
    0x00080060: "CS",  # Modality
    0x00080090: "PN",  # Referring Physician's Name
    0x00080201: "SH",  # Timezone Offset From UTC
    0x00081030: "LO",  # Study Description
    0x00100010: "PN",  # Patient's Name
    0x00100020: "LO",  # Patient ID
    0x00100021: "LO",  # Issuer of Patient ID
    0x00100030: "DA",  # Patient's Birth Date
    0x00100032: "TM",  # Patient's Birth Time
    0x00100040: "CS",  # Patient's Sex
    0x00101010: "AS",  # Patient's Age
    0x00101020: "DS",  # Patient's Size
    0x00101030: "DS",  # Patient's Weight
    0x00120062: "CS",  # Patient Identity Removed
    0x00120063: "LO",  # De-identification Method
    0x0020000D: "UI",  # Study Instance UID
    0x0020000E: "UI",  # Series Instance UID
    0x00200010: "SH",  # Study ID
    0x00200013: "IS",  # Instance Number
    0x00200060: "CS",  # Laterality
    0x00200062: "CS",  # Image Laterality
    0x00280301: "CS",  # Burned In Annotation
    0x00280303: "CS",  # Longitudinal Temporal Information Modified
    0x00282110: "CS",  # Lossy Image Compression
}


def header_of(data: bytes) -> bytes:
    """A file (PS3.10) of these elements alone.

    Raises CorruptImageError, and RejectedUploadError for more elements than a header has.
    """
    return subset(data, _WANTED)
