from __future__ import annotations

import base64
import gzip
import io
import json
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from builders import BrightnessEngine, brightness_classifier, encoded, evenness, film, flat
from inference_calls import (
    HEADER_LENGTH,
    INFER,
    PREDICT,
    as_base64,
    asking,
    elements,
    error_of,
    of_files,
    output_of,
    packed,
    packed_array,
    tensor,
)
from vistazo import __version__
from vistazo.api.app import create_app
from vistazo.models.outputs import OutputSignature
from vistazo.service.settings import Settings

Serve = Callable[..., Any]

FILM = encoded(film())
DARK, BRIGHT = encoded(flat(0)), encoded(flat(255))


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


def test_every_way_to_send_a_picture_gives_the_same_probabilities(client: TestClient) -> None:
    """The contract of the adapters: one classifier, whoever asks it and how."""
    pixels = np.asarray(Image.open(io.BytesIO(FILM)))[np.newaxis]
    sent = [
        {"json": asking(of_files(FILM))},
        {"json": asking(tensor("BYTES", [1, 1], [[as_base64(FILM)]]))},
        {"json": asking(tensor("UINT8", list(pixels.shape), pixels.tolist()))},
        *(
            dict(zip(("content", "headers"), each, strict=True))
            for each in (
                packed("BYTES", [1], elements(FILM)),
                packed_array("UINT8", pixels),
                packed_array("UINT8", pixels[..., np.newaxis]),
                packed_array("UINT8", np.repeat(pixels[..., np.newaxis], 3, axis=3)),
            )
        ),
    ]
    answers = [client.post(INFER, **each) for each in sent]
    assert [output_of(answer) for answer in answers] == [[scores_of(client, FILM)]] * len(sent)
    of_version_1 = client.post(PREDICT, json={"instances": [{"b64": as_base64(FILM)}]})
    assert np.float32(of_version_1.json()["predictions"]).tolist() == [scores_of(client, FILM)]


@pytest.mark.parametrize(
    ("encoding", "unpack"), [("gzip", gzip.decompress), ("deflate", zlib.decompress)]
)
def test_a_long_answer_is_compressed_where_that_is_wanted(
    client: TestClient, encoding: str, unpack: Any
) -> None:
    """The length of the JSON is that of the answer before."""
    body, headers = packed(
        "BYTES", [1], elements(FILM), parameters={"explain": True, "binary_data_output": True}
    )
    plain = client.post(INFER, content=body, headers={**headers, "Accept-Encoding": "identity"})
    with client.stream(
        "POST", INFER, content=body, headers={**headers, "Accept-Encoding": encoding}
    ) as answer:
        sent = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == encoding
    assert "Accept-Encoding" in answer.headers["vary"]
    assert int(answer.headers["content-length"]) == len(sent)
    length = int(answer.headers[HEADER_LENGTH])
    found, expected = json.loads(unpack(sent)[:length]), json.loads(plain.content[:length])
    assert found["outputs"] == expected["outputs"]
    assert unpack(sent)[length:] == plain.content[length:]


@pytest.mark.parametrize("wish", ["identity", "br", "gzip;q=0", "deflate; q=0.0", ""])
def test_an_answer_is_plain_where_nothing_else_is_wanted(client: TestClient, wish: str) -> None:
    answer = client.post(
        INFER,
        json=asking(of_files(FILM), parameters={"explain": True}),
        headers={"Accept-Encoding": wish},
    )
    assert "content-encoding" not in answer.headers


def test_errors_and_metadata_are_never_compressed(client: TestClient) -> None:
    """Clients read them as they are, whatever they accept."""
    for answer in (client.get("/v2/models/brightness"), client.post(INFER, content=b"x" * 5_000)):
        assert "content-encoding" not in answer.headers


def test_a_heatmap_is_the_layer_that_predict_gives(client: TestClient) -> None:
    explained = client.post("/predict?explain=true&label=DARK", files={"file": ("a.png", FILM)})
    layer = base64.b64decode(explained.json()["heatmap"]["image"])
    parameters = {"explain": True, "label": "DARK"}
    in_json = client.post(INFER, json=asking(of_files(FILM), parameters=parameters))
    assert base64.b64decode(output_of(in_json, "heatmap")[0]) == layer
    assert output_of(in_json) == [scores_of(client, FILM)]
    body, headers = packed(
        "BYTES",
        [1],
        elements(FILM),
        parameters={"label": "DARK"},
        outputs=[{"name": "heatmap", "parameters": {"binary_data": True}}],
    )
    assert output_of(client.post(INFER, content=body, headers=headers), "heatmap") == [layer]


def test_raw_pixels_and_prepared_tensors_have_a_heatmap_too(client: TestClient) -> None:
    for an_input in (
        tensor("UINT8", [1, 60, 80], [np.asarray(film()).tolist()]),
        tensor("FP32", [1, 8, 8, 1], [0.5] * 64),
    ):
        answer = client.post(INFER, json=asking(an_input, "heatmap"))
        [layer] = output_of(answer, "heatmap")
        assert base64.b64decode(layer).startswith(b"\x89PNG")


def test_a_label_that_the_model_does_not_have(client: TestClient) -> None:
    refused = client.post(INFER, json=asking(of_files(FILM), parameters={"label": "GREEN"}))
    error_of(refused, 400, "unknown_label")


def test_the_highest_classes_are_told_as_triton_tells_them(client: TestClient) -> None:
    wanted = [{"name": "scores", "parameters": {"classification": 5}}]
    answer = client.post(INFER, json={**asking(of_files(BRIGHT)), "outputs": wanted})
    [output] = answer.json()["outputs"]
    assert (output["datatype"], output["shape"]) == ("BYTES", [1, 2])
    assert output["data"] == ["1.000000:1:BRIGHT", "0.000000:0:DARK"]


def test_fields_and_parameters_of_other_servers_are_left_alone(client: TestClient) -> None:
    request = asking(
        {**of_files(FILM), "name": "input-1", "parameters": {"content_type": "base64"}},
        model_name="x",
        parameters={"timeout": 5, "priority": 1, "sequence_id": 3, "content_type": "np"},
    )
    assert output_of(client.post(INFER, json=request)) == [scores_of(client, FILM)]


def test_an_answer_without_an_id_has_that_of_the_request(client: TestClient) -> None:
    answer = client.post(INFER, json=asking(of_files(FILM)), headers={"X-Request-ID": "r-7"})
    assert answer.json()["id"] == "r-7" == answer.headers["x-request-id"]


def test_doubts_are_told_whether_or_not_they_are_asked_for(serving: Serve) -> None:
    with serving(card={"output": {"uncertain_band": [0.2, 0.8]}}) as client:
        half = encoded(flat(128))
        answer = client.post(INFER, json=asking(of_files(half, BRIGHT), "warnings"))
        plain = client.post(INFER, json=asking(of_files(half, BRIGHT)))
    assert output_of(answer, "warnings") == ["uncertain", ""]
    assert answer.json()["parameters"] == plain.json()["parameters"] == {"warnings": "uncertain"}


def test_further_outputs_are_there_by_their_names(serving: Serve) -> None:
    others = (OutputSignature("age", 1, "linear"), OutputSignature("smile", 1, "sigmoid"))
    more = {
        "age": {"kind": "value", "unit": "years", "scale": 100},
        "smile": {"kind": "sigmoid", "labels": ["no", "yes"], "uncertain_band": [0.7, 0.9]},
    }
    with serving(card={"more_outputs": more}, others=others) as client:
        told = client.get("/v2/models/brightness").json()["outputs"]
        sent = of_files(encoded(flat(204)))
        answer = client.post(INFER, json=asking(sent, "age", "smile", "light", "warnings"))
    shapes = {each["name"]: each["shape"] for each in told}
    assert (shapes["age"], shapes["smile"], shapes["light"]) == ([-1], [-1, 2], [-1, 2])
    assert output_of(answer, "age") == pytest.approx([80])
    assert np.ravel(output_of(answer, "smile")) == pytest.approx([0.2, 0.8])
    assert np.ravel(output_of(answer, "light")) == pytest.approx([0.2, 0.8])
    assert output_of(answer, "warnings") == ["smile:uncertain"]


def test_likeness_is_there_where_the_model_has_a_baseline(serving: Serve) -> None:
    engine = BrightnessEngine(maps=True)
    app = create_app(
        Settings.model_validate({"threads": 1}),
        load=lambda: brightness_classifier(engine, baseline=evenness()),
    )
    with TestClient(app) as client:
        while client.get("/v2/health/ready").status_code == 503:
            pass
        expected = client.post("/predict", files={"file": ("a.png", FILM)}).json()
        answer = client.post(INFER, json=asking(of_files(FILM), "likeness"))
    assert output_of(answer, "likeness") == [
        float(np.float32(expected["in_distribution"]["score"]))
    ]


@pytest.mark.parametrize(
    ("scale", "sound", "raw"),
    [
        ("1/127.5-1", -1.0, 100.0),
        ("none", 255.0, 1e4),
        ({"divide_by": 255, "mean": [0.5], "std": [0.25]}, -2.0, 100.0),
        ("per_picture", 100.0, None),
    ],
)
def test_a_tensor_that_nothing_prepared_makes_is_refused(
    serving: Serve, scale: Any, sound: float, raw: float | None
) -> None:
    with serving(card={"input": {"scale": scale}}) as client:
        taken = client.post(INFER, json=asking(tensor("FP32", [1, 8, 8, 1], [sound] * 64)))
        assert taken.status_code in (200, 422), taken.text  # the engine of the test takes 0 to 1
        if raw is not None:
            refused = client.post(INFER, json=asking(tensor("FP32", [1, 8, 8, 1], [raw] * 64)))
            assert "Send raw pixels as UINT8" in error_of(refused, 400, "bad_request")


def test_a_label_without_a_heatmap_is_a_question_like_any_other(serving: Serve) -> None:
    with serving() as client, pytest.MonkeyPatch.context() as patched:
        seen = []
        patched.setattr(client.app.state.monitor, "see", seen.append)
        client.post(INFER, json=asking(of_files(FILM), parameters={"label": "DARK"}))
        assert len(seen) == 1
        explained = {"label": "DARK", "explain": True}
        client.post(INFER, json=asking(of_files(FILM), parameters=explained))
        assert len(seen) == 1
