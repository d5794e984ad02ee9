"""What a structured report and a secondary capture have in common: everything but their content.

highdicom's own classes for them parse 22 MB of JSON to learn which attributes belong to which
module, 112 MB of memory; here they are written down.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from io import BytesIO

import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from vistazo.reports import concepts
from vistazo.reports.inherited import Inherited, Source
from vistazo.reports.said import Statement
from vistazo.reports.shortening import cut
from vistazo.reports.uids import Kind, of_frame, report_uid, series_uid

_MAKER = "Vistazo"
# Ours alone, as the UIDs are.
_IMPLEMENTATION_UID = "2.25.147722107093049262951364312379155824432"
_SERIES_NUMBERS: dict[Kind, int] = {"report": 9101, "heatmap": 9102}
_NOTICE_LETTERS = 64


@dataclass(frozen=True)
class Kinds:
    """``modality`` as the series of this kind has it."""

    kind: Kind
    sop_class: str
    modality: str
    what: str


@dataclass(frozen=True)
class Encoded:
    uid: str
    data: bytes


def instance(of: Kinds, inherited: Inherited, said: Statement) -> Dataset:
    """Modules Patient, Study, Series, Equipment and SOP Common, and the file meta information."""
    source = inherited.source
    dataset = Dataset()
    dataset.update(inherited.elements)
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = of.sop_class
    dataset.SOPInstanceUID = _uid(of.kind, source, said)
    _series(dataset, of, source.study_uid, said)
    _equipment(dataset, said)
    made = _moment(said.made_at, source.offset)
    dataset.InstanceNumber = source.number
    dataset.ContentDate = dataset.InstanceCreationDate = made.strftime("%Y%m%d")
    dataset.ContentTime = dataset.InstanceCreationTime = made.strftime("%H%M%S")
    dataset.CodingSchemeIdentificationSequence = [_own_scheme()]
    dataset.file_meta = _meta(dataset)
    return dataset


def _uid(kind: Kind, source: Source, said: Statement) -> str:
    other = "" if kind == "report" or said.is_usual else said.explained
    picture = of_frame(source.instance_uid, said.frame, said.frames)
    return report_uid(picture, said.model, kind, other)


def encoded(dataset: Dataset) -> Encoded:
    """A Part 10 file, Explicit VR Little Endian."""
    buffer = BytesIO()
    pydicom.dcmwrite(buffer, dataset, enforce_file_format=True)
    return Encoded(str(dataset.SOPInstanceUID), buffer.getvalue())


def _series(dataset: Dataset, of: Kinds, study_uid: str, said: Statement) -> None:
    dataset.Modality = of.modality
    dataset.SeriesInstanceUID = series_uid(study_uid, said.model, of.kind)
    dataset.SeriesNumber = _SERIES_NUMBERS[of.kind]
    described = f"{of.what}, not verified: {said.model.name} {said.model.version}"
    dataset.SeriesDescription = cut(described, _NOTICE_LETTERS)


def _equipment(dataset: Dataset, said: Statement) -> None:
    dataset.Manufacturer = _MAKER
    dataset.ManufacturerModelName = cut(said.model.name, _NOTICE_LETTERS)
    dataset.DeviceSerialNumber = said.model.sha256
    dataset.SoftwareVersions = [
        cut(said.software, 64),
        cut(said.model.version, 64),
    ]


def _moment(made_at: str, offset: str) -> datetime:
    """In the time that the picture's header states its times in, or else this machine's.

    All times of a data set are in one (PS3.3 section C.12.1.1.8): those of the study are copied.
    """
    made = datetime.fromisoformat(made_at)
    if (found := re.fullmatch(r"([+-])([0-9]{2})([0-9]{2})", offset)) is None:
        return made
    ahead = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return made.astimezone(timezone(-ahead if found[1] == "-" else ahead))


def _own_scheme() -> Dataset:
    item = Dataset()
    item.CodingSchemeDesignator = concepts.SCHEME
    item.CodingSchemeName = "Labels of models, as their cards name them"
    item.CodingSchemeResponsibleOrganization = _MAKER
    return item


def _meta(dataset: Dataset) -> FileMetaDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(dataset.SOPClassUID)
    meta.MediaStorageSOPInstanceUID = UID(dataset.SOPInstanceUID)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(_IMPLEMENTATION_UID)
    meta.ImplementationVersionName = "VISTAZO"
    return meta
