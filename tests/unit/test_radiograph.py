"""What the header of a DICOM file says: codes that are known, and nothing else of what it holds."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from builders import card
from canaries import canary
from vistazo.errors import CardError
from vistazo.models.accepted_headers import AcceptedHeaders
from vistazo.models.card_file import read_card, validate_card
from vistazo.pictures.claims import header_warnings, is_refused
from vistazo.pictures.container.dicom.elements import DataSet, Layout, Value, read_elements
from vistazo.pictures.container.dicom.wanted import NEEDED
from vistazo.pictures.dicom.elements import Elements
from vistazo.pictures.dicom.facts import radiograph_of
from vistazo.pictures.header_rules import broken_by_header, doubt_accepted
from vistazo.pictures.radiograph import Radiograph

DEFAULT_CARD = Path(__file__).parents[2] / "artifacts" / "pneumonia" / "pneumonia.card.yaml"
CHILDREN = AcceptedHeaders(
    modalities=("CR", "DX"), views=("AP", "PA"), age_years=(1, 5), refuse=("modalities", "views")
)


def said(**values: Any) -> Radiograph:
    """As a file has it whose elements were written by another library."""
    pydicom = pytest.importorskip("pydicom")
    from pydicom.filebase import DicomBytesIO
    from pydicom.filewriter import write_dataset

    dataset = pydicom.Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    written = DicomBytesIO()
    written.is_little_endian, written.is_implicit_VR = True, False
    write_dataset(written, dataset)
    layout = Layout("<", is_explicit=True)
    found = read_elements(written.getvalue(), 0, layout, NEEDED)
    return radiograph_of(Elements(found.data_set))


def raw(values: dict[int, bytes]) -> Radiograph:
    """As a file has it whose values are whatever they are."""
    data_set = DataSet({tag: Value("CS", memoryview(value)) for tag, value in values.items()})
    return radiograph_of(Elements(data_set))


def coded(code: str) -> Any:
    pydicom = pytest.importorskip("pydicom")
    item = pydicom.Dataset()
    item.CodeValue, item.CodingSchemeDesignator = code, "SCT"
    return pydicom.Sequence([item])


def test_what_the_header_says_is_told_in_codes() -> None:
    told = said(
        Modality="DX",
        ViewPosition="PA",
        ImageLaterality="U",
        BodyPartExamined="CHEST",
        PatientAge="003Y",
        BurnedInAnnotation="NO",
        SOPInstanceUID="1.2.826.0.1.3",
        SOPClassUID="1.2.840.10008.5.1.4.1.1.1.1",
    )
    assert told == Radiograph(
        "DX", "PA", "U", "CHEST", 3.0, burned_in=False, uid="1.2.826.0.1.3",
        sop_class="1.2.840.10008.5.1.4.1.1.1.1",
    )  # fmt: skip


def test_an_empty_header_says_nothing() -> None:
    assert said() == Radiograph()


@pytest.mark.parametrize(
    ("written", "view"),
    [
        ("AP", "AP"), ("pa ", "PA"), ("LL", "LL"), ("LATERAL", "LATERAL"), ("LAT", "LATERAL"),
        ("LEFT_LATERAL", "LL"), ("RLD", "RLD"), ("LAO", "LAO"), ("", ""), ("SMITH", ""),
        ("AP" * 500, ""),
    ],
)  # fmt: skip
def test_a_view_is_one_that_is_known(written: str, view: str) -> None:
    assert raw({0x0018_5101: written.encode()}).view == view


@pytest.mark.parametrize(
    ("code", "view"),
    [
        ("399348003", "AP"), ("R-10206", "AP"), ("272479007", "PA"), ("R-10214", "PA"),
        ("399173006", "LL"), ("399198007", "RL"), ("399067008", "LATERAL"),
        ("399033003", "FRONTAL"), ("SMITH", ""), ("", ""),
    ],
)  # fmt: skip
def test_where_no_view_is_written_its_code_is_read(code: str, view: str) -> None:
    assert said(ViewPosition="", ViewCodeSequence=coded(code)).view == view


def test_a_view_that_is_written_counts_before_its_code() -> None:
    assert said(ViewPosition="PA", ViewCodeSequence=coded("399348003")).view == "PA"


@pytest.mark.parametrize(
    ("age", "years"),
    [
        ("005Y", 5.0), ("018M", 1.5), ("030D", 0.08), ("010W", 0.19), ("5Y", 5.0), ("000D", 0.0),
        ("Y", None), ("-05Y", None), ("005", None), ("999Y", None), ("\u0661Y", None),
        ("five", None), ("", None),
    ],
)  # fmt: skip
def test_an_age_is_of_days_weeks_months_or_years(age: str, years: float | None) -> None:
    assert raw({0x0010_1010: age.encode()}).age_years == years


def test_an_age_that_nobody_has_leaves_the_day_of_birth_to_say_it() -> None:
    header = {0x0010_1010: b"999Y", 0x0010_0030: b"20150310", 0x0008_0020: b"20200310"}
    assert raw(header).age_years == 5.0


@pytest.mark.parametrize(
    ("born", "taken", "years"),
    [
        ("20150310", "20200309", 4.9), ("20150310", "20200310", 5.0),
        ("20160229", "20200301", 4.0), ("20160229", "20210228", 4.9), ("20160229", "20210301", 5.0),
        ("20200101", "20200401", 0.24), ("2015.03.10", "20200310", 5.0),
        ("20200310", "20150310", None), ("20151340", "20200310", None),
        ("00000101", "20200310", None),
        ("18000101", "20200310", None), ("99981231", "99991231", None), ("", "20200310", None),
        ("20150310", "", None),
    ],
)  # fmt: skip
def test_without_an_age_it_is_from_birth_to_the_day_of_the_picture(
    born: str, taken: str, years: float | None
) -> None:
    dates = {0x0010_0030: born.encode(), 0x0008_0020: taken.encode()}
    assert raw(dates).age_years == years


def test_the_day_of_the_picture_counts_before_that_of_the_study() -> None:
    told = said(PatientBirthDate="20150310", AcquisitionDate="20200310", StudyDate="20100101")
    assert told.age_years == 5.0


@pytest.mark.parametrize(
    "tag",
    [
        0x0008_0016, 0x0008_0018, 0x0008_0060, 0x0010_0030, 0x0010_1010, 0x0008_0020, 0x0018_0015,
        0x0018_5101, 0x0028_0301, 0x0020_0060, 0x0020_0062, 0x0054_0220,
    ],
)  # fmt: skip
def test_no_value_raises_or_is_told_whatever_it_is(tag: int) -> None:
    name = canary("patient").encode()
    for value in (name, b"\xff" * 9, b"", b"\0", b"\\" * 99, name * 9_999, b"\xfe\xff\x00\xe0" * 3):
        assert raw({tag: value}) == Radiograph()


def test_no_text_of_a_header_gets_through() -> None:
    name = canary("patient").encode()
    assert canary("patient") not in str(asdict(raw(dict.fromkeys(NEEDED, name))))


@pytest.mark.parametrize("uid", ["1", "1.02", ".1", "1..2", "1." + "2" * 64, "1.2.x", "1.2 3"])
def test_what_is_no_uid_is_not_told(uid: str) -> None:
    assert raw({0x0008_0018: uid.encode()}).uid == ""


@pytest.mark.parametrize(
    ("header", "rules", "warnings"),
    [
        (None, [], ()),
        (Radiograph(), [], ()),
        (Radiograph("CR", "AP", age_years=3.0), [], ()),
        (Radiograph("OT"), [], ()),
        (Radiograph("CT"), ["modality"], ("other_modality",)),
        (Radiograph("MG", "LL"), ["modality", "view"], ("other_modality", "other_view")),
        (Radiograph("DX", "FRONTAL"), [], ()),
        (Radiograph("DX", "LATERAL"), ["view"], ("other_view",)),
        (Radiograph("DX", "AP", age_years=0.99), [], ("other_age",)),
        (Radiograph("DX", "AP", age_years=1.0), [], ()),
        (Radiograph("DX", "AP", age_years=5.9), [], ()),
        (Radiograph("DX", "AP", age_years=6.0), [], ("other_age",)),
        (Radiograph("DX", burned_in=True, frames=3), [],
         ("burned_in_annotation", "one_of_several_frames")),
    ],
)  # fmt: skip
def test_a_contradiction_is_a_refusal_or_a_warning_as_the_card_says(
    header: Radiograph | None, rules: list[str], warnings: tuple[str, ...]
) -> None:
    broken = broken_by_header(header, CHILDREN)
    assert [rule.rule for rule in broken] == rules
    assert is_refused(header, CHILDREN) == bool(rules)
    assert header_warnings(header, CHILDREN) == warnings


def test_a_refusal_says_what_the_header_says_and_what_the_model_was_made_for() -> None:
    accepts = CHILDREN.model_copy(update={"refuse": ("modalities", "views", "age_years")})
    broken = broken_by_header(Radiograph("CT", "LL", age_years=60.0), accepts)
    assert [rule.detail for rule in broken] == [
        "The header says CT (computed tomography); the model was made for CR and DX.",
        "The header says that the view is LL (left lateral); the model was made for AP and PA.",
        "The header says an age of 60 years; the model was made for 1 to 5 years.",
    ]
    assert broken[2].figures == (60, 1, 5)


def test_a_card_that_says_nothing_of_headers_checks_nothing() -> None:
    header = Radiograph("CT", "LL", age_years=60.0)
    assert not is_refused(header, None)
    assert broken_by_header(header, None) == []
    assert header_warnings(header, None) == ()


def test_a_card_that_takes_lateral_views_takes_left_and_right_ones() -> None:
    accepts = AcceptedHeaders(views=("LATERAL",), refuse=("views",))
    assert not is_refused(Radiograph(view="LL"), accepts)
    assert is_refused(Radiograph(view="PA"), accepts)


def test_an_end_that_is_no_whole_number_of_years_is_meant_as_it_is() -> None:
    accepts = AcceptedHeaders(age_years=(0.5, 1.5))
    warned = [bool(header_warnings(Radiograph(age_years=age), accepts)) for age in (0.4, 1.5, 1.6)]
    assert warned == [True, False, True]


@pytest.mark.parametrize(
    ("accepts", "named"),
    [
        (CHILDREN, None),
        (None, None),
        (AcceptedHeaders(modalities=("XR", "DX"), views=("FRONT", "PA")), "names XR and FRONT,"),
        (AcceptedHeaders(views=("LATERAL", "FRONTAL")), None),
    ],
)
def test_a_code_that_no_header_is_read_as_saying_is_a_doubt_about_the_card(
    accepts: AcceptedHeaders | None, named: str | None
) -> None:
    doubt = doubt_accepted(accepts)
    assert doubt is None if named is None else named in str(doubt)


@pytest.mark.parametrize(
    ("accepts", "place"),
    [
        ({"modalities": ["cr"]}, "modalities.0: should be a code of DICOM, such as CR or PA"),
        ({"modalities": "CR"}, "modalities: should be a list"),
        ({"age_years": [5, 1]}, "begins above its end"),
        ({"age_years": [-1, 5]}, "age_years.0: should be at least 0"),
        ({"refuse": ["views"]}, "accepts.refuse names views, of which nothing is said"),
        ({"refuse": ["view"]}, "should be modalities, views or age_years"),
        ({"ages": [1, 5]}, "ages: is not known here"),
    ],
)
def test_a_card_that_says_it_wrongly_is_told_where(accepts: dict[str, Any], place: str) -> None:
    document = card().model_dump(mode="json")
    document["input"]["accepts"] = accepts
    with pytest.raises(CardError) as error:
        validate_card(document, "card.yaml")
    assert "input.accepts" in str(error.value)
    assert place in str(error.value)


def test_the_model_that_comes_with_it_says_what_its_children_s_headers_may_say() -> None:
    accepts = read_card(DEFAULT_CARD).input.accepts
    assert accepts == CHILDREN
    recipe = yaml.safe_load(DEFAULT_CARD.with_name("training.yaml").read_text("utf-8"))
    assert AcceptedHeaders.model_validate(recipe["input"]["accepts"]) == accepts
