"""What /openapi.json and /docs say of keys."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from vistazo.api.needs import need_of

_SCHEME = "key"
_METHODS = ("get", "post", "put", "delete", "patch")


def declare_keys(app: FastAPI) -> None:
    """Let the description name the scheme, and with each operation what it needs.

    So /docs asks for a key: behind its button *Authorize*.
    """
    describe = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            _declare_in(describe())
        return describe()

    app.openapi = openapi  # type: ignore[method-assign]


def _declare_in(document: dict[str, Any]) -> None:
    document["components"]["securitySchemes"] = {
        _SCHEME: {"type": "http", "scheme": "bearer", "description": "A key, or a JSON Web Token."}
    }
    for path, item in document["paths"].items():
        need = need_of(path)
        for operation in (item[method] for method in _METHODS if method in item):
            operation["security"] = [] if need is None else [{_SCHEME: [need]}]
