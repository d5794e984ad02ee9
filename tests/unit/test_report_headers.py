"""What a report has from the header of its picture, whoever wrote that."""

import warnings

import pytest
from pydicom.dataset import Dataset

from dicom_files import dicom_file, shades
from report_headers import VARIANTS
from vistazo.errors import InputError, RejectedUploadError
from vistazo.reports.header import header_of
from vistazo.reports.inherited import Inherited, read_header


def inherited(data: bytes) -> Inherited:
    return read_header(header_of(data))


def of_variant(name: str) -> Dataset:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what writes such a file
        data = VARIANTS[name]()
    return inherited(data).elements


@pytest.mark.parametrize(
    ("rule", "keyword"),
    [
        ("study_instance_uid", "StudyInstanceUID"),
        ("series_instance_uid", "SeriesInstanceUID"),
        ("sop_instance_uid", "SOPInstanceUID"),
    ],
)
@pytest.mark.parametrize("uid", [None, "0", "1.2.x", "1..2", "1." * 40])
def test_a_header_that_does_not_say_which_picture_it_is_is_refused_by_name(
    rule: str, keyword: str, uid: str | None
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what writes such a file
        data = dicom_file(shades(40, 40, 8), **{keyword: uid})
    with pytest.raises(RejectedUploadError) as refused:
        inherited(data)
    assert [each.rule for each in refused.value.broken] == [rule]
    assert "Send the file as the archive has it" in str(refused.value)


def test_a_character_set_that_is_none_is_refused_by_name() -> None:
    data = dicom_file(shades(40, 40, 8)).replace(b"ISO_IR 100", b"\0SO_IR 100")
    with pytest.raises(RejectedUploadError) as refused:
        inherited(data)
    assert [each.rule for each in refused.value.broken] == ["specific_character_set"]


def test_all_that_is_missing_is_named_at_once() -> None:
    data = dicom_file(shades(40, 40, 8), minimal=True)
    with pytest.raises(RejectedUploadError) as refused:
        inherited(data)
    assert {"study_instance_uid", "series_instance_uid"} <= {
        each.rule for each in refused.value.broken
    }


@pytest.mark.parametrize(
    ("variant", "name"),
    [
        ("accents in Latin 1", "Núñez^María José"),
        ("accents in UTF-8", "Ibáñez^Iñaki"),
        ("Cyrillic", "Иванов^Иван"),
        ("Japanese", "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        ("Chinese", "Wang^XiaoDong=王^小东"),
        ("one that nobody knows", "Smith^John"),
        ("odd representations", "UNKNOWN^VR"),
        ("line ends in names", "Evil^Name[31m"),
    ],
)
def test_a_name_is_the_same_in_unicode_whatever_it_was_written_in(variant: str, name: str) -> None:
    assert str(of_variant(variant).PatientName) == name


def test_what_an_archive_knows_a_patient_by_is_kept_however_long() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = dicom_file(shades(40, 40, 8), PatientID="7" * 90, AccessionNumber="A" * 30)
    found = inherited(data).elements
    assert (found.PatientID, found.AccessionNumber) == ("7" * 90, "A" * 30)


def test_there_is_one_name_of_each() -> None:
    names = {"ReferringPhysicianName": ["A^B", "C^D"], "PatientName": ["E^F", "G^H"]}
    found = inherited(dicom_file(shades(40, 40, 8), **names)).elements
    assert (str(found.ReferringPhysicianName), str(found.PatientName)) == ("A^B", "E^F")


@pytest.mark.parametrize(
    ("offset", "kept"),
    [("+0100", True), ("-1200", True), ("+1400", True), ("+9999", False), ("-1300", False)],
)
def test_an_offset_is_one_that_there_is(offset: str, kept: bool) -> None:
    found = inherited(dicom_file(shades(40, 40, 8), TimezoneOffsetFromUTC=offset))
    assert ("TimezoneOffsetFromUTC" in found.elements) is kept
    assert found.source.offset == (offset if kept else "")


def test_what_does_not_keep_to_its_representation_is_left_out() -> None:
    found = of_variant("odd values")
    assert [found.PatientBirthDate, found.PatientSex, found.StudyDate, found.StudyTime] == [""] * 4
    assert "PatientAge" not in found
    assert "PatientWeight" not in found
    assert len(found.StudyDescription) == 64


def test_nothing_of_the_header_goes_on_but_what_a_report_needs() -> None:
    data = dicom_file(shades(40, 40, 8), InstitutionName="A Hospital", PatientComments="secret")
    assert b"Hospital" not in header_of(data)
    assert b"secret" not in header_of(data)
    assert len(header_of(data)) < 2_000


def test_a_damaged_file_is_refused() -> None:
    with pytest.raises(InputError):
        inherited(dicom_file(shades(40, 40, 8))[:200])
