"""One picture, as it was sent."""

from __future__ import annotations

from dataclasses import dataclass

from vistazo.errors import InputError

_MAX_NAME = 255


@dataclass(frozen=True)
class UploadedFile:
    """``fault`` is why there is no ``data``: one of several in JSON has a problem of its own."""

    filename: str
    data: bytes
    fault: InputError | None = None


def plain_name(filename: str) -> str:
    """The last part of the name, as some clients send a whole path."""
    return filename.replace("\\", "/").rsplit("/", 1)[-1][:_MAX_NAME]
