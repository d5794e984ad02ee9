"""Errors as problem documents (RFC 9457), by one table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from vistazo import errors
from vistazo.api import refusals
from vistazo.api.schemas import Problem, RuleFault
from vistazo.models.faults import said
from vistazo.service import telemetry

MEDIA_TYPE = "application/problem+json"
_TO_BE_TRIED_AGAIN = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
# The most specific class wins.
STATUS: dict[type[errors.VistazoError], HTTPStatus] = {
    errors.UnsupportedFormatError: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    errors.UploadTooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.InputError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.TooManyFilesError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.MissingFileError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.WrongMediaTypeError: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    errors.DicomNeededError: HTTPStatus.NOT_ACCEPTABLE,
    errors.SlowUploadError: HTTPStatus.REQUEST_TIMEOUT,
    errors.UnknownRequestError: HTTPStatus.NOT_FOUND,
    errors.UnknownModelError: HTTPStatus.NOT_FOUND,
    errors.RequestError: HTTPStatus.BAD_REQUEST,
    errors.UnauthorizedError: HTTPStatus.UNAUTHORIZED,
    errors.ForbiddenError: HTTPStatus.FORBIDDEN,
    errors.FeedbackOffError: HTTPStatus.CONFLICT,
    errors.ReportsNotInstalledError: HTTPStatus.NOT_IMPLEMENTED,
    errors.ReloadFailedError: HTTPStatus.CONFLICT,
    errors.QueueFullError: HTTPStatus.TOO_MANY_REQUESTS,
    errors.RateLimitedError: HTTPStatus.TOO_MANY_REQUESTS,
    errors.UnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.VistazoError: HTTPStatus.INTERNAL_SERVER_ERROR,
}
TITLES: dict[str, str] = {
    "unsupported_format": "Not an accepted image format",
    "upload_too_large": "Upload too large",
    "not_base64": "No picture in base64",
    "corrupt_image": "Damaged image",
    "rejected_upload": "Picture not accepted",
    "picture_too_costly": "Picture too costly",
    "text_too_costly": "Text too costly",
    "report_too_costly": "Report too costly",
    "bad_sample": "Not what the model takes",
    "bad_request": "Malformed request",
    "wrong_media_type": "Not sent as the model takes it",
    "dicom_needed": "No report of what is no DICOM",
    "missing_file": "No file was sent",
    "too_many_files": "Too many pictures in one request",
    "unknown_label": "No such label",
    "unknown_request": "No such answer",
    "unknown_model": "No such model",
    "upload_too_slow": "Upload too slow",
    "caller_left": "Caller left",
    "unauthorized": "No valid key",
    "forbidden": "Not allowed",
    "feedback_off": "No feedback is kept here",
    "feedback_not_kept": "Feedback could not be kept",
    "reports_not_installed": "No reports as DICOM here",
    "report_not_now": "No report now",
    "reload_failed": "The new model cannot be served",
    "queue_full": "Too busy",
    "rate_limited": "Too many requests",
    "not_ready": "Not ready",
    "internal": "Internal error",
}
_OF_THE_FRAMEWORK = (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED)
# Of requests that nobody is there to see answered.
_ONLY_LOGGED = {errors.CallerLeftError.code}


def status_by_code() -> dict[str, HTTPStatus]:
    """Of every code that a problem document may have."""
    answered = {kind.code: _status_of(kind) for kind in _tree(errors.VistazoError)}
    return {
        **{code: answered[code] for code in TITLES if code not in _ONLY_LOGGED},
        **{status.name.lower(): status for status in _OF_THE_FRAMEWORK},
    }


def _tree(kind: type[errors.VistazoError]) -> Iterator[type[errors.VistazoError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _tree(below)


def _status_of(kind: type[errors.VistazoError]) -> HTTPStatus:
    return next(STATUS[each] for each in kind.__mro__ if each in STATUS)


def problem_of(error: errors.VistazoError) -> Problem:
    """The document for an error; without a request id outside a request."""
    status = _status_of(type(error))
    broken = error.broken if isinstance(error, errors.RejectedUploadError) else ()
    return Problem(
        type=f"urn:vistazo:problem:{error.code}",
        title=TITLES.get(error.code, status.phrase),
        status=status,
        detail=str(error),
        code=error.code,
        request_id=telemetry.request_id.get(),
        errors=[RuleFault.of(rule) for rule in broken] or None,
    )


def described(descriptions: Mapping[int, str]) -> dict[int | str, dict[str, Any]]:
    """For /openapi.json: answers that are problem documents, by their status."""
    schema = {"$ref": "#/components/schemas/Problem"}
    retry = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}
    return {
        status: {
            "description": description,
            "content": {MEDIA_TYPE: {"schema": schema}},
            **({"headers": retry} if status in _TO_BE_TRIED_AGAIN else {}),
        }
        for status, description in descriptions.items()
    }


def problem_response(
    error: errors.VistazoError,
    headers: dict[str, str] | None = None,
    status: HTTPStatus | None = None,
) -> JSONResponse:
    """``status`` is by the table, unless HTTP has a closer one."""
    retry = (
        {"Retry-After": str(error.retry_after_s)}
        if isinstance(error, errors.UnavailableError)
        else {}
    )
    problem = problem_of(error)
    if status is not None:
        problem = problem.model_copy(update={"status": status})
    return _response(problem, {**retry, **(headers or {})})


async def on_error(_request: Request, error: Exception) -> Response:
    """For the errors that Vistazo raises on purpose."""
    if not isinstance(error, errors.VistazoError):
        raise error
    return problem_response(error)


async def on_http_exception(_request: Request, error: Exception) -> Response:
    """For what the framework refuses: an unknown path, a method that a path does not have."""
    if not isinstance(error, HTTPException):
        raise error
    status = HTTPStatus(error.status_code)
    code = status.name.lower()
    problem = Problem(
        type=f"urn:vistazo:problem:{code}",
        title=status.phrase,
        status=status,
        detail=f"{status.description or status.phrase}. The paths are listed at /docs.",
        code=code,
        request_id=telemetry.request_id.get(),
        errors=None,
    )
    return _response(problem, dict(error.headers or {}))


async def on_invalid_request(_request: Request, error: Exception) -> Response:
    """For a query parameter with a value that it cannot have."""
    if not isinstance(error, RequestValidationError):
        raise error
    faults = [f"{fault['loc'][-1]} {said(fault)}" for fault in error.errors()]
    return problem_response(
        errors.RequestError(f"The request cannot be used: {'; '.join(faults)}.")
    )


def _response(problem: Problem, headers: dict[str, str]) -> JSONResponse:
    refusals.note(problem)
    return JSONResponse(
        problem.model_dump(mode="json", exclude_none=True),
        status_code=problem.status,
        headers=headers,
        media_type=MEDIA_TYPE,
    )
