"""In what a body is sent: pictures in a form, as they are, or in JSON; samples in JSON. And
whether an answer is wanted as DICOM.
"""

from __future__ import annotations

import io
import re

from python_multipart.multipart import parse_options_header
from starlette.requests import ClientDisconnect, Request

from vistazo.api.limits import content_length
from vistazo.api.sample_body import HOW
from vistazo.classifier import Classifier
from vistazo.errors import (
    CallerLeftError,
    RequestError,
    UploadTooLargeError,
    WrongMediaTypeError,
)
from vistazo.loading import AnyClassifier
from vistazo.samples.classifier import SampleClassifier
from vistazo.service.reception import Upload

JSON, FORM, BYTES = "application/json", "multipart/form-data", "application/octet-stream"
DICOM, PNG = "application/dicom", "image/png"
_PICTURE = re.compile(rb"image/[\w.+-]+|application/dicom")
_UTF_8 = {b"utf-8", b"utf8"}


def of_pictures(served: AnyClassifier) -> Classifier:
    """The classifier, where it takes pictures. Raises WrongMediaTypeError where it does not."""
    if isinstance(served, Classifier):
        return served
    raise WrongMediaTypeError(f"This model takes {served.takes}: {HOW[served.takes]}.")


def of_samples(served: AnyClassifier) -> SampleClassifier:
    """The classifier, where it takes texts or rows. Raises WrongMediaTypeError."""
    if not isinstance(served, Classifier):
        return served
    raise WrongMediaTypeError("This model takes pictures.")


def is_json(request: Request) -> bool:
    """Raises RequestError where it says that it is in another charset than UTF-8."""
    kind, options = _kind(request)
    if kind != JSON.encode():
        return False
    if options.get(b"charset", b"utf-8").lower() not in _UTF_8:
        raise RequestError("The JSON cannot be read: send it as UTF-8.")
    return True


def is_form(request: Request) -> bool:
    return _kind(request)[0] == FORM.encode()


def is_bytes(request: Request) -> bool:
    """Of a picture, as it is. Which format that is it says itself, and so does a body of which
    nothing is said (RFC 9110 section 8.3).
    """
    kind, _ = _kind(request)
    return kind in (b"", BYTES.encode()) or _PICTURE.fullmatch(kind) is not None


def prefers_dicom(request: Request, to: str) -> bool:
    """Whether the caller names DICOM among what he accepts, and not ``to``, the usual answer, as
    well or better; what he accepts of any kind comes behind what he names (RFC 9110, 12.5.1).
    """
    accepted = ",".join(request.headers.getlist("accept"))
    if DICOM not in accepted.lower():  # as nearly always
        return False
    weights = dict(map(_weighed, accepted.lower().split(",")))
    wanted = weights.get(DICOM, 0)
    if to in weights:
        return wanted > weights[to]
    family = f"{to.partition('/')[0]}/*"
    return wanted > 0 and wanted >= max(weights.get(family, 0), weights.get("*/*", 0))


def _weighed(part: str) -> tuple[str, float]:
    """A kind, and its weight from 0 to 1, which is 1 where nothing is said."""
    kind, *parameters = part.split(";")
    said = [each.strip().removeprefix("q=") for each in parameters if "q=" in each]
    try:
        weight = float(said[0]) if said else 1.0
    except ValueError:
        weight = 1.0
    return kind.strip(), weight


def _kind(request: Request) -> tuple[bytes, dict[bytes, bytes]]:
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    return kind.strip().lower(), options


async def read_json(request: Request, upload: Upload, max_bytes: int) -> bytes:
    """The body. ``upload`` is charged what arrives. Raises UploadTooLargeError, where it says so
    before any of it is read, and QueueFullError where there is no room for what arrives.
    """
    return await read_body(request, upload, max_bytes, "JSON")


async def read_body(
    request: Request, upload: Upload, max_bytes: int | None = None, what: str = "body"
) -> bytes:
    """As ``read_json``; without ``max_bytes`` it ends at those of its path. It is there once:
    nothing is copied.
    """
    held = io.BytesIO()
    _refuse_more(content_length(request.headers), max_bytes, what)
    try:
        async with upload.arriving():
            async for chunk in request.stream():
                upload.received(len(chunk))
                held.write(chunk)
                _refuse_more(held.tell(), max_bytes, what)
    except ClientDisconnect:
        raise CallerLeftError(f"The caller hung up in the middle of the {what}.") from None
    return held.getvalue()


def _refuse_more(n_bytes: int, max_bytes: int | None, what: str) -> None:
    if max_bytes is not None and n_bytes > max_bytes:
        raise UploadTooLargeError(
            f"The {what} is larger than {max_bytes} bytes, the most that is accepted."
        )
