"""tritonclient, unmodified, against a real service."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from builders import encoded
from foreign_client import ClientError, ForeignClient

pytestmark = [pytest.mark.longer, pytest.mark.timeout(600)]


def files(*data: bytes) -> list[dict[str, Any]]:
    """Encoded pictures, as one input."""
    return [{"name": "image", "shape": [len(data)], "datatype": "BYTES", "values": data}]


def tensor(array: NDArray[Any], datatype: str, *, binary: bool = True) -> list[dict[str, Any]]:
    described = {"name": "image", "shape": array.shape, "datatype": datatype, "binary": binary}
    return [{**described, "values": array.ravel().tolist()}]


def scores(served: Any, *data: bytes) -> Any:
    """Those of /predict."""
    return pytest.approx(
        np.array([list(served.predicted(each).values()) for each in data]), abs=1e-6
    )


def test_the_server_and_its_model_are_alive_ready_and_described(
    triton: ForeignClient, pneumonia: Any
) -> None:
    of = {"address": pneumonia.address}
    assert triton.call("is_alive", **of)
    assert triton.call("is_ready", **of)
    assert triton.call("is_model_ready", model=pneumonia.model, **of)
    assert triton.call("is_model_ready", model=pneumonia.model, version=pneumonia.version, **of)
    assert not triton.call("is_model_ready", model="nobody", **of)
    assert not triton.call("is_model_ready", model=pneumonia.model, version="99", **of)
    server = triton.call("server_metadata", **of)
    assert server["name"] == "vistazo"
    assert "binary_tensor_data" in server["extensions"]
    model = triton.call("model_metadata", model=pneumonia.model, **of)
    assert model["versions"] == [pneumonia.version]
    assert {each["name"] for each in model["outputs"]} >= {"scores", "labels"}
    as_named = {"model": pneumonia.model, "version": pneumonia.version}
    assert triton.call("model_metadata", **as_named, **of) == model


def test_the_same_with_asyncio(triton: ForeignClient, pneumonia: Any) -> None:
    """Which says by itself that it takes gzip, and unpacks no metadata."""
    of = {"address": pneumonia.address, "model": pneumonia.model}
    alive, ready, model_ready, server, model = triton.call("metadata_with_asyncio", **of)
    assert (alive, ready, model_ready) == (True, True, True)
    assert (server["name"], model["name"]) == ("vistazo", pneumonia.model)


@pytest.mark.parametrize("ask", ["infer", "infer_with_asyncio"])
def test_pictures_are_answered_as_predict_answers_them(
    triton: ForeignClient, pneumonia: Any, pictures: list[bytes], ask: str
) -> None:
    of = {"address": pneumonia.address, "model_name": pneumonia.model}
    said = triton.call(ask, inputs=files(pictures[0]), **of)
    assert np.array(said["scores"]) == scores(pneumonia, pictures[0])
    assert said["answer"]["model_name"] == pneumonia.model
    assert said["answer"]["model_version"] == pneumonia.version
    several = triton.call(ask, inputs=files(*pictures), request_id="mine", **of)
    assert np.array(several["scores"]) == scores(pneumonia, *pictures)
    assert several["answer"]["id"] == "mine"
    version = {"model_version": pneumonia.version}
    again = triton.call(ask, inputs=files(*pictures), **version, **of)
    assert again["scores"] == several["scores"]


@pytest.mark.parametrize("packing", ["gzip", "deflate"])
@pytest.mark.parametrize("ask", ["infer", "infer_with_asyncio"])
def test_requests_and_answers_may_be_packed(
    triton: ForeignClient, pneumonia: Any, pictures: list[bytes], ask: str, packing: str
) -> None:
    of = {"address": pneumonia.address, "model_name": pneumonia.model}
    algorithms = ("request_compression_algorithm", "response_compression_algorithm")
    asked = {"inputs": files(*pictures), **dict.fromkeys(algorithms, packing)}
    assert np.array(triton.call(ask, **asked, **of)["scores"]) == scores(pneumonia, *pictures)
    # An answer that is large enough to be packed
    explained = triton.call(ask, **asked, parameters={"explain": True}, **of)
    assert np.array(explained["scores"]) == scores(pneumonia, *pictures)
    with pytest.raises(ClientError, match="unsupported") as refused:
        triton.call(ask, **{**asked, "inputs": files(b"no picture")}, **of)
    assert refused.value.kind == "InferenceServerException"


@pytest.mark.parametrize("binary", [True, False])
def test_the_pixels_of_a_picture_are_answered_as_its_file(
    triton: ForeignClient, pneumonia: Any, pictures: list[bytes], binary: bool
) -> None:
    grey = np.asarray(Image.open(io.BytesIO(pictures[0])))
    of = {"address": pneumonia.address, "model_name": pneumonia.model}
    said = triton.call("infer", inputs=tensor(grey[None, ..., None], "UINT8", binary=binary), **of)
    assert np.array(said["scores"]) == scores(pneumonia, pictures[0])
    colours = np.random.default_rng(3).integers(0, 256, (90, 60, 3), np.uint8)
    said = triton.call("infer", inputs=tensor(colours[None], "UINT8", binary=binary), **of)
    assert np.array(said["scores"]) == scores(pneumonia, encoded(Image.fromarray(colours)))


@pytest.mark.parametrize("binary", [True, False])
def test_prepared_tensors_are_answered_as_the_pictures_they_were_made_of(
    triton: ForeignClient,
    pneumonia: Any,
    pictures: list[bytes],
    prepared: Callable[[bytes], NDArray[np.float32]],
    binary: bool,
) -> None:
    array = np.stack([prepared(data) for data in pictures])
    of = {"address": pneumonia.address, "model_name": pneumonia.model}
    said = triton.call("infer", inputs=tensor(array, "FP32", binary=binary), **of)
    assert np.array(said["scores"]) == scores(pneumonia, *pictures)


@pytest.mark.parametrize("binary", [True, False])
def test_outputs_come_as_they_are_asked_for(
    triton: ForeignClient, pneumonia: Any, pictures: list[bytes], binary: bool
) -> None:
    wanted = [{"name": name, "binary_data": binary} for name in ("labels", "scores", "likeness")]
    of = {"address": pneumonia.address, "model_name": pneumonia.model}
    said = triton.call("infer", inputs=files(*pictures), outputs=wanted, **of)
    assert [each["name"] for each in said["answer"]["outputs"]] == ["labels", "scores", "likeness"]
    likelier = np.array(said["scores"]).argmax(axis=1)
    assert set(map(str, decoded(said["labels"]))) <= {"NORMAL", "PNEUMONIA"}
    assert len(said["labels"]) == len(said["likeness"]) == len(likelier) == len(pictures)


def decoded(labels: Any) -> list[str]:
    """However they are nested, and whether they came as bytes."""
    flat = np.array(labels, object).ravel()
    return [each.decode() if isinstance(each, bytes) else each for each in flat]


def test_the_highest_classes_come_as_triton_writes_them(
    triton: ForeignClient, pneumonia: Any, pictures: list[bytes]
) -> None:
    of = {"address": pneumonia.address, "model_name": pneumonia.model}
    wanted = [{"name": "scores", "class_count": 2}]
    said = triton.call("infer", inputs=files(pictures[0]), outputs=wanted, **of)
    told = [each.split(":") for each in decoded(said["scores"])]
    expected = pneumonia.predicted(pictures[0])
    assert {label: pytest.approx(float(score), abs=1e-5) for score, _, label in told} == expected
    assert float(told[0][0]) >= float(told[1][0])


def test_an_explanation_comes_on_request(
    triton: ForeignClient, pneumonia: Any, pictures: list[bytes]
) -> None:
    of = {"address": pneumonia.address, "model_name": pneumonia.model}
    plain = triton.call("infer", inputs=files(pictures[0]), **of)
    said = triton.call("infer", inputs=files(pictures[0]), parameters={"explain": True}, **of)
    (more,) = set(said) - set(plain)
    (picture,) = np.array(said[more], object).ravel()
    assert picture.startswith(b"\x89PNG")
    asked = {"explain": True, "label": "NORMAL"}
    other = triton.call("infer", inputs=files(pictures[0]), parameters=asked, **of)
    assert np.array(other[more], object).ravel()[0] != picture


def test_what_triton_knows_beside_is_left_alone(
    triton: ForeignClient, pneumonia: Any, pictures: list[bytes]
) -> None:
    of = {"address": pneumonia.address, "model_name": pneumonia.model}
    sequence = {"sequence_id": 7, "sequence_start": True, "sequence_end": True}
    more = {"priority": 1, "timeout": 5_000_000, "parameters": {"mine": "x", "two": 2.5}}
    said = triton.call("infer", inputs=files(pictures[0]), **sequence, **more, **of)
    assert np.array(said["scores"]) == scores(pneumonia, pictures[0])


def test_texts_are_answered(triton: ForeignClient, news: Any) -> None:
    of = {"address": news.address, "model_name": news.model}
    texts = ["verdad verdad", "mentira", "la verdad, señora"]
    for binary in (True, False):
        named = {"name": "text", "shape": [3], "datatype": "BYTES", "binary": binary}
        wanted = [{"name": name, "binary_data": binary} for name in ("scores", "labels")]
        said = triton.call("infer", inputs=[{**named, "values": texts}], outputs=wanted, **of)
        assert decoded(said["labels"]) == ["true", "false", "true"]
        assert np.array(said["scores"]).shape == (3, 2)


def test_the_words_that_spoke_come_on_request(triton: ForeignClient, news: Any) -> None:
    of = {"address": news.address, "model_name": news.model}
    named = {"name": "text", "shape": [1, 1], "datatype": "BYTES", "values": ["pura verdad"]}
    said = triton.call("infer", inputs=[named], parameters={"explain": True}, **of)
    (more,) = set(said) - {"answer", "scores"}
    assert "verdad" in decoded(said[more])[0]


@pytest.mark.parametrize("datatype", ["FP32", "FP64", "INT64"])
@pytest.mark.parametrize("binary", [True, False])
def test_rows_are_answered(
    triton: ForeignClient, flowers: Any, datatype: str, binary: bool
) -> None:
    rows = np.array([[3.0, 1.0], [1.0, 4.0]])
    of = {"address": flowers.address, "model_name": flowers.model}
    wanted = [{"name": name, "binary_data": binary} for name in ("scores", "labels")]
    inputs = tensor(rows, datatype, binary=binary)
    said = triton.call("infer", inputs=inputs, outputs=wanted, **of)
    assert decoded(said["labels"]) == ["B", "A"]
    expected = 1 / (1 + np.exp(rows[:, 1] - rows[:, 0]))
    assert np.array(said["scores"])[:, 1] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    "what",
    ["configuration", "statistics", "repository", "unload", "shared memory", "log settings"],
)
def test_what_triton_has_beyond_the_protocol_is_refused_in_words(
    triton: ForeignClient, pneumonia: Any, what: str
) -> None:
    of = {"address": pneumonia.address, "model": pneumonia.model}
    with pytest.raises(ClientError) as refused:
        triton.call("beyond_the_protocol", what=what, **of)
    assert refused.value.status in {"404", "405"}
    assert "not_found: " in refused.value.said or "method_not_allowed: " in refused.value.said
    assert triton.call("is_model_ready", **of)


def test_errors_are_its_own_exception_with_our_words(
    triton: ForeignClient, pneumonia: Any, pictures: list[bytes]
) -> None:
    of = {"address": pneumonia.address, "model_name": pneumonia.model}
    wrong: list[tuple[str, str, dict[str, Any]]] = [
        ("404", "nobody", {**of, "model_name": "nobody", "inputs": files(pictures[0])}),
        ("404", "99", {**of, "model_version": "99", "inputs": files(pictures[0])}),
        ("415", "unsupported", {**of, "inputs": files(b"%PDF-1.7 " * 90)}),
        ("422", "corrupt", {**of, "inputs": files(pictures[1][:-200])}),
        ("400", "shape", {**of, "inputs": tensor(np.zeros((1, 7, 7, 1)), "FP32")}),
        ("400", "INT16", {**of, "inputs": tensor(np.zeros((1, 7)), "INT16")}),
        ("400", "nobody", {**of, "inputs": files(pictures[0]), "outputs": [{"name": "nobody"}]}),
    ]
    for status, words, asked in wrong:
        with pytest.raises(ClientError) as refused:
            triton.call("infer", **asked)
        error = refused.value
        assert (error.kind, error.status) == ("InferenceServerException", status), error
        assert words in error.said
