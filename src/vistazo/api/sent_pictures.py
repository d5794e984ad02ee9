"""The pictures of a request, whichever way they are sent: in a form, as they are, in JSON."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

from vistazo.api import media
from vistazo.api.multipart import read_files
from vistazo.api.picture_words import ONE, SEVERAL, only_one, too_many
from vistazo.api.uploaded_file import UploadedFile
from vistazo.errors import MissingFileError, WrongMediaTypeError
from vistazo.pictures import ImageLimits
from vistazo.service.reception import Upload

_ONE = (
    "a form: curl -F file=@picture.jpeg URL; or the picture alone: curl --data-binary "
    "@picture.jpeg -H 'Content-Type: image/jpeg' URL; or application/json: " + ONE
)
_SEVERAL = (
    "a form: curl -F file=@picture.jpeg -F file=@another.jpeg URL; or application/json: " + SEVERAL
)


@dataclass(frozen=True)
class Wanted:
    """One picture alone where ``max_files`` is None."""

    limits: ImageLimits
    max_files: int | None = None


@dataclass(frozen=True)
class EncodedPictures:
    """JSON, as it came. What it holds takes a worker to find out."""

    body: bytes
    wanted: Wanted

    def decoded(self) -> list[UploadedFile]:
        """Raises RequestError, and InputError where only one is sent, and is none."""
        # Only here: most pictures come in forms.
        from vistazo.api.picture_json import read_one, read_several

        limits, max_files = self.wanted.limits, self.wanted.max_files
        if max_files is None:
            return [read_one(self.body, limits)]
        return read_several(self.body, limits, max_files)


async def read_pictures(
    request: Request, upload: Upload, wanted: Wanted
) -> list[UploadedFile] | EncodedPictures:
    """At least one, if it is a list. ``upload`` is charged what arrives.

    Raises RequestError, UploadTooLargeError before too much is read, and QueueFullError where there
    is no room for what arrives.
    """
    max_files = wanted.max_files
    if media.is_form(request):
        if max_files is not None:
            return await read_files(request, max_files, too_many(max_files), upload)
        files = await read_files(request, 2, only_one(), upload)
        if len(files) > 1:
            raise only_one()
        return files
    if media.is_json(request):
        return EncodedPictures(await media.read_body(request, upload), wanted)
    if max_files is None and media.is_bytes(request):
        return [await _picture(request, upload, wanted.limits)]
    how = _ONE if max_files is None else _SEVERAL
    raise WrongMediaTypeError(f"This model takes pictures: send {how}")


async def _picture(request: Request, upload: Upload, limits: ImageLimits) -> UploadedFile:
    data = await media.read_body(request, upload, limits.max_bytes, "picture")
    if not data:
        raise MissingFileError(f"The request holds no picture. Send {_ONE}")
    return UploadedFile("", data)
