"""Which model a path names, and what stands for that path."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vistazo.api.protocols.addresses import (
    ADDRESS,
    INFER,
    MODEL,
    MODEL_READY,
    V1_MODEL,
    V1_PREDICT,
)

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


def asked_address(scope: Mapping[str, Any]) -> Address:
    """Of a request to one model."""
    address: Address = scope[ADDRESS]
    return address
