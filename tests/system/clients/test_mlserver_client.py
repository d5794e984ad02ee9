"""MLServer's types and codecs, and its command that asks a server, against a real service."""

from __future__ import annotations

import base64
import io
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import peer_environments
import pytest
from numpy.typing import NDArray
from PIL import Image

from foreign_client import ClientError, ForeignClient

pytestmark = [pytest.mark.longer, pytest.mark.timeout(600)]


def scores(served: Any, *data: bytes) -> Any:
    """Those of /predict."""
    return pytest.approx(
        np.array([list(served.predicted(each).values()) for each in data]), abs=1e-6
    )


def of(served: Any) -> dict[str, str]:
    return {"url": served.url, "model": served.model}


def test_what_the_server_says_of_itself_and_of_its_model_fits_the_types(
    mlserver: ForeignClient, pneumonia: Any
) -> None:
    assert mlserver.call("server_metadata", url=pneumonia.url)["name"] == "vistazo"
    model = mlserver.call("model_metadata", **of(pneumonia))
    assert (model["name"], model["versions"]) == (pneumonia.model, [pneumonia.version])
    datatypes = {each["name"]: each["datatype"] for each in model["outputs"]}
    assert (datatypes["scores"], datatypes["labels"]) == ("FP32", "BYTES")


def test_pictures_by_the_codec_of_base64(
    mlserver: ForeignClient, pneumonia: Any, pictures: list[bytes]
) -> None:
    wanted = ["scores", "labels"]
    said = mlserver.call("pictures", files=pictures, outputs=wanted, **of(pneumonia))
    assert np.array(said["scores"]) == scores(pneumonia, *pictures)
    assert (said["model"], said["version"]) == (pneumonia.model, pneumonia.version)
    assert set(said["labels"]) <= {"NORMAL", "PNEUMONIA"}
    explained = mlserver.call("pictures", files=pictures[:1], explain=True, **of(pneumonia))
    assert set(explained) - {"labels"} > set(said) - {"labels"}


def test_tensors_by_the_codecs_of_numpy(
    mlserver: ForeignClient,
    pneumonia: Any,
    pictures: list[bytes],
    prepared: Callable[[bytes], NDArray[np.float32]],
) -> None:
    array = np.stack([prepared(data) for data in pictures]).tolist()
    said = mlserver.call("numbers", values=array, dtype="float32", **of(pneumonia))
    assert np.array(said["scores"]) == scores(pneumonia, *pictures)
    pixels = np.asarray(Image.open(io.BytesIO(pictures[0])))[None, ..., None].tolist()
    # The codec of a whole request gives its input a name of its own.
    for function in ("numbers", "one_array"):
        said = mlserver.call(function, values=pixels, dtype="uint8", **of(pneumonia))
        assert np.array(said["scores"]) == scores(pneumonia, pictures[0])


def test_texts_by_the_codecs_of_strings(mlserver: ForeignClient, news: Any) -> None:
    texts = ["verdad", "mentira", "la verdad, señora"]
    said = mlserver.call("texts", texts=texts, outputs=["labels", "scores"], **of(news))
    assert said["labels"] == ["true", "false", "true"]
    again = mlserver.call("some_strings", texts=texts, **of(news))
    assert again["scores"] == said["scores"]


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64"])
def test_rows_by_the_codec_of_numpy(mlserver: ForeignClient, flowers: Any, dtype: str) -> None:
    rows = [[3.0, 1.0], [1.0, 4.0]]
    asked = {"values": rows, "dtype": dtype, "outputs": ["labels"]}
    assert mlserver.call("numbers", **asked, **of(flowers))["labels"] == ["B", "A"]


def test_a_data_frame_is_rows(mlserver: ForeignClient, flowers: Any) -> None:
    """Its codec makes an input of each column."""
    columns = {"length": [3.0, 1.0], "width": [1.0, 4.0]}
    said = np.array(mlserver.call("table", columns=columns, **of(flowers))["scores"])
    assert list(said[:, 1] > said[:, 0]) == [True, False]
    in_another_order = dict(reversed(columns.items()))
    again = mlserver.call("table", columns=in_another_order, **of(flowers))
    assert again["scores"] == said.tolist()
    with pytest.raises(ClientError, match="width"):
        mlserver.call("table", columns={"length": [1.0], "depth": [1.0]}, **of(flowers))


def test_errors_fit_its_type(mlserver: ForeignClient, pneumonia: Any) -> None:
    with pytest.raises(ClientError, match="unsupported") as refused:
        mlserver.call("pictures", files=[b"no picture"], **of(pneumonia))
    assert refused.value.kind == "RefusedError"


def test_its_command_asks_for_a_file_of_requests(
    mlserver: ForeignClient, pneumonia: Any, pictures: list[bytes], tmp_path: Path
) -> None:
    """``mlserver infer`` sends base64 and says no more that it is."""
    command = peer_environments.ENVIRONMENTS / "mlserver" / "bin" / "mlserver"
    asked, told = tmp_path / "asked.jsonl", tmp_path / "told.jsonl"
    lines = (request_line(data) for data in (*pictures, b"no picture"))
    asked.write_text("".join(f"{line}\n" for line in lines))
    address = pneumonia.url.removeprefix("http://")
    where = ("-u", address, "-m", pneumonia.model, "-i", asked, "-o", told, "-r", "1")
    done = subprocess.run([command, "infer", *where], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answers = {
        answer["parameters"]["batch_index"]: answer
        for answer in map(json.loads, told.read_text().splitlines())
    }
    for index, data in enumerate(pictures):
        (output,) = answers[index]["outputs"]
        assert np.array([output["data"]]) == scores(pneumonia, data)
    assert "error" in answers[len(pictures)]


def request_line(data: bytes) -> str:
    tensor = {
        "name": "picture",
        "shape": [1, 1],
        "datatype": "BYTES",
        "parameters": {"content_type": "base64"},
        "data": [base64.b64encode(data).decode()],
    }
    return json.dumps({"inputs": [tensor], "outputs": [{"name": "scores"}]})
