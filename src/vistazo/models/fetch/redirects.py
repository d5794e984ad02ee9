"""Where a download may be led: bounded, never to less safety, never from outside to inside."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from urllib.parse import urljoin, urlsplit

from vistazo.errors import DownloadError
from vistazo.models.fetch.location import Link

MOST_REDIRECTS = 10

# Addresses of a host's name; none where it has none.
Resolve = Callable[[str], Awaitable[list[str]]]


async def resolve(host: str) -> list[str]:
    """Ask the system's resolver."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return [str(address[0]) for *_, address in found]


def check_start(link: Link, *, is_pinned: bool) -> None:
    """Without encryption anybody between may put in a model of his own; a hash shows it."""
    parts = urlsplit(link.url)
    if parts.scheme.lower() == "https" or is_pinned or _is_loopback(parts.hostname or ""):
        return
    raise DownloadError(
        f"{link} is not encrypted, so what arrives may be anybody's. Use its https:// address, or "
        "say with MODEL_SHA256 which file it must be."
    )


async def redirected(source: str, location: str, resolve: Resolve, *, is_pinned: bool) -> str:
    """Where ``source`` leads. Raises DownloadError where that is not followed."""
    try:
        target = urljoin(source, location)
        old, new = urlsplit(source), urlsplit(target)
    except ValueError as error:
        raise DownloadError(f"{Link(source)} leads on to no web address: {error}.") from error
    shown = f"{Link(source)} leads on to {new.scheme}://{new.hostname or ''}"
    if new.scheme not in ("http", "https") or not new.hostname:
        raise DownloadError(f"{shown}, which is no web address. Give the link of the file itself.")
    if new.scheme == "http" and old.scheme == "https":
        raise DownloadError(f"{shown}, without encryption. Give an https:// link of the file.")
    check_start(Link(target), is_pinned=is_pinned)
    if await _goes_inside(old.hostname or "", new.hostname, resolve):
        raise DownloadError(
            f"{shown}, which is an address inside this network. A link from outside is not "
            "followed there; give the inner link itself if you trust it."
        )
    return target


async def _goes_inside(source: str, target: str, resolve: Resolve) -> bool:
    if source == target or not await _is_inside(target, resolve):
        return False
    return not await _is_inside(source, resolve)


async def _is_inside(host: str, resolve: Resolve) -> bool:
    """Whether a host is this machine, its link or its private network (RFC 6890)."""
    if _is_loopback(host):
        return True
    addresses = [host] if _address(host) else await resolve(host)
    return any(not address.is_global for address in map(_address, addresses) if address)


def _is_loopback(host: str) -> bool:
    address = _address(host)
    if address is not None:
        return address.is_loopback
    return host == "localhost" or host.endswith(".localhost")


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
