"""Which formats are accepted, how they are known, and what others are called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vistazo.errors import CorruptImageError, UnsupportedFormatError


@dataclass(frozen=True)
class PictureFormat:
    """``name`` is the one in a ``Header``; ``title`` is how people write it. Pillow has it too, in
    capitals, but for DICOM.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    media_type: str


FORMATS = (
    PictureFormat("png", "PNG", (".png",), "image/png"),
    PictureFormat("jpeg", "JPEG", (".jpg", ".jpeg"), "image/jpeg"),
    PictureFormat("bmp", "BMP", (".bmp",), "image/bmp"),
    PictureFormat("tiff", "TIFF", (".tif", ".tiff"), "image/tiff"),
    PictureFormat("webp", "WebP", (".webp",), "image/webp"),
    PictureFormat("avif", "AVIF", (".avif",), "image/avif"),
    PictureFormat("dicom", "DICOM", (".dcm", ".dicom"), "application/dicom"),
)
SUFFIXES = frozenset(suffix for each in FORMATS for suffix in each.suffixes)
MEDIA_TYPES = tuple(each.media_type for each in FORMATS)
_TITLES = [each.title for each in FORMATS]
ACCEPTED = f"{', '.join(_TITLES[:-1])} or {_TITLES[-1]}"

_SIGNATURES: dict[str, bytes] = {
    "png": b"\x89PNG\r\n\x1a\n",
    "jpeg": b"\xff\xd8\xff",
    "bmp": b"BM",
}
_TIFFS = (b"II*\0", b"MM\0*")
# Named only to say in the error what arrived instead.
_FOREIGN_FORMATS: dict[bytes, str] = {
    b"GIF8": "a GIF",
    b"%PDF": "a PDF",
    b"II+\0": "a BigTIFF",
    b"MM\0+": "a BigTIFF",
    b"8BPS": "a Photoshop file",
    b"\xff\x0a": "a JPEG XL",
    b"\0\0\0\x0cJXL \r\n\x87\n": "a JPEG XL",
    b"\0\0\0\x0cjP  \r\n\x87\n": "a JPEG 2000",
    b"\xff\x4f\xff\x51": "a JPEG 2000",
    b"PK\x03\x04": "a ZIP archive",
    b"<": "an SVG or HTML page",
}
_DICOM_MARK, _DICOM_MARK_AT = b"DICM", 128
DICOM_HEAD_BYTES = _DICOM_MARK_AT + len(_DICOM_MARK)
# A data set without the mark begins with what it is written in (0002,eeee), or with its group 0008:
# how its text is coded, or what kind of picture it is. (PS3.5, 7.1; PS3.6)
_FIRST_GROUPS = {b"\2\0": 0x0103, b"\x08\0": 0x0041}  # the first element that is not believed
_FIRST_VRS = {b"UL", b"OB", b"UI", b"CS", b"DA", b"TM", b"SH", b"LO", b"AE", b"DT"}
_LONG_VRS = {b"OB"}
_FIRST_GROUP_OF_BIG = b"\0\x08"
_MOST_FIRST_BYTES = 256
# ISO/IEC 14496-12: size, "ftyp", the major brand, its version, then the brands it is also of.
_BRANDS_AT, _MOST_BRANDS = 8, 40
_AVIF, _AVIF_SEQUENCE = b"avif", b"avis"
_HEIC = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"}


def format_of(data: bytes) -> str:
    """The name of the format that the first bytes say. Raises UnsupportedFormatError, which names
    what arrived, and CorruptImageError where nothing did.
    """
    if not data:
        raise CorruptImageError("The file is empty.")
    for name, signature in _SIGNATURES.items():
        if data.startswith(signature):
            return name
    if is_dicom(data):
        return "dicom"
    if data.startswith(_TIFFS):
        return "tiff"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "webp"
    brands = _brands(data)
    if _AVIF in brands and brands[0] != _AVIF_SEQUENCE and brands[0] not in _HEIC:
        return "avif"
    found = _foreign(data, brands)
    said = f"This looks like {found}" if found else "These bytes are no image that is known"
    raise UnsupportedFormatError(f"{said}; send {ACCEPTED}.")


def _brands(data: bytes) -> list[bytes]:
    """None where it is no file of boxes."""
    if data[4:8] != b"ftyp":
        return []
    end = min(int.from_bytes(data[:4]), _BRANDS_AT + 4 * _MOST_BRANDS, len(data))
    brands = [data[at : at + 4] for at in range(_BRANDS_AT, end - 3, 4)]
    return brands[:1] + brands[2:]  # the second is a version


def _foreign(data: bytes, brands: list[bytes]) -> str | None:
    if _HEIC & set(brands):
        return "a HEIC, which phones can be told not to write: save it as JPEG"
    if _AVIF_SEQUENCE in brands:
        return "an animated AVIF"
    if brands:
        return "a video, or another file of boxes"
    return next((what for mark, what in _FOREIGN_FORMATS.items() if data.startswith(mark)), None)


def is_dicom(data: bytes) -> bool:
    """By its first bytes, of which ``DICOM_HEAD_BYTES`` are enough. Some begin as a TIFF, and are
    both (dual-personality files).
    """
    is_marked = data[_DICOM_MARK_AT : _DICOM_MARK_AT + 4] == _DICOM_MARK
    return is_marked or _is_bare_data_set(data)


def _is_bare_data_set(data: bytes) -> bool:
    """Whether its first element can be one: in explicit VR of either order, or in implicit VR."""
    order: Literal["little", "big"] = "big" if data[:2] == _FIRST_GROUP_OF_BIG else "little"
    below = _FIRST_GROUPS.get(data[:2][::-1] if order == "big" else data[:2])
    if below is None or int.from_bytes(data[2:4], order) >= below:
        return False
    vr = data[4:6]
    if vr in _LONG_VRS:
        length = data[8:12]
    elif vr in _FIRST_VRS:
        length = data[6:8]
    elif order == "little":
        length = data[4:8]
    else:
        return False
    n_bytes = int.from_bytes(length, order)
    return 0 < n_bytes <= min(_MOST_FIRST_BYTES, len(data) - 8) and not n_bytes % 2
