"""An archive over HTTP (DICOM PS3.18): look for X-rays, fetch them, store reports."""

from __future__ import annotations

import contextlib
import json
import logging
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx

from vistazo.errors import UploadTooLargeError
from vistazo.pacs.destinations import Parcel, Receipt, UnreachableError
from vistazo.pacs.multipart import DicomParts, boundary_of, cut_to_first_part
from vistazo.pacs.part10 import SOP_INSTANCE, file_meta
from vistazo.pacs.store_answer import outcome_of
from vistazo.pictures.header_codes import is_uid

log = logging.getLogger(__name__)

_PAGE = 100
_MOST_LISTED, _MOST_PAGES = 100_000, 2_000
_CHUNK_BYTES = 65_536
_HEAD_BYTES = 4_096
_MAX_JSON_BYTES = 4_000_000
_MULTIPART_BYTES = 65_536  # what is around an X-ray
_ALL = 'multipart/related; type="application/dicom"; transfer-syntax=*'
_STUDY, _SERIES, _INSTANCE, _MODALITY = "0020000D", "0020000E", "00080018", "00080060"
# What says something of the archive, or of us, and nothing of what was sent.
_NOT_NOW = frozenset({401, 403, 407, 408, 425, 429, 502, 503, 504})


class UnfetchableError(Exception):
    """One instance that cannot be had; others may."""


@dataclass(frozen=True)
class Found:
    """An instance, as the archive names it."""

    study: str
    series: str
    instance: str


@dataclass(frozen=True)
class Archive:
    """``base`` is the root of its services, such as https://pacs/dicom-web. ``client`` knows who we
    are there, and follows nobody elsewhere.
    """

    base: str
    client: httpx.Client = field(repr=False)
    object_bytes: int
    timeout_s: float = 30.0
    bytes_per_s: float = 8_000.0

    @property
    def name(self) -> str:
        return self.base

    def pages(self, modality: str, days: str) -> Iterator[list[Found]]:
        """All of a modality whose study was made in these ``days``: 20260501-20260531, either end
        may be open (QIDO-RS, PS3.18, section 10.6), up to 100,000. A page may be empty, and others
        come after it. Raises UnreachableError.
        """
        seen: set[int] = set()
        listed = 0
        # It may list fewer than it is asked for (section 8.3.4): the end is where nothing is.
        for _ in range(_MOST_PAGES):
            page = self._page(modality, days, listed)[: _MOST_LISTED - listed]
            marks = {hash(json.dumps(each, sort_keys=True)) for each in page}
            if marks <= seen:  # nothing more, or one that does not know 'offset'
                return
            seen |= marks
            listed += len(page)
            yield _found_in(page, modality)
            if listed >= _MOST_LISTED:
                break
        log.warning("more is listed than is looked at: give a later --since", extra={"n": listed})

    def fetch(self, found: Found, to: Path) -> None:
        """Write an instance to a file, as it is stored (WADO-RS, PS3.18, section 10.4).

        Raises UnreachableError, UnfetchableError, InputError for what is no instance, OSError.
        """
        place = f"/studies/{found.study}/series/{found.series}/instances/{found.instance}"
        with self._answer("GET", place, headers={"accept": _ALL}) as answer:
            _check(answer)
            boundary = boundary_of(answer.headers.get("content-type", ""))
            with to.open("xb") as file:
                for chunk in self._bounded(answer, self.object_bytes + _MULTIPART_BYTES):
                    file.write(chunk)
        cut_to_first_part(to, boundary)
        if to.stat().st_size > self.object_bytes:
            raise UploadTooLargeError(f"It is larger than {self.object_bytes} bytes.")

    def send(self, parcels: Iterable[Parcel]) -> Iterator[Receipt]:
        """STOW-RS (PS3.18, section 10.5). Raises UnreachableError."""
        for parcel in parcels:
            try:
                yield self._stored(parcel)
            except UnreachableError as error:
                raise UnreachableError(str(error), parcel.key) from error

    def _stored(self, parcel: Parcel) -> Receipt:
        parts = DicomParts(parcel.files)
        headers = {**parts.headers, "accept": "application/dicom+json"}
        with self._answer("POST", "/studies", headers=headers, content=iter(parts)) as answer:
            status, body = answer.status_code, bytearray()
            with contextlib.suppress(UploadTooLargeError):  # then it says nothing that we can read
                for chunk in self._bounded(answer, _MAX_JSON_BYTES):
                    body += chunk
        if status in (HTTPStatus.OK, HTTPStatus.ACCEPTED, HTTPStatus.CONFLICT):
            uids = [_uid_of(path) for path in parcel.files]
            outcome = outcome_of(status, bytes(body), uids)
            # Orthanc names as stored what a filter of its own has thrown away.
            if not outcome.missing and any(map(self._is_absent, uids)):
                why = "the archive does not list what it has stored"
                return Receipt(parcel.key, why, is_for_now=True)
            return Receipt(parcel.key, outcome.missing, outcome.is_for_now)
        if status in _NOT_NOW or status // 100 in (3, 5):
            raise UnreachableError(f"The archive answered {status} when a report was stored.")
        return Receipt(parcel.key, f"the archive answered {status}")

    def _is_absent(self, uid: str) -> bool:
        """Whether it says plainly that there is no such instance; some cannot be asked."""
        asked = {_INSTANCE: uid, "limit": "1"}
        headers = {"accept": "application/dicom+json"}
        with self._answer("GET", "/instances", params=asked, headers=headers) as answer:
            if answer.status_code == HTTPStatus.NO_CONTENT:
                return True
            if answer.status_code != HTTPStatus.OK:
                return False
            body = b""
            with contextlib.suppress(UploadTooLargeError):
                body = b"".join(self._bounded(answer, _MAX_JSON_BYTES))
        return re.fullmatch(rb"\s*\[\s*\]\s*", body) is not None

    def _page(self, modality: str, days: str, offset: int) -> list[object]:
        asked = {
            _MODALITY: modality, "StudyDate": days, "limit": str(_PAGE), "offset": str(offset),
        }  # fmt: skip
        headers = {"accept": "application/dicom+json"}
        with self._answer("GET", "/instances", params=asked, headers=headers) as answer:
            if answer.status_code == HTTPStatus.NO_CONTENT:
                return []
            try:
                _check(answer)
            except UnfetchableError as error:
                raise UnreachableError(str(error)) from error
            try:
                listed = json.loads(b"".join(self._bounded(answer, _MAX_JSON_BYTES)))
            except UploadTooLargeError as error:
                raise UnreachableError(str(error)) from error
            except (ValueError, RecursionError):
                raise UnreachableError("The archive's answer is no JSON.") from None
        if not isinstance(listed, list):
            raise UnreachableError("The archive's answer is no list.")
        return listed

    @contextlib.contextmanager
    def _answer(self, method: str, place: str, **how: Any) -> Iterator[httpx.Response]:
        try:
            with self.client.stream(method, self.base + place, **how) as answer:
                yield answer
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL) as error:
            raise UnreachableError(f"The archive: {type(error).__name__}.") from error

    def _bounded(self, answer: httpx.Response, most: int) -> Iterator[bytes]:
        """Its body. Raises UploadTooLargeError, UnreachableError where it is too slow."""
        read, started_s = 0, time.monotonic()
        for chunk in answer.iter_raw(_CHUNK_BYTES):
            read += len(chunk)
            if read > most:
                raise UploadTooLargeError("The archive's answer is larger than the limit.")
            if time.monotonic() - started_s > self.timeout_s + read / self.bytes_per_s:
                raise UnreachableError("The archive's answer is too slow.")
            yield chunk


def client_of(
    timeout_s: float, *, user: str = "", password: str = "", token: str = ""
) -> httpx.Client:
    """Certificates are verified, as the system (SSL_CERT_FILE) knows them."""
    return httpx.Client(
        auth=httpx.BasicAuth(user, password) if user else None,
        # What is compressed would become much out of little, before it could be counted.
        headers={"accept-encoding": "identity"}
        | ({"authorization": f"Bearer {token}"} if token else {}),
        timeout=timeout_s,
        follow_redirects=False,
    )


def _check(answer: httpx.Response) -> None:
    status = answer.status_code
    if answer.headers.get("content-encoding", "identity") != "identity":
        raise UnreachableError("The archive compresses its answers, unasked.")
    if status in _NOT_NOW or status // 100 == 3:
        raise UnreachableError(f"The archive answered {status}.")
    if status != HTTPStatus.OK:
        raise UnfetchableError(f"The archive answered {status}.")


def _uid_of(report: Path) -> str:
    with report.open("rb") as file:
        return file_meta(file.read(_HEAD_BYTES)).get(SOP_INSTANCE, "")


def _found_in(page: Iterable[object], modality: str) -> list[Found]:
    """Without what is not as it should be: of another modality, say, where a filter is ignored."""
    ours = [
        each
        for each in page
        if isinstance(each, Mapping) and _first(each, _MODALITY) in ("", modality)
    ]
    named = [Found(*(_first(each, tag) for tag in (_STUDY, _SERIES, _INSTANCE))) for each in ours]
    found = [each for each in named if all(map(is_uid, (each.study, each.series, each.instance)))]
    if len(found) < len(ours):
        left_out = len(ours) - len(found)
        log.warning("instances without a valid UID were left out", extra={"n": left_out})
    return found


def _first(listed: Mapping[Any, Any], tag: str) -> str:
    element = listed.get(tag)
    values = element.get("Value") if isinstance(element, Mapping) else None
    value = values[0] if isinstance(values, list) and values else ""
    return value if isinstance(value, str) else ""
