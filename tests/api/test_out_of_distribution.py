"""What the service says of a picture unlike those that its model was made for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from builders import BrightnessEngine, brightness_classifier, encoded, evenness, film, flat
from vistazo.api.app import create_app
from vistazo.service.settings import Settings

OWN, STRANGE = encoded(flat(200)), encoded(film())


def client_of(policy: str) -> Iterator[TestClient]:
    engine = BrightnessEngine(maps=True)
    settings = Settings.model_validate({"threads": 1, "out_of_distribution": policy})
    classifier = brightness_classifier(
        engine, baseline=evenness(), out_of_distribution=settings.out_of_distribution
    )
    with TestClient(create_app(settings, load=lambda: classifier)) as client:
        while client.get("/health/ready").status_code == 503:
            pass
        yield client


@pytest.fixture(scope="module")
def warning() -> Iterator[TestClient]:
    yield from client_of("warn")


@pytest.fixture(scope="module")
def rejecting() -> Iterator[TestClient]:
    yield from client_of("reject")


def post(client: TestClient, picture: bytes, path: str = "/predict") -> Any:
    return client.post(path, files={"file": ("p.png", picture)})


def test_an_own_picture_is_answered_without_a_warning(warning: TestClient) -> None:
    answer = post(warning, OWN).json()
    assert answer["in_distribution"]["verdict"] is True
    assert answer["in_distribution"]["score"] > 0.5
    assert answer["warnings"] == []


@pytest.mark.parametrize("path", ["/predict", "/predict?explain=true"])
def test_a_strange_picture_is_answered_with_a_warning(path: str, warning: TestClient) -> None:
    answer = post(warning, STRANGE, path).json()
    assert answer["predicted_class"] == "DARK"
    assert answer["in_distribution"]["verdict"] is False
    assert answer["in_distribution"]["score"] < 0.5
    assert answer["warnings"] == ["out_of_distribution"]


@pytest.mark.parametrize("path", ["/predict", "/predict?explain=true", "/explain"])
def test_where_strange_pictures_are_rejected_the_problem_names_the_rule(
    path: str, rejecting: TestClient
) -> None:
    refused = post(rejecting, STRANGE, path)
    assert refused.status_code == 422
    assert refused.json()["code"] == "rejected_upload"
    assert refused.json()["errors"][0]["rule"] == "in_distribution"
    assert post(rejecting, OWN, path).status_code == 200


def test_in_a_batch_only_the_strange_picture_is_rejected(rejecting: TestClient) -> None:
    files = [("file", ("own.png", OWN)), ("file", ("strange.png", STRANGE))]
    own, strange = rejecting.post("/predict/batch", files=files).json()["results"]
    assert own["in_distribution"]["verdict"] is True
    assert strange["problem"]["code"] == "rejected_upload"


def test_a_model_without_a_baseline_says_nothing_of_it(client: TestClient) -> None:
    answer = post(client, STRANGE).json()
    assert "in_distribution" not in answer
    assert answer["warnings"] == []
