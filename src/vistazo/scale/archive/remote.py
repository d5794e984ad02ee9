"""Places behind a link, such as s3://bucket/pictures: what fsspec knows how to reach."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from vistazo.errors import SettingsError


def is_link(place: str) -> bool:
    return "://" in place or "::" in place


def shown(link: str) -> str:
    """Without what may be a password or a key."""
    return re.sub(r"(?<=://)[^/]*@|\?.*", "", link)


def filesystem(link: str) -> tuple[Any, str]:
    """The filesystem, which remembers no listing, and the place in it. Raises SettingsError."""
    if re.match(r"https?://", link, re.IGNORECASE):
        # What a page links to is no listing, and a server may send all where a part was asked for.
        raise SettingsError(f"{shown(link)} is of the web, which has no folders. Fetch it first.")
    try:
        import fsspec
    except ImportError as error:
        raise SettingsError(
            f"{shown(link)} needs fsspec, which is not installed: pip install -r "
            "scripts/requirements/archives.txt"
        ) from error
    try:
        found, path = fsspec.core.url_to_fs(link, use_listings_cache=False)
    # A scheme that nobody knows, or is not installed; some connect here, and raise what they like.
    except Exception as error:
        raise SettingsError(f"{shown(link)} cannot be reached: {why(error, link)}.") from error
    return found, str(path).rstrip("/") or str(path)


def within(folder: str, name: str) -> str:
    """The top of some is the empty text, and of others a slash."""
    return f"{folder.rstrip('/')}/{name}" if folder else name


def why(error: BaseException, link: str) -> str:
    """In one line, and without what ``link`` has that is nobody's business: errors quote it."""
    said = getattr(error, "strerror", None) or str(error) or type(error).__name__
    for secret in _secrets_in(link):
        said = str(said).replace(secret, "***")
    return " ".join(str(said).split())[:500].rstrip(".")


def _secrets_in(link: str) -> list[str]:
    """Longest first."""
    found = set[str]()
    for user in re.findall(r"://([^/]*)@", link):
        found |= {user, user.partition(":")[2]}
    for query in re.findall(r"\?(.*)", link):
        found |= {query, *(each.partition("=")[2] for each in query.split("&"))}
    found |= {unquote(each) for each in found}
    return sorted(found - {""}, key=len, reverse=True)
