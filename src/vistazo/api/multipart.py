"""Uploaded files out of a multipart form, in memory: pictures of patients never touch the disk."""

from __future__ import annotations

import io
import sys
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from vistazo.errors import CallerLeftError, MissingFileError, RequestError
from vistazo.service.reception import Upload

FIELD = "file"
_MAX_NAME = 255
MAX_OTHER_FIELDS = 16
_CHARSETS = {b"utf-8", b"utf8", b"us-ascii", b"ascii", b"iso-8859-1", b"latin1", b"latin-1"}


@dataclass(frozen=True)
class UploadedFile:
    filename: str
    data: bytes


class _InMemoryParser(MultiPartParser):
    spool_max_size = sys.maxsize


async def read_files(request: Request, max_files: int, upload: Upload) -> list[UploadedFile]:
    """Every file of the field 'file', in order, at least one. ``upload`` is charged what arrives.

    Raises RequestError, and QueueFullError where there is no room for what arrives.
    """
    _check_kind(request.headers.get("content-type", ""))
    async with upload.arriving():
        form = await _parse(request, max_files, upload)
    try:
        files = [file for file in form.getlist(FIELD) if isinstance(file, UploadFile)]
        if not files:
            raise MissingFileError(_what_is_missing(form))
        return [UploadedFile(_plain_name(file.filename), content_of(file)) for file in files]
    finally:
        await form.close()


def content_of(file: UploadFile) -> bytes:
    """Handed over, not copied: a body is there once."""
    held = getattr(file.file, "_file", file.file)  # of a SpooledTemporaryFile, which has no other
    return held.getvalue() if isinstance(held, io.BytesIO) else file.file.read()


def _check_kind(content_type: str) -> None:
    """Raises RequestError unless it is a form in one of the charsets that forms are sent in.

    Python knows more: some decode to what is no text (unicode_escape), some take their time.
    """
    if not content_type.lower().startswith("multipart/form-data"):
        raise RequestError(
            "The request is not a form. Send multipart/form-data: curl -F file=@picture.jpeg URL"
        )
    charset = parse_options_header(content_type)[1].get(b"charset", b"utf-8")
    if charset.lower() not in _CHARSETS:
        raise RequestError("The form cannot be read: send it as UTF-8.")


async def _parse(request: Request, max_files: int, upload: Upload) -> FormData:
    parser = _InMemoryParser(
        request.headers, _stream(request, upload), max_files=max_files, max_fields=MAX_OTHER_FIELDS
    )
    try:
        return await parser.parse()
    except MultiPartException as error:
        raise RequestError(f"The form cannot be read: {error.message}") from error
    except ClientDisconnect:
        raise CallerLeftError("The caller hung up in the middle of the form.") from None


async def _stream(request: Request, upload: Upload) -> AsyncGenerator[bytes, None]:
    async for chunk in request.stream():
        upload.received(len(chunk))
        yield chunk


def _what_is_missing(form: FormData) -> str:
    names = sorted({name[:_MAX_NAME] for name in form})
    if FIELD in names:
        return f"The field '{FIELD}' holds text. Send a file: curl -F {FIELD}=@picture.jpeg URL"
    seen = f"it has {', '.join(map(repr, names))}" if names else "it is empty"
    return f"The form needs a file in the field '{FIELD}'; {seen}."


def _plain_name(filename: str | None) -> str:
    """The last part of the name, as some clients send a whole path."""
    return (filename or "").replace("\\", "/").rsplit("/", 1)[-1][:_MAX_NAME]
