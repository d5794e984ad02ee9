"""Frames that GDCM decodes. Importing it costs 19 MB and 0.05 s: for those files alone."""

from __future__ import annotations

import os
import sys
import threading
from functools import cache
from typing import Any

import gdcm
import numpy as np
from numpy.typing import NDArray

from vistazo.pictures.dicom.codestream import Codestream
from vistazo.pictures.dicom.damage import refuse

_STANDARD_ERROR, _PIPE_BYTES = 2, 65_536
_DAMAGE = (b"bad Huffman code", b"premature end of data")
_PIXEL_DATA = (0x7FE0, 0x0010)


def decoded(
    codec_name: str, stream: Codestream, bits_allocated: int
) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Its samples, colour by pixel, as unsigned integers of 8 or 16 bits, whatever sign the header
    says. Raises CorruptImageError.

    The codec is asked for itself: ``gdcm.Image`` would give a string of twice the size, to be made
    bytes again. The memory stays GDCM's, and lives as long as what is returned.
    """
    _silence()
    codec = getattr(gdcm, codec_name)()
    codec.SetNumberOfDimensions(2)
    codec.SetDimensions((stream.columns, stream.rows, 1))
    kind = "MONOCHROME2" if stream.samples == 1 else "RGB"
    photometric = gdcm.PhotometricInterpretation.GetPIType(kind)
    codec.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(photometric))
    codec.SetPlanarConfiguration(0)
    bits = (stream.bits, stream.bits - 1)  # last: what was set before is handed on to a decoder
    codec.SetPixelFormat(gdcm.PixelFormat(stream.samples, bits_allocated, *bits, 0))
    encoded, raw = _element(stream.data), gdcm.DataElement(gdcm.Tag(*_PIXEL_DATA))
    with _Printed() as printed:
        is_decoded = codec.Decode(encoded, raw)
    if not is_decoded or any(damage in printed.text for damage in _DAMAGE):
        refuse("its pixels cannot be decoded")
    n_samples = stream.rows * stream.columns * stream.samples
    return _array(raw, n_samples, np.dtype(np.uint8 if bits_allocated == 8 else "<u2"))


class _Printed:
    """What its C libraries print on standard error meanwhile, which then is not seen: the only
    place where they say that they met damage, and made up the rest of the picture.
    """

    def __init__(self) -> None:
        self.text = b""

    def __enter__(self) -> _Printed:
        _turn().acquire()
        self._kept = os.dup(_STANDARD_ERROR)
        self._reading, writing = os.pipe()
        if sys.platform != "win32":
            os.set_blocking(writing, False)  # more than a pipe holds is let go
        os.dup2(writing, _STANDARD_ERROR)
        os.close(writing)
        return self

    def __exit__(self, *_: object) -> None:
        os.dup2(self._kept, _STANDARD_ERROR)
        os.close(self._kept)
        with os.fdopen(self._reading, "rb") as reading:
            self.text = reading.read(_PIPE_BYTES)
        _turn().release()


@cache
def _turn() -> threading.Lock:
    """Of one at a time: the others would give back what is not theirs."""
    return threading.Lock()


def _silence() -> None:
    for kind in ("Warning", "Error", "Debug"):
        getattr(gdcm.Trace, f"{kind}Off")()


def _element(data: bytes) -> Any:
    fragment = gdcm.Fragment()
    fragment.SetByteStringValue(data)
    fragments = gdcm.SequenceOfFragments.New()
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(*_PIXEL_DATA))
    element.SetValue(fragments.__ref__())
    return element


def _array(raw: Any, n_samples: int, kind: np.dtype[Any]) -> NDArray[Any]:
    value = raw.GetByteValue()
    n_bytes = n_samples * kind.itemsize
    if value is None or not n_bytes <= int(str(value.GetLength())) <= n_bytes + 1:
        refuse("its decoder gives other pixels than it says it has")
    return np.asarray(_Memory(raw, int(value.GetVoidPointer()), n_samples, kind))


class _Memory:
    """An array of NumPy holds on to it, and so to the element that owns the memory."""

    def __init__(self, owner: Any, address: int, n_samples: int, kind: np.dtype[Any]) -> None:
        self._owner = owner
        self.__array_interface__ = {
            "shape": (n_samples,),
            "typestr": kind.str,
            "data": (address, True),
            "version": 3,
        }
