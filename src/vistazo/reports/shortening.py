"""Texts within what an element of DICOM may hold (PS3.5 section 6.2); receivers count bytes."""

from __future__ import annotations

import re


def cut(text: str, most_bytes: int) -> str:
    """One line, with three dots at its end where some of it is left out; never empty."""
    plain = " ".join(re.sub(r"[\x00-\x1f\x7f\\]", " ", text).split()) or "-"
    if len(plain.encode()) <= most_bytes:
        return plain
    return within(plain, most_bytes - 3) + "..."


def within(text: str, most_bytes: int) -> str:
    """Its beginning, in UTF-8 as long at most."""
    return text.encode()[:most_bytes].decode(errors="ignore")
