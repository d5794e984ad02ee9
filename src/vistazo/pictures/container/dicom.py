"""A walk over the elements of a DICOM file (PS3.5, PS3.10)."""

from __future__ import annotations

from vistazo.pictures.container.stripped import Stripped


def strip_dicom(data: bytes) -> Stripped:
    return Stripped((memoryview(data),), is_read_whole=True)
