"""KServe's InferenceRESTClient, versions 2 and 1 of its protocol."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np
from carried_out import carry_out
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.constants.constants import PredictorProtocol
from kserve.protocol.infer_type import RequestedOutput
from kserve.utils.numpy_codec import to_np_dtype

V1, V2 = PredictorProtocol.REST_V1, PredictorProtocol.REST_V2


def _asked(protocol: PredictorProtocol, ask: Callable[[Any], Awaitable[Any]]) -> Any:
    async def asked() -> Any:
        async with InferenceRESTClient(RESTConfig(protocol=protocol)) as client:
            return await ask(client)

    return asyncio.run(asked())


def is_alive(url: str) -> bool:
    return _asked(V2, lambda client: client.is_server_live(url))


def is_ready(url: str) -> bool:
    return _asked(V2, lambda client: client.is_server_ready(url))


def is_model_ready(url: str, model: str) -> list[bool]:
    """As each version of the protocol says it."""
    return [
        _asked(protocol, lambda client: client.is_model_ready(url, model)) for protocol in (V2, V1)
    ]


def infer(
    url: str,
    model: str,
    inputs: Any,
    outputs: Any = None,
    parameters: Any = None,
    headers: Any = None,
) -> dict[str, Any]:
    """``inputs``: name, shape, datatype, values and binary of each."""
    wanted = outputs and [RequestedOutput(**one) for one in outputs]
    request = InferRequest(
        model, [_input(one) for one in inputs], request_outputs=wanted, parameters=parameters
    )
    answer = _asked(V2, lambda client: client.infer(url, request, model, headers))
    told = {output.name: output.as_numpy().tolist() for output in answer.outputs}
    return {"model": answer.model_name, "id": answer.id, "parameters": answer.parameters, **told}


def predict(url: str, model: str, instances: Any, headers: Any = None) -> dict[str, Any]:
    request = {"instances": instances}
    return _asked(V1, lambda client: client.infer(url, request, model, headers))


def _input(described: Any) -> InferInput:
    tensor = InferInput(described["name"], described["shape"], described["datatype"])
    values = np.array(described["values"], to_np_dtype(described["datatype"]))
    tensor.set_data_from_numpy(values.reshape(described["shape"]), described.get("binary", True))
    return tensor


if __name__ == "__main__":
    carry_out(is_alive, is_ready, is_model_ready, infer, predict)
