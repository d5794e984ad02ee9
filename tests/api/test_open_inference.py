from __future__ import annotations

import gzip
import io
import json
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from builders import encoded, film, flat
from inference_calls import (
    HEADER_LENGTH,
    INFER,
    asking,
    elements,
    of_files,
    output_of,
    packed,
    packed_array,
    tensor,
)
from vistazo import __version__

FILM = encoded(film())
DARK, BRIGHT = encoded(flat(0)), encoded(flat(255))


def error_of(answer: Any, status: int, code: str) -> str:
    """The words of a refusal in the protocol's shape."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-request-id"]
    document = answer.json()
    assert document.keys() == {"error"}
    said, _, words = document["error"].partition(": ")
    assert said == code, document
    return str(words)


def scores_of(client: TestClient, picture: bytes) -> list[float]:
    answer = client.post("/predict", files={"file": ("a.png", picture)})
    return [float(np.float32(each)) for each in answer.json()["predictions"]]


def test_the_server_says_what_it_is_and_what_it_speaks(client: TestClient) -> None:
    assert client.get("/v2").json() == {
        "name": "vistazo",
        "version": __version__,
        "extensions": ["binary_tensor_data", "classification", "parameters"],
    }


def test_health_is_told_by_status_and_in_words(client: TestClient) -> None:
    live, ready = client.get("/v2/health/live"), client.get("/v2/health/ready")
    assert (live.status_code, live.json()) == (200, {"live": True})
    assert (ready.status_code, ready.json()) == (200, {"ready": True})


@pytest.mark.parametrize("path", ["", "/versions/1.0.0"])
def test_a_model_is_ready_by_its_name_and_by_its_version(client: TestClient, path: str) -> None:
    answer = client.get(f"/v2/models/brightness{path}/ready")
    assert (answer.status_code, answer.json()) == (200, {"name": "brightness", "ready": True})


def test_a_model_tells_the_input_that_every_client_can_send(client: TestClient) -> None:
    told = client.get("/v2/models/brightness").json()
    assert told == client.get("/v2/models/brightness/versions/1.0.0").json()
    assert (told["name"], told["versions"]) == ("brightness", ["1.0.0"])
    assert told["inputs"] == [{"name": "picture", "datatype": "BYTES", "shape": [-1]}]
    assert told["outputs"][0] == {"name": "scores", "datatype": "FP32", "shape": [-1, 2]}


def test_a_picture_in_base64_has_the_probabilities_that_predict_gives(client: TestClient) -> None:
    answer = client.post(INFER, json=asking(of_files(FILM), id="42"))
    assert answer.status_code == 200, answer.text
    document = answer.json()
    assert (document["model_name"], document["model_version"]) == ("brightness", "1.0.0")
    assert document["id"] == "42"
    [scores] = output_of(answer)
    assert scores == scores_of(client, FILM)


def test_a_picture_as_binary_data_has_the_same(client: TestClient) -> None:
    body, headers = packed("BYTES", [1], elements(FILM))
    assert output_of(client.post(INFER, content=body, headers=headers)) == [scores_of(client, FILM)]


def test_an_answer_is_binary_where_that_is_asked_for(client: TestClient) -> None:
    body, headers = packed(
        "BYTES", [2], elements(DARK, BRIGHT), parameters={"binary_data_output": True}
    )
    answer = client.post(INFER, content=body, headers=headers)
    assert answer.headers["content-type"] == "application/octet-stream"
    assert int(answer.headers[HEADER_LENGTH]) == len(answer.content) - 2 * 2 * 4
    assert output_of(answer) == [scores_of(client, DARK), scores_of(client, BRIGHT)]


def test_labels_and_warnings_are_given_on_request(client: TestClient) -> None:
    answer = client.post(INFER, json=asking(of_files(DARK, BRIGHT), "labels", "warnings"))
    assert [each["name"] for each in answer.json()["outputs"]] == ["labels", "warnings"]
    assert output_of(answer, "labels") == ["DARK", "BRIGHT"]
    assert output_of(answer, "warnings") == ["", ""]


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_a_request_may_be_compressed(client: TestClient, pack: Any) -> None:
    encoding = "gzip" if pack is gzip.compress else "deflate"
    body, headers = packed("BYTES", [1], elements(FILM))
    headers["Content-Encoding"] = encoding
    answer = client.post(INFER, content=pack(body), headers=headers)
    assert output_of(answer) == [scores_of(client, FILM)]


def test_raw_pixels_are_prepared_as_the_card_says(client: TestClient) -> None:
    pixels = np.asarray(Image.open(io.BytesIO(FILM)))
    body, headers = packed_array("UINT8", pixels[np.newaxis])
    assert output_of(client.post(INFER, content=body, headers=headers)) == [scores_of(client, FILM)]
    in_json = asking(tensor("UINT8", [1, *pixels.shape], pixels[np.newaxis].tolist()))
    assert output_of(client.post(INFER, json=in_json)) == [scores_of(client, FILM)]


def test_a_prepared_tensor_goes_to_the_model_as_it_is(client: TestClient) -> None:
    prepared = np.full((2, 8, 8, 1), 0.25, np.float32)
    body, headers = packed_array("FP32", prepared)
    assert output_of(client.post(INFER, content=body, headers=headers)) == [[0.75, 0.25]] * 2
    in_json = asking(tensor("FP32", [2, 8, 8, 1], prepared.ravel().tolist()))
    assert output_of(client.post(INFER, json=in_json)) == [[0.75, 0.25]] * 2


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/v2/models/nobody", "There is no model 'nobody' here; there is 'brightness'."),
        ("/v2/models/brightness/versions/9/ready", "There is no version '9' of"),
    ],
)
def test_another_model_is_not_found_in_the_protocols_words(
    client: TestClient, path: str, words: str
) -> None:
    assert words in error_of(client.get(path), 404, "unknown_model")


def test_a_damaged_picture_is_refused_in_the_protocols_shape(client: TestClient) -> None:
    answer = client.post(INFER, json=asking(of_files(FILM, FILM[:-30])))
    assert error_of(answer, 422, "corrupt_image").startswith("Picture 2: ")


def test_a_path_that_is_not_there_and_a_method_that_is_not_one(client: TestClient) -> None:
    error_of(client.get("/v2/nothing"), 404, "not_found")
    error_of(client.get(INFER), 405, "method_not_allowed")
    assert json.loads(client.get("/nothing").content)["code"] == "not_found"
