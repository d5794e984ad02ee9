"""Where a file is: a path, or a link that may hold a secret."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

# A name with an ending is worth showing; anything else at the end of a link may be its key.
_FILE_NAME = re.compile(r"[\w .()%+-]{1,80}\.[A-Za-z0-9]{1,6}")


@dataclass(frozen=True)
class Link:
    """An http or https address. As a string it shows its host and its file's name only."""

    url: str = field(repr=False)

    def __str__(self) -> str:
        parts = urlsplit(self.url)
        *folders, name = parts.path.split("/")
        shown = name if _FILE_NAME.fullmatch(name) else "..."
        between = ".../" if len(folders) > 1 and shown != "..." else ""
        host = parts.netloc.rpartition("@")[2]
        return f"{parts.scheme}://{host}/{between}{shown}"

    @property
    def key(self) -> str:
        """Stands for the link in a file name, and does not tell it."""
        return hashlib.sha256(self.url.encode()).hexdigest()[:32]


Location = Path | Link


def parse_location(text: str) -> Location:
    """Raises ValueError for an address that is neither a path nor an http(s) link."""
    text = text.strip()
    scheme, separator, _ = text.partition("://")
    if not separator or len(scheme) == 1:  # a drive of Windows
        return Path(text)
    try:
        host = urlsplit(text).hostname
    except ValueError:
        host = None
    if scheme.lower() not in ("http", "https") or not host:
        raise ValueError("a link begins with https:// and a host; anything else is a path")
    return Link(text)
