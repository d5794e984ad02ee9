"""A key set out of the web: asked for briefly, and no more of it taken than a key set has."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
from urllib.parse import urlsplit

import httpx

from vistazo.errors import SettingsError
from vistazo.models.fetch import Link

MOST_BYTES = 256_000
_LONGEST_S = 5.0


def check_link(link: Link) -> None:
    """Without encryption anybody between could put in a key of his own. Raises SettingsError."""
    parts = urlsplit(link.url)
    if parts.scheme.lower() != "https" and not _is_loopback(parts.hostname or ""):
        raise SettingsError(f"JWT_JWKS: {link} is not encrypted. Give its https:// address.")


async def fetch_key_set(link: Link) -> str:
    """What stands there; redirects are not followed. Raises SettingsError."""
    for name in ("httpx", "httpcore"):  # at 'info' they log whole addresses
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        # 20 ms of CPU time for all certificates that there are: not on the loop that answers.
        client = await asyncio.to_thread(httpx.AsyncClient)
        async with asyncio.timeout(_LONGEST_S), client:
            data = await _read(client, link)
        return data.decode("utf-8")
    except TimeoutError:
        reason = f"it took more than {_LONGEST_S:g} seconds"
    except (httpx.HTTPError, httpx.InvalidURL):
        reason = "there is no connection, or no answer"
    except OSError:  # of SSL_CERT_FILE, which the client reads when it is made
        reason = "the certificates of this machine cannot be read"
    except UnicodeDecodeError:
        reason = "it is no text"
    raise SettingsError(f"JWT_JWKS: {link} gave no keys: {reason}.")


async def _read(client: httpx.AsyncClient, link: Link) -> bytes:
    # Plain: a few packed bytes could be any number of them.
    headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
    async with client.stream("GET", link.url, headers=headers) as response:
        if response.status_code != httpx.codes.OK:
            raise SettingsError(f"JWT_JWKS: {link} answers {response.status_code}.")
        data = bytearray()
        async for piece in response.aiter_raw():
            data += piece
            if len(data) > MOST_BYTES:
                raise SettingsError(f"JWT_JWKS: {link} gives more than {MOST_BYTES} bytes.")
        return bytes(data)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
