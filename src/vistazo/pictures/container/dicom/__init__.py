"""A walk over a DICOM file (PS3.5, PS3.10): only what is wanted of it reaches a decoder."""

from __future__ import annotations

from vistazo.pictures.container.dicom.elements import Wanted
from vistazo.pictures.container.dicom.source import transfer_syntax_of
from vistazo.pictures.container.dicom.strip import strip_dicom
from vistazo.pictures.container.dicom.stripped import StrippedDicom
from vistazo.pictures.container.dicom.subset import subset

__all__ = ["StrippedDicom", "Wanted", "strip_dicom", "subset", "transfer_syntax_of"]
