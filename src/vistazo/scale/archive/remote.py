"""Places behind a link, such as s3://bucket/films: what fsspec knows how to reach."""

from __future__ import annotations

import re
from typing import Any

from vistazo.errors import SettingsError


def is_link(place: str) -> bool:
    return "://" in place or "::" in place


def shown(link: str) -> str:
    """Without what may be a password or a key."""
    return re.sub(r"(?<=://)[^/]*@|\?.*", "", link)


def filesystem(link: str) -> tuple[Any, str]:
    """The filesystem, which remembers no listing, and the place in it. Raises SettingsError."""
    try:
        import fsspec
    except ImportError as error:
        raise SettingsError(
            f"{shown(link)} needs fsspec, which is not installed: pip install 'vistazo[archives]'."
        ) from error
    try:
        found, path = fsspec.core.url_to_fs(link, use_listings_cache=False)
    # A scheme that nobody knows, or is not installed; some connect here, and raise what they like.
    except Exception as error:
        raise SettingsError(f"{shown(link)} cannot be reached: {why(error)}.") from error
    return found, str(path).rstrip("/") or str(path)


def within(folder: str, name: str) -> str:
    """The top of some is the empty text, and of others a slash."""
    return f"{folder.rstrip('/')}/{name}" if folder else name


def why(error: BaseException) -> str:
    """In one line."""
    said = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(said).split())[:500].rstrip(".")
