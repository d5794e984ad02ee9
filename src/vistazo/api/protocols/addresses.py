"""The paths of the protocols, with the name of a model in them, and what stands for each.

A name is the caller's: it becomes no label of a metric and no line of a log. So each path has one
that stands for it, with {name} for the name, and all tables of paths know that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

SERVER, LIVE, READY = "/v2", "/v2/health/live", "/v2/health/ready"
MODELS, MODEL = "/v2/models", "/v2/models/{name}"
MODEL_READY, INFER = "/v2/models/{name}/ready", "/v2/models/{name}/infer"
V1_MODELS, V1_MODEL = "/v1/models", "/v1/models/{name}"
V1_PREDICT = "/v1/models/{name}:predict"

TAKE_A_PLACE = (INFER, V1_PREDICT)

_V2 = re.compile(r"/v2/models/([^/]+)(?:/versions/(.+?))?(/ready|/infer)?", re.DOTALL)
_V1 = re.compile(r"/v1/models/([^/]+?)(:predict)?", re.DOTALL)
_STANDS_FOR = {None: MODEL, "/ready": MODEL_READY, "/infer": INFER}


@dataclass(frozen=True)
class Address:
    """``path`` is the one that stands for it. Without a ``version`` any is meant."""

    path: str
    name: str
    version: str | None = None


def address_of(path: str) -> Address | None:
    """None of a path that names no model."""
    if found := _V2.fullmatch(path):
        name, version, what = found.groups()
        return Address(_STANDS_FOR[what], name, version)
    if found := _V1.fullmatch(path):
        return Address(V1_PREDICT if found[2] else V1_MODEL, found[1])
    return None


def is_of_a_protocol(path: str) -> bool:
    """Whether it is answered in the words of one, also where there is no such path."""
    return path in ("/v1", "/v2") or path.startswith(("/v1/", "/v2/"))
