"""Look at a file before a decoder does, and hand on what decoding needs and nothing else.

A decoder's parsers were written for honest files: what they do with metadata can cost a sender
little and a service much. So text, profiles, comments and animation never reach one, and neither
does a file of more parts than pictures have. The look itself costs a fixed small time a byte.
"""

from __future__ import annotations

from collections.abc import Callable

from vistazo.pictures.container.avif import strip_avif
from vistazo.pictures.container.bmp import strip_bmp
from vistazo.pictures.container.jpeg import strip_jpeg
from vistazo.pictures.container.png import strip_png
from vistazo.pictures.container.stripped import Stripped
from vistazo.pictures.container.tiff import strip_tiff
from vistazo.pictures.container.webp import strip_webp


def _strip_dicom(data: bytes) -> Stripped:
    """Its walk is loaded with the first DICOM file: no start waits for it."""
    from vistazo.pictures.container.dicom.strip import strip_dicom

    return strip_dicom(data)


# By the name of the format.
STRIP: dict[str, Callable[[bytes], Stripped]] = {
    "png": strip_png,
    "jpeg": strip_jpeg,
    "bmp": strip_bmp,
    "tiff": strip_tiff,
    "webp": strip_webp,
    "avif": strip_avif,
    "dicom": _strip_dicom,
}

__all__ = ["STRIP", "Stripped", "strip_jpeg", "strip_png"]
