"""What /openapi.json says, and that it is so."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from builders import encoded, flat

FILM = {"file": ("film.png", encoded(flat(230)))}


def described(client: TestClient) -> dict[str, Any]:
    return dict(client.get("/openapi.json").json())


def test_every_refusal_is_described_as_the_problem_document_that_it_is(client: TestClient) -> None:
    document = described(client)
    for path in ("/predict", "/predict/batch", "/explain"):
        responses = document["paths"][path]["post"]["responses"]
        refusals = {status: each for status, each in responses.items() if status != "200"}
        assert set(refusals) >= {"400", "408", "413", "415", "422", "429", "503"}
        for refusal in refusals.values():
            [(media_type, content)] = refusal["content"].items()
            assert media_type == "application/problem+json"
            assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
    assert "Problem" in document["components"]["schemas"]


def test_a_label_is_one_of_the_model_s_and_a_batch_has_its_limit(client: TestClient) -> None:
    paths = described(client)["paths"]
    parameters = {each["name"]: each for each in paths["/predict"]["post"]["parameters"]}
    assert parameters["label"]["schema"]["enum"] == ["DARK", "BRIGHT"]
    feedback = paths["/feedback"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert feedback["properties"]["label"]["enum"] == ["DARK", "BRIGHT"]
    form = paths["/predict/batch"]["post"]["requestBody"]["content"]["multipart/form-data"]
    files = form["schema"]["properties"]["file"]
    assert (files["minItems"], files["maxItems"]) == (1, 16)


@pytest.mark.parametrize("path", ["/predict", "/predict?explain=true", "/explain"])
def test_a_label_that_the_model_does_not_have_is_refused_wherever_one_is_given(
    client: TestClient, path: str
) -> None:
    refused = client.post(path, files=FILM, params={"label": "GREEN"})
    assert (refused.status_code, refused.json()["code"]) == (400, "unknown_label")


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("/model", {"GET", "HEAD"}), ("/", {"GET", "HEAD"}), ("/predict", {"POST"})],
)
def test_a_wrong_method_is_told_all_right_ones(
    client: TestClient, path: str, allowed: set[str]
) -> None:
    """RFC 9110 section 10.2.1."""
    for method in ("PUT", "OPTIONS", "BREW"):
        refused = client.request(method, path)
        assert refused.status_code == 405
        assert set(refused.headers["allow"].split(", ")) == allowed
