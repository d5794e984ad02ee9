"""What is left of a DICOM file for its decoder."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from vistazo.pictures.container.stripped import Stripped

if TYPE_CHECKING:
    from vistazo.pictures.container.dicom.elements import DataSet


@dataclass(frozen=True, kw_only=True)
class StrippedDicom(Stripped):
    """A file of one frame: the elements that reading it takes, in explicit VR, and its pixels.

    ``frame``, from 1, is the one of ``frames`` that was taken. ``parts`` come before its pixels in
    that file, ``tail`` behind them; ``take`` gives the pixels. ``data_set`` is what is in those
    parts, its numbers in ``order``: "<" or ">"; ``pixel_vr`` is OB or OW.
    """

    width: int
    height: int
    frame: int
    frames: int
    transfer_syntax: str
    data_set: DataSet
    order: str
    pixel_vr: str
    take: Callable[[], memoryview]
    tail: bytes

    @property
    def pixels(self) -> memoryview:
        """The samples as they are stored, or the one codestream in ``transfer_syntax``: inflated
        each time that they are asked for, where the file is deflated.

        Raises CorruptImageError.
        """
        return self.take()

    def stream(self) -> BinaryIO:
        """All of it, copied. Raises CorruptImageError."""
        return io.BytesIO(b"".join((*self.parts, self.take(), self.tail)))
