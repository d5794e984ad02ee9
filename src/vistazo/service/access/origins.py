"""Web pages of other hosts that may call from a browser."""

from __future__ import annotations

import re

_ORIGIN = re.compile(r"https?://(\[[0-9a-f:]+\]|[a-z0-9.-]+)(:[0-9]{1,5})?")


def parse_origins(text: str) -> tuple[str, ...]:
    """Origins as a browser writes them, with commas between, or ``*``. Raises ValueError."""
    origins = tuple(each.strip() for each in text.split(",") if each.strip())
    for origin in origins:
        if origin != "*" and not _ORIGIN.fullmatch(origin):
            raise ValueError(
                "write origins, such as https://app.example: scheme, host in small letters and "
                "port, without a path and without a / at the end; or * for every page"
            )
    return origins
