"""What MLServer gives those who ask a server: its types and codecs; HTTP is anybody's."""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import Any

import numpy as np
import pandas as pd
from carried_out import carry_out
from mlserver.codecs import (
    Base64Codec,
    NumpyCodec,
    NumpyRequestCodec,
    PandasCodec,
    StringCodec,
    StringRequestCodec,
)
from mlserver.types import (
    InferenceErrorResponse,
    InferenceRequest,
    InferenceResponse,
    MetadataModelResponse,
    MetadataServerResponse,
    Parameters,
    RequestOutput,
)


class RefusedError(Exception):
    """As MLServer's type of an error has it."""


def server_metadata(url: str) -> dict[str, Any]:
    return MetadataServerResponse.model_validate_json(_answer(f"{url}/v2")).model_dump()


def model_metadata(url: str, model: str) -> dict[str, Any]:
    content = _answer(f"{url}/v2/models/{model}")
    return MetadataModelResponse.model_validate_json(content).model_dump(mode="json")


def pictures(url: str, model: str, files: list[bytes], **options: Any) -> dict[str, Any]:
    return _asked(url, model, [Base64Codec.encode_input("picture", files)], **options)


def texts(url: str, model: str, texts: list[str], **options: Any) -> dict[str, Any]:
    return _asked(url, model, [StringCodec.encode_input("text", texts)], **options)


def numbers(url: str, model: str, values: Any, dtype: str, **options: Any) -> dict[str, Any]:
    array = np.array(values, dtype)
    return _asked(url, model, [NumpyCodec.encode_input("input", array)], **options)


def one_array(url: str, model: str, values: Any, dtype: str) -> dict[str, Any]:
    """With the codec of whole requests, which gives the input a name of its own."""
    return _sent(url, model, NumpyRequestCodec.encode_request(np.array(values, dtype)))


def some_strings(url: str, model: str, texts: list[str]) -> dict[str, Any]:
    return _sent(url, model, StringRequestCodec.encode_request(texts, use_bytes=False))


def table(url: str, model: str, columns: dict[str, list[float]]) -> dict[str, Any]:
    return _sent(url, model, PandasCodec.encode_request(pd.DataFrame(columns), use_bytes=False))


def _asked(url: str, model: str, inputs: Any, outputs: Any = (), **parameters: Any) -> Any:
    request = InferenceRequest(
        id="of-mlserver",
        inputs=inputs,
        outputs=[RequestOutput(name=name) for name in outputs] or None,
        parameters=Parameters(**parameters) if parameters else None,
    )
    return _sent(url, model, request)


def _sent(url: str, model: str, request: InferenceRequest) -> dict[str, Any]:
    body = request.model_dump_json(exclude_none=True).encode()
    try:
        content = _answer(f"{url}/v2/models/{model}/infer", body)
    except urllib.error.HTTPError as error:
        said = InferenceErrorResponse.model_validate_json(error.read()).error
        raise RefusedError(said) from error
    response = InferenceResponse.model_validate_json(content)
    told = {output.name: _decoded(output) for output in response.outputs}
    return {"model": response.model_name, "version": response.model_version, **told}


def _answer(url: str, body: bytes | None = None) -> bytes:
    asked = urllib.request.Request(url, body, {"Content-Type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(asked) as answer:  # noqa: S310
        return answer.read()


def _decoded(output: Any) -> Any:
    codec = StringCodec if output.datatype == "BYTES" else NumpyCodec
    decoded = codec.decode_output(output)
    return decoded if isinstance(decoded, list) else decoded.tolist()


if __name__ == "__main__":
    carry_out(
        server_metadata, model_metadata, pictures, texts, numbers, one_array, some_strings, table
    )
