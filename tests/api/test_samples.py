"""Texts and rows of numbers, sent as JSON to the same service."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from starlette.testclient import TestClient

from access_keys import ENTRIES, KEYS, bearer
from builders import encoded, flat
from served_samples import (
    FALSETRUE,
    CountsWords,
    reading_classifier,
    row_classifier,
    text_classifier,
)
from vistazo.api.app import create_app
from vistazo.loading import AnyClassifier
from vistazo.service.settings import Settings

TRUE, FALSE, NEITHER = "es verdad, verdad", "una mentira", "nada"
FILM = {"file": ("film.png", encoded(flat(230)))}


@contextmanager
def serving(
    load: Callable[[], AnyClassifier] = text_classifier, **settings: Any
) -> Iterator[TestClient]:
    app = create_app(Settings.model_validate({"threads": 1, **settings}), load=load)
    with TestClient(app, raise_server_exceptions=False) as client:
        while client.get("/health/ready").status_code == 503:
            pass
        yield client


@pytest.fixture(scope="module")
def texts() -> Iterator[TestClient]:
    with serving(lambda: text_classifier(**FALSETRUE)) as client:
        yield client


@pytest.fixture(scope="module")
def rows() -> Iterator[TestClient]:
    with serving(row_classifier) as client:
        yield client


def test_a_text_gets_the_fields_that_a_picture_gets(texts: TestClient) -> None:
    response = texts.post("/predict", json={"text": TRUE}, headers={"X-Request-ID": "r-1"})
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    answer = response.json()
    assert answer["predicted_class"] == "true"
    assert answer["probabilities"] == dict(
        zip(["false", "true"], answer["predictions"], strict=True)
    )
    assert (
        answer["confidence"] == answer["probabilities"]["true"] == pytest.approx(0.8808, abs=1e-4)
    )
    assert answer["model"] == {"name": "news", "version": "1.0.0", "sha256": "0" * 64}
    assert (answer["warnings"], answer["request_id"]) == ([], "r-1")
    assert not {"filename", "scores", "explanation"} & set(answer)


def test_several_texts_get_one_answer_each_in_their_order(texts: TestClient) -> None:
    found = texts.post("/predict", json={"texts": [TRUE, FALSE, TRUE]}).json()
    assert [each["predicted_class"] for each in found["results"]] == ["true", "false", "true"]
    alone = texts.post("/predict", json={"text": FALSE}).json()
    assert {**found["results"][1], "request_id": ""} == {**alone, "request_id": ""}
    assert found["model"]["name"] == "news"


def test_one_text_that_is_none_fails_the_request_and_is_named(texts: TestClient) -> None:
    response = texts.post("/predict", json={"texts": [TRUE, 3, TRUE]})
    assert (response.status_code, response.json()["code"]) == (422, "bad_sample")
    assert "Text 2" in response.json()["detail"]


def test_in_a_batch_it_has_a_problem_of_its_own(texts: TestClient) -> None:
    sent = [TRUE, 3, "a costly one", FALSE]
    found = texts.post("/predict/batch", json={"texts": sent}).json()
    assert [each.get("predicted_class") for each in found["results"]] == [
        "true", None, None, "false",
    ]  # fmt: skip
    assert [each.get("index") for each in found["results"]] == [None, 1, 2, None]
    problems = [found["results"][place]["problem"] for place in (1, 2)]
    assert [problem["code"] for problem in problems] == ["bad_sample", "text_too_costly"]
    assert "Text 2" in problems[0]["detail"]
    assert "Text 3" in problems[1]["detail"]
    costly = texts.post("/predict", json={"texts": [TRUE, "a costly one"]})
    assert costly.json()["detail"].startswith("Text 2:")
    assert {problem["status"] for problem in problems} == {422}
    whole = texts.post("/predict/batch", json={"texts": [TRUE, FALSE]}).json()
    assert [each["predicted_class"] for each in whole["results"]] == ["true", "false"]


def test_rows_get_decision_values_where_the_estimator_has_no_probabilities(
    rows: TestClient,
) -> None:
    answer = rows.post("/predict", json={"row": [3, 1.5]}).json()
    assert answer["predicted_class"] == "B"
    assert answer["scores"] == {"A": -1.5, "B": 1.5}
    assert not {"probabilities", "predictions", "confidence"} & set(answer)
    found = rows.post("/predict", json={"rows": [[1, 2], [2, 1]]}).json()
    assert [each["predicted_class"] for each in found["results"]] == ["A", "B"]


def test_a_missing_number_is_null_where_the_estimator_allows_it(rows: TestClient) -> None:
    refused = rows.post("/predict", json={"rows": [[1, 2], [None, 1]]})
    assert refused.status_code == 422
    assert "Row 2" in refused.json()["detail"]
    with serving(lambda: row_classifier(allows_missing=True)) as client:
        assert client.post("/predict", json={"row": [None, 1]}).json()["predicted_class"] == "A"


def test_figures_that_are_none_are_no_answer(rows: TestClient) -> None:
    """JSON has no infinity."""
    huge = [1e308, -1e308]
    refused = rows.post("/predict", json={"rows": [[1, 2], huge]})
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_sample")
    assert "Row 2" in refused.json()["detail"]
    found = rows.post("/predict/batch", json={"rows": [[1, 2], huge]}).json()
    assert found["results"][0]["predicted_class"] == "A"
    assert "Row 2" in found["results"][1]["problem"]["detail"]


# ---- what is known of a text, and what in it spoke


@pytest.fixture(scope="module")
def reading() -> Iterator[TestClient]:
    with serving(reading_classifier) as client:
        yield client


def test_a_text_that_the_model_does_not_know_is_answered_with_a_warning(
    reading: TestClient,
) -> None:
    known, unknown = reading.post("/predict", json={"texts": [TRUE, NEITHER]}).json()["results"]
    assert known["in_distribution"] == {
        "score": pytest.approx(2 / 3), "words": 3, "verdict": True,
    }  # fmt: skip
    assert known["warnings"] == []
    assert unknown["in_distribution"] == {"score": 0, "words": 1, "verdict": False}
    assert unknown["warnings"] == ["out_of_distribution"]
    assert 'vistazo_warnings_total{warning="out_of_distribution"}' in reading.get("/metrics").text


def test_where_strange_texts_are_rejected_each_is_named_by_its_place() -> None:
    with serving(lambda: reading_classifier(out_of_distribution="reject")) as client:
        refused = client.post("/predict", json={"texts": [TRUE, NEITHER]})
        assert (refused.status_code, refused.json()["code"]) == (422, "rejected_upload")
        found = client.post("/predict/batch", json={"texts": [TRUE, NEITHER]}).json()["results"]
    assert found[0]["predicted_class"] == "true"
    for problem in (refused.json(), found[1]["problem"]):
        assert problem["detail"].startswith("Text 2 does not look like")


def test_the_words_that_spoke_come_with_the_answer_or_alone(reading: TestClient) -> None:
    text = "La verdad, y no la mentira. ¡Verdad!"
    answer = reading.post("/predict?explain=true", json={"text": text}).json()
    assert answer["predicted_class"] == "true"
    words = [
        {"word": "verdad", "weight": 2.0, "start": 3},
        {"word": "mentira", "weight": -1.0, "start": 19},
    ]
    spoke = {"label": "true", "method": "contributions", "words": words}
    assert answer["explanation"] == spoke
    alone = reading.post("/explain", json={"text": text}).json()
    assert {name: alone[name] for name in spoke} == spoke
    assert set(alone) - set(spoke) == {"model", "request_id"}
    against = reading.post("/explain?label=false", json={"text": text}).json()
    assert (against["label"], against["words"][0]["word"]) == ("false", "mentira")
    several = reading.post("/predict?explain=true&label=false", json={"texts": [TRUE, FALSE]})
    labels = [each["explanation"]["label"] for each in several.json()["results"]]
    assert labels == ["false", "false"]


def test_of_rows_no_words_are_shown(rows: TestClient) -> None:
    for path in ("/predict?explain=true", "/explain"):
        refused = rows.post(path, json={"row": [1, 2]})
        assert (refused.status_code, refused.json()["code"]) == (400, "bad_request")
        assert "not of rows" in refused.json()["detail"]


# ---- what is sent decides, and has to fit


@pytest.mark.parametrize("path", ["/predict", "/predict/batch", "/explain", "/falsetrue"])
@pytest.mark.parametrize(
    "sent",
    [{"files": FILM}, {"data": {"text": TRUE}}, {"content": TRUE}, {}],
    ids=["a form with a picture", "a form", "plain text", "nothing"],
)
def test_what_is_no_json_is_told_how_texts_are_sent(
    texts: TestClient, path: str, sent: dict[str, Any]
) -> None:
    refused = texts.post(path, **sent)
    assert (refused.status_code, refused.json()["code"]) == (415, "wrong_media_type")
    assert '{"texts": ["...", "..."]}' in refused.json()["detail"]
    assert refused.json()["detail"].startswith("This model takes texts")


@pytest.mark.parametrize("path", ["/predict", "/predict/batch", "/explain", "/preview"])
def test_a_model_of_pictures_tells_how_they_are_sent(client: TestClient, path: str) -> None:
    refused = client.post(path, json={"text": TRUE})
    assert (refused.status_code, refused.json()["code"]) == (422, "missing_file")
    assert "...base64..." in refused.json()["detail"]


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 200), ("Application/JSON; charset=UTF-8", 200),
        ("application/json; charset=latin-1", 400), ("application/jsonp", 415),
        ("text/json", 415), ("application/json, text/plain", 415), ("", 415),
    ],
)  # fmt: skip
def test_the_content_type_decides(texts: TestClient, content_type: str, status: int) -> None:
    body = json.dumps({"text": TRUE}).encode()
    answer = texts.post("/predict", content=body, headers={"Content-Type": content_type})
    assert answer.status_code == status


@pytest.mark.parametrize(
    "path", ["/predict", "/predict?explain=true", "/explain", "/predict/batch"]
)
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400), (b'{"text": "\xff"}', 400), (b'{"text": "a", "text": "b"}', 400),
        (b'{"text": NaN}', 400), (b"", 400), (b"[" * 5000, 400), (b'{"texts": []}', 422),
        (b'{"other": 1}', 422),
    ],
)  # fmt: skip
def test_a_broken_body_is_a_problem_wherever_it_comes(
    texts: TestClient, path: str, body: bytes, status: int
) -> None:
    refused = texts.post(path, content=body, headers={"Content-Type": "application/json"})
    assert refused.status_code == refused.json()["status"] == status
    assert refused.headers["content-type"] == "application/problem+json"


def test_the_settings_bound_number_length_and_size() -> None:
    settings = {"max_texts": 2, "max_text_chars": 30, "max_json_bytes": 1000}
    with serving(**settings) as client:

        def sent(**body: Any) -> tuple[int, str]:
            answer = client.post("/predict", json=body)
            return answer.status_code, answer.json().get("code", "")

        assert sent(texts=["a", "a" * 30]) == (200, "")
        assert sent(texts=["a"] * 3) == (422, "bad_sample")
        assert sent(text="a" * 31) == (422, "bad_sample")
        assert sent(text="a" * 1000) == (413, "upload_too_large")
        chunked = client.post(
            "/predict",
            content=(b" " * 100 for _ in range(11)),
            headers={"Content-Type": "application/json"},
        )
        assert chunked.status_code == 413


@pytest.mark.parametrize(
    ("query", "body", "code"),
    [
        ("explain=true&label=perhaps", {"text": TRUE}, "unknown_label"),
        ("show_input=true", {"text": TRUE}, "bad_request"),
        ("explain=perhaps", {"text": TRUE}, "bad_request"),
    ],
)
def test_what_cannot_be_asked_of_texts_is_told(
    texts: TestClient, query: str, body: dict[str, Any], code: str
) -> None:
    refused = texts.post(f"/predict?{query}", json=body)
    assert (refused.status_code, refused.json()["code"]) == (400, code)


# ---- the route of the card


def test_the_route_of_the_card_answers_as_the_card_says(texts: TestClient) -> None:
    several = texts.post("/falsetrue", json={"texts": [FALSE, TRUE]})
    assert several.json() == {"is_falsetrue": [0, 1]}
    assert texts.post("/falsetrue/", json={"text": FALSE}).json() == {"is_falsetrue": 0}
    assert texts.post("/falsetrue", json={"texts": [1]}).status_code == 422
    refused = texts.get("/falsetrue")
    assert (refused.status_code, refused.headers["allow"]) == (405, "OPTIONS, POST")
    assert texts.post("/falsetrue/more", json={"text": FALSE}).status_code == 404
    assert texts.post("/truefalse", json={"text": FALSE}).status_code == 404


def test_without_values_the_route_answers_with_the_classes_of_the_file() -> None:
    with serving(lambda: text_classifier(route="/v1/check")) as client:
        found = client.post("/v1/check", json={"texts": [FALSE, TRUE]}).json()
    assert found == {"predictions": [0, 1]}


def test_the_route_has_the_limits_the_keys_and_the_measures_of_predict() -> None:
    load = lambda: text_classifier(**FALSETRUE)  # noqa: E731
    with serving(load, api_keys=ENTRIES, rate_limit="2/minute") as client:
        body = {"json": {"text": TRUE}}
        assert client.post("/falsetrue", **body).status_code == 401
        assert client.post("/falsetrue", **body, headers=bearer(KEYS["graphs"])).status_code == 403
        key = bearer(KEYS["ward"])
        statuses = [client.post("/falsetrue", **body, headers=key).status_code for _ in range(3)]
        assert statuses == [200, 200, 429]
        shown = client.get("/metrics", headers=bearer(KEYS["graphs"])).text
    assert 'method="POST",path="/predict",status="200"} 2.0' in shown
    assert 'vistazo_predictions_total{class="true"} 2.0' in shown
    assert "falsetrue" not in shown


def test_while_starting_what_may_be_the_route_is_asked_to_wait() -> None:
    loaded = threading.Event()

    def load() -> AnyClassifier:
        assert loaded.wait(30)
        return text_classifier(**FALSETRUE)

    app = create_app(Settings(threads=1), load=load)
    with TestClient(app, raise_server_exceptions=False) as client:
        early = client.post("/falsetrue", json={"text": TRUE})
        assert (early.status_code, early.json()["code"]) == (503, "not_ready")
        assert client.post("/docs/more", json={}).status_code == 404
        loaded.set()
        while client.get("/health/ready").status_code == 503:
            pass
        assert client.post("/falsetrue", json={"text": TRUE}).json() == {"is_falsetrue": 1}
        assert client.post("/nowhere", json={"text": TRUE}).status_code == 404


# ---- the same service


def test_the_model_is_described_with_its_card_and_what_was_read(
    texts: TestClient, rows: TestClient
) -> None:
    described = texts.get("/model").json()
    assert (described["card"]["task"], described["card"]["route"]) == ("text", "/falsetrue")
    assert described["signature"]["takes"] == "texts"
    assert rows.get("/model").json()["signature"]["feature_names"] == ["length", "width"]


def test_a_model_of_another_task_may_take_its_place() -> None:
    models: Iterator[AnyClassifier] = iter([text_classifier(), row_classifier()])
    with serving(lambda: next(models), api_keys=ENTRIES) as client:
        boss = bearer(KEYS["boss"])
        assert client.post("/predict", json={"text": TRUE}, headers=boss).status_code == 200
        assert client.post("/admin/reload", headers=boss).status_code == 200
        refused = client.post("/predict", json={"text": TRUE}, headers=boss)
        assert refused.status_code == 422
        assert refused.json()["detail"].startswith("This model takes rows")
        assert client.post("/predict", json={"row": [2, 1]}, headers=boss).status_code == 200


def test_a_page_of_another_host_may_send_json() -> None:
    with serving(cors_origins="https://elsewhere.example") as client:
        asked = {
            "Origin": "https://elsewhere.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type",
        }
        allowed = client.options("/predict", headers=asked)
        assert allowed.status_code == 200
        assert "content-type" in allowed.headers["access-control-allow-headers"].lower()


def test_health_answers_while_texts_are_classified() -> None:
    counts = CountsWords(gate=threading.Event())
    assert counts.gate is not None
    with serving(lambda: text_classifier(counts)) as client:
        answers: list[int] = []
        work = threading.Thread(
            target=lambda: answers.append(
                client.post("/predict", json={"texts": [TRUE] * 100}).status_code
            )
        )
        work.start()
        for _ in range(5):
            assert client.get("/health/ready").status_code == 200
        assert answers == []
        counts.gate.set()
        work.join()
    assert answers == [200]


def test_the_interface_says_what_this_model_takes(
    texts: TestClient, rows: TestClient, client: TestClient
) -> None:
    paths = texts.get("/openapi.json").json()["paths"]
    body = paths["/predict"]["post"]["requestBody"]["content"]
    one, several = body["application/json"]["schema"]["oneOf"]
    assert list(body) == ["application/json"]
    assert one["properties"]["text"]["maxLength"] == 100_000
    assert several["properties"]["texts"]["maxItems"] == 128
    answer = paths["/falsetrue"]["post"]["responses"]["200"]["content"]["application/json"]
    assert list(answer["schema"]["properties"]) == ["is_falsetrue"]
    row = rows.get("/openapi.json").json()["paths"]["/predict"]["post"]["requestBody"]
    assert row["content"]["application/json"]["schema"]["oneOf"][0]["properties"]["row"] == {
        "type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2,
    }  # fmt: skip
    pictures = client.get("/openapi.json").json()["paths"]["/predict"]["post"]
    content = pictures["requestBody"]["content"]
    assert list(content) == ["multipart/form-data", "application/octet-stream", "application/json"]
    assert list(content["application/json"]["schema"]["properties"]) == ["image", "filename"]
    assert pictures["responses"]["200"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/Answer"
    }
