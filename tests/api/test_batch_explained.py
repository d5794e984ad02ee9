"""Heatmaps, or words, for each of a batch."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from starlette.testclient import TestClient

from builders import encoded, film, flat
from served_samples import reading_classifier, row_classifier
from vistazo.api.app import create_app
from vistazo.samples.classifier import SampleClassifier
from vistazo.service.settings import Settings

PICTURES = [encoded(film(90, 60)), encoded(film(60, 90)), b"text", encoded(flat(200))]
FILES = [("file", (f"{number}.png", data)) for number, data in enumerate(PICTURES)]
ASKED = "/predict/batch?explain=true"


def test_each_answer_of_a_batch_is_the_one_that_its_picture_has_alone(client: TestClient) -> None:
    results = client.post(f"{ASKED}&label=DARK", files=FILES).json()["results"]
    for number, result in enumerate(results):
        alone = client.post("/predict?explain=true&label=DARK", files=[FILES[number]]).json()
        if number == 2:
            assert result["problem"]["code"] == alone["code"]
            continue
        assert result["heatmap"]["label"] == "DARK"
        for answer in (result, alone):
            del answer["request_id"]
        assert result == alone


def test_pictures_in_json_are_explained_alike(client: TestClient) -> None:
    sent = {"images": [base64.b64encode(data).decode() for data in PICTURES]}
    form = client.post(ASKED, files=FILES).json()["results"]
    for one, another in zip(client.post(ASKED, json=sent).json()["results"], form, strict=True):
        assert one.get("heatmap") == another.get("heatmap")


def test_a_batch_without_the_question_has_no_heatmaps(client: TestClient) -> None:
    results = client.post("/predict/batch?label=DARK", files=FILES).json()["results"]
    assert not any("heatmap" in result for result in results)


@pytest.mark.parametrize("path", ["/predict/batch", ASKED])
def test_a_label_that_the_model_does_not_have_is_refused(client: TestClient, path: str) -> None:
    refused = client.post(path, files=FILES, params={"label": "GREEN", "explain": "true"})
    assert (refused.status_code, refused.json()["code"]) == (400, "unknown_label")


@contextmanager
def serving_samples(load: Callable[[], SampleClassifier]) -> Iterator[TestClient]:
    with TestClient(create_app(Settings(threads=1), load=load)) as client:
        while client.get("/health/ready").status_code == 503:
            pass
        yield client


def test_each_text_of_a_batch_has_its_words_or_its_problem() -> None:
    sent = ["es verdad", 7, "es mentira, mentira"]
    with serving_samples(reading_classifier) as client:
        results = client.post(ASKED, json={"texts": sent}).json()["results"]
        assert results[1]["index"] == 1
        assert results[1]["problem"]["code"] == "bad_sample"
        for number in (0, 2):
            alone = client.post("/predict?explain=true", json={"text": sent[number]}).json()
            assert results[number]["explanation"] == alone["explanation"]


def test_of_rows_there_are_no_words() -> None:
    with serving_samples(row_classifier) as client:
        refused = client.post(ASKED, json={"rows": [[2, 1]]})
    assert (refused.status_code, refused.json()["code"]) == (400, "bad_request")
