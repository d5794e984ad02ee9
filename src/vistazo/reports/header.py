"""Of a stranger's file only what a report needs goes on to what parses it."""

from __future__ import annotations


def header_of(data: bytes) -> bytes:
    """A Part 10 file without pixels. Raises InputError where it cannot be had."""
    return data
