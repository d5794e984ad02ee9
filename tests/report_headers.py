"""DICOM files whose headers say whose picture it is in every way that hospitals have."""

from collections.abc import Callable

import numpy as np

from dicom_files import dicom_file, minimal_file, shades
from dicom_files.syntaxes import BIG_ENDIAN, DEFLATED, IMPLICIT

_IDENTIFIED = {
    "SOPClassUID": "1.2.840.10008.5.1.4.1.1.1",
    "SOPInstanceUID": "1.2.3.4",
    "StudyInstanceUID": "1.2.3.2",
    "SeriesInstanceUID": "1.2.3.3",
}
_NOBODY: dict[str, str | None] = dict.fromkeys(
    ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "ReferringPhysicianName"), ""
)


def picture() -> np.ndarray:
    return shades(64, 48, 12)


def _said(**header: object) -> Callable[[], bytes]:
    return lambda: dicom_file(picture(), bits_stored=12, **header)


def _written(elements: dict[int, tuple[str, object]], **header: object) -> Callable[[], bytes]:
    return lambda: dicom_file(picture(), bits_stored=12, elements=elements, **header)


VARIANTS: dict[str, Callable[[], bytes]] = {
    "as a device writes it": _said(),
    "no more than type 1": lambda: minimal_file(picture(), bits_stored=12, **_IDENTIFIED),
    "type 2 empty": _said(**_NOBODY, StudyDate="", StudyTime="", AccessionNumber="", StudyID=""),
    "accents in Latin 1": _said(PatientName="Núñez^María José", StudyDescription="Tórax"),
    "accents in UTF-8": _said(SpecificCharacterSet="ISO_IR 192", PatientName="Ibáñez^Iñaki"),
    "no character set": _said(SpecificCharacterSet=None, PatientName="Smith^John"),
    "one that nobody knows": _said(SpecificCharacterSet="ISO_IR 999", PatientName="Smith^John"),
    "Cyrillic": _said(SpecificCharacterSet="ISO_IR 144", PatientName="Иванов^Иван"),
    "Japanese": _said(
        SpecificCharacterSet=["", "ISO 2022 IR 87"],
        PatientName="Yamada^Tarou=山田^太郎=やまだ^たろう",
    ),
    "Chinese": _said(SpecificCharacterSet="GB18030", PatientName="Wang^XiaoDong=王^小东"),
    "implicit": _said(transfer_syntax=IMPLICIT),
    "deflated": _said(transfer_syntax=DEFLATED),
    "big endian": _said(transfer_syntax=BIG_ENDIAN),
    "several frames": lambda: dicom_file(np.stack([picture()] * 3), bits_stored=12),
    "several frames of a class of several": lambda: dicom_file(
        np.stack([picture()] * 3),
        bits_stored=12,
        SOPClassUID="1.2.840.10008.5.1.4.1.1.12.2",
        Modality="RF",
    ),
    "anonymized": _said(PatientIdentityRemoved="YES"),
    "anonymized by a method": _said(
        PatientIdentityRemoved="YES", DeidentificationMethod="by hand", PatientName="ANON"
    ),
    "a time zone": _said(TimezoneOffsetFromUTC="-0430"),
    "a time zone that is none": _said(TimezoneOffsetFromUTC="+9999"),
    "lossy": _said(LossyImageCompression="01", BurnedInAnnotation="YES", Laterality="R"),
    "secondary capture": _said(SOPClassUID="1.2.840.10008.5.1.4.1.1.7", Modality="OT"),
    "digital radiography": _said(SOPClassUID="1.2.840.10008.5.1.4.1.1.1.1", Modality="DX"),
    "odd values": _written(
        {
            0x00100030: ("LO", "2.3.2021"),
            0x00100040: ("LO", "female"),
            0x00101010: ("LO", "four"),
            0x00101030: ("LO", "0"),
            0x00080020: ("LO", "2025-03-14"),
            0x00080030: ("LO", "10:15"),
            0x00200013: ("LO", "-3"),
            0x00081030: ("LO", "x" * 200),
        }
    ),
    "odd representations": _written(
        {
            0x00100010: ("UN", b"UNKNOWN^VR"),
            0x00100020: ("UL", 12345),
            0x00100030: ("US", 7),
            0x00080050: ("FD", 1.5),
            0x00200013: ("US", 4),
            0x00100040: ("UN", b"F "),
        }
    ),
    "line ends in names": _written(
        {0x00100010: ("LT", "Evil\r\n^Name\x1b[31m"), 0x00100020: ("LT", "1\n2")}
    ),
}
