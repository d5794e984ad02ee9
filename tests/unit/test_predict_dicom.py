"""What the header of a DICOM file says, in the rows of answers and in Python."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from builders import brightness_classifier, encoded, flat
from vistazo.classifier import Classifier
from vistazo.cli.picture_answers import Wanted, predict_pictures
from vistazo.python import DicomHeader
from vistazo.python.answer import answer_to_picture
from vistazo.rows.picture_rows import Columns
from vistazo.service.settings import Settings

pytest.importorskip("pydicom")
from dicom_files import CANARY, dicom_file, shades

SAID = [("CR", "PA", 4.0), ("DX", "AP", 34.0), (None, None, None), (None, None, None)]


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    headers: dict[str, dict[str, Any]] = {
        "1_child.dcm": {},
        "2_grown.dcm": {"PatientAge": "034Y", "Modality": "DX", "ViewPosition": "AP"},
        "4_ct.dcm": {"Modality": "CT"},
    }
    for name, header in headers.items():
        (folder / name).write_bytes(dicom_file(shades(bits=12), bits_stored=12, **header))
    (folder / "3_other.png").write_bytes(encoded(flat(99)))
    return folder


def of_children() -> Classifier:
    accepts = {"modalities": ["CR", "DX"], "age_years": [1, 5], "refuse": ["modalities"]}
    return brightness_classifier(input={"accepts": accepts})


def predict(
    pictures: Path, style: str | None = None, output: Path | None = None, **how: Any
) -> int:
    wanted = Wanted(style, output, None, None)
    classifier = how.pop("classifier", None) or of_children()
    return predict_pictures(classifier, [pictures], Settings.model_validate({"threads": 1}), wanted)


def test_each_style_says_what_the_header_says(
    pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert predict(pictures, "json") == 1
    rows = json.loads(capsys.readouterr().out)
    told = [row.get("dicom", {}) for row in rows]
    assert [
        (each.get("modality"), each.get("view"), each.get("age_years")) for each in told
    ] == SAID
    assert rows[1]["warnings"] == ["other_age"]
    assert rows[3]["error"].startswith("The header says CT (computed tomography)")
    assert predict(pictures, "csv") == 1
    table = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [
        (row["modality"] or None, row["view"] or None, float(row["age_years"] or "nan"))
        for row in table[:2]
    ] == SAID[:2]
    assert {(row["modality"], row["view"], row["age_years"]) for row in table[2:]} == {("", "", "")}
    assert predict(pictures) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("  [CR, PA, 4 years]")
    assert lines[1].endswith("(other_age)  [DX, AP, 34 years]")
    assert "[" not in lines[2]


def test_nothing_of_a_header_is_written_but_that(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for style in (None, "json", "jsonl", "csv"):
        predict(pictures, style)
    for suffix in (".csv", ".jsonl"):
        predict(pictures, output=tmp_path / f"answers{suffix}")
    said = capsys.readouterr()
    written = [path.read_text("utf-8") for path in tmp_path.glob("answers*")]
    assert said.out
    assert len(written) == 2
    for text in (said.out, said.err, *written):
        assert CANARY not in text
        assert "20210310" not in text


def test_parquet_has_what_the_header_says_and_is_gone_on_with(
    pictures: Path, tmp_path: Path
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    output = tmp_path / "answers.parquet"
    predict(pictures, output=output)
    before = parquet.read_table(output).to_pylist()
    assert [(row["modality"], row["view"], row["age_years"]) for row in before] == SAID
    (pictures / "5_new.png").write_bytes(encoded(flat(9)))
    predict(pictures, output=output)
    assert parquet.read_table(output).to_pylist()[:-1] == before


def test_a_model_whose_card_says_nothing_of_headers_has_no_columns_of_them(
    pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = brightness_classifier()
    assert not {"modality", "view", "age_years"} & set(Columns.of(plain).names)
    predict(pictures, "jsonl", classifier=plain)
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row.get("dicom", {}).get("modality") for row in rows] == ["CR", "DX", None, "CT"]


def test_a_label_that_is_called_like_a_column_is_told_from_it() -> None:
    accepts = {"views": ["PA"]}
    named = Columns.of(brightness_classifier(labels=["view", "other"], input={"accepts": accepts}))
    assert "probability of view" in named.names
    assert len(named.names) == len(set(named.names)) == len(named.kinds)


def test_a_program_is_told_what_the_header_says(pictures: Path) -> None:
    classifier = of_children()
    labels = classifier.card.labels
    child = answer_to_picture(classifier.classify((pictures / "1_child.dcm").read_bytes()), labels)
    assert isinstance(child.dicom, DicomHeader)
    assert (child.dicom.view, child.dicom.age_years, child.dicom.frames) == ("PA", 4.0, 1)
    other = answer_to_picture(classifier.classify(encoded(flat(9))), labels)
    assert other.dicom is None
