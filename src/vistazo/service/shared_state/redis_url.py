"""Where the Redis is, as people write it. It may hold a password, which nothing here quotes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

_WRITTEN = (
    "write it like redis://:PASSWORD@HOST:6379/0, rediss://... for TLS, or unix:///run/redis.sock; "
    "in a password / is %2F, # is %23, ? is %3F, @ is %40"
)
# Others change what the client does on the wire, or how long it waits.
_TLS_OPTIONS = {
    "ssl_ca_certs",
    "ssl_cert_reqs",
    "ssl_certfile",
    "ssl_check_hostname",
    "ssl_keyfile",
}
_TLS_FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_OPTIONS = {"redis": {"db"}, "rediss": {"db", *_TLS_OPTIONS}, "unix": {"db", "password"}}


def check_redis_url(value: object) -> object:
    """Raises ValueError, in words that hold nothing of it."""
    if not isinstance(value, str):
        return value
    url, port = _split(value)
    if url.scheme not in _OPTIONS:
        raise ValueError(_WRITTEN)
    is_place = url.path not in ("", "/") if url.scheme == "unix" else bool(url.hostname)
    if not is_place or url.fragment or port == 0:
        raise ValueError(_WRITTEN)
    if url.scheme != "unix" and not re.fullmatch(r"(/[0-9]{0,5})?", url.path):
        raise ValueError(_WRITTEN)
    _check_options(dict(parse_qsl(url.query, keep_blank_values=True)), _OPTIONS[url.scheme])
    return value


def password_of(url: str) -> str:
    """Empty where there is none."""
    parts = urlsplit(url)
    return unquote(parts.password or dict(parse_qsl(parts.query)).get("password", ""))


def address_of(url: str) -> str:
    """Host and port, or the socket's path: for the log."""
    parts = urlsplit(url)
    return parts.path if parts.scheme == "unix" else f"{parts.hostname}:{parts.port or 6379}"


def _check_options(options: Mapping[str, str], allowed: set[str]) -> None:
    if not options.keys() <= allowed or not options.get("db", "0").isdecimal():
        raise ValueError(f"after the ? there may be {', '.join(sorted(allowed))} (a number for db)")
    if options.get("ssl_cert_reqs", "required") not in ("required", "optional", "none"):
        raise ValueError("ssl_cert_reqs is required, optional or none")
    for name in _TLS_FILES:
        if name in options and not Path(options[name]).is_file():
            raise ValueError(f"there is no file where {name} says")


def _split(text: str) -> tuple[SplitResult, int | None]:
    """What Python says of a port that is none quotes it: the beginning of a password, maybe."""
    try:
        url = urlsplit(text)
        return url, url.port
    except ValueError:
        raise ValueError(_WRITTEN) from None
