"""What a client is generated from: every refusal, every example, every limit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from starlette.testclient import TestClient

from access_keys import ENTRIES
from builders import brightness_classifier, encoded, flat
from served_samples import FALSETRUE, row_classifier, text_classifier
from vistazo.api.app import create_app
from vistazo.api.description.problem_examples import REFUSALS
from vistazo.api.problems import status_by_code
from vistazo.pictures.claims import HEADER_WARNINGS
from vistazo.service.settings import Settings

LOADS: dict[str, Callable[[], Any]] = {
    "pictures": brightness_classifier,
    "texts": lambda: text_classifier(**FALSETRUE),
    "rows": row_classifier,
}
SETTINGS = Settings(threads=1, max_pixels=20_000_000)  # by default as memory allows
FILM = {"file": ("film.png", encoded(flat(230)))}
JPEG = encoded(flat(230), "JPEG")


@pytest.fixture(scope="module")
def clients() -> Iterator[dict[str, TestClient]]:
    with ExitStack() as stack:
        yield {takes: stack.enter_context(_served(load)) for takes, load in LOADS.items()}


def _served(load: Callable[[], Any]) -> TestClient:
    return TestClient(create_app(SETTINGS, load=load), raise_server_exceptions=False)


@pytest.fixture(scope="module")
def documents(clients: dict[str, TestClient]) -> dict[str, Any]:
    for client in clients.values():
        while client.get("/health/ready").status_code == 503:
            pass
    known = {takes: client.get("/openapi.json").json() for takes, client in clients.items()}
    starting = create_app(Settings(threads=1), load=brightness_classifier).openapi()
    guarded = create_app(Settings(threads=1, api_keys=ENTRIES), load=brightness_classifier)
    return {**known, "nothing yet": starting, "who has a key": guarded.openapi()}


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for operation in item.values():
            yield path, operation


def filled(path: str, operation: dict[str, Any]) -> str:
    """With the only values that its parts can have."""
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            [value] = parameter["schema"]["enum"]
            path = path.replace("{" + parameter["name"] + "}", value)
    return path


def media(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Of all that is sent and answered."""
    for _, operation in operations(document):
        for part in (operation.get("requestBody", {}), *operation["responses"].values()):
            yield from part.get("content", {}).values()


def test_each_code_that_can_be_answered_is_listed_and_has_an_example_and_no_other() -> None:
    assert set(REFUSALS) == set(status_by_code())


def test_every_example_is_what_its_schema_says(documents: dict[str, Any]) -> None:
    seen = 0
    for document in documents.values():
        components = document["components"]
        for each in media(document):
            validator = Draft202012Validator({**each["schema"], "components": components})
            for name, example in each.get("examples", {}).items():
                shown = components["examples"][name] if "$ref" in example else example
                validator.validate(shown["value"])
                seen += 1
    assert seen > 300


def test_every_answer_in_json_has_an_example(documents: dict[str, Any]) -> None:
    for document in documents.values():
        for path, operation in operations(document):
            for status, answer in operation["responses"].items():
                for media_type, each in answer["content"].items():
                    if "json" in media_type and operation["operationId"] != "card_route":
                        assert each["examples"], (path, status)


def test_every_refusal_is_a_problem_document_of_its_status(documents: dict[str, Any]) -> None:
    for document in documents.values():
        examples = document["components"]["examples"]
        for path, operation in operations(document):
            refusals = {s: each for s, each in operation["responses"].items() if s != "200"}
            assert {"400", "404", "405", "500", "503"} <= set(refusals), path
            for status, refusal in refusals.items():
                [(media_type, each)] = refusal["content"].items()
                if path.startswith(("/v1", "/v2")):
                    assert media_type == "application/json"
                    assert each["schema"] == {"$ref": "#/components/schemas/InferenceError"}
                    continue
                assert media_type == "application/problem+json"
                assert each["schema"] == {"$ref": "#/components/schemas/Problem"}
                assert {str(examples[code]["value"]["status"]) for code in each["examples"]} == {
                    status
                }


def test_who_needs_a_key_is_told_of_401_and_403_and_nobody_else(documents: dict[str, Any]) -> None:
    for path, operation in operations(documents["who has a key"]):
        told = {"401", "403"} & set(operation["responses"])
        assert bool(told) == bool(operation["security"]), path
    for path, operation in operations(documents["pictures"]):
        told = {"401", "403"} & set(operation["responses"])
        assert bool(told) == path.startswith("/admin"), path


def test_operations_have_short_names_and_a_group_that_is_described(
    documents: dict[str, Any],
) -> None:
    for document in documents.values():
        names = [operation["operationId"] for _, operation in operations(document)]
        assert len(set(names)) == len(names)
        assert {"predict", "predict_batch", "model", "feedback", "ready"} <= set(names)
        assert {"Predict", "Model"}.isdisjoint(each["summary"] for _, each in operations(document))
        groups = {group["name"] for group in document["tags"]}
        assert all(set(operation["tags"]) <= groups for _, operation in operations(document))


def test_a_file_and_a_heatmap_are_binary_and_a_file_has_its_most_bytes(
    documents: dict[str, Any],
) -> None:
    paths = documents["pictures"]["paths"]
    one = paths["/predict"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    several = paths["/predict/batch"]["post"]["requestBody"]["content"]["multipart/form-data"]
    for file in (
        one["properties"]["file"],
        several["schema"]["properties"]["file"]["items"],
    ):
        assert (file["format"], file["maxLength"]) == ("binary", 32_000_000)
        assert "32,000,000 bytes and 20,000,000 pixels" in file["description"]
    overlay = paths["/explain"]["post"]["responses"]["200"]["content"]["image/png"]["schema"]
    assert (overlay["format"], overlay["contentMediaType"]) == ("binary", "image/png")


def test_codes_and_warnings_are_listed(documents: dict[str, Any]) -> None:
    for document in documents.values():
        schemas = document["components"]["schemas"]
        assert schemas["Problem"]["properties"]["code"]["enum"] == sorted(REFUSALS)
        doubts = {
            answer: schemas[answer]["properties"]["warnings"]["items"]["enum"]
            for answer in ("Answer", "SampleAnswer")
        }
        assert doubts["SampleAnswer"] == ["uncertain", "out_of_distribution"]
        assert doubts["Answer"] == [*doubts["SampleAnswer"], *HEADER_WARNINGS]


PROVOKED: dict[str, Callable[[TestClient], Any]] = {
    "unsupported_format": lambda c: c.post("/predict", files={"file": b"GIF89a" + bytes(50)}),
    "corrupt_image": lambda c: c.post("/predict", files={"file": JPEG[:-100]}),
    "rejected_upload": lambda c: c.post("/predict", files={"file": encoded(flat(230, 8, 8))}),
    "missing_file": lambda c: c.post("/predict", files={"x": b"x"}),
    "wrong_media_type": lambda c: c.post("/predict", data={"text": "x"}),
    "not_base64": lambda c: c.post("/predict", json={"image": "?"}),
    "too_many_files": lambda c: c.post("/predict/batch", json={"images": ["AAAA"] * 17}),
    "unknown_label": lambda c: c.post("/explain?label=OTHER", files=FILM),
    "feedback_off": lambda c: c.post("/feedback", json={}),
    "upload_too_large": lambda c: c.post("/predict/", files={"file": bytes(32_100_001)}),
    "not_found": lambda c: c.get("/nothing"),
    "method_not_allowed": lambda c: c.get("/predict"),
}


@pytest.mark.parametrize("code", PROVOKED)
def test_an_example_of_a_refusal_is_what_the_service_says(
    code: str, clients: dict[str, TestClient], documents: dict[str, Any]
) -> None:
    """Where this fails because a sentence was changed: paste it into problem_examples.py."""
    said = PROVOKED[code](clients["pictures"]).json()
    example = documents["pictures"]["components"]["examples"][code]["value"]
    assert example == {**said, "request_id": example["request_id"]}


ANSWERED: dict[tuple[str, str, str], Callable[[TestClient], Any]] = {
    ("pictures", "/predict", "plain"): lambda c: c.post("/predict", files=FILM),
    ("pictures", "/predict", "explained"): lambda c: c.post("/predict?explain=true", files=FILM),
    ("pictures", "/predict/batch", "one_of_two"): lambda c: c.post(
        "/predict/batch", files=[("file", FILM["file"]), ("file", ("x.jpeg", JPEG[:-100]))]
    ),
    ("texts", "/predict", "one"): lambda c: c.post("/predict", json={"text": "es verdad"}),
    ("texts", "/predict", "several"): lambda c: c.post("/predict", json={"texts": ["a", "b"]}),
    ("texts", "/predict/batch", "one_of_two"): lambda c: c.post(
        "/predict/batch", json={"texts": ["verdad", 3]}
    ),
    ("texts", "/explain", "words"): lambda c: c.post("/explain", json={"text": "verdad"}),
    ("rows", "/predict", "one"): lambda c: c.post("/predict", json={"row": [2, 1]}),
    ("pictures", "/model", "shortened"): lambda c: c.get("/model"),
    ("pictures", "/health/ready", "ready"): lambda c: c.get("/health/ready"),
    ("pictures", "/drift", "too_few"): lambda c: c.get("/drift"),
}


@pytest.mark.parametrize("place", ANSWERED, ids="-".join)
def test_an_example_has_the_fields_of_a_real_answer(
    place: tuple[str, str, str], clients: dict[str, TestClient], documents: dict[str, Any]
) -> None:
    takes, path, name = place
    real = ANSWERED[place](clients[takes]).json()
    [operation] = documents[takes]["paths"][path].values()
    examples = operation["responses"]["200"]["content"]["application/json"]["examples"]
    example = examples[name]["value"]
    depends = {"in_distribution", "predictions", "confidence", "probabilities", "scores"}
    assert set(example) - set(real) <= depends
    assert {name for name in real if real[name] is not None} <= {*example, *depends}


def test_what_an_example_sends_is_taken(
    clients: dict[str, TestClient], documents: dict[str, Any]
) -> None:
    sent = 0
    for takes, client in clients.items():
        for path, operation in operations(documents[takes]):
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            for example in body.get("examples", {}).values():
                if path != "/feedback":
                    address = filled(path, operation)
                    assert client.post(address, json=example["value"]).status_code == 200, path
                    sent += 1
    assert sent >= 4


def test_an_example_has_the_labels_of_the_model(documents: dict[str, Any]) -> None:
    paths = documents["pictures"]["paths"]
    answers = paths["/predict"]["post"]["responses"]["200"]["content"]["application/json"]
    assert list(answers["examples"]["plain"]["value"]["probabilities"]) == ["DARK", "BRIGHT"]
