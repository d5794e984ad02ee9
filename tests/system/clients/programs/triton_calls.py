"""tritonclient as its manual has it: over HTTP, at once, later, and with asyncio."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import tritonclient.http as http
from carried_out import carry_out
from tritonclient.http import aio
from tritonclient.utils import triton_to_np_dtype


def is_alive(address: str) -> bool:
    return http.InferenceServerClient(address).is_server_live()


def is_ready(address: str) -> bool:
    return http.InferenceServerClient(address).is_server_ready()


def is_model_ready(address: str, model: str, version: str = "") -> bool:
    return http.InferenceServerClient(address).is_model_ready(model, version)


def server_metadata(address: str) -> dict[str, Any]:
    return http.InferenceServerClient(address).get_server_metadata()


def model_metadata(address: str, model: str, version: str = "", **options: Any) -> dict[str, Any]:
    return http.InferenceServerClient(address).get_model_metadata(model, version, **options)


def infer(address: str, inputs: Any, outputs: Any = None, **options: Any) -> dict[str, Any]:
    """``inputs``: name, shape, datatype, values and binary of each; ``outputs``: those of
    InferRequestedOutput.
    """
    client = http.InferenceServerClient(address)
    return _told(client.infer(inputs=_inputs(inputs), outputs=_outputs(outputs), **options))


def infer_later(address: str, each: Any, connections: int, **options: Any) -> list[Any]:
    """One request for each of these inputs, all of them at once; an error is told in its place."""
    client = http.InferenceServerClient(address, concurrency=connections)
    asked = [client.async_infer(inputs=_inputs(inputs), **options) for inputs in each]
    return [_result_of(one) for one in asked]


def infer_with_asyncio(address: str, inputs: Any, outputs: Any = None, **options: Any) -> Any:
    async def asked() -> dict[str, Any]:
        async with aio.InferenceServerClient(address) as client:
            wanted = _outputs(outputs)
            return _told(await client.infer(inputs=_inputs(inputs), outputs=wanted, **options))

    return asyncio.run(asked())


def metadata_with_asyncio(address: str, model: str) -> list[Any]:
    async def asked() -> list[Any]:
        async with aio.InferenceServerClient(address) as client:
            return [
                await client.is_server_live(),
                await client.is_server_ready(),
                await client.is_model_ready(model),
                await client.get_server_metadata(),
                await client.get_model_metadata(model),
            ]

    return asyncio.run(asked())


def beyond_the_protocol(address: str, model: str, what: str) -> Any:
    """What Triton has, and the protocol has not."""
    client = http.InferenceServerClient(address)
    ask = {
        "configuration": lambda: client.get_model_config(model),
        "statistics": lambda: client.get_inference_statistics(model),
        "repository": client.get_model_repository_index,
        "unload": lambda: client.unload_model(model),
        "shared memory": lambda: client.register_system_shared_memory("a", "/a", 8),
        "log settings": lambda: client.update_log_settings({"log_info": False}),
    }
    return ask[what]()


def _result_of(asked: Any) -> dict[str, Any]:
    try:
        return _told(asked.get_result())
    except http.InferenceServerException as error:
        return {"status": error.status(), "said": error.message()}


def _inputs(described: Any) -> list[http.InferInput]:
    made = []
    for one in described:
        tensor = http.InferInput(one["name"], one["shape"], one["datatype"])
        values = np.array(one["values"], triton_to_np_dtype(one["datatype"])).reshape(one["shape"])
        tensor.set_data_from_numpy(values, binary_data=one.get("binary", True))
        made.append(tensor)
    return made


def _outputs(described: Any) -> list[http.InferRequestedOutput] | None:
    return described and [http.InferRequestedOutput(**one) for one in described]


def _told(result: Any) -> dict[str, Any]:
    """The answer's JSON, and each output as numpy has it."""
    answer = result.get_response()
    names = [output["name"] for output in answer["outputs"]]
    return {"answer": answer, **{name: result.as_numpy(name).tolist() for name in names}}


if __name__ == "__main__":
    carry_out(
        *(is_alive, is_ready, is_model_ready, server_metadata, model_metadata),
        *(infer, infer_later, infer_with_asyncio, metadata_with_asyncio, beyond_the_protocol),
    )
