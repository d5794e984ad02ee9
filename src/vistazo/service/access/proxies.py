"""Which address a request comes from, where proxies stand between."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network
_Address = IPv4Address | IPv6Address

# Nobody has more proxies before him; a caller could write thousands into the header.
_MOST_HOPS = 16


def parse_networks(text: str) -> tuple[Network, ...]:
    """Addresses and networks, with commas between. Raises ValueError."""
    return tuple(_network(each.strip()) for each in text.split(",") if each.strip())


def _network(text: str) -> Network:
    try:
        network = ip_network(text)
    except ValueError:
        raise ValueError(
            "write addresses and networks, such as 10.0.0.5,192.168.1.0/24; a name, or bits after "
            "the network's, is neither"
        ) from None
    if network.prefixlen == 0:
        raise ValueError("this trusts everybody, and who is trusted can say that he is anyone")
    return network


def client_of(peer: str, forwarded: Sequence[str], trusted: Sequence[Network]) -> str:
    """The address of whoever is not a trusted proxy: ``peer``, or what the nearest of them saw.

    ``forwarded`` are the ``X-Forwarded-For`` headers. Each proxy writes at the end of it, so it is
    read from there: what stands before the first address that is not trusted is his own invention.
    """
    address = _address(peer)
    if address is None or not _is_in(address, trusted):
        return peer
    hops = ",".join(forwarded).rsplit(",", _MOST_HOPS)[-_MOST_HOPS:] if forwarded else []
    for hop in reversed(hops):
        found = _address(_without_port(hop.strip()))
        if found is None:
            break
        address = found
        if not _is_in(address, trusted):
            break
    return str(address)


def is_trusted(peer: str, trusted: Sequence[Network]) -> bool:
    address = _address(peer)
    return address is not None and _is_in(address, trusted)


def _is_in(address: _Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)


def _address(text: str) -> _Address | None:
    """None for what is none. An IPv4 address within IPv6 is the one that it is."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _without_port(hop: str) -> str:
    """``1.2.3.4:5678`` and ``[::1]:5678``, as some proxies write it."""
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop
