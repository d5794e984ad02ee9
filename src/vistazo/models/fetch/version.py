"""What tells one state of a remote file from another (RFC 9110, 8.8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Version:
    etag: str | None = None
    last_modified: str | None = None

    @staticmethod
    def of(headers: Mapping[str, str]) -> Version:
        """What cannot be sent back as it came is no version."""
        etag, date = headers.get("etag", ""), headers.get("last-modified", "")
        return Version(etag if etag.isascii() else None, date if date.isascii() else None)

    @property
    def if_changed(self) -> dict[str, str]:
        """Headers that ask for the file only where it is another."""
        asked = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in asked.items() if value}

    @property
    def if_same(self) -> str | None:
        """For If-Range, which takes no weak ETag."""
        return self.etag if self.etag and not self.etag.startswith("W/") else self.last_modified
