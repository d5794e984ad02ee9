"""What a report has from the header of its picture: whose it is, and of which study.

An archive puts a report beside its picture by these, so they are copied as they are where that can
be written at all. Of the rest, what does not keep to its value representation (DICOM PS3.5 section
6.2) is left out: a report is to be valid however the picture's header was written.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO

import pydicom
from pydicom.dataset import Dataset

from vistazo.errors import BrokenRule, RejectedUploadError
from vistazo.reports.shortening import within

# Leading zeros too, which no UID may have and some devices write: archives know pictures by them.
_UID = re.compile(r"(?=.*[1-9])[0-9]+(\.[0-9]+)*")
_DATE = re.compile(r"[0-9]{4}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])")
_TIME = re.compile(r"([01][0-9]|2[0-3])([0-5][0-9]([0-5][0-9](\.[0-9]{1,6})?)?)?")
_AGE = re.compile(r"[0-9]{3}[DWMY]")
_DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_OFFSET = re.compile(r"(\+(0[0-9]|1[0-4])|-(0[0-9]|1[0-2]))[0-5][0-9]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_MOST_LETTERS = 1_000  # of a name, however many a standard allows

_OF_SEVERAL_FRAMES = {
    f"1.2.840.10008.5.1.4.1.1.{each}"
    for each in (
        "3.1", "6.1", "7.1", "7.2", "7.3", "7.4", "12.1", "12.1.1", "12.2", "12.2.1", "13.1.1",
        "13.1.2", "13.1.3", "77.1.1.1", "77.1.2.1", "77.1.4.1",
    )
}  # fmt: skip


@dataclass(frozen=True)
class Source:
    """The picture that a report is about."""

    study_uid: str
    series_uid: str
    instance_uid: str
    class_uid: str
    modality: str
    number: int
    offset: str  # of its times from UTC, as +0100; "" where it does not say
    burned_in: str  # YES, NO or ""
    laterality: str  # R, L or ""
    is_lossy: bool

    def frames(self, frame: int, frames: int) -> list[int] | None:
        """As a reference names the ``frame`` of so many; of a class of single frames it may not,
        however many there are (PS3.3 section 10.3).
        """
        return [frame] if frames > 1 and self.class_uid in _OF_SEVERAL_FRAMES else None


@dataclass(frozen=True)
class Inherited:
    source: Source
    elements: Dataset


def read_header(stream: bytes) -> Inherited:
    """``stream`` is a Part 10 file without pixels. Raises RejectedUploadError for a header that
    does not say of which study its picture is, and which one it is.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of values: each is looked at here
        header = _parsed(stream)
        return Inherited(_source(header), _elements(header))


def _parsed(stream: bytes) -> Dataset:
    """Raises RejectedUploadError for the one thing in it that is not checked yet."""
    try:
        return pydicom.dcmread(BytesIO(stream), stop_before_pixels=True, force=True)
    except (ValueError, LookupError):
        said = (
            "The header's Specific Character Set (0008,0005) makes no sense: no name can be read."
        )
        raise RejectedUploadError([BrokenRule("specific_character_set", said)]) from None


def _source(header: Dataset) -> Source:
    """Raises RejectedUploadError with a rule for each identifier that is missing."""
    found = {rule: _text(header, keyword) for rule, (keyword, _) in _IDENTIFIERS.items()}
    broken = [
        BrokenRule(rule, _missing(rule))
        for rule, value in found.items()
        if not (_UID.fullmatch(value) and len(value) <= 64)
    ]
    if broken:
        raise RejectedUploadError(broken)
    number, offset = _text(header, "InstanceNumber"), _text(header, "TimezoneOffsetFromUTC")
    return Source(
        found["study_instance_uid"],
        found["series_instance_uid"],
        found["sop_instance_uid"],
        found["sop_class_uid"],
        _text(header, "Modality"),
        int(number) if re.fullmatch("[0-9]{1,9}", number) and int(number) else 1,
        offset if _OFFSET.fullmatch(offset) else "",
        _one_of("YES", "NO")(_text(header, "BurnedInAnnotation")),
        _one_of("R", "L")(_text(header, "ImageLaterality") or _text(header, "Laterality")),
        _text(header, "LossyImageCompression") == "01",
    )


_IDENTIFIERS = {
    "study_instance_uid": ("StudyInstanceUID", "Study Instance UID (0020,000D)"),
    "series_instance_uid": ("SeriesInstanceUID", "Series Instance UID (0020,000E)"),
    "sop_instance_uid": ("SOPInstanceUID", "SOP Instance UID (0008,0018)"),
    "sop_class_uid": ("SOPClassUID", "SOP Class UID (0008,0016)"),
}


def _missing(rule: str) -> str:
    return (
        f"The header has no {_IDENTIFIERS[rule][1]} that could be used, so that nobody would know "
        "which picture a report is about. Send the file as the archive has it."
    )


def _elements(header: Dataset) -> Dataset:
    """Of the modules Patient, General Study and Patient Study (PS3.3 sections C.7.1.1, C.7.2)."""
    kept = Dataset()
    for keyword, is_due, fitting in _wanted():
        value = fitting(_text(header, keyword))
        if value or is_due:
            setattr(kept, keyword, value)
    if kept.get("PatientIdentityRemoved") == "YES" and "DeidentificationMethod" not in kept:
        kept.DeidentificationMethod = "As of the picture that this is about"
    return kept


def _text(header: Dataset, keyword: str) -> str:
    """In Unicode, whatever character set it was written in; "" for what is no text."""
    try:
        value = header.get(keyword)
    except Exception:  # pydicom's: an element that cannot be read is one that says nothing
        return ""
    if value is None or isinstance(value, bytes | Dataset | pydicom.Sequence):
        return ""
    if isinstance(value, pydicom.multival.MultiValue):
        return "\\".join(str(each) for each in value)
    return str(value).strip(" \0")


_Fitting = Callable[[str], str]


def _wanted() -> Iterator[tuple[str, bool, _Fitting]]:
    """By keyword: whether it has to be there, be it empty (type 2), and what of it is of use."""
    yield from (
        ("PatientName", True, _first),
        ("PatientID", True, _as_it_is),
        ("PatientBirthDate", True, _like(_DATE)),
        ("PatientSex", True, _one_of("M", "F", "O")),
        ("StudyInstanceUID", True, _as_it_is),
        ("StudyDate", True, _like(_DATE)),
        ("StudyTime", True, _like(_TIME)),
        ("ReferringPhysicianName", True, _first_name),
        ("StudyID", True, _first),
        ("AccessionNumber", True, _first),
        ("IssuerOfPatientID", False, _of_letters(64)),
        ("PatientBirthTime", False, _like(_TIME)),
        ("PatientIdentityRemoved", False, _one_of("YES", "NO")),
        ("DeidentificationMethod", False, _of_letters(64)),
        ("StudyDescription", False, _of_letters(64)),
        ("PatientAge", False, _like(_AGE)),
        ("PatientSize", False, _measured),
        ("PatientWeight", False, _measured),
        (
            "LongitudinalTemporalInformationModified",
            False,
            _one_of("UNMODIFIED", "MODIFIED", "REMOVED"),
        ),
        ("TimezoneOffsetFromUTC", False, _like(_OFFSET)),
    )


def _as_it_is(value: str) -> str:
    """But for what no text of DICOM may hold; too long is what others know it by all the same."""
    return _CONTROL.sub("", value)[:_MOST_LETTERS]


def _first(value: str) -> str:
    """As it is, of several the first: there may be but one."""
    return _as_it_is(value.partition("\\")[0])


def _first_name(value: str) -> str:
    """There may be but one; so many letters in each of the scripts that it is written in."""
    scripts = _first(value).split("=")[:3]
    return "=".join(within(each, 64) for each in scripts)


def _of_letters(most: int) -> _Fitting:
    return lambda value: "" if _CONTROL.search(value) or "\\" in value else within(value, most)


def _like(pattern: re.Pattern[str], most: int = 64) -> _Fitting:
    return lambda value: value if pattern.fullmatch(value) and len(value) <= most else ""


def _measured(value: str) -> str:
    """A number above 0, which is what some write where they do not know it."""
    is_number = len(value) <= 16 and _DECIMAL.fullmatch(value) is not None
    return value if is_number and float(value) > 0 else ""


def _one_of(*words: str) -> _Fitting:
    return lambda value: value if value in words else ""
