"""A picture to try the model with, for who has none: MODEL.example.jpeg beside the model."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Route

from vistazo.models.fetch.location import Link

PATH = "/page/example"
_MEDIA_TYPES = {".jpeg": "image/jpeg", ".jpg": "image/jpeg", ".png": "image/png"}


class Example:
    """Looked for whenever it is asked for: it comes and goes as files do."""

    def __init__(self, model_path: Path | Link) -> None:
        self._model_path = model_path

    def path(self) -> Path | None:
        """Where it lies: beside ``dir/m.keras`` it is ``dir/m.example.jpeg``, ``.jpg`` or ``.png``.
        None where there is none, and for a model that is fetched by a link.
        """
        if isinstance(self._model_path, Link):
            return None
        stem = self._model_path.stem
        places = (self._model_path.with_name(f"{stem}.example{end}") for end in _MEDIA_TYPES)
        return next((place for place in places if place.is_file()), None)

    def route(self) -> Route:
        return Route(PATH, self._respond, include_in_schema=False)

    def _respond(self, _: Request) -> FileResponse:
        path = self.path()
        if path is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        headers = {"Cache-Control": "no-cache"}
        return FileResponse(path, media_type=_MEDIA_TYPES[path.suffix], headers=headers)
