"""Pictures in a form, as they are, or in JSON: the same answers, the same limits."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from builders import encoded, flat

WHITE = encoded(flat(230))
BLACK = encoded(flat(10))
FILES = {"file": ("a", WHITE)}


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def raw(
    client: TestClient, data: bytes, kind: str | None = "image/png", path: str = "/predict"
) -> Any:
    headers = {} if kind is None else {"content-type": kind}
    return client.post(path, content=data, headers=headers)


def same(answer: Any) -> Any:
    """Without what each answer has of its own."""
    found = answer.json()
    for each in (found, *found.get("results", ())):
        each.pop("request_id", None)
        each.pop("filename", None)
        each.get("problem", {}).pop("request_id", None)
    return answer.status_code, found


@pytest.mark.parametrize("query", ["", "?explain=true&label=DARK", "?show_input=true"])
@pytest.mark.parametrize("data", [WHITE, b"text", b"GIF89a", WHITE[:200], encoded(flat(0, 1, 1))])
def test_a_picture_has_one_answer_whichever_way_it_comes(
    client: TestClient, data: bytes, query: str
) -> None:
    path = f"/predict{query}"
    form = same(client.post(path, files={"file": ("a.png", data)}))
    assert same(raw(client, data, path=path)) == form
    assert same(client.post(path, json={"image": text(data), "filename": "a"})) == form


def test_a_body_without_a_kind_is_taken_for_a_picture(client: TestClient) -> None:
    """As what sends bytes often does (RFC 9110 section 8.3)."""
    for kind in (None, "application/octet-stream", "image/x-unheard-of", "IMAGE/JPEG; a=b"):
        answer = raw(client, WHITE, kind)
        assert (answer.status_code, answer.json()["filename"]) == (200, "")


def test_the_overlay_is_drawn_whichever_way_the_picture_comes(client: TestClient) -> None:
    form = client.post("/explain", files=FILES)
    assert form.headers["content-type"] == "image/png"
    assert raw(client, WHITE, path="/explain").content == form.content
    assert client.post("/explain", json={"image": text(WHITE)}).content == form.content


@pytest.mark.parametrize("path", ["/predict", "/explain", "/predict/batch"])
@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/mixed; boundary=x", "imag/e"],
)  # fmt: skip
def test_another_kind_of_body_is_told_how_pictures_are_sent(
    client: TestClient, path: str, kind: str
) -> None:
    refused = raw(client, WHITE, kind, path)
    assert (refused.status_code, refused.json()["code"]) == (415, "wrong_media_type")
    assert "curl -F file=@picture.jpeg" in refused.json()["detail"]


@pytest.mark.parametrize("path", ["/predict", "/explain"])
def test_a_request_with_nothing_in_it_is_told_what_is_missing(
    client: TestClient, path: str
) -> None:
    for answer in (client.post(path), raw(client, b"", path=path)):
        assert (answer.status_code, answer.json()["code"]) == (422, "missing_file")


def test_a_batch_of_raw_bytes_is_told_that_it_is_none(client: TestClient) -> None:
    refused = raw(client, WHITE, path="/predict/batch")
    assert (refused.status_code, refused.json()["code"]) == (415, "wrong_media_type")
    assert '"images"' in refused.json()["detail"]


def test_a_batch_in_json_has_a_result_or_a_problem_for_each(client: TestClient) -> None:
    sent = [
        text(WHITE),
        {"image": text(BLACK), "filename": "b.png"},
        "?",
        "https://example.org/a.png",
        "",
    ]
    results = client.post("/predict/batch", json={"images": sent}).json()["results"]
    assert [each.get("predicted_class") for each in results] == ["BRIGHT", "DARK", None, None, None]
    assert [each["filename"] for each in results] == ["", "b.png", "", "", ""]
    codes = [each["problem"]["code"] for each in results[2:]]
    assert codes == ["not_base64", "not_base64", "corrupt_image"]


def test_a_link_is_refused_with_the_reason(client: TestClient) -> None:
    refused = client.post("/predict", json={"image": "http://169.254.169.254/latest/"})
    assert (refused.status_code, refused.json()["code"]) == (422, "not_base64")
    assert "fetches nothing for its callers" in refused.json()["detail"]


@pytest.mark.parametrize("charset", ["utf-16", "latin-1", "unicode_escape", "x" * 900])
def test_json_is_utf_8(client: TestClient, charset: str) -> None:
    kind = f"application/json; charset={charset}"
    refused = raw(client, json.dumps({"image": text(WHITE)}).encode(), kind)
    assert (refused.status_code, refused.json()["code"]) == (400, "bad_request")


# ---- limits


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("image/png", b"x" * 5_001),
        ("application/json", json.dumps({"image": "A" * 6_672}).encode()),
        ("application/json", b" " * 160_000),
    ],
)
def test_the_limit_of_a_picture_is_its_own_whichever_way_it_comes(
    serving: Callable[..., Any], kind: str, body: bytes
) -> None:
    with serving(max_upload_bytes=5_000) as client:
        refused = raw(client, body, kind)
        assert (refused.status_code, refused.json()["code"]) == (413, "upload_too_large")
        fits = raw(client, b"x" * 5_000)
        assert fits.json()["code"] == "unsupported_format"
        fits = client.post("/predict", json={"image": text(b"x" * 5_000)})
        assert fits.json()["code"] == "unsupported_format"


@pytest.mark.parametrize(
    "kind", ["image/png", "application/json", "multipart/form-data; boundary=x"]
)
def test_a_body_that_declares_too_much_is_not_read(client: TestClient, kind: str) -> None:
    """The base64 of the largest picture is larger than itself, and what escapes it a little."""
    most = {"image/png": 32_000_000, "application/json": 48_150_000}.get(kind, 32_100_000)
    for n_bytes, status in ((most + 1, 413), (most, None)):
        headers = {"content-type": kind, "content-length": str(n_bytes)}
        answer = client.post("/predict", content=iter([b"x"]), headers=headers)
        assert (answer.status_code == 413) == (status == 413), answer.text


def test_a_body_that_declares_nothing_ends_at_the_limit(serving: Callable[..., Any]) -> None:
    with serving(max_upload_bytes=5_000) as client:
        for kind in ("image/png", "application/json"):
            pieces = iter([b"x" * 60_000] * 50)
            refused = client.post("/predict", content=pieces, headers={"content-type": kind})
            assert refused.status_code == 413


@pytest.mark.parametrize("path", ["/predict", "/explain"])
def test_several_pictures_where_one_belongs_have_a_code_of_their_own(
    client: TestClient, path: str
) -> None:
    for count in (2, 3, 40):
        refused = client.post(path, files=[("file", ("a", WHITE))] * count)
        assert (refused.status_code, refused.json()["code"]) == (422, "too_many_files")
        assert "/predict/batch" in refused.json()["detail"]


def test_too_many_pictures_of_a_batch_have_a_code_of_their_own(client: TestClient) -> None:
    form = client.post("/predict/batch", files=[("file", ("a", WHITE))] * 17)
    in_json = client.post("/predict/batch", json={"images": ["QUJD"] * 17})
    for refused in (form, in_json):
        assert (refused.status_code, refused.json()["code"]) == (422, "too_many_files")
        assert "16" in refused.json()["detail"]
