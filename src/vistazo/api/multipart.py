"""Uploaded files out of a multipart form, in memory: pictures of patients never touch the disk."""

from __future__ import annotations

import io
import sys
from collections.abc import AsyncGenerator

from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from vistazo.api.uploaded_file import UploadedFile, plain_name
from vistazo.errors import CallerLeftError, MissingFileError, RequestError, TooManyFilesError
from vistazo.service.reception import Upload

FIELD = "file"
_MOST_SHOWN = 255  # of a name
MAX_OTHER_FIELDS = 16
_CHARSETS = {b"utf-8", b"utf8", b"us-ascii", b"ascii", b"iso-8859-1", b"latin1", b"latin-1"}


class _InMemoryParser(MultiPartParser):
    spool_max_size = sys.maxsize

    @property
    def has_too_many_files(self) -> bool:
        return self._current_files > self.max_files


async def read_files(
    request: Request, max_files: int, too_many: TooManyFilesError, upload: Upload
) -> list[UploadedFile]:
    """Every file of the field 'file', in order, at least one. ``upload`` is charged what arrives.

    Raises RequestError, ``too_many`` for more than ``max_files``, and QueueFullError where there is
    no room for what arrives.
    """
    _check_charset(request.headers.get("content-type", ""))
    async with upload.arriving():
        form = await _parse(request, max_files, too_many, upload)
    try:
        files = [file for file in form.getlist(FIELD) if isinstance(file, UploadFile)]
        if not files:
            raise MissingFileError(_what_is_missing(form))
        return [UploadedFile(plain_name(file.filename or ""), content_of(file)) for file in files]
    finally:
        await form.close()


def content_of(file: UploadFile) -> bytes:
    """Handed over, not copied: a body is there once."""
    held = getattr(file.file, "_file", file.file)  # of a SpooledTemporaryFile, which has no other
    return held.getvalue() if isinstance(held, io.BytesIO) else file.file.read()


def _check_charset(content_type: str) -> None:
    """Raises RequestError unless it is one that forms are sent in.

    Python knows more: some decode to what is no text (unicode_escape), some take their time.
    """
    charset = parse_options_header(content_type)[1].get(b"charset", b"utf-8")
    if charset.lower() not in _CHARSETS:
        raise RequestError("The form cannot be read: send it as UTF-8.")


async def _parse(
    request: Request, max_files: int, too_many: TooManyFilesError, upload: Upload
) -> FormData:
    parser = _InMemoryParser(
        request.headers, _stream(request, upload), max_files=max_files, max_fields=MAX_OTHER_FIELDS
    )
    try:
        return await parser.parse()
    except MultiPartException as error:
        if parser.has_too_many_files:
            raise too_many from None
        raise RequestError(f"The form cannot be read: {error.message}") from error
    except ClientDisconnect:
        raise CallerLeftError("The caller hung up in the middle of the form.") from None


async def _stream(request: Request, upload: Upload) -> AsyncGenerator[bytes, None]:
    async for chunk in request.stream():
        upload.received(len(chunk))
        yield chunk


def _what_is_missing(form: FormData) -> str:
    names = sorted({name[:_MOST_SHOWN] for name in form})
    if FIELD in names:
        return f"The field '{FIELD}' holds text. Send a file: curl -F {FIELD}=@picture.jpeg URL"
    seen = f"it has {', '.join(map(repr, names))}" if names else "it is empty"
    return f"The form needs a file in the field '{FIELD}'; {seen}."
