"""What /openapi.json says of the bodies of requests with pictures."""

from __future__ import annotations

from typing import Any

from vistazo.api.media import BYTES, FORM, JSON
from vistazo.api.multipart import FIELD, MAX_OTHER_FIELDS
from vistazo.api.picture_words import FILENAME, IMAGE, IMAGES, MAX_NAME
from vistazo.pictures.formats import ACCEPTED

Schema = dict[str, Any]

_BINARY: Schema = {"type": "string", "format": "binary"}
_FILE: Schema = {**_BINARY, "description": f"{ACCEPTED}."}
_BASE64: Schema = {
    "type": "string",
    "format": "byte",
    "contentEncoding": "base64",
    "description": f"{ACCEPTED}, in base64 (RFC 4648, section 4); or a data: URL of it. No link: "
    "the service fetches nothing for its callers.",
}
_NAME: Schema = {
    "type": "string",
    "maxLength": MAX_NAME,
    "description": "Comes back in the answer.",
}


def one_picture() -> Schema:
    """A form, the picture as it is, or JSON."""
    raw = {**_BINARY, "description": f"{ACCEPTED}, as it is; image/jpeg and its like do as well."}
    content = {
        FORM: _form(_FILE),
        BYTES: {"schema": raw},
        JSON: {"schema": _picture({**_BASE64, "minLength": 4})},
    }
    return {"requestBody": {"required": True, "content": content}}


def several_pictures() -> Schema:
    """A form, or JSON. Each has a problem of its own, however short it is."""
    each = {"oneOf": [_BASE64, _picture(_BASE64)]}
    images = {"type": "array", "items": each, "minItems": 1}
    in_json = {"schema": _closed({IMAGES: images}, [IMAGES])}
    content = {FORM: _form({"type": "array", "items": _FILE, "minItems": 1}), JSON: in_json}
    return {"requestBody": {"required": True, "content": content}}


def limit_files(content: Schema, max_files: int) -> None:
    """Of ``several_pictures``: so many at most."""
    content[FORM]["schema"]["properties"][FIELD]["maxItems"] = max_files
    content[JSON]["schema"]["properties"][IMAGES]["maxItems"] = max_files


def _form(schema: Schema) -> Schema:
    fields = {"type": "object", "properties": {FIELD: schema}, "required": [FIELD]}
    return {"schema": {**fields, "maxProperties": 1 + MAX_OTHER_FIELDS}}


def _picture(base64: Schema) -> Schema:
    return _closed({IMAGE: base64, FILENAME: _NAME}, [IMAGE])


def _closed(properties: Schema, required: list[str]) -> Schema:
    fields = {"properties": properties, "required": required}
    return {"type": "object", **fields, "additionalProperties": False}
