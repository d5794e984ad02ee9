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
    except (ImportError, ValueError) as error:  # a scheme that nobody knows, or is not installed
        raise SettingsError(f"{shown(link)} cannot be reached: {error}.") from error
    return found, str(path).rstrip("/")


def why(error: BaseException) -> str:
    """In one line."""
    said = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(said).split())[:500].rstrip(".")
