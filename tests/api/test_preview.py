"""A picture as it is read, for what a browser cannot show."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from access_keys import ENTRIES, KEYS, bearer
from builders import encoded, film, flat
from dicom_files import CANARY, dicom_file
from served_samples import row_classifier, text_classifier
from vistazo.api.app import create_app
from vistazo.service.settings import Settings

Serve = Callable[..., Any]


def tiff(pixels: Any) -> bytes:
    return encoded(pixels, "TIFF")


def shown(client: TestClient, data: bytes, query: str = "") -> Image.Image:
    answer = client.post(f"/preview{query}", files={"file": ("a.tif", data)})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    return Image.open(io.BytesIO(answer.content))


def code_of(client: TestClient, data: bytes, query: str = "") -> tuple[int, str]:
    refused = client.post(f"/preview{query}", files={"file": ("a.tif", data)})
    return refused.status_code, refused.json()["code"]


def test_a_tiff_is_shown_as_a_png_grey_level_for_grey_level(client: TestClient) -> None:
    picture = film(400, 300)
    png = shown(client, tiff(picture))
    assert (png.format, png.mode, png.size) == ("PNG", "L", (400, 300))
    assert np.array_equal(np.asarray(png), np.asarray(picture))


def test_what_has_more_than_8_bits_is_rounded_to_them(client: TestClient) -> None:
    levels = np.linspace(0, 65_535, 64 * 64).reshape(64, 64).astype(np.uint16)
    png = shown(client, tiff(Image.fromarray(levels)))
    assert png.mode == "L"
    assert np.array_equal(np.asarray(png), np.rint(levels / 257).astype(np.uint8))


def test_of_a_dicom_file_what_its_window_shows_is_shown_and_nothing_of_its_header(
    client: TestClient,
) -> None:
    pytest.importorskip("gdcm", reason="DICOM IS NOT READ: python-gdcm is not installed")
    values = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64)
    data = dicom_file(values, bits_stored=12, WindowCenter=2048, WindowWidth=1024)
    assert CANARY.encode() in data
    answer = client.post("/preview", files={"file": ("IM1", data)})
    assert CANARY.encode() not in answer.content
    levels = np.asarray(Image.open(io.BytesIO(answer.content))).ravel()
    assert (levels[0], levels[-1]) == (0, 255)
    assert np.flatnonzero(levels)[0] == pytest.approx(2048 - 512, abs=8)
    assert np.flatnonzero(levels == 255)[0] == pytest.approx(2048 + 512, abs=8)


def test_colours_stay_colours(client: TestClient) -> None:
    colours = np.zeros((40, 60, 3), np.uint8)
    colours[:, :30] = (200, 40, 10)
    png = shown(client, tiff(Image.fromarray(colours)))
    assert np.array_equal(np.asarray(png), colours)


def test_it_is_upright(client: TestClient) -> None:
    buffer = io.BytesIO()
    picture = Image.fromarray(np.vstack([np.full((10, 40), 250), np.zeros((30, 40))]).astype("u1"))
    picture.save(buffer, "TIFF", tiffinfo={274: 3})  # upside down
    png = np.asarray(shown(client, buffer.getvalue()))
    assert (png[:25] < 5).all()
    assert (png[-8:] > 245).all()


@pytest.mark.parametrize(
    ("size", "query", "expected"),
    [
        ((2_000, 1_500), "", (1_600, 1_200)),
        ((2_000, 1_500), "?max_side_px=500", (500, 375)),
        ((150, 2_000), "?max_side_px=100", (8, 100)),
        ((60, 40), "?max_side_px=100", (60, 40)),
    ],
)
def test_it_is_made_smaller_and_never_larger(
    client: TestClient, size: tuple[int, int], query: str, expected: tuple[int, int]
) -> None:
    assert shown(client, tiff(film(*size)), query).size == expected


@pytest.mark.parametrize("side", ["15", "1601", "0", "-5", "1e3", "all", "99999999999999999999"])
def test_a_side_that_it_cannot_have_is_refused(client: TestClient, side: str) -> None:
    assert code_of(client, tiff(flat(9)), f"?max_side_px={side}") == (400, "bad_request")


def test_what_the_card_would_refuse_is_shown_all_the_same(client: TestClient) -> None:
    narrow = tiff(film(400, 20))
    assert client.post("/predict", files={"file": ("a", narrow)}).status_code == 422
    assert shown(client, narrow).size == (400, 20)


@pytest.mark.parametrize("data", [b"", b"text", b"GIF89a" + bytes(50), tiff(film(99, 99))[:3_000]])
def test_what_cannot_be_read_has_the_problem_that_its_answer_has(
    client: TestClient, data: bytes
) -> None:
    answer = client.post("/predict", files={"file": ("a", data)})
    assert code_of(client, data) == (answer.status_code, answer.json()["code"])


def test_whichever_way_it_comes_it_is_the_same(client: TestClient) -> None:
    data = tiff(film(90, 70))
    form = client.post("/preview", files={"file": ("a", data)}).content
    for kind in ("image/tiff", "application/octet-stream", "application/dicom"):
        raw = client.post("/preview", content=data, headers={"content-type": kind})
        assert raw.content == form
    in_json = client.post("/preview", json={"image": base64.b64encode(data).decode()})
    assert in_json.content == form


def test_limits_of_bytes_and_pixels_are_those_of_every_picture(serving: Serve) -> None:
    with serving(max_upload_bytes=20_000, max_pixels=5_000) as client:
        assert code_of(client, bytes(20_001)) == (413, "upload_too_large")
        assert code_of(client, bytes(200_000)) == (413, "upload_too_large")
        assert code_of(client, tiff(flat(9, 100, 51))) == (422, "rejected_upload")


def test_nothing_is_scored_and_nothing_counts_as_an_answer(client: TestClient) -> None:
    def told() -> list[str]:
        lines = client.get("/metrics").text.splitlines()
        names = ("vistazo_predictions_total", "vistazo_stage_duration_seconds_count")
        return [line for line in lines if line.startswith(names) and 'stage="queue"' not in line]

    before, drift = told(), client.get("/drift").json()
    shown(client, tiff(film(90, 70)))
    assert told() == before
    assert client.get("/drift").json() == drift


def test_it_wants_the_key_that_pictures_want(serving: Serve) -> None:
    files = {"file": ("a", tiff(flat(9)))}
    with serving(api_keys=ENTRIES) as client:
        assert client.post("/preview", files=files).status_code == 401
        ward = client.post("/preview", files=files, headers=bearer(KEYS["ward"]))
        graphs = client.post("/preview", files=files, headers=bearer(KEYS["graphs"]))
        assert (ward.status_code, graphs.status_code) == (200, 403)


@pytest.fixture(params=[text_classifier, row_classifier], ids=["texts", "rows"])
def sampled(request: pytest.FixtureRequest) -> Iterator[TestClient]:
    app = create_app(Settings(threads=1), load=request.param)
    with TestClient(app, raise_server_exceptions=False) as client:
        while client.get("/health/ready").status_code == 503:
            pass
        yield client


def test_a_model_of_texts_or_rows_shows_none_and_does_not_say_that_it_would(
    sampled: TestClient,
) -> None:
    assert code_of(sampled, tiff(flat(9))) == (415, "wrong_media_type")
    assert "/preview" not in sampled.get("/openapi.json").json()["paths"]


def test_the_description_says_how_large_it_may_be(client: TestClient) -> None:
    operation = client.get("/openapi.json").json()["paths"]["/preview"]["post"]
    side, frame = operation["parameters"]
    assert (frame["name"], frame["required"]) == ("frame", False)
    assert (side["schema"]["minimum"], side["schema"]["maximum"]) == (16, 1_600)
    assert side["schema"]["default"] == 1_600
    assert list(operation["responses"]["200"]["content"]) == ["image/png"]
    assert {"400", "408", "413", "415", "422", "429", "503"} <= set(operation["responses"])
