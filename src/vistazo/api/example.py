"""A picture to try the model with, for who has none: MODEL.example.jpeg beside the model."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from vistazo.api.pieces import held
from vistazo.errors import InputError
from vistazo.models.fetch.location import Link
from vistazo.pictures.formats import format_of

PATH = "/page/example"
_ENDINGS = (".jpeg", ".jpg", ".png")
_MEDIA_TYPES = {"jpeg": "image/jpeg", "png": "image/png"}
_Stamp = tuple[Path, int, int, int]


@dataclass(frozen=True)
class Picture:
    data: bytes
    media_type: str


class Example:
    """Looked for whenever it is asked for: it comes and goes as files do.

    It is held once, whatever crowd fetches it slowly, and read again where it is another one.
    """

    def __init__(self, model_path: Path | Link, max_bytes: int) -> None:
        self._model_path = model_path
        self._max_bytes = max_bytes
        self._held: tuple[_Stamp | None, Picture | None] = None, None

    def picture(self) -> Picture | None:
        """Beside ``dir/m.keras`` it is ``dir/m.example.jpeg``, ``.jpg`` or ``.png``: a JPEG or PNG
        of ``max_bytes`` at most. A link does not lead out of the model's folder.

        None where there is none, and for a model that is fetched by a link.
        """
        stamp = self._stamp()
        held_stamp, picture = self._held
        if stamp != held_stamp:
            picture = stamp and self._read(stamp[0])
            self._held = stamp, picture
        return picture

    def route(self) -> Route:
        return Route(PATH, self._respond, include_in_schema=False)

    def _stamp(self) -> _Stamp | None:
        """Of the first one: which file it is, and in which state."""
        model = self._model_path
        if isinstance(model, Link):
            return None
        try:
            homes = {model.parent.resolve(), model.resolve().parent}
            for ending in _ENDINGS:
                place = model.with_name(f"{model.stem}.example{ending}").resolve()
                if place.parent in homes and place.is_file():
                    status = place.stat()
                    return place, status.st_ino, status.st_size, status.st_mtime_ns
        except (OSError, RuntimeError):  # a name that is too long, links in a ring
            pass
        return None

    def _read(self, place: Path) -> Picture | None:
        try:
            with place.open("rb") as file:
                data = file.read(self._max_bytes + 1)
            media_type = _MEDIA_TYPES.get(format_of(data))
        except (OSError, InputError):
            return None
        if media_type is None or len(data) > self._max_bytes:
            return None
        return Picture(data, media_type)

    def _respond(self, _: Request) -> StreamingResponse:
        picture = self.picture()
        if picture is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        headers = {"Cache-Control": "no-cache", "Content-Length": str(len(picture.data))}
        return StreamingResponse(held(picture.data), media_type=picture.media_type, headers=headers)
