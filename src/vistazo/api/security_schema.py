"""What /openapi.json and /docs say of keys."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from vistazo.api.needs import need_of

SCHEME = "key"
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
        SCHEME: {"type": "http", "scheme": "bearer", "description": "A key, or a JSON Web Token."}
    }
    for path, item in document["paths"].items():
        for operation in (item[method] for method in _METHODS if method in item):
            operation["security"] = needs_in(path)


def needs_in(path: str) -> list[dict[str, list[str]]]:
    """Of an operation there, as OpenAPI has it: none where it is open."""
    need = need_of(path)
    return [] if need is None else [{SCHEME: [need]}]
