"""The transfer syntaxes (DICOM PS3.5, annex A), by the names that the tests use."""

from __future__ import annotations

IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
JPEG_EXTENDED = "1.2.840.10008.1.2.4.51"
JPEG_LOSSLESS = "1.2.840.10008.1.2.4.57"
JPEG_LOSSLESS_FIRST = "1.2.840.10008.1.2.4.70"
JPEG_LS = "1.2.840.10008.1.2.4.80"
JPEG_LS_NEAR = "1.2.840.10008.1.2.4.81"
JPEG_2000_LOSSLESS = "1.2.840.10008.1.2.4.90"
JPEG_2000 = "1.2.840.10008.1.2.4.91"
HTJ2K_LOSSLESS = "1.2.840.10008.1.2.4.201"
HTJ2K = "1.2.840.10008.1.2.4.203"
RLE = "1.2.840.10008.1.2.5"
MPEG4 = "1.2.840.10008.1.2.4.102"

# Those that can be written here. Nothing that may be installed with the tests writes HTJ2K.
SYNTAXES = {
    "implicit little endian": IMPLICIT,
    "explicit little endian": EXPLICIT,
    "deflated": DEFLATED,
    "explicit big endian": BIG_ENDIAN,
    "rle": RLE,
    "jpeg baseline": JPEG_BASELINE,
    "jpeg extended": JPEG_EXTENDED,
    "jpeg lossless": JPEG_LOSSLESS,
    "jpeg lossless, first order": JPEG_LOSSLESS_FIRST,
    "jpeg-ls": JPEG_LS,
    "jpeg-ls near lossless": JPEG_LS_NEAR,
    "jpeg 2000 lossless": JPEG_2000_LOSSLESS,
    "jpeg 2000": JPEG_2000,
}
NATIVE = (IMPLICIT, EXPLICIT, DEFLATED, BIG_ENDIAN)
LOSSY = (JPEG_BASELINE, JPEG_EXTENDED, JPEG_LS_NEAR, JPEG_2000)
