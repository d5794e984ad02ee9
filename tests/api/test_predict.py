import logging

import numpy as np
import pytest
from starlette.testclient import TestClient

from builders import BrightnessEngine, brightness_classifier, encoded, film, flat, png_header_only
from hostile_pictures import begun_png
from vistazo.api.app import create_app
from vistazo.engines.base import Outputs
from vistazo.pictures import ImageLimits
from vistazo.pictures.formats import FORMATS
from vistazo.pictures.reader import DirectReader
from vistazo.service.settings import Settings

WHITE = encoded(flat(230))


def post(client: TestClient, data: bytes, name: str = "film.png", **kwargs: object) -> object:
    return client.post("/predict", files={"file": (name, data)}, **kwargs)


def test_a_picture_gets_its_class_probabilities(client: TestClient) -> None:
    answer = post(client, WHITE).json()
    bright = 230 / 255
    assert answer["filename"] == "film.png"
    assert answer["predictions"] == pytest.approx([1 - bright, bright])
    assert answer["probabilities"] == pytest.approx({"DARK": 1 - bright, "BRIGHT": bright})
    assert answer["predicted_class"] == "BRIGHT"
    assert answer["confidence"] == pytest.approx(bright)
    assert answer["model"] == {"name": "brightness", "version": "1.0.0", "sha256": "0" * 64}
    assert answer["warnings"] == []
    assert answer["request_id"]


def test_a_picture_of_every_format_is_answered_alike(client: TestClient) -> None:
    for each in FORMATS:
        if each.name == "dicom":  # test_dicom_answers.py
            continue
        picture = encoded(flat(230).convert("RGB"), each.name.upper())
        answer = post(client, picture, f"film{each.suffixes[0]}").json()
        assert answer["confidence"] == pytest.approx(230 / 255, abs=0.01)


@pytest.mark.parametrize(
    ("name", "data", "status", "code"),
    [
        ("empty.png", b"", 422, "corrupt_image"),
        ("text.png", b"this is text, renamed", 415, "unsupported_format"),
        ("truncated.jpeg", encoded(film(300, 300), "JPEG")[:2000], 422, "corrupt_image"),
        ("bomb.png", png_header_only(60_000, 60_000), 422, "rejected_upload"),
        ("one.png", encoded(flat(0, 1, 1)), 422, "rejected_upload"),
        ("moving.gif", encoded(flat(0), "GIF"), 415, "unsupported_format"),
        ("report.pdf", b"%PDF-1.7\n%\xe2\xe3", 415, "unsupported_format"),
    ],
    ids=["empty", "text", "truncated", "60000 x 60000", "1 x 1", "GIF", "PDF"],
)
def test_a_bad_picture_gets_one_clear_problem_document(
    client: TestClient, name: str, data: bytes, status: int, code: str
) -> None:
    response = post(client, data, name)
    problem = response.json()
    assert response.status_code == problem["status"] == status
    assert response.headers["content-type"] == "application/problem+json"
    assert problem["code"] == code
    assert problem["type"] == f"urn:vistazo:problem:{code}"
    assert problem["detail"]
    assert problem["title"]
    assert problem["request_id"] == response.headers["x-request-id"]


def test_every_rule_that_a_picture_breaks_is_listed(client: TestClient) -> None:
    broken = post(client, encoded(flat(0, 1, 1))).json()["errors"]
    assert {fault["rule"] for fault in broken} == {"min_side_px"}
    assert len(broken) == 2


def test_a_wrong_field_name_is_told_apart_and_named(client: TestClient) -> None:
    response = client.post("/predict", files={"image": ("film.png", WHITE)})
    assert response.status_code == 422
    assert response.json()["code"] == "missing_file"
    assert "'image'" in response.json()["detail"]


def test_text_in_the_field_of_the_file_is_told_apart(client: TestClient) -> None:
    response = client.post("/predict", data={"file": "film.png"}, files={"x": ("x", b"")})
    assert response.status_code == 422
    assert "holds text" in response.json()["detail"]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"--x\r\n"),
        ("multipart/form-data; boundary=x", b"nonsense"),
        ("multipart/form-data; boundary=x", b""),
        (
            "multipart/form-data; charset=undefined; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--',
        ),
        (
            "multipart/form-data; boundary=x",
            b"--x\r\nContent-Disposition: nonsense\r\n\r\n\r\n--x--",
        ),
    ],
)
def test_what_is_no_form_with_a_file_is_a_request_error(
    client: TestClient, content_type: str, body: bytes
) -> None:
    response = client.post("/predict", content=body, headers={"content-type": content_type})
    assert response.status_code in (400, 422)
    assert response.json()["code"] in ("bad_request", "missing_file")


def test_a_path_in_a_file_name_is_cut_off(client: TestClient) -> None:
    assert post(client, WHITE, "C:\\patients\\perez\\film.png").json()["filename"] == "film.png"


def test_a_batch_has_one_result_or_one_problem_per_file_in_order(client: TestClient) -> None:
    files = [("a.png", WHITE), ("b.png", b"text"), ("c.png", encoded(flat(10))), ("d.png", b"")]
    response = client.post("/predict/batch", files=[("file", file) for file in files])
    assert response.status_code == 200
    results = response.json()["results"]
    assert [result["filename"] for result in results] == ["a.png", "b.png", "c.png", "d.png"]
    assert [result.get("predicted_class") for result in results] == ["BRIGHT", None, "DARK", None]
    assert results[1]["problem"]["code"] == "unsupported_format"
    assert results[3]["problem"]["code"] == "corrupt_image"


class DimIsNoNumber(BrightnessEngine):
    def run(self, images: np.ndarray) -> Outputs:
        scores = super().run(images).scores
        return Outputs(np.where((scores > 0) & (scores < 0.3), np.nan, scores), None)


def test_a_picture_without_a_finite_answer_gets_none_and_its_neighbours_get_theirs() -> None:
    """JSON has no NaN, and 'not PNEUMONIA' would be a lie."""
    app = create_app(
        Settings.model_validate({"threads": 1}),
        load=lambda: brightness_classifier(DimIsNoNumber(), DirectReader(ImageLimits())),
    )
    files = [("file", ("a.png", encoded(flat(20)))), ("file", ("b.png", WHITE))]
    with TestClient(app, raise_server_exceptions=False) as client:
        while client.get("/health/ready").status_code == 503:
            pass
        refused = client.post("/predict", files=files[:1])
        results = client.post("/predict/batch", files=files).json()["results"]
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_input")
    assert "no finite answer" in refused.json()["detail"]
    assert results[0]["problem"]["code"] == "bad_input"
    assert results[1]["predicted_class"] == "BRIGHT"


def test_a_batch_of_large_pictures_that_would_take_too_long_together_is_answered_in_part(
    client: TestClient,
) -> None:
    """Each by itself may be decoded; in another batch so may those that are left out."""
    deep = begun_png(16, 6, n_bytes=100)
    files = [("file", (f"{i}.png", file)) for i, file in enumerate((deep, deep, WHITE, deep))]
    results = client.post("/predict/batch", files=files).json()["results"]
    codes = [result.get("problem", {}).get("code") for result in results]
    assert codes == ["corrupt_image", "rejected_upload", None, "rejected_upload"]
    assert results[1]["problem"]["errors"][0]["rule"] == "max_batch_work"


def test_a_doubtful_answer_carries_the_warning(serving: object) -> None:
    with serving(card={"output": {"uncertain_band": [0.4, 0.6]}}) as client:
        assert post(client, encoded(flat(128))).json()["warnings"] == ["uncertain"]
        assert post(client, WHITE).json()["warnings"] == []


def test_the_caller_may_set_the_request_id_and_gets_it_back(client: TestClient) -> None:
    response = post(client, WHITE, headers={"X-Request-ID": "visit-42"})
    assert response.headers["x-request-id"] == response.json()["request_id"] == "visit-42"


@pytest.mark.parametrize("forged", ["a b", "x" * 65, "line\\nbreak", '{"level":"error"}', "ü"])
def test_a_request_id_that_could_forge_a_log_line_is_replaced(
    client: TestClient, forged: str
) -> None:
    headers = {"X-Request-ID": forged.encode()}
    assert post(client, WHITE, headers=headers).headers["x-request-id"] != forged


def test_no_file_name_and_no_query_reaches_the_log(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        client.post("/predict?patient=perez", files={"file": ("perez.png", WHITE)})
        client.post("/perez", files={"file": ("perez.png", WHITE)})
        client.post("/predict", files={"perez": ("perez.png", b"perez")})
    ours = [record for record in caplog.records if record.name.startswith("vistazo")]
    assert len(ours) >= 3
    assert not any("perez" in str(vars(record)) for record in ours)


def test_a_request_is_logged_with_its_path_status_and_time(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        post(client, WHITE)
    record = next(record for record in caplog.records if record.getMessage() == "request")
    assert (record.method, record.path, record.status) == ("POST", "/predict", 200)
    assert record.ms > 0


def test_an_unknown_path_and_a_wrong_method_are_problem_documents(client: TestClient) -> None:
    for response, status in ((client.get("/nowhere"), 404), (client.get("/predict"), 405)):
        assert response.status_code == status
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["request_id"]


def test_an_unexpected_error_is_a_problem_document_without_its_cause(
    serving: object, caplog: pytest.LogCaptureFixture
) -> None:
    with serving() as client:
        client.app.state.service.classifier._engine.run = None
        response = post(client, WHITE)
    assert response.status_code == 500
    assert response.json()["code"] == "internal"
    assert "NoneType" not in response.text
    assert "NoneType" in caplog.text
