"""In what a body is sent, which is by what the model takes: pictures in a form, samples as JSON."""

from __future__ import annotations

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

JSON = "application/json"
_UTF_8 = {b"utf-8", b"utf8"}


def of_pictures(served: AnyClassifier) -> Classifier:
    """The classifier for what is no JSON. Raises WrongMediaTypeError where it takes JSON."""
    if isinstance(served, Classifier):
        return served
    raise WrongMediaTypeError(f"This model takes {served.takes}: {HOW[served.takes]}.")


def of_samples(served: AnyClassifier) -> SampleClassifier:
    """The classifier for JSON. Raises WrongMediaTypeError where it takes pictures."""
    if not isinstance(served, Classifier):
        return served
    raise WrongMediaTypeError(
        "This model takes pictures: send multipart/form-data: curl -F file=@picture.jpeg URL"
    )


def is_json(request: Request) -> bool:
    """Raises RequestError where it says that it is in another charset than UTF-8."""
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind.strip().lower() != JSON.encode():
        return False
    if options.get(b"charset", b"utf-8").lower() not in _UTF_8:
        raise RequestError("The JSON cannot be read: send it as UTF-8.")
    return True


async def read_json(request: Request, upload: Upload, max_bytes: int) -> bytes:
    """The body. ``upload`` is charged what arrives. Raises UploadTooLargeError, where it says so
    before any of it is read, and QueueFullError where there is no room for what arrives.
    """
    if content_length(request.headers) > max_bytes:
        raise _too_large(max_bytes)
    held = bytearray()
    try:
        async with upload.arriving():
            async for chunk in request.stream():
                upload.received(len(chunk))
                held += chunk
                if len(held) > max_bytes:
                    raise _too_large(max_bytes)
    except ClientDisconnect:
        raise CallerLeftError("The caller hung up in the middle of the JSON.") from None
    return bytes(held)


def _too_large(max_bytes: int) -> UploadTooLargeError:
    return UploadTooLargeError(
        f"The JSON is larger than {max_bytes} bytes, the most that is accepted. Send it in parts."
    )
