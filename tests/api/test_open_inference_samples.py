"""Texts and rows of numbers over the open protocols."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from inference_calls import (
    HEADER_LENGTH,
    as_base64,
    asking,
    elements,
    error_of,
    output_of,
    packed,
    packed_array,
    tensor,
)
from served_samples import FALSETRUE, reading_classifier, row_classifier, text_classifier
from vistazo.api.app import create_app
from vistazo.loading import AnyClassifier
from vistazo.models.plan.operation import Decisions
from vistazo.models.plan.plan import Plan
from vistazo.models.sample_card import RowCard
from vistazo.samples.classifier import SampleClassifier
from vistazo.service.settings import Settings

TRUE, FALSE = "es verdad, verdad", "una mentira, señor"
TEXTS, ROWS = "/v2/models/news/infer", "/v2/models/flowers/infer"


@contextmanager
def serving(load: Callable[[], AnyClassifier], **settings: Any) -> Iterator[TestClient]:
    app = create_app(Settings.model_validate({"threads": 1, **settings}), load=load)
    with TestClient(app, raise_server_exceptions=False) as client:
        while client.get("/v2/health/ready").status_code == 503:
            pass
        yield client


@pytest.fixture(scope="module")
def texts() -> Iterator[TestClient]:
    with serving(lambda: reading_classifier(name="news")) as client:
        yield client


@pytest.fixture(scope="module")
def rows() -> Iterator[TestClient]:
    with serving(row_classifier) as client:
        yield client


class Votes:
    """Says B, and nothing more."""

    n_classes = 2

    def decide(self, values: Any) -> Decisions:
        return Decisions(np.ones(len(values), np.int64))


def voting_classifier() -> SampleClassifier:
    plan = Plan("rows", 2, ("A", "B"), (), Votes())
    card = {"name": "flowers", "version": "1", "labels": ["A", "B"]}
    return SampleClassifier(plan, RowCard.model_validate(card), "1" * 64)


def of_texts(*sent: str) -> dict[str, Any]:
    return tensor("BYTES", [len(sent)], list(sent))


def test_texts_have_the_probabilities_that_predict_gives(texts: TestClient) -> None:
    told = texts.post("/predict", json={"texts": [TRUE, FALSE]}).json()["results"]
    expected = [one["predictions"] for one in told]
    body, headers = packed("BYTES", [2, 1], elements(TRUE.encode(), FALSE.encode()))
    encoded = [as_base64(TRUE.encode()), as_base64(FALSE.encode())]
    parameters = {"content_type": "base64"}
    answers = [
        texts.post(TEXTS, json=asking(of_texts(TRUE, FALSE))),
        texts.post(TEXTS, json=asking(tensor("BYTES", [2, 1], [[TRUE], [FALSE]]))),
        texts.post(TEXTS, json=asking(tensor("BYTES", [2], encoded, parameters=parameters))),
        texts.post(TEXTS, content=body, headers=headers),
    ]
    assert [output_of(answer) for answer in answers] == [expected] * 4
    of_version_1 = texts.post("/v1/models/news:predict", json={"instances": [TRUE, FALSE]})
    assert of_version_1.json()["predictions"] == expected


def test_a_text_says_its_label_its_likeness_and_its_words(texts: TestClient) -> None:
    answer = texts.post(TEXTS, json=asking(of_texts(TRUE), "labels", "likeness", "words"))
    assert output_of(answer, "labels") == ["true"]
    expected = texts.post("/predict?explain=true", json={"text": TRUE}).json()
    [likeness] = output_of(answer, "likeness")
    assert likeness == np.float32(expected["in_distribution"]["score"])
    [words] = output_of(answer, "words")
    assert json.loads(words) == expected["explanation"]


def test_a_text_unlike_those_of_training_is_told_of(texts: TestClient) -> None:
    answer = texts.post(TEXTS, json=asking(of_texts("xyz", TRUE), "warnings"))
    assert output_of(answer, "warnings") == ["out_of_distribution", ""]
    assert answer.json()["parameters"] == {"warnings": "out_of_distribution"}


def test_rows_are_answered_by_their_decision_values_where_there_are_no_others(
    rows: TestClient,
) -> None:
    sent = np.array([[3, 1], [1, 2.5]])
    answers = [
        rows.post(ROWS, json=asking(tensor("FP64", [2, 2], sent.tolist()), "scores", "labels")),
        rows.post(ROWS, json=asking(tensor("FP32", [2, 2], [3, 1, 1, 2.5]), "scores", "labels")),
    ]
    for datatype in ("FP32", "FP64"):
        outputs = [{"name": "scores"}, {"name": "labels"}]
        body, headers = packed_array(datatype, sent, outputs=outputs)
        answers.append(rows.post(ROWS, content=body, headers=headers))
    expected = rows.post("/predict", json={"rows": sent.tolist()}).json()["results"]
    for answer in answers:
        assert output_of(answer, "labels") == [each["predicted_class"] for each in expected]
        assert output_of(answer) == [list(each["scores"].values()) for each in expected]
    of_version_1 = rows.post("/v1/models/flowers:predict", json={"instances": sent.tolist()})
    assert of_version_1.json()["predictions"] == output_of(answers[0])


def test_a_decision_value_beyond_fp32_is_told_as_it_is(rows: TestClient) -> None:
    told = rows.get("/v2/models/flowers").json()["outputs"][0]
    assert (told["name"], told["datatype"]) == ("scores", "FP64")
    for parameters in ({}, {"binary_data_output": True}):
        sent = asking(tensor("FP64", [1, 2], [1e39, 1]), parameters=parameters)
        [scores] = output_of(rows.post(ROWS, json=sent))
        assert scores == pytest.approx([-1e39, 1e39])


def test_whole_numbers_are_a_row_too(rows: TestClient) -> None:
    answer = rows.post(ROWS, json=asking(tensor("INT64", [1, 2], [3, 1]), "labels"))
    assert output_of(answer, "labels") == ["B"]


def test_columns_are_rows_by_their_names_in_any_order(rows: TestClient) -> None:
    """As MLServer sends a data frame."""
    length, width = tensor("FP64", [2, 1], [3.0, 1.0]), tensor("INT64", [2], [1, 2])
    sent = {"inputs": [{**width, "name": "width"}, {**length, "name": "length"}]}
    expected = rows.post(ROWS, json=asking(tensor("FP64", [2, 2], [3, 1, 1, 2])))
    assert output_of(rows.post(ROWS, json=sent)) == output_of(expected)
    data = np.array([3.0, 1.0]).tobytes() + np.array([1, 2]).tobytes()
    columns = [
        {"name": name, "datatype": kind, "shape": [2, 1], "parameters": {"binary_data_size": 16}}
        for name, kind in (("length", "FP64"), ("width", "INT64"))
    ]
    head = json.dumps({"inputs": columns}).encode()
    answer = rows.post(ROWS, content=head + data, headers={HEADER_LENGTH: str(len(head))})
    assert output_of(answer) == output_of(expected)


@pytest.mark.parametrize(
    "columns",
    [
        [("length", [1]), ("height", [1])],
        [("length", [1]), ("length", [1])],
        [("length", [1]), ("width", [2])],
        [("length", [1, 2]), ("width", [1, 2])],
        [("length", [1]), ("width", [1]), ("x", [1])],
    ],
    ids=["another-name", "twice", "longer", "no-columns", "too-many"],
)
def test_columns_that_are_not_those_of_the_model(rows: TestClient, columns: Any) -> None:
    inputs = [
        {**tensor("FP64", shape, [1] * int(np.prod(shape))), "name": name}
        for name, shape in columns
    ]
    error_of(rows.post(ROWS, json={"inputs": inputs}), 400, "bad_request")


def test_a_model_of_rows_tells_how_many_numbers_it_takes(rows: TestClient) -> None:
    told = rows.get("/v2/models/flowers").json()
    assert told["inputs"] == [{"name": "row", "datatype": "FP64", "shape": [-1, 2]}]
    assert told["platform"] == "scikit-learn"


def test_a_missing_number_is_one_only_where_the_model_allows_it(rows: TestClient) -> None:
    gap, gap_headers = packed_array("FP64", np.array([[np.nan, 1.0]]))
    null = asking(tensor("FP64", [1, 2], [None, 1]))
    error_of(rows.post(ROWS, content=gap, headers=gap_headers), 422, "bad_sample")
    error_of(rows.post(ROWS, json=null), 422, "bad_sample")
    with serving(lambda: row_classifier(allows_missing=True)) as client:
        assert client.post(ROWS, content=gap, headers=gap_headers).status_code == 200
        assert client.post(ROWS, json=null).status_code == 200


HOSTILE_ROWS: list[tuple[dict[str, Any], int, str]] = [
    (tensor("BYTES", [1], ["1,2"]), 400, "bad_request"),
    (tensor("FP64", [1, 3], [1, 2, 3]), 400, "bad_request"),
    (tensor("FP64", [2], [1, 2]), 400, "bad_request"),
    (tensor("FP64", [2, 2], [1, 2]), 400, "bad_request"),
    (tensor("FP64", [129, 2], [1] * 258), 422, "bad_sample"),
    (tensor("FP64", [2**39, 2], [1, 2]), 422, "bad_sample"),
    (tensor("FP64", [1, 2], ["1", "2"]), 400, "bad_request"),
    (tensor("INT8", [1, 2], [128, 0]), 400, "bad_request"),
    (tensor("INT64", [1, 2], [0.5, 0]), 400, "bad_request"),
    (tensor("FP16", [1, 2], [1, 2]), 400, "bad_request"),
]


@pytest.mark.parametrize(("an_input", "status", "code"), HOSTILE_ROWS, ids=range(10))
def test_what_is_no_row_is_one_clear_error(
    rows: TestClient, an_input: dict[str, Any], status: int, code: str
) -> None:
    words = error_of(rows.post(ROWS, json=asking(an_input)), status, code)
    assert code == "bad_sample" or words


@pytest.mark.parametrize("number", [np.inf, -np.inf])
def test_infinity_is_no_number_of_a_row(rows: TestClient, number: float) -> None:
    body, headers = packed_array("FP64", np.array([[number, 1.0]]))
    error_of(rows.post(ROWS, content=body, headers=headers), 422, "bad_sample")


def test_what_spoke_for_a_row_is_not_said(rows: TestClient) -> None:
    sent = asking(tensor("FP64", [1, 2], [1, 2]), parameters={"explain": True})
    words = error_of(rows.post(ROWS, json=sent), 400, "bad_request")
    assert "not of rows" in words


@pytest.mark.parametrize(
    "instances",
    ["[1, 2]", "[[1, 2, 3]]", "[[1], [2]]", "[[[1, 2]]]", '["a"]', "[]", "[[1, NaN]]", "[null]"],
)
def test_instances_that_are_no_rows(rows: TestClient, instances: str) -> None:
    body = f'{{"instances": {instances}}}'.encode()
    error_of(rows.post("/v1/models/flowers:predict", content=body), 400, "bad_request")


@pytest.mark.parametrize(
    ("an_input", "status", "code"),
    [
        (tensor("FP64", [1, 2], [1, 2]), 400, "bad_request"),
        (tensor("BYTES", [1, 2], ["a", "b"]), 400, "bad_request"),
        (tensor("BYTES", [1], ["a", "b"]), 400, "bad_request"),
        (tensor("BYTES", [129], ["a"] * 129), 422, "bad_sample"),
        (tensor("BYTES", [1], ["x" * 100_001]), 422, "bad_sample"),
        (tensor("BYTES", [1], ["%"], parameters={"content_type": "base64"}), 400, "bad_request"),
    ],
    ids=range(6),
)
def test_what_is_no_text_is_one_clear_error(
    texts: TestClient, an_input: dict[str, Any], status: int, code: str
) -> None:
    error_of(texts.post(TEXTS, json=asking(an_input)), status, code)


def test_a_text_that_is_no_unicode(texts: TestClient) -> None:
    half = b'{"inputs": [{"name": "x", "datatype": "BYTES", "shape": [1], "data": ["\\ud800"]}]}'
    error_of(texts.post(TEXTS, content=half), 400, "bad_request")
    body, headers = packed("BYTES", [1], elements(b"\xff"))
    error_of(texts.post(TEXTS, content=body, headers=headers), 400, "bad_request")


def test_a_body_of_texts_has_the_most_bytes_that_predict_takes() -> None:
    with serving(lambda: text_classifier(**FALSETRUE), max_json_bytes=1_000) as client:
        error_of(client.post(TEXTS, content=b" " * 1_001), 413, "upload_too_large")


def test_an_estimator_that_gives_no_numbers_gives_its_labels() -> None:
    with serving(voting_classifier) as client:
        sent = tensor("FP64", [1, 2], [3, 1])
        assert output_of(client.post(ROWS, json=asking(sent)), "labels") == ["B"]
        refused = client.post(ROWS, json=asking(sent, "scores"))
        assert "Ask for 'labels'" in error_of(refused, 400, "bad_request")
        of_version_1 = client.post("/v1/models/flowers:predict", json={"instances": [[3, 1]]})
        assert of_version_1.json() == {"predictions": ["B"]}
