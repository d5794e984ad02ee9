"""HTTP calls that wait and try again, and never show a key."""

from __future__ import annotations

import email.utils
import http.client
import json
import random
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

MOST_BYTES = 2_000_000
BUSY = 429
PASSING = frozenset({BUSY, 500, 502, 503, 504})
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class DeploymentError(Exception):
    """What went wrong and what to do about it, in words for whoever deploys."""


class NoAnswerError(DeploymentError):
    """Nobody answered, however often it was asked."""


@dataclass(frozen=True)
class Pace:
    """How long to wait for what, seconds. Waits double; each is cut at random by up to half."""

    call_s: float = 30.0
    first_wait_s: float = 1.0
    longest_wait_s: float = 60.0
    attempts: int = 6
    poll_s: float = 5.0


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    def json(self) -> object:
        """The parsed body; None where it is no JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer like any other: followed, it would carry the key to another host."""

    def redirect_request(self, *_: object) -> None:
        return None


class Caller:
    """Makes calls; tries again on 429, on 5xx that pass, and where nobody answers."""

    def __init__(
        self, pace: Pace, say: Callable[[str], None], sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.pace = pace
        self._say = say
        self._sleep = sleep
        self._opener = urllib.request.build_opener(_NoRedirects)

    def call(self, what: str, request: urllib.request.Request) -> Answer:
        """The answer, of whatever status. Raises NoAnswerError.

        ``what`` names the call in messages, which must not show its address: that of a deploy
        hook is a key.
        """
        for attempt in range(1, self.pace.attempts):
            answer = self.call_once(request)
            if isinstance(answer, Answer) and answer.status not in PASSING:
                return answer
            wait_s = self._wait_s(answer, attempt)
            reason = f"status {answer.status}" if isinstance(answer, Answer) else answer
            self._say(f"{what}: {reason}; trying again in {wait_s:.0f} s")
            self._sleep(wait_s)
        answer = self.call_once(request)
        if isinstance(answer, Answer):
            return answer
        raise NoAnswerError(f"{what}: {answer}, {self.pace.attempts} times. Try again later.")

    def call_once(self, request: urllib.request.Request) -> Answer | str:
        """The answer, or why there is none."""
        try:
            with self._opener.open(request, timeout=self.pace.call_s) as response:
                return Answer(response.status, response.read(MOST_BYTES), dict(response.headers))
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.read(MOST_BYTES), dict(error.headers))
        except urllib.error.URLError as error:
            return f"no answer ({_reason(error.reason)})"
        except (OSError, http.client.HTTPException) as error:
            return f"no answer ({_reason(error)})"

    def _wait_s(self, answer: Answer | str, attempt: int) -> float:
        """As long as the server asks; else exponential back-off with jitter."""
        asked_s = _asked_wait_s(answer.headers) if isinstance(answer, Answer) else None
        if asked_s is not None:
            return min(asked_s, self.pace.longest_wait_s)
        longest_s = min(self.pace.first_wait_s * 2.0 ** (attempt - 1), self.pace.longest_wait_s)
        return longest_s * random.uniform(0.5, 1)  # noqa: S311 - spreads callers, guards nothing


def _reason(error: object) -> str:
    if isinstance(error, TimeoutError):
        return "time-out"
    return (isinstance(error, OSError) and error.strerror) or type(error).__name__


def _asked_wait_s(headers: Mapping[str, str]) -> float | None:
    """By Retry-After (RFC 9110, 10.2.3: seconds or a date), else by Render's Ratelimit-Reset.

    The latter is documented as epoch seconds, and shown there as seconds to go:
    https://api-docs.render.com/reference/rate-limiting
    """
    named = {name.lower(): value for name, value in headers.items()}
    asked = named.get("retry-after") or named.get("ratelimit-reset") or ""
    if asked.isascii() and asked.isdigit():
        seconds = float(asked)
        return max(0.0, seconds - time.time()) if seconds > 1e9 else seconds
    try:
        return max(0.0, email.utils.parsedate_to_datetime(asked).timestamp() - time.time())
    except ValueError:
        return None


def checked_address(name: str, address: str) -> str:
    """The address without a slash at its end. Raises DeploymentError where a key sent to it could
    be read on the way: anything but HTTPS, this machine excepted. Never shows the address.
    """
    parts = urllib.parse.urlsplit(address.strip())
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    if not is_safe or not parts.hostname:
        raise DeploymentError(f"{name} is not an https:// address. Copy it again.")
    return address.strip().rstrip("/")
