"""A structured report and a secondary capture, read back as an archive would."""

import io
from dataclasses import replace

import pydicom
import pytest
from PIL import Image
from pydicom.dataset import Dataset

from dicom_files import dicom_file, shades
from later import Later
from vistazo.reports.header import header_of
from vistazo.reports.inherited import Inherited, read_header
from vistazo.reports.said import SaidClasses, SaidModel, SaidNumber, Statement

# highdicom takes half a second.
document = Later("vistazo.reports.document")
capture = Later("vistazo.reports.capture")

CLASSES = SaidClasses(
    "", (("NORMAL", 0.0712345678), ("PNEUMONIA", 0.93)), 2, "PNEUMONIA", "PNEUMONIA", 0.568, ()
)
SAID = Statement(
    model=SaidModel("pneumonia", "0.3.0", "ab" * 32),
    title="Model: Pneumonia in chest X-rays.",
    notice="Research use only.",
    language="en",
    software="vistazo 0.4.0",
    made_at="2026-03-01T23:30:00+00:00",
    frame=1,
    frames=1,
    classes=(CLASSES,),
    numbers=(),
    warnings=("Warning (uncertain): too near.",),
    explained="PNEUMONIA",
    is_usual=True,
)


def source(**header: object) -> Inherited:
    return read_header(header_of(dicom_file(shades(40, 40, 8), **header)))


def reported(said: Statement = SAID, **header: object) -> Dataset:
    return pydicom.dcmread(io.BytesIO(document.document(source(**header), said).data))


def captured(said: Statement = SAID, **header: object) -> Dataset:
    png = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").resize((41, 33)).save(png, "PNG")
    made = capture.capture(source(**header), said, png.getvalue())
    return pydicom.dcmread(io.BytesIO(made.data))


def items(dataset: Dataset) -> list[tuple[str, str]]:
    """What each content item is called, and what it says, all the way down."""
    found = []
    for item in dataset.get("ContentSequence", []):
        name = item.ConceptNameCodeSequence[0].CodeMeaning
        found += [(name, _value(item)), *items(item)]
    return found


def _value(item: Dataset) -> str:
    if item.ValueType == "NUM":
        return str(item.MeasuredValueSequence[0].NumericValue)
    if item.ValueType == "CODE":
        return str(item.ConceptCodeSequence[0].CodeMeaning)
    return str(item.get("TextValue") or item.get("UID") or "")


def test_it_says_what_the_model_said_and_which_model_that_was() -> None:
    found = items(reported())
    assert ("Finding", "PNEUMONIA") in found
    assert ("Probability of NORMAL", "0.071235") in found
    assert ("Probability of PNEUMONIA", "0.93") in found
    assert ("Threshold of the probability", "0.568") in found
    assert ("Class that the threshold speaks of", "PNEUMONIA") in found
    assert ("Algorithm Name", "pneumonia") in found
    assert ("Algorithm Version", "0.3.0") in found
    assert ("Algorithm Parameters", f"SHA-256 of the model file: {'ab' * 32}") in found
    assert ("Device Observer Name", "vistazo 0.4.0") in found
    assert ("Comment", "Research use only.") in found
    assert ("Comment", "Warning (uncertain): too near.") in found


def test_nobody_has_verified_it_and_it_is_not_the_last_word() -> None:
    found = reported()
    assert (found.VerificationFlag, found.PreliminaryFlag) == ("UNVERIFIED", "PRELIMINARY")
    assert found.CompletionFlag == "COMPLETE"
    assert "not verified" in found.SeriesDescription


def test_labels_that_are_left_out_make_it_partial() -> None:
    many = replace(CLASSES, labels_in_all=1000)
    found = reported(replace(SAID, classes=(many,)))
    assert found.CompletionFlag == "PARTIAL"
    assert ("Comment", "The 2 most probable of 1000 labels.") in items(found)


def test_both_lie_in_the_study_of_the_picture_in_series_of_their_own() -> None:
    picture = source().source
    files = [reported(), captured()]
    assert {file.StudyInstanceUID for file in files} == {picture.study_uid}
    assert {file.PatientID for file in files} == {"KANARIENVOGEL"}
    assert {file.SpecificCharacterSet for file in files} == {"ISO_IR 192"}
    assert len({file.SeriesInstanceUID for file in files} | {picture.series_uid}) == 3
    assert len({file.SOPInstanceUID for file in files} | {picture.instance_uid}) == 3


def test_the_same_picture_twice_is_the_same_instance() -> None:
    assert reported().SOPInstanceUID == reported().SOPInstanceUID
    other = replace(SAID, explained="NORMAL", is_usual=False)
    assert captured(other).SOPInstanceUID != captured().SOPInstanceUID
    assert reported(other).SOPInstanceUID == reported().SOPInstanceUID


def test_both_say_which_picture_they_are_of() -> None:
    report, heatmap = reported(), captured()
    uid = source().source.instance_uid
    [study] = report.CurrentRequestedProcedureEvidenceSequence
    [series] = study.ReferencedSeriesSequence
    assert series.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == uid
    assert heatmap.SourceImageSequence[0].ReferencedSOPInstanceUID == uid


def test_a_frame_is_named_where_there_are_several() -> None:
    said, angiography = replace(SAID, frame=2, frames=3), "1.2.840.10008.5.1.4.1.1.12.1"
    found = captured(said, SOPClassUID=angiography)
    assert found.SourceImageSequence[0].ReferencedFrameNumber == 2
    assert "Frame 2 of 3." in found.DerivationDescription


def test_what_is_said_of_two_frames_has_two_names() -> None:
    second, third = (replace(SAID, frame=frame, frames=3) for frame in (2, 3))
    for made in (reported, captured):
        found = {made(said).SOPInstanceUID for said in (SAID, second, third)}
        assert len(found) == 3
    tracked = [
        {value for name, value in items(reported(said)) if name == "Tracking Unique Identifier"}
        for said in (second, third)
    ]
    assert tracked[0]
    assert not tracked[0] & tracked[1]
    angiography = "1.2.840.10008.5.1.4.1.1.12.1"
    assert "Referenced Frame Number" in str(reported(third, SOPClassUID=angiography))


def test_but_not_of_a_class_of_single_frames() -> None:
    said = replace(SAID, frame=2, frames=3)
    assert "ReferencedFrameNumber" not in captured(said).SourceImageSequence[0]
    assert "Frame 2 of 3." in captured(said).DerivationDescription
    assert "ReferencedFrameNumber" not in captured().SourceImageSequence[0]


@pytest.mark.parametrize(
    ("offset", "date", "time"),
    [
        (None, "20260301", "233000"),
        ("+0100", "20260302", "003000"),
        ("-0430", "20260301", "190000"),
        ("+9999", "20260301", "233000"),
    ],
)
def test_times_are_in_the_zone_of_the_picture(offset: str | None, date: str, time: str) -> None:
    found = reported(TimezoneOffsetFromUTC=offset)
    assert (found.ContentDate, found.ContentTime) == (date, time)


def test_the_heatmap_is_the_overlay_to_the_pixel_and_no_annotation_is_claimed() -> None:
    found = captured()
    png = Image.linear_gradient("L").convert("RGB").resize((41, 33))
    assert Image.fromarray(found.pixel_array).tobytes() == png.tobytes()
    assert found.ImageType == ["DERIVED", "SECONDARY"]
    assert found.ImageComments.startswith("Research use only.")
    assert "BurnedInAnnotation" not in found
    assert captured(BurnedInAnnotation="YES").BurnedInAnnotation == "YES"
    assert captured(LossyImageCompression="01").LossyImageCompression == "01"


def test_independent_labels_long_labels_and_numbers_have_codes() -> None:
    long = "Ñandú \\ \r\n" + "very " * 30 + "long"
    independent = SaidClasses("", ((long, 0.7), ("B", 0.1)), 2, None, None, 0.5, (long,))
    number = SaidNumber("age", 4.5, "years of life on Earth")
    found = reported(replace(SAID, classes=(independent,), numbers=(number,)))
    names = dict(items(found))
    assert "Finding" not in names
    assert names["Label whose probability reaches the threshold"].startswith("Ñandú very")
    assert names["age"] == "4.5"
    whole = [said for name, said in items(found) if name == "Comment" and "long" in said]
    assert len(whole) == 1


@pytest.mark.parametrize("unit", ["years", "months old", "mm Hg", "kg/m²", "years of bone age", ""])
def test_a_number_keeps_its_unit_in_words(unit: str) -> None:
    found = reported(replace(SAID, numbers=(SaidNumber("age", 4.5, unit),)))
    codes = [
        item.MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0]
        for item in all_items(found)
        if item.ValueType == "NUM" and item.ConceptNameCodeSequence[0].CodeMeaning == "age"
    ]
    assert [code.CodeMeaning for code in codes] == [unit or "no units"]
    assert codes[0].CodeValue.isascii()
    assert len(codes[0].CodeValue) <= 16


@pytest.mark.parametrize(
    ("modality", "procedure", "meaning"),
    [
        ("CR", "Plain radiography", "Computed Radiography"),
        ("XA", "Angiography", "X-Ray Angiography"),
        ("RF", "Fluoroscopy", "Radiofluoroscopy"),
        ("IO", "Imaging procedure", "Intra-oral Radiography"),
        ("OT", "Imaging procedure", "Other Modality"),
        ("", "Imaging procedure", "Other Modality"),
    ],
)
def test_what_was_done_is_told_by_the_modality(modality: str, procedure: str, meaning: str) -> None:
    found = dict(items(reported(Modality=modality)))
    assert (found["Procedure reported"], found["Modality"]) == (procedure, meaning)


def all_items(dataset: Dataset) -> list[Dataset]:
    found = []
    for item in dataset.get("ContentSequence", []):
        found += [item, *all_items(item)]
    return found


@pytest.mark.parametrize("letter", ["x", "肺", "é"])
def test_what_is_long_is_cut_as_receivers_count(letter: str) -> None:
    label, model = letter * 200, replace(SAID.model, name=letter * 300, version=letter * 50)
    classes = SaidClasses("", ((label, 0.7), ("B", 0.3)), 2, label, label, 0.5, ())
    found = reported(replace(SAID, model=model, classes=(classes,)))
    names = [item.ConceptNameCodeSequence[0].CodeMeaning for item in all_items(found)]
    said = [*names, found.SeriesDescription, found.ManufacturerModelName, *found.SoftwareVersions]
    assert max(len(each.encode()) for each in said) <= 64
    assert any(each.startswith("Probability of " + letter) for each in said)
    assert "not verified" in found.SeriesDescription


def test_what_the_image_leaves_out_of_highdicom_is_not_read() -> None:
    """22 MB of JSON, which would take 112 MB of memory: the Dockerfile removes it."""
    standard = Later("highdicom._standard_utils")
    reported(), captured()
    assert standard.get_module_attribute_map.cache_info().currsize == 0
