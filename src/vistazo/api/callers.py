"""Who asks, as far as shares are concerned."""

from __future__ import annotations

from collections.abc import MutableMapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any

CALLER = "caller"


def caller_of(scope: MutableMapping[str, Any]) -> str:
    """Whose share a request is charged to: ``state["caller"]`` where that is set, else the address.

    Of an IPv6 address the first 64 bits: who has one has all of that network (RFC 4291, 2.5.4).
    """
    named = scope.get("state", {}).get(CALLER)
    if named:
        return str(named)
    return _share_of(scope["client"][0] if scope.get("client") else "")


@lru_cache(maxsize=1024)  # asked three times a request
def _share_of(address: str) -> str:
    try:
        return str(_network(ip_address(address.partition("%")[0])))
    except ValueError:  # a socket in the file system, a test
        return address


def _network(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address | IPv6Network:
    if isinstance(address, IPv4Address):
        return address
    return address.ipv4_mapped or IPv6Network((int(address), 64), strict=False)
