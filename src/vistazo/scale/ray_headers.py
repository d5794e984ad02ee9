"""What a stranger could tell Ray's proxy in the headers of a request.

Ray reads them before any code of ours: one ends a request after a time of the caller's, one has the
work go on for who has hung up, two choose the replica. And it reads each as UTF-8: what is none
ends the request with a traceback in its log, and 500.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

_Header = tuple[bytes, bytes]

_REQUEST_ID = b"x-request-id"
_ORDERS = {
    "x_request_timeout_seconds",
    "x_request_disconnect_disabled",
    "serve_multiplexed_model_id",
}
_SESSION_VARIABLE, _SESSION = "RAY_SERVE_SESSION_ID_HEADER_KEY", "x-session-id"
_READ_AS_UTF8 = {"traceparent"}


def without_orders_to_ray(headers: Iterable[_Header], request_id: str) -> list[_Header]:
    """The others, with this id in the place of whatever the caller calls his request."""
    orders = _ORDERS | {_plain(os.environ.get(_SESSION_VARIABLE) or _SESSION)}
    kept = [
        (name, value)
        for name, value in headers
        if name.lower() != _REQUEST_ID
        and _plain(name.decode("latin-1")) not in orders
        and (value.isascii() or name.decode("latin-1").lower() not in _READ_AS_UTF8)
    ]
    return [*kept, (_REQUEST_ID, request_id.encode())]


def _plain(name: str) -> str:
    """As Ray compares them: some proxies write one for the other."""
    return name.lower().replace("-", "_")
