"""One frame becomes the bytes of its transfer syntax."""

from __future__ import annotations

import io
import struct
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from dicom_files import syntaxes


@dataclass(frozen=True)
class Samples:
    """How a frame's samples lie. ``photometric`` is as the file will say it."""

    bits_allocated: int
    bits_stored: int
    signed: bool
    photometric: str


def encoded(frame: np.ndarray, syntax: str, samples: Samples) -> bytes:
    """``frame`` is (rows, columns) or (rows, columns, 3), always RGB where it has colours."""
    if syntax == syntaxes.JPEG_BASELINE:
        return _jpeg(frame, samples)
    if syntax in (syntaxes.JPEG_LOSSLESS, syntaxes.JPEG_LOSSLESS_FIRST):
        return _by_gdcm(frame, syntax, samples)
    if syntax == syntaxes.JPEG_EXTENDED:
        return _extended_jpeg(frame, samples)
    if syntax in (syntaxes.JPEG_2000, syntaxes.JPEG_2000_LOSSLESS):
        return _jpeg_2000(frame, syntax, samples)
    if syntax == syntaxes.JPEG_LS_NEAR:
        return _by_pydicom(frame, syntax, samples, jls_error=2)
    if syntax in (syntaxes.JPEG_LS, syntaxes.RLE):
        return _by_pydicom(frame, syntax, samples)
    raise ValueError(f"nothing here writes transfer syntax {syntax}")


def _jpeg(frame: np.ndarray, samples: Samples) -> bytes:
    buffer = io.BytesIO()
    ways: dict[str, Any] = {"quality": 95}
    if samples.photometric == "RGB":
        ways["keep_rgb"] = True
    if frame.ndim == 3:
        ways["subsampling"] = 1 if samples.photometric == "YBR_FULL_422" else 0
    Image.fromarray(frame).save(buffer, "JPEG", **ways)
    return buffer.getvalue()


def _jpeg_2000(frame: np.ndarray, syntax: str, samples: Samples) -> bytes:
    from openjpeg.utils import encode_array

    ways: dict[str, Any] = {"bits_stored": samples.bits_stored}
    if frame.ndim == 3:
        # 1 is sRGB; the colours are turned into YBR_RCT or YBR_ICT within the stream.
        ways |= {"photometric_interpretation": 1, "use_mct": samples.photometric != "RGB"}
    else:
        ways["photometric_interpretation"] = 2
    if syntax == syntaxes.JPEG_2000:
        ways["signal_noise_ratios"] = [60]
    return bytes(encode_array(np.ascontiguousarray(frame), **ways))


def _by_pydicom(frame: np.ndarray, syntax: str, samples: Samples, **ways: Any) -> bytes:
    from pydicom.pixels import get_encoder

    coloured = frame.ndim == 3
    return bytes(
        get_encoder(syntax).encode(
            frame,
            rows=frame.shape[0],
            columns=frame.shape[1],
            samples_per_pixel=3 if coloured else 1,
            planar_configuration=0,
            bits_allocated=samples.bits_allocated,
            bits_stored=samples.bits_stored,
            pixel_representation=int(samples.signed),
            photometric_interpretation="RGB" if coloured else "MONOCHROME2",
            number_of_frames=1,
            **ways,
        )
    )


def _by_gdcm(frame: np.ndarray, syntax: str, samples: Samples) -> bytes:
    import gdcm

    with tempfile.TemporaryDirectory() as folder:
        source, target = _native_file(frame, samples, folder), Path(folder, "encoded")
        _convert(gdcm, source, target, syntax)
        return _only_frame(target)


def _extended_jpeg(frame: np.ndarray, samples: Samples) -> bytes:
    """A JPEG whose frame is of SOF1. Of 12 bits: its tables are sixteen times as coarse, and so
    what they bring back is sixteen times the picture of 8 bits, whose coefficients these are.
    """
    shift = max(samples.bits_stored - 8, 0)
    baseline = _jpeg((frame >> shift).astype(np.uint8), samples)
    parts, at = [baseline[:2]], 2
    while baseline[at + 1] != 0xDA:
        marker, size = baseline[at + 1], struct.unpack_from(">H", baseline, at + 2)[0]
        payload = baseline[at + 4 : at + 2 + size]
        if marker == 0xDB:
            payload = _coarser(payload, shift)
        elif marker == 0xC0:
            marker, payload = 0xC1, bytes((8 + shift,)) + payload[1:]
        parts.append(struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload)
        at += 2 + size
    return b"".join((*parts, baseline[at:]))


def _coarser(tables: bytes, shift: int) -> bytes:
    """Quantization tables of 16 bits for those of 8."""
    found = []
    for at in range(0, len(tables), 65):
        values = [each << shift for each in tables[at + 1 : at + 65]]
        found.append(struct.pack(">B64H", 0x10 | tables[at], *values))
    return b"".join(found)


def _native_file(frame: np.ndarray, samples: Samples, folder: str) -> Path:
    from dicom_files.writing import dicom_file

    path = Path(folder, "native")
    photometric = "RGB" if frame.ndim == 3 else "MONOCHROME2"
    allocated, stored = samples.bits_allocated, samples.bits_stored
    path.write_bytes(
        dicom_file(frame, photometric=photometric, bits_allocated=allocated, bits_stored=stored)
    )
    return path


def _only_frame(path: Path) -> bytes:
    from pydicom import dcmread
    from pydicom.encaps import get_frame

    return bytes(get_frame(dcmread(path).PixelData, 0, number_of_frames=1))


_GDCM_NAMES = {
    syntaxes.JPEG_LOSSLESS: "JPEGLosslessProcess14",
    syntaxes.JPEG_LOSSLESS_FIRST: "JPEGLosslessProcess14_1",
}


def _convert(gdcm: Any, source: Path, target: Path, syntax: str) -> None:
    reader = gdcm.ImageReader()
    reader.SetFileName(str(source))
    change = gdcm.ImageChangeTransferSyntax()
    wanted = getattr(gdcm.TransferSyntax, _GDCM_NAMES[syntax])
    change.SetTransferSyntax(gdcm.TransferSyntax(wanted))
    writer = gdcm.ImageWriter()
    writer.SetFileName(str(target))
    if not reader.Read():
        raise ValueError("GDCM does not read its input")
    change.SetInput(reader.GetImage())
    if not change.Change():
        raise ValueError(f"GDCM does not write {syntax} of these samples")
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    if not writer.Write():
        raise ValueError("GDCM wrote nothing")
