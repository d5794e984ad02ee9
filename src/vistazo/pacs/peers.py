"""Application entities: who may call, and who is called (DICOM PS3.8, section 7.1.1)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass

ANY = "*"
_TITLE = re.compile(r"[\x21-\x5b\x5d-\x7e](?:[\x20-\x5b\x5d-\x7e]{0,14}[\x21-\x5b\x5d-\x7e])?")
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class Peer:
    """Who may call: a ``title``, or any where it is ``*``, from within ``network``."""

    title: str
    network: _Network

    def is_at(self, address: str) -> bool:
        try:
            found = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        return found in self.network

    def is_called(self, title: str) -> bool:
        return self.title in (ANY, title)


@dataclass(frozen=True)
class Called:
    """An application entity that reports are sent to."""

    title: str
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.title}@{self.host}:{self.port}"


def title_of(text: str) -> str:
    """An AE title: 1 to 16 characters, no backslash (PS3.5, section 6.2). Raises ValueError."""
    if not _TITLE.fullmatch(text):
        raise ValueError(f"'{text}' is no AE title: 1 to 16 characters of ASCII, no backslash")
    return text


def peer_of(text: str) -> Peer:
    """``TITLE@ADDRESS`` or ``TITLE@NETWORK/BITS``; either may be ``*``. Raises ValueError."""
    title, separator, address = text.strip().rpartition("@")
    if not separator:
        raise ValueError(f"'{text}' is no peer: write it as TITLE@ADDRESS, such as PACS@10.0.0.5")
    title = title if title == ANY else title_of(title)
    if address == ANY:
        raise ValueError("say from which addresses: 0.0.0.0/0 is any of IPv4, ::/0 any of IPv6")
    try:
        return Peer(title, ipaddress.ip_network(address))
    except ValueError:
        raise ValueError(
            f"'{address}' is no address, such as 10.0.0.5, and no network, such as 10.0.0.0/24"
        ) from None


def called_of(text: str) -> Called:
    """``TITLE@HOST:PORT``. Raises ValueError."""
    found = re.fullmatch(r"(.+)@(\[[0-9a-fA-F:.]+\]|[^\[\]:@/]+):([0-9]{1,5})", text.strip())
    if found is None or not 1 <= int(found[3]) <= 65535:
        raise ValueError(f"'{text}' is no place to send to: write TITLE@HOST:PORT")
    return Called(title_of(found[1]), found[2].strip("[]"), int(found[3]))


def may_connect(peers: Sequence[Peer], address: str) -> bool:
    return any(peer.is_at(address) for peer in peers)


def may_call(peers: Sequence[Peer], title: str, address: str) -> bool:
    return any(peer.is_at(address) and peer.is_called(title) for peer in peers)
