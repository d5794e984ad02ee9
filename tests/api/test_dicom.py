"""DICOM files over HTTP: what their header is held against, what is answered of it, and kept."""

from __future__ import annotations

import base64
import io
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from builders import encoded, flat
from served_samples import text_classifier
from vistazo.api.app import create_app
from vistazo.pictures import EncodedImage, ImageLimits
from vistazo.pictures.reader import DirectReader
from vistazo.service.settings import Settings

pytest.importorskip("pydicom")
from dicom_files import CANARY, dicom_file, shades

Serve = Callable[..., AbstractContextManager[TestClient]]
ACCEPTS = {
    "modalities": ["CR", "DX"],
    "views": ["AP", "PA"],
    "age_years": [1, 5],
    "refuse": ["modalities", "views"],
}
OF_CHILDREN = {"card": {"input": {"accepts": ACCEPTS}}}
UID = "1.2.826.0.1.3680043.8.498.77"
ANY_UID = "1.2.826.0.1.3680043"  # as all in these files begin


def radiograph(**header: Any) -> bytes:
    return dicom_file(shades(64, 48, 12), bits_stored=12, **header)


def sent(client: TestClient, data: bytes, path: str = "/predict") -> Any:
    return client.post(path, files={"file": ("picture.dcm", data)})


@pytest.fixture
def children(serving: Serve) -> Iterator[TestClient]:
    with serving(**OF_CHILDREN) as client:
        yield client


def test_an_answer_tells_what_the_header_says_in_codes_and_nothing_else(
    children: TestClient,
) -> None:
    done = sent(children, radiograph(ImageLaterality="U", BurnedInAnnotation="NO"))
    assert done.status_code == 200
    answer = done.json()
    assert answer["warnings"] == []
    told = answer["dicom"]
    told.pop("window", None)  # how that is said is for another test
    assert told == {
        "modality": "CR",
        "view": "PA",
        "laterality": "U",
        "body_part": "CHEST",
        "age_years": 4.0,
        "frame": 1,
        "frames": 1,
        "burned_in_annotation": False,
    }
    assert CANARY not in done.text
    assert ANY_UID not in done.text


def test_a_picture_of_another_format_has_no_header(children: TestClient) -> None:
    assert "dicom" not in sent(children, encoded(flat(99))).json()


def test_the_uid_of_a_picture_is_told_to_who_asks_for_it(children: TestClient) -> None:
    data = radiograph(SOPInstanceUID=UID)
    one = sent(children, data, "/predict?sop_instance_uid=true").json()
    several = sent(children, data, "/predict/batch?sop_instance_uid=true").json()["results"]
    explained = sent(children, data, "/predict?explain=true&sop_instance_uid=true").json()
    found = [each["dicom"]["sop_instance_uid"] for each in (one, *several, explained)]
    assert found == [UID] * 3
    assert UID not in sent(children, data, "/predict/batch").text


@pytest.mark.parametrize(
    ("header", "rules", "said"),
    [
        ({"Modality": "CT"}, ["modality"], "CT (computed tomography); the model was made for CR "),
        ({"Modality": "MG"}, ["modality"], "MG (mammography)"),
        ({"Modality": "US"}, ["modality"], "US (ultrasound)"),
        ({"ViewPosition": "LL"}, ["view"], "LL (left lateral); the model was made for AP and PA."),
        ({"Modality": "MR", "ViewPosition": "LATERAL"}, ["modality", "view"], "LATERAL"),
    ],
)
def test_what_the_card_refuses_is_refused_in_words_by_its_rules(
    children: TestClient, header: dict[str, str], rules: list[str], said: str
) -> None:
    done = sent(children, radiograph(**header))
    problem = done.json()
    assert (done.status_code, problem["code"]) == (422, "rejected_upload")
    assert [error["rule"] for error in problem["errors"]] == rules
    assert said in problem["detail"]
    assert CANARY not in done.text


def test_in_a_batch_the_one_that_is_refused_has_its_place(children: TestClient) -> None:
    files = [
        ("file", ("picture.dcm", data))
        for data in (radiograph(), radiograph(Modality="CT"), radiograph(ViewPosition="AP"))
    ]
    results = children.post("/predict/batch", files=files).json()["results"]
    assert ["problem" in each for each in results] == [False, True, False]
    assert results[1]["problem"]["errors"][0]["rule"] == "modality"


@pytest.mark.parametrize(
    ("header", "warnings"),
    [
        ({"PatientAge": "034Y"}, ["other_age"]),
        ({"PatientAge": "006M"}, ["other_age"]),
        ({"PatientAge": None, "PatientBirthDate": "19500101"}, ["other_age"]),
        ({"PatientAge": None, "PatientBirthDate": None}, []),
        ({"Modality": "OT", "ViewPosition": None}, []),
        ({"Modality": "", "ViewPosition": "SOMEHOW"}, []),
        ({"BurnedInAnnotation": "YES"}, ["burned_in_annotation"]),
    ],
)
def test_what_the_card_does_not_refuse_is_a_warning_and_what_is_not_said_is_none(
    children: TestClient, header: dict[str, str | None], warnings: list[str]
) -> None:
    done = sent(children, radiograph(**header))
    assert done.json()["warnings"] == warnings


def test_a_card_that_says_nothing_of_headers_takes_any(client: TestClient) -> None:
    answer = sent(client, radiograph(Modality="CT", ViewPosition="LL", PatientAge="090Y")).json()
    assert (answer["warnings"], answer["dicom"]["modality"]) == ([], "CT")


def test_a_card_may_warn_of_all_and_refuse_nothing(serving: Serve) -> None:
    with serving(card={"input": {"accepts": {**ACCEPTS, "refuse": []}}}) as client:
        answer = sent(client, radiograph(Modality="CT", ViewPosition="RL", PatientAge="050Y"))
    assert answer.json()["warnings"] == ["other_modality", "other_view", "other_age"]


def test_what_is_refused_by_its_header_is_not_decoded(
    children: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[object] = []
    monkeypatch.setattr(EncodedImage, "decode", lambda *given, **_: decoded.append(given))
    assert sent(children, radiograph(Modality="CT")).status_code == 422
    assert decoded == []


def of_three_frames() -> bytes:
    return dicom_file(np.stack([np.full((48, 64), level, np.uint8) for level in (0, 128, 255)]))


def test_a_caller_chooses_a_frame(client: TestClient) -> None:
    data = of_three_frames()
    given = [sent(client, data, f"/predict?frame={frame}").json() for frame in (1, 2, 3)]
    assert [each["dicom"]["frame"] for each in given] == [1, 2, 3]
    assert len({each["confidence"] for each in given}) > 1
    assert all("one_of_several_frames" in each["warnings"] for each in given)
    for path in ("/explain", "/preview"):
        drawn = {sent(client, data, f"{path}?frame={frame}").content for frame in (1, 2, 3)}
        assert len(drawn) == 3
    whole = sent(client, data, "/predict?frame=3&explain=true&show_input=true").json()
    assert whole["dicom"]["frame"] == 3
    assert (
        whole["input_image"] != sent(client, data, "/predict?show_input=true").json()["input_image"]
    )
    files = [("file", ("a.dcm", data)), ("file", ("b.png", encoded(flat(9))))]
    several = client.post("/predict/batch?frame=2", files=files).json()["results"]
    assert several[0]["dicom"]["frame"] == 2
    assert several[1]["problem"]["errors"][0]["rule"] == "frame"


@pytest.mark.parametrize("path", ["/predict", "/predict/batch", "/explain", "/preview"])
def test_a_frame_that_cannot_be_is_refused_in_words(client: TestClient, path: str) -> None:
    for frame in (0, -1, 2**31, "9" * 400, "two", ""):
        done = sent(client, of_three_frames(), f"{path}?frame={frame}")
        assert done.status_code in {400, 422}, frame
        assert done.json()["code"] == "bad_request"
    for data in (of_three_frames(), encoded(flat(9))):
        done = sent(client, data, f"{path}?frame=1000000000")
        found = done.json()
        problem = found["results"][0]["problem"] if path == "/predict/batch" else found
        assert (problem["code"], problem["errors"][0]["rule"]) == ("rejected_upload", "frame")


def test_texts_have_no_uid(tmp_path: Path) -> None:
    app = create_app(Settings(threads=1), load=text_classifier)
    with TestClient(app) as client:
        while client.get("/health/ready").status_code == 503:
            pass
        for path in ("/predict", "/predict/batch"):
            done = client.post(f"{path}?sop_instance_uid=true", json={"text": "x", "texts": ["x"]})
            assert (done.status_code, done.json()["code"]) == (400, "bad_request")
        for path in ("/predict", "/predict/batch", "/explain"):
            done = client.post(f"{path}?frame=1", json={"text": "x", "texts": ["x"]})
            assert (done.status_code, done.json()["code"]) == (400, "bad_request")
        paths = client.get("/openapi.json").json()["paths"]
        assert "sop_instance_uid" not in json.dumps(paths)
        assert '"frame"' not in json.dumps(paths["/predict"]["post"]["parameters"])


def v2(data: bytes) -> dict[str, Any]:
    named = {"name": "image", "shape": [1], "datatype": "BYTES"}
    return {"inputs": [{**named, "data": [base64.b64encode(data).decode()]}]}


def ask_in_every_way(client: TestClient, data: bytes) -> list[Any]:
    in_json = {"image": base64.b64encode(data).decode()}
    v1 = {"instances": [{"b64": in_json["image"]}]}
    return [
        *(sent(client, data, path) for path in ("/predict", "/predict/batch", "/explain")),
        sent(client, data, "/predict?explain=true&show_input=true"),
        sent(client, data, "/predict/batch?explain=true"),
        sent(client, data, "/preview"),
        client.post("/predict", json=in_json),
        client.post("/predict/batch", json={"images": [in_json]}),
        client.post("/predict", content=data, headers={"Content-Type": "application/dicom"}),
        client.post("/v2/models/brightness/infer", json=v2(data)),
        client.post("/v1/models/brightness:predict", json=v1),
    ]  # fmt: skip


def test_of_a_dicom_file_records_keep_the_picture_as_it_is_shown_and_no_header(
    serving: Serve, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = {"records_dir": tmp_path, "keep_pictures": True, "log_level": "debug"}
    with caplog.at_level(logging.DEBUG), serving(**OF_CHILDREN, **settings) as client:
        done = ask_in_every_way(client, radiograph())
        assert [each.status_code for each in done] == [200] * len(done)
        metrics = client.get("/metrics").text
    kept = [path for path in (tmp_path / "pictures").rglob("*") if path.is_file()]
    assert len(kept) == 1
    with Image.open(kept[0]) as picture:
        assert (picture.format, picture.size, picture.info) == ("PNG", (64, 48), {})
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    told = [*written, metrics.encode(), caplog.text.encode(), *(each.content for each in done)]
    for private in (CANARY, ANY_UID, "20210310", "20250314", "DICM"):
        assert not [each for each in told if private.encode() in each], private


def test_what_records_keep_of_a_large_one_is_made_smaller() -> None:
    from builders import brightness_classifier

    data = dicom_file(shades(2_400, 1_800, 12), bits_stored=12)
    classifier = brightness_classifier(reader=DirectReader(ImageLimits(max_bytes=20_000_000)))
    kept = classifier.without_header(data, classifier.classify(data))
    assert kept is not None
    with Image.open(io.BytesIO(kept)) as picture:
        assert max(picture.size) == 2_048


@pytest.mark.parametrize("data", [b"\x89PNG", encoded(flat(9))])
def test_of_another_file_records_keep_it_as_it_came(data: bytes) -> None:
    from builders import brightness_classifier

    classifier = brightness_classifier()
    prediction = classifier.classify(encoded(flat(9)))
    assert classifier.without_header(data, prediction) == data
