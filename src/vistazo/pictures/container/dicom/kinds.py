"""What a DICOM file is of, and how its pixels are coded: what is no picture is named."""

from __future__ import annotations

from typing import NoReturn

from vistazo.errors import BrokenRule, RejectedUploadError

# By the beginning of their SOP class (PS3.4, annex B.5), the longer ones first.
_STORAGE = "1.2.840.10008.5.1.4.1.1."
_NO_PICTURES = {
    "1.2.840.10008.1.3.10": "the directory of a disc (DICOMDIR)",
    _STORAGE + "88.": "a structured report",
    _STORAGE + "104.1": "a PDF in a DICOM file",
    _STORAGE + "104.": "a document in a DICOM file",
    _STORAGE + "11.": "a presentation state: how to show another picture",
    _STORAGE + "9.": "a waveform, such as an ECG",
    _STORAGE + "481.1": None,  # a picture: RT Image
    _STORAGE + "481.": "an object of radiotherapy",
    _STORAGE + "66": "a segmentation, a registration or raw data",
    _STORAGE + "67": "a mapping of values",
    _STORAGE + "68.": "a surface",
    _STORAGE + "30": "a parametric map",
    _STORAGE + "77.1.6": "a whole slide image of microscopy",
    _STORAGE + "77.1.1.1": "a video",
    _STORAGE + "77.1.2.1": "a video",
    _STORAGE + "77.1.4.1": "a video",
    _STORAGE + "78.": "a measurement of an eye",
    _STORAGE + "79.1": "a measurement of an eye",
    _STORAGE + "80.1": "a measurement of an eye",
    _STORAGE + "90.1": "an assessment of another object",
    "1.2.840.10008.5.1.4.38.": "a hanging protocol",
    "1.2.840.10008.5.1.4.39.": "a palette",
    "1.2.840.10008.5.1.4.34.": "a plan of radiotherapy, or a step of a procedure",
}
_CAPTURES = _STORAGE + "7"  # Secondary Capture, and those of many frames
# As ``reports`` has it, which stands above this.
OWN_MANUFACTURER = "Vistazo"
_EXACT = {_STORAGE + "481.1", _STORAGE + "104.1", _STORAGE + "30"}

# PS3.5, annex A, and PS3.6, table A-1.
_SYNTAX = "1.2.840.10008.1.2"
NATIVE = (_SYNTAX, _SYNTAX + ".1", _SYNTAX + ".1.99", _SYNTAX + ".2")
JPEG_BASELINE, JPEG_EXTENDED = _SYNTAX + ".4.50", _SYNTAX + ".4.51"
JPEG_LOSSLESS = (_SYNTAX + ".4.57", _SYNTAX + ".4.70")
JPEG_LS = (_SYNTAX + ".4.80", _SYNTAX + ".4.81")
# And of high throughput.
OF_JPEG_2000 = tuple(f"{_SYNTAX}.4.{number}" for number in (90, 91, 201, 202, 203))
RLE = _SYNTAX + ".5"
_READ = (
    *NATIVE,
    JPEG_BASELINE,
    JPEG_EXTENDED,
    *JPEG_LOSSLESS,
    *JPEG_LS,
    *OF_JPEG_2000,
    RLE,
)
_NOT_READ = {
    **dict.fromkeys(
        (f"{_SYNTAX}.4.{number}" for number in range(52, 70)), "a retired kind of JPEG"
    ),
    _SYNTAX + ".4.92": "JPEG 2000 of several components",
    _SYNTAX + ".4.93": "JPEG 2000 of several components",
    _SYNTAX + ".4.94": "JPIP: its pixels lie elsewhere",
    _SYNTAX + ".4.95": "JPIP: its pixels lie elsewhere",
    _SYNTAX + ".4.204": "JPIP: its pixels lie elsewhere",
    _SYNTAX + ".4.205": "JPIP: its pixels lie elsewhere",
    _SYNTAX + ".4.110": "JPEG XL",
    _SYNTAX + ".4.111": "JPEG XL",
    _SYNTAX + ".4.112": "JPEG XL",
    _SYNTAX + ".6.1": "MIME",
    _SYNTAX + ".6.2": "XML",
    _SYNTAX + ".7.1": "video over IP",
    _SYNTAX + ".7.2": "video over IP",
    _SYNTAX + ".8.1": "deflated, frame by frame",
    "1.2.840.113619.5.2": "pixels in another order than the rest, of GE",
}
_VIDEO = range(100, 109)
_MOST_TOLD = 64


def refuse_what_is_no_picture(sop_class: str) -> None:
    """Raises RejectedUploadError by the rule ``sop_class``."""
    what = next(
        (
            name
            for start, name in _NO_PICTURES.items()
            if sop_class == start or (start not in _EXACT and sop_class.startswith(start))
        ),
        None,
    )
    if what is not None:
        _reject("sop_class", f"The DICOM file is no X-ray, but {what}.")


def refuse_own_heatmap(sop_class: str, manufacturer: str) -> None:
    """Raises RejectedUploadError by the rule ``sop_class``: an archive that sends on what it gets
    would have a heatmap of each heatmap.
    """
    is_capture = sop_class == _CAPTURES or sop_class.startswith(_CAPTURES + ".")
    if is_capture and manufacturer == OWN_MANUFACTURER:
        _reject("sop_class", "The DICOM file is no X-ray, but a heatmap that Vistazo has drawn.")


def refuse_what_is_not_read(transfer_syntax: str) -> None:
    """Raises RejectedUploadError by the rule ``transfer_syntax``."""
    if transfer_syntax in _READ:
        return
    last = transfer_syntax.removeprefix(_SYNTAX + ".4.").split(".")[0]
    if transfer_syntax.startswith(_SYNTAX + ".4.") and last.isdigit() and int(last) in _VIDEO:
        _reject("transfer_syntax", "The DICOM file is a video. Send a single frame of it.")
    told = "".join(each for each in transfer_syntax if each in "0123456789.")[:_MOST_TOLD]
    name = _NOT_READ.get(transfer_syntax, "unknown")
    _reject(
        "transfer_syntax",
        f"The pixels of the DICOM file are coded in a way that is not read here ({name}: {told}). "
        "Send it without compression, or as JPEG 2000 or JPEG Lossless.",
    )


def _reject(rule: str, detail: str) -> NoReturn:
    raise RejectedUploadError([BrokenRule(rule, detail)])
