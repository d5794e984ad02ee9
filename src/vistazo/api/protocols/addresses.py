"""The paths of the protocols, with the name of a model in them, and what stands for each.

A name is the caller's: it becomes no label of a metric and no line of a log. So each path has one
that stands for it, with {name} for the name, and all tables of paths know that.
"""

from __future__ import annotations

SERVER, LIVE, READY = "/v2", "/v2/health/live", "/v2/health/ready"
MODELS, MODEL = "/v2/models", "/v2/models/{name}"
MODEL_READY, INFER = "/v2/models/{name}/ready", "/v2/models/{name}/infer"
V1_MODELS, V1_MODEL = "/v1/models", "/v1/models/{name}"
V1_PREDICT = "/v1/models/{name}:predict"

ADDRESS = "vistazo.protocol_address"  # in the scope of a request to one model
TAKE_A_PLACE = (INFER, V1_PREDICT)


def is_of_a_protocol(path: str) -> bool:
    """Whether it is answered in the words of one, also where there is no such path."""
    return path.rstrip() in ("/v1", "/v2") or path.startswith(("/v1/", "/v2/"))
