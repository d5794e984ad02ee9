"""Files that a reader should show, each by its name: calling it makes the file."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from dicom_files import syntaxes
from dicom_files.lookup import lut, palette, segmented
from dicom_files.pictures import colours, frames_of, shades
from dicom_files.syntaxes import SYNTAXES
from dicom_files.writing import DIGITAL_RADIOGRAPHY, SECONDARY_CAPTURE, dicom_file

_TWELVE = {"WindowCenter": 2048, "WindowWidth": 4096}


def _grey(bits: int = 8, *, signed: bool = False, **given: Any) -> bytes:
    return dicom_file(shades(bits=bits, signed=signed), bits_stored=bits, **given)


def _one_bit(**given: Any) -> bytes:
    return dicom_file(shades(bits=1), bits_allocated=1, bits_stored=1, **given)


def _colour(photometric: str = "RGB", **given: Any) -> bytes:
    return dicom_file(colours(), photometric=photometric, **given)


def _indices(**given: Any) -> bytes:
    return dicom_file(shades(), photometric="PALETTE COLOR", **given)


def _padded(value: int, **given: Any) -> bytes:
    """The left eighth is no picture: ``value`` stands there."""
    pixels = shades(bits=12, signed=value < 0)
    pixels[:, :8] = value
    return dicom_file(pixels, bits_stored=16 if value < 0 else 12, PixelPaddingValue=value, **given)


def _overlaid_bits() -> bytes:
    """An overlay in the bits above those of the picture, as old devices wrote it."""
    pixels = shades(bits=12)
    pixels[10:20, 10:30] |= 0x1000
    return dicom_file(pixels, bits_stored=12, elements=_overlay(16, 12, None), **_TWELVE)


def _overlay(allocated: int, position: int, data: bytes | None) -> dict[int, tuple[str, Any]]:
    elements: dict[int, tuple[str, Any]] = {
        0x60000010: ("US", 48),
        0x60000011: ("US", 64),
        0x60000040: ("CS", "G"),
        0x60000050: ("SS", [1, 1]),
        0x60000100: ("US", allocated),
        0x60000102: ("US", position),
    }
    if data is not None:
        elements[0x60003000] = ("OW", data)
    return elements


_BITS: dict[str, Callable[[], bytes]] = {
    "1 bit": _one_bit,
    "8 bits": _grey,
    "8 bits, signed": partial(_grey, signed=True),
    "8 of 16 bits": lambda: dicom_file(shades().astype(np.uint16), bits_stored=8),
    "10 of 16 bits": partial(_grey, 10),
    "12 of 16 bits": partial(_grey, 12),
    "12 of 16 bits, signed": partial(_grey, 12, signed=True),
    "14 of 16 bits": partial(_grey, 14),
    "15 of 16 bits": partial(_grey, 15),
    "16 bits": partial(_grey, 16),
    "16 bits, signed": partial(_grey, 16, signed=True),
    "12 of 16 bits, in the high ones": lambda: dicom_file(
        shades(bits=12) << 4, bits_stored=12, high_bit=15
    ),
    "32 bits": lambda: dicom_file(shades(bits=16).astype(np.uint32) * 65_537),
    "an odd number of bytes": lambda: dicom_file(shades(63, 47)),
}

_PHOTOMETRIC: dict[str, Callable[[], bytes]] = {
    "monochrome1": partial(_grey, photometric="MONOCHROME1"),
    "monochrome1, 12 bits": partial(_grey, 12, photometric="MONOCHROME1", **_TWELVE),
    "monochrome1, signed": partial(_grey, 12, signed=True, photometric="MONOCHROME1"),
    "monochrome1, 1 bit": partial(_one_bit, photometric="MONOCHROME1"),
    "palette, 8 bits": lambda: _indices(**palette(bits=8)),
    "palette, 16 bits": lambda: _indices(**palette(bits=16)),
    "palette, 16 bits, shorter than its indices": lambda: _indices(
        **palette(entries=200, first=20)
    ),
    "palette, segmented": lambda: _indices(**segmented()),
    "rgb": _colour,
    "rgb, by planes": partial(_colour, planar=1),
    "ybr full": partial(_colour, "YBR_FULL"),
    "ybr full, by planes": partial(_colour, "YBR_FULL", planar=1),
    "ybr full 4:2:2": partial(_colour, "YBR_FULL_422"),
}

_WINDOWS: dict[str, Callable[[], bytes]] = {
    "window": partial(_grey, 12, WindowCenter=1500, WindowWidth=2000),
    "window, by default linear": partial(
        _grey, 12, WindowCenter=1500, WindowWidth=2000, VOILUTFunction="LINEAR"
    ),
    "window, linear exact": partial(
        _grey, 12, WindowCenter=1500, WindowWidth=2000, VOILUTFunction="LINEAR_EXACT"
    ),
    "window, sigmoid": partial(
        _grey, 12, WindowCenter=1500, WindowWidth=2000, VOILUTFunction="SIGMOID"
    ),
    "window of one grey level": partial(_grey, 12, WindowCenter=2000, WindowWidth=1),
    "narrow window": partial(_grey, 12, WindowCenter=2000.5, WindowWidth=16),
    "several windows": partial(
        _grey,
        12,
        WindowCenter=[1500, 3000],
        WindowWidth=[2000, 500],
        WindowCenterWidthExplanation=["LUNG", "BONE"],
    ),
    "window beyond the pixels": partial(_grey, 12, WindowCenter=6000, WindowWidth=200),
    "window of negative centre": partial(
        _grey, 12, signed=True, WindowCenter=-400, WindowWidth=1500
    ),
    "window, monochrome1": partial(
        _grey, 12, photometric="MONOCHROME1", WindowCenter=1500, WindowWidth=2000
    ),
    "rescale": partial(
        _grey, 12, RescaleIntercept=-1024, RescaleSlope=1, WindowCenter=40, WindowWidth=1400
    ),
    "rescale by fractions": partial(
        _grey, 12, RescaleIntercept=10.5, RescaleSlope=0.25, WindowCenter=500, WindowWidth=700
    ),
    "rescale that turns the scale": partial(
        _grey, 12, RescaleIntercept=4095, RescaleSlope=-1, WindowCenter=2048, WindowWidth=4096
    ),
    "rescale without a window": partial(_grey, 12, RescaleIntercept=-1024, RescaleSlope=2),
    "modality lut": lambda: _grey(12, ModalityLUTSequence=[lut(4096, 0, 16, 2.0, modality=True)]),
    "voi lut": lambda: _grey(12, VOILUTSequence=[lut(4096, 0, 16, 0.5)]),
    "voi lut of 8 bits": lambda: _grey(12, VOILUTSequence=[lut(4096, 0, 8, 0.5)]),
    "voi lut of 12 bits": lambda: _grey(12, VOILUTSequence=[lut(4096, 0, 12, 2.0)]),
    "voi lut of a part": lambda: _grey(12, VOILUTSequence=[lut(1024, 1500, 16, 1.0)]),
    "voi lut of negative pixels": lambda: _grey(
        12, signed=True, VOILUTSequence=[lut(4096, -2048, 12, 1.5)]
    ),
    "voi lut of 65,536 entries": lambda: _grey(16, VOILUTSequence=[lut(65_536, 0, 16, 0.7)]),
    "voi lut and window": lambda: _grey(12, VOILUTSequence=[lut(4096, 0, 16, 0.5)], **_TWELVE),
    "two voi luts": lambda: _grey(
        12, VOILUTSequence=[lut(4096, 0, 16, 0.5), lut(4096, 0, 16, 2.0)]
    ),
    "modality lut and window": lambda: _grey(
        12,
        ModalityLUTSequence=[lut(4096, 0, 16, 2.0, modality=True)],
        WindowCenter=30_000,
        WindowWidth=40_000,
    ),
    "presentation lut shape, identity": partial(_grey, 12, PresentationLUTShape="IDENTITY"),
    "presentation lut shape, inverse": partial(
        _grey, 12, photometric="MONOCHROME1", PresentationLUTShape="INVERSE", **_TWELVE
    ),
    "presentation lut shape, inverse, of monochrome2": partial(
        _grey, 12, PresentationLUTShape="INVERSE", **_TWELVE
    ),
    "padding": lambda: _padded(4095),
    "padding of zeros": lambda: _padded(0),
    "padding below all pixels": lambda: _padded(-2000),
    "padding, with a window": lambda: _padded(4095, WindowCenter=1500, WindowWidth=2000),
    "padding, a range": lambda: _padded(4095, PixelPaddingRangeLimit=4000),
    "padding, monochrome1": lambda: _padded(0, photometric="MONOCHROME1"),
    "overlay in unused bits": _overlaid_bits,
    "overlay of its own": lambda: _grey(
        12, elements=_overlay(1, 0, b"\xff" * (48 * 64 // 8)), **_TWELVE
    ),
    "all pixels alike": lambda: dicom_file(np.full((48, 64), 700, np.uint16), bits_stored=12),
}

_SHAPES: dict[str, Callable[[], bytes]] = {
    "three frames": lambda: dicom_file(
        frames_of(shades(bits=12), 3), bits_stored=12, Modality="XA", **_TWELVE
    ),
    "three frames of one bit": lambda: dicom_file(
        frames_of(shades(63, 47, 1), 3), bits_allocated=1, bits_stored=1
    ),
    "three frames of colours": lambda: dicom_file(frames_of(colours(), 3)),
    "three frames, rle": lambda: dicom_file(frames_of(shades(), 3), transfer_syntax=syntaxes.RLE),
    "three frames, jpeg lossless, no offsets": lambda: dicom_file(
        frames_of(shades(), 3), transfer_syntax=syntaxes.JPEG_LOSSLESS_FIRST, offsets="empty"
    ),
    "three frames, extended offsets": lambda: dicom_file(
        frames_of(shades(), 3), transfer_syntax=syntaxes.JPEG_2000_LOSSLESS, offsets="extended"
    ),
    "three frames in fragments": lambda: dicom_file(
        frames_of(shades(), 3), transfer_syntax=syntaxes.JPEG_LS, fragments=4
    ),
    "three frames in fragments without offsets": lambda: dicom_file(
        frames_of(shades(), 3), transfer_syntax=syntaxes.JPEG_BASELINE, fragments=4, offsets="empty"
    ),
    "one frame in fragments": lambda: dicom_file(
        shades(bits=12),
        bits_stored=12,
        transfer_syntax=syntaxes.JPEG_LOSSLESS_FIRST,
        fragments=7,
        offsets="empty",
    ),
    "number of frames 1": partial(_grey, NumberOfFrames=1),
    "pixels twice as high": partial(_grey, PixelAspectRatio=[2, 1]),
    "pixels twice as wide": partial(_grey, PixelAspectRatio=[1, 2]),
    "pixel spacing twice as high": partial(_grey, PixelSpacing=[0.4, 0.2]),
    "imager spacing twice as wide": partial(_grey, ImagerPixelSpacing=[0.2, 0.4]),
    "spacing of square pixels": partial(_grey, PixelSpacing=[0.143, 0.143]),
    "minimal header": lambda: dicom_file(shades(), minimal=True),
    "minimal header, 12 bits": lambda: dicom_file(shades(bits=12), bits_stored=12, minimal=True),
    "digital x-ray": partial(_grey, 12, Modality="DX", SOPClassUID=DIGITAL_RADIOGRAPHY, **_TWELVE),
    "secondary capture": partial(_colour, Modality="OT", SOPClassUID=SECONDARY_CAPTURE),
    "lateral": partial(_grey, ViewPosition="LL"),
    "supine": partial(_grey, ViewPosition="AP", PatientAge="018M"),
    "an adult": partial(_grey, PatientAge="062Y", PatientBirthDate="19630101"),
    "an age by dates only": partial(_grey, PatientAge=None),
    "no age": partial(_grey, PatientAge=None, PatientBirthDate=None),
    "burned in": partial(_grey, BurnedInAnnotation="YES"),
    "one pixel": lambda: dicom_file(np.full((1, 1), 9, np.uint8)),
}

ORIENTATIONS = (
    *(("L", "F"), ("R", "F"), ("L", "H"), ("R", "H"), ("F", "L"), ("F", "R"), ("H", "L")),
    *(("H", "R"), ("A", "F"), ("P", "F"), ("LA", "F"), ("LP", "FP")),
)


def _in_syntax(name: str, syntax: str) -> dict[str, Callable[[], bytes]]:
    """Grey and coloured files of one transfer syntax, as far as it has them."""
    way: dict[str, Any] = {"transfer_syntax": syntax}
    found: dict[str, Callable[[], bytes]] = {}
    found[f"{name}, 8 bits"] = partial(_grey, **way)
    if syntax != syntaxes.JPEG_BASELINE:
        found[f"{name}, 12 of 16 bits"] = partial(_grey, 12, **way, **_TWELVE)
    if syntax not in (syntaxes.JPEG_BASELINE, syntaxes.JPEG_EXTENDED):
        found[f"{name}, 16 bits"] = partial(_grey, 16, **way)
        if syntax != syntaxes.JPEG_LS_NEAR:  # it would leave the range
            found[f"{name}, 16 bits, signed"] = partial(_grey, 16, signed=True, **way)
        found[f"{name}, 12 bits, monochrome1"] = partial(
            _grey, 12, photometric="MONOCHROME1", **way
        )
        found[f"{name}, rgb"] = partial(_colour, **way)
    more = {
        syntaxes.JPEG_BASELINE: ("RGB", "YBR_FULL", "YBR_FULL_422"),
        syntaxes.JPEG_2000: ("YBR_ICT",),
        syntaxes.JPEG_2000_LOSSLESS: ("YBR_RCT",),
    }
    for photometric in more.get(syntax, ()):
        found[f"{name}, {photometric.lower()}"] = partial(_colour, photometric, **way)
    return found


CASES: dict[str, Callable[[], bytes]] = {
    **_BITS,
    **_PHOTOMETRIC,
    **_WINDOWS,
    **_SHAPES,
    **{
        f"orientation {row}\\{column}": partial(_grey, PatientOrientation=[row, column])
        for row, column in ORIENTATIONS
    },
    **{
        case: make
        for name, syntax in SYNTAXES.items()
        for case, make in _in_syntax(name, syntax).items()
    },
}
