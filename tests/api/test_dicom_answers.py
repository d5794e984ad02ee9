"""Answers as DICOM, where the caller's Accept asks for them."""

import io
import logging
from pathlib import Path
from typing import Any

import pydicom
import pytest
from starlette.requests import Request
from starlette.testclient import TestClient

from builders import encoded, film
from dicom_files import CANARY, dicom_file, shades
from vistazo.api.media import JSON, PNG, prefers_dicom
from vistazo.reports import installed

DICOM = "application/dicom"
AS_DICOM = {"Accept": DICOM}
X_RAY = {"file": ("chest.dcm", dicom_file(shades(64, 48, 8)), DICOM)}
PHOTO = {"file": ("film.png", encoded(film(400, 300)))}


def asked(*accept: str) -> Request:
    headers = [(b"accept", each.encode("latin-1")) for each in accept]
    return Request({"type": "http", "headers": headers})


@pytest.mark.parametrize(
    ("accept", "to", "wanted"),
    [
        ([], JSON, False),
        (["*/*"], JSON, False),
        (["application/*"], JSON, False),
        (["application/dicom"], JSON, True),
        (["Application/DICOM ; q=1"], JSON, True),
        (["application/dicom, */*"], JSON, True),
        (["*/*", "application/dicom"], JSON, True),
        (["application/dicom;q=0"], JSON, False),
        (["application/dicom;q=0.5, */*"], JSON, False),
        (["application/dicom;q=0.5, */*;q=0.1"], JSON, True),
        (["application/dicom, application/json"], JSON, False),
        (["application/dicom, application/json;q=0.9"], JSON, True),
        (["application/dicom, application/json;q=0.9, image/png"], PNG, False),
        (["application/dicom, image/*;q=0.8"], PNG, True),
        (["application/dicom+json"], JSON, False),
        (["application/dicom;q=rubbish"], JSON, True),
        ([",;=;q=;,application/dicom"], JSON, True),
        (["x" * 5_000 + ",application/dicom"], JSON, True),
    ],
)
def test_dicom_is_answered_where_it_is_named_and_nothing_usual_as_well(
    accept: list[str], to: str, wanted: bool
) -> None:
    assert prefers_dicom(asked(*accept), to) is wanted


@pytest.mark.parametrize("path", ["/predict", "/explain"])
def test_of_what_is_no_dicom_file_there_is_no_report(client: TestClient, path: str) -> None:
    response = client.post(path, files=PHOTO, headers=AS_DICOM)
    assert response.status_code == 406
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == "dicom_needed"
    assert "Accept: application/json" in response.json()["detail"]


@pytest.mark.parametrize("more", ["explain=true", "show_input=true"])
def test_a_report_holds_no_heatmap_and_the_refusal_says_where_that_is(
    client: TestClient, more: str
) -> None:
    response = client.post(f"/predict?{more}", files=X_RAY, headers=AS_DICOM)
    assert response.status_code == 400
    assert "POST /explain" in response.json()["detail"]


@pytest.mark.parametrize("path", ["/predict", "/explain"])
def test_where_nothing_writes_reports_it_is_said_what_to_install(
    client: TestClient, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installed, "_LIBRARY", "no_such_library")
    response = client.post(path, files=X_RAY, headers=AS_DICOM)
    assert response.status_code == 501
    assert response.json()["code"] == "reports_not_installed"
    assert client.post(path, files=X_RAY).status_code == 200


def read(response: Any) -> pydicom.Dataset:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == DICOM
    found = pydicom.dcmread(io.BytesIO(response.content))
    name = f'attachment; filename="{found.SOPInstanceUID}.dcm"'
    assert response.headers["content-disposition"] == name
    return found


@pytest.mark.longer
def test_a_report_and_a_heatmap_come_as_dicom_and_the_same_picture_has_the_same(
    client: TestClient,
) -> None:
    report, again = (read(client.post("/predict", files=X_RAY, headers=AS_DICOM)) for _ in "12")
    assert (report.Modality, report.SOPInstanceUID) == ("SR", again.SOPInstanceUID)
    heatmap = read(client.post("/explain", files=X_RAY, headers=AS_DICOM))
    assert (heatmap.Modality, heatmap.Rows, heatmap.Columns) == ("OT", 48, 64)
    other = read(client.post("/explain?label=DARK", files=X_RAY, headers=AS_DICOM))
    usual = read(client.post("/explain?label=BRIGHT", files=X_RAY, headers=AS_DICOM))
    assert len({heatmap.SOPInstanceUID, other.SOPInstanceUID, usual.SOPInstanceUID}) == 2
    drawn = {
        "file": ("heatmap.dcm", client.post("/explain", files=X_RAY, headers=AS_DICOM).content)
    }
    assert client.post("/predict", files=drawn).json()["errors"][0]["rule"] == "sop_class"
    raw = {"Content-Type": DICOM, **AS_DICOM}
    assert read(client.post("/predict", content=X_RAY["file"][1], headers=raw)).Modality == "SR"


@pytest.mark.longer
def test_a_picture_of_no_study_is_refused_by_the_names_of_its_rules(client: TestClient) -> None:
    nobody = dicom_file(shades(64, 48, 8), StudyInstanceUID=None, SeriesInstanceUID=None)
    sent = {"file": ("a.dcm", nobody)}
    response = client.post("/predict", files=sent, headers=AS_DICOM)
    assert response.status_code == 422
    rules = [each["rule"] for each in response.json()["errors"]]
    assert rules == ["study_instance_uid", "series_instance_uid"]
    assert client.post("/predict", files=sent).status_code == 200


@pytest.mark.longer
def test_records_keep_the_picture_and_nobody_s_name(
    serving: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = {"records_dir": tmp_path, "keep_pictures": True, "log_level": "debug"}
    with caplog.at_level(logging.DEBUG), serving(**settings) as client:
        for path in ("/predict", "/explain"):
            assert read(client.post(path, files=X_RAY, headers=AS_DICOM)).PatientID == CANARY
        told = [caplog.text.encode(), client.get("/metrics").content]
    kept = [path for path in (tmp_path / "pictures").rglob("*") if path.is_file()]
    assert len(kept) == 1
    assert kept[0].read_bytes().startswith(b"\x89PNG")
    told += [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not [each for each in told if CANARY.encode() in each]
