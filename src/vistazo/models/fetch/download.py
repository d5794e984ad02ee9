"""One file over HTTP to the disk: streamed, bounded, resumed after a cut, and tried again."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpx

from vistazo.errors import DownloadError, ModelNotFoundError
from vistazo.models.fetch import content
from vistazo.models.fetch.names import from_disposition, from_url
from vistazo.models.fetch.partial import PartialFile
from vistazo.models.fetch.place import Patience
from vistazo.models.fetch.progress import Progress
from vistazo.models.fetch.redirects import MOST_REDIRECTS, Resolve, redirected
from vistazo.models.fetch.share_links import DownloadLink, how_to_share, large_file_link
from vistazo.models.fetch.version import Version

log = logging.getLogger(__name__)

_FIRST_BYTES = 4_096  # enough to tell a page or a pointer from a model
_PROGRESS_BYTES = 1_000_000  # a connection that brought this much was worth making
_RANGE = re.compile(r"bytes (\d{1,18})-\d+/(\d{1,18})")
_REASONS = (
    (httpx.ConnectTimeout, "the server does not answer"),
    (httpx.TimeoutException, "the server fell silent"),
    (httpx.ConnectError, "there is no connection to the server"),
    (httpx.TransportError, "the connection was cut"),
)
_PASSING = frozenset({408, 429, 500, 502, 503, 504})


@dataclass(frozen=True)
class Order:
    """What to fetch. ``shown`` stands for the link in words, ``known`` is the version at hand."""

    link: DownloadLink
    shown: str
    known: Version | None
    patience: Patience
    is_model: bool
    is_pinned: bool


class _TryAgainError(Exception):
    def __init__(self, reason: str, wait_s: float = 0) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


class _ElsewhereError(Exception):
    """The file is at another address, the only argument."""


class Download:
    """After ``run``: the ``version`` that came, and ``names`` for it, the best first."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        resolve: Resolve,
        order: Order,
        partial: PartialFile,
        progress: Progress,
    ) -> None:
        self.version = Version()
        self.names: tuple[str | None, ...] = ()
        self._client = client
        self._resolve = resolve
        self._order = order
        self._partial = partial
        self._progress = progress
        self._patience = order.patience
        self._shown = order.shown
        self._url = order.link.url
        self._total: int | None = None

    async def run(self) -> bool:
        """Write the file into ``partial``; False where the known version is still the newest.

        Raises DownloadError; ModelNotFoundError where there is nothing.
        """
        try:
            async with asyncio.timeout(self._patience.total_s):
                return await self._try_until_it_is_here()
        except TimeoutError:
            raise DownloadError(
                f"{self._shown} took more than {self._patience.total_s:g} seconds "
                f"({self._partial.size:,} bytes came). Try again, or give a link of a faster place."
            ) from None
        except httpx.InvalidURL as error:
            raise DownloadError(f"{self._shown} is no web address: {error}.") from error

    async def _try_until_it_is_here(self) -> bool:
        failures = 0
        while True:
            furthest = self._partial.furthest
            try:
                return await self._try()
            except _ElsewhereError as elsewhere:
                self._url = str(elsewhere)
                self._partial.restart()
            except (httpx.TransportError, _TryAgainError) as error:
                went_on = self._partial.furthest - furthest >= _PROGRESS_BYTES
                failures = 0 if went_on else failures + 1
                await self._wait(error, failures)

    async def _wait(self, error: Exception, failures: int) -> None:
        """Before the next attempt. Raises DownloadError where there is none."""
        reason = _reason(error)
        longest_s = self._patience.longest_wait_s
        wait_s = min(self._patience.first_wait_s * 2 ** max(0, failures - 1), longest_s)
        if isinstance(error, _TryAgainError) and error.wait_s > wait_s:
            wait_s = error.wait_s
            reason += f", and asks to wait {wait_s:.0f} s"
        if "CERTIFICATE_VERIFY_FAILED" in reason:
            raise DownloadError(
                f"{self._shown} has no certificate that this machine trusts. Behind a proxy of "
                "your own, name its certificates in SSL_CERT_FILE."
            ) from error
        if failures >= self._patience.attempts or wait_s > longest_s:
            raise DownloadError(
                f"{self._shown} could not be downloaded: {reason}. Check the address and the "
                "network, and try again later."
            ) from error
        log.info("the download is tried again", extra={"reason": reason, "wait_s": wait_s})
        await asyncio.sleep(wait_s)

    async def _try(self) -> bool:
        async with self._answered(self._headers()) as response:
            if response.status_code == HTTPStatus.NOT_MODIFIED and self._order.known is not None:
                return False
            self._check_status(response)
            self._begin(response)
            async for chunk in response.aiter_raw():
                self._partial.append(chunk)
                self._judge(is_all=False)
                self._progress.show(self._partial.size, self._total)
        self._partial.flush()
        if self._total not in (None, self._partial.size):
            raise _TryAgainError(f"{self._partial.size:,} of {self._total:,} bytes came")
        self._judge(is_all=True)
        if not content.is_whole(self._partial.path):
            size = self._partial.size
            self._partial.restart()
            raise _TryAgainError(f"the file is cut short, though the server says {size:,} bytes")
        return True

    def _headers(self) -> dict[str, str]:
        headers = {"Accept-Encoding": "identity"}  # else ranges and lengths are of other bytes
        if self._partial.size and self.version.if_same:
            headers |= {"Range": f"bytes={self._partial.size}-", "If-Range": self.version.if_same}
        elif self._order.known is not None:
            headers |= self._order.known.if_changed
        return headers

    @contextlib.asynccontextmanager
    async def _answered(self, headers: dict[str, str]) -> AsyncIterator[httpx.Response]:
        """The answer at the end of all redirects."""
        url, timeout = self._url, httpx.Timeout(self._patience.idle_s)
        timeout.connect = self._patience.connect_s
        for _ in range(MOST_REDIRECTS + 1):
            request = self._client.build_request("GET", url, headers=headers, timeout=timeout)
            response = await self._client.send(request, stream=True)
            try:
                if not response.has_redirect_location:
                    yield response
                    return
            finally:
                await response.aclose()
            location = response.headers["location"]
            url = await redirected(url, location, self._resolve, is_pinned=self._order.is_pinned)
        raise DownloadError(f"{self._shown} leads round in a circle. Open it, and copy it anew.")

    def _check_status(self, response: httpx.Response) -> None:
        status = response.status_code
        if status in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
            return
        said = f"answered {status} ({response.reason_phrase or 'no reason'})"
        if status in _PASSING:
            raise _TryAgainError(f"the server {said}", _retry_after_s(response.headers))
        if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            self._partial.restart()
            raise _TryAgainError(f"the server {said}")
        share = how_to_share(self._order.link.service)
        if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
            raise ModelNotFoundError(
                f"There is nothing at {self._shown} ({status}). Check the link; some services "
                f"answer so for a file that is private: {share}"
            )
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise DownloadError(f"{self._shown} is not for everyone ({status}). {share}")
        raise DownloadError(f"{self._shown} {said}. Open the link in a browser to see why.")

    def _begin(self, response: httpx.Response) -> None:
        """Go on where the last connection ended, or from the beginning. Raises DownloadError."""
        encoding = response.headers.get("content-encoding", "identity")
        if encoding != "identity":
            raise DownloadError(
                f"{self._shown} is sent compressed ({encoding}), which was not asked for. Have it "
                "sent as it is."
            )
        if response.status_code == HTTPStatus.PARTIAL_CONTENT:
            part = _RANGE.fullmatch(response.headers.get("content-range", ""))
            if part is None or not self._goes_on(int(part[1]), int(part[2])):
                self._partial.restart()
                raise _TryAgainError("the server sent another part than the one asked for")
            self._total = int(part[2])
            return
        self._partial.restart()
        length = response.headers.get("content-length")
        self._total = int(length) if length is not None else None
        self._partial.check_size(self._total)
        self.version = Version.of(response.headers)
        disposition = from_disposition(response.headers.get("content-disposition"))
        self._progress.begin(self._shown, self._total)
        self.names = (disposition, from_url(str(response.url)), from_url(self._url))

    def _goes_on(self, start: int, total: int) -> bool:
        return start == self._partial.size > 0 and self._total in (None, total)

    def _judge(self, *, is_all: bool) -> None:
        """Raises DownloadError as soon as the bytes show that this is not the file."""
        head = self._partial.head
        if not is_all:
            enough = content.HEAD_BYTES if content.is_page(head) else _FIRST_BYTES
            if len(head) < enough or self._partial.size > 2 * content.HEAD_BYTES:
                return
        if content.is_pointer(head):
            elsewhere = large_file_link(self._url)
            if elsewhere is not None:
                raise _ElsewhereError(elsewhere)
        share = how_to_share(self._order.link.service)
        what = content.refusal(head, share, may_be_text=not self._order.is_model)
        if what is not None:
            raise DownloadError(f"{self._shown} gave {what}.")


def _reason(error: Exception) -> str:
    said = str(error).strip(". ") or type(error).__name__
    for kind, words in _REASONS:
        if isinstance(error, kind):
            return f"{words} ({said})"
    return said


def _retry_after_s(headers: httpx.Headers) -> float:
    """Seconds, given as such or as a date (RFC 9110, 10.2.3)."""
    said = headers.get("retry-after", "").strip()
    if said.isdecimal():
        return float(said)
    try:
        return max(0.0, (parsedate_to_datetime(said) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return 0.0
