"""KServe's InferenceRESTClient, unmodified, against a real service: versions 2 and 1."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from foreign_client import ClientError, ForeignClient

pytestmark = [pytest.mark.longer, pytest.mark.timeout(600)]


def files(*data: bytes) -> list[dict[str, Any]]:
    return [{"name": "image", "shape": [len(data)], "datatype": "BYTES", "values": data}]


def tensor(array: NDArray[Any], datatype: str, *, binary: bool) -> list[dict[str, Any]]:
    described = {"name": "image", "shape": array.shape, "datatype": datatype, "binary": binary}
    return [{**described, "values": array.ravel().tolist()}]


def scores(served: Any, *data: bytes) -> Any:
    """Those of /predict."""
    return pytest.approx(
        np.array([list(served.predicted(each).values()) for each in data]), abs=1e-6
    )


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def test_the_server_and_its_model_are_alive_and_ready(
    kserve: ForeignClient, pneumonia: Any
) -> None:
    assert kserve.call("is_alive", url=pneumonia.url) is True
    assert kserve.call("is_ready", url=pneumonia.url) is True
    assert kserve.call("is_model_ready", url=pneumonia.url, model=pneumonia.model) == [True, True]


def test_pictures_are_answered_as_predict_answers_them(
    kserve: ForeignClient, pneumonia: Any, pictures: list[bytes]
) -> None:
    of = {"url": pneumonia.url, "model": pneumonia.model}
    said = kserve.call("infer", inputs=files(*pictures), **of)
    assert np.array(said["scores"]) == scores(pneumonia, *pictures)
    assert said["model"] == pneumonia.model
    assert len(said["id"]) == 36  # of its own making
    binary = [{"name": name, "parameters": {"binary_data": True}} for name in ("scores", "labels")]
    again = kserve.call("infer", inputs=files(*pictures), outputs=binary, **of)
    assert np.array(again["scores"]) == scores(pneumonia, *pictures)
    likelier = np.array(again["scores"]).argmax(axis=1)
    names = np.array(["NORMAL", "PNEUMONIA"])[likelier]
    assert len(again["labels"]) == len(names)
    # As JSON: its client takes all that comes in binary BYTES to be text in UTF-8.
    explained = kserve.call("infer", inputs=files(pictures[0]), parameters={"explain": True}, **of)
    (more,) = set(explained) - set(said)
    assert base64.b64decode(np.array(explained[more]).item()).startswith(b"\x89PNG")


@pytest.mark.parametrize("binary", [True, False])
def test_tensors_are_answered_as_the_pictures_they_were_made_of(
    kserve: ForeignClient,
    pneumonia: Any,
    pictures: list[bytes],
    prepared: Callable[[bytes], NDArray[np.float32]],
    binary: bool,
) -> None:
    of = {"url": pneumonia.url, "model": pneumonia.model}
    array = np.stack([prepared(data) for data in pictures])
    said = kserve.call("infer", inputs=tensor(array, "FP32", binary=binary), **of)
    assert np.array(said["scores"]) == scores(pneumonia, *pictures)
    pixels = np.asarray(Image.open(io.BytesIO(pictures[0])))[None, ..., None]
    said = kserve.call("infer", inputs=tensor(pixels, "UINT8", binary=binary), **of)
    assert np.array(said["scores"]) == scores(pneumonia, pictures[0])


def test_version_1_predicts_pictures(
    kserve: ForeignClient, pneumonia: Any, pictures: list[bytes]
) -> None:
    of = {"url": pneumonia.url, "model": pneumonia.model}
    instances = [{"image_bytes": {"b64": b64(data)}} for data in pictures]
    expected = [pneumonia.predicted(data) for data in pictures]
    bare = [{"b64": b64(data)} for data in pictures]
    for asked in (instances, bare):
        said = kserve.call("predict", instances=asked, **of)["predictions"]
        assert len(said) == len(expected)
        for one, wanted in zip(said, expected, strict=True):
            assert one == pytest.approx(list(wanted.values()), abs=1e-6)


def test_version_1_predicts_texts_and_rows(kserve: ForeignClient, news: Any, flowers: Any) -> None:
    said = kserve.call("predict", url=news.url, model=news.model, instances=["verdad", "mentira"])
    (first, second) = said["predictions"]
    assert first[1] > first[0]
    assert second[0] > second[1]
    rows = [[3.5, 1.0], [1.0, 4.0]]
    said = kserve.call("predict", url=flowers.url, model=flowers.model, instances=rows)
    expected = [1 / (1 + np.exp(-(one - other))) for one, other in rows]
    assert [score for _, score in said["predictions"]] == pytest.approx(expected, abs=1e-6)


def test_errors_are_its_own_exception_with_our_words(
    kserve: ForeignClient, pneumonia: Any, pictures: list[bytes]
) -> None:
    of = {"url": pneumonia.url, "model": pneumonia.model}
    broken = pictures[1][:-200]
    wrong: list[tuple[str, str, dict[str, Any]]] = [
        ("infer", "404", {**of, "model": "nobody", "inputs": files(pictures[0])}),
        ("infer", "415", {**of, "inputs": files(b"%PDF-1.7 " * 90)}),
        ("infer", "422", {**of, "inputs": files(broken)}),
        ("predict", "404", {**of, "model": "nobody", "instances": [{"b64": b64(pictures[0])}]}),
        ("predict", "422", {**of, "instances": [{"b64": b64(broken)}]}),
        ("predict", "400", {**of, "instances": 7}),
    ]
    for function, status, asked in wrong:
        with pytest.raises(ClientError) as refused:
            kserve.call(function, **asked)
        error = refused.value
        assert error.kind == "HTTPStatusError"
        words, _, rest = error.said.partition(", '")
        assert len(words) > 20, error  # empty where it could not read them
        assert rest.startswith(status), error
