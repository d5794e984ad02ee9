"""Open an image in two steps: first the header, within limits; then, on demand, the pixels.

The format is what the first bytes say, whatever a file name or content type claims, and only
formats on the list below reach a decoder: without their metadata, see ``container``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from vistazo.errors import (
    BrokenRule,
    InputError,
    RejectedUploadError,
    UploadTooLargeError,
)
from vistazo.pictures import raster
from vistazo.pictures.container import STRIP, Stripped
from vistazo.pictures.container.dicom.stripped import StrippedDicom
from vistazo.pictures.formats import format_of
from vistazo.pictures.picture import Picture
from vistazo.pictures.radiograph import Radiograph

# Beside the file, which the service and its worker hold: four bytes a pixel of colours, and of a
# progressive JPEG its coefficients, three more, or with four components of full size eight.
_HELD_BYTES_A_PIXEL = 3.875
_FILES_HELD = 2
_USUAL_BYTES = 10_000_000  # of a large picture; only an X-ray without compression has more
# Of a DICOM file: five megapixels of a lossless JPEG, which GDCM maps eight times, and nine where
# 25 are accepted; of what is mapped it uses two thirds.
_DICOM_HELD_BYTES, _DICOM_HELD_BYTES_A_PIXEL = 84_000_000, 10.5
_LEAST_PIXELS = 16_000_000  # that memory and work are allowed for, however few may come
_SAMPLES_A_PIXEL = 4
# Compressed data of a PNG may be codes for nothing, and take 50 ns a byte.
_UPLOADED_BYTE_WORK = 7.5
_BATCH_WORK_A_PIXEL = 10
_DICOM_WORK_A_PIXEL, _DICOM_WORK_A_BYTE = 3, 18


@dataclass(frozen=True)
class ImageLimits:
    """What may be decoded at all, whatever model asks for it."""

    max_bytes: int = 10_000_000
    max_pixels: int = 25_000_000

    @property
    def max_held_bytes(self) -> int:
        """Of a picture at once: its file, what its decoder holds of it, and its pixels."""
        pixels = max(self.max_pixels, _LEAST_PIXELS)
        return _FILES_HELD * self.max_bytes + int(_HELD_BYTES_A_PIXEL * pixels)

    def left_for_decoder(self, n_bytes: int, *, is_dicom: bool) -> int:
        """Of ``max_held_bytes`` beside a file of so many bytes: no more for a small one where large
        files are accepted.
        """
        held_bytes = self.max_dicom_held_bytes if is_dicom else self.max_held_bytes
        unused = _FILES_HELD * max(0, self.max_bytes - max(n_bytes, _USUAL_BYTES))
        return held_bytes - unused - _FILES_HELD * n_bytes

    @property
    def max_dicom_held_bytes(self) -> int:
        """As ``max_held_bytes``, of the address space that a DICOM file takes."""
        more = max(0, self.max_pixels - _LEAST_PIXELS)
        return (
            _FILES_HELD * self.max_bytes + _DICOM_HELD_BYTES + int(_DICOM_HELD_BYTES_A_PIXEL * more)
        )

    @property
    def max_work(self) -> float:
        """Of a PNG: as many pixels as are accepted, of 8 bits, in as many bytes, or 10 MB."""
        pixels = max(self.max_pixels, _LEAST_PIXELS)
        return _SAMPLES_A_PIXEL * pixels + _UPLOADED_BYTE_WORK * min(self.max_bytes, _USUAL_BYTES)

    @property
    def max_dicom_work(self) -> float:
        """Of greys in JPEG 2000, which takes the longest: as many pixels as are accepted, in as
        many bytes.
        """
        pixels = max(self.max_pixels, _LEAST_PIXELS)
        return _DICOM_WORK_A_PIXEL * pixels + _DICOM_WORK_A_BYTE * self.max_bytes

    @property
    def max_batch_work(self) -> float:
        """As ``Stripped.work``, of the pictures of a batch together."""
        return _BATCH_WORK_A_PIXEL * max(self.max_pixels, _LEAST_PIXELS)


@dataclass(frozen=True)
class Header:
    """What the first bytes say: sizes in pixels as stored, before any EXIF rotation. ``radiograph``
    is what that of a DICOM file says.
    """

    format: str
    width: int
    height: int
    channels: int
    radiograph: Radiograph | None = None

    @property
    def pixels(self) -> int:
        return self.width * self.height


class _Raster(Protocol):
    @property
    def size(self) -> tuple[int, int]: ...
    @property
    def channels(self) -> int: ...
    @property
    def is_on_its_side(self) -> bool: ...
    def picture(self, at_least: tuple[int, int] | None, most_bytes: int) -> Picture: ...


@dataclass(frozen=True)
class EncodedImage:
    """An image whose header has been read and whose pixels have not."""

    header: Header
    _source: _Raster
    _most_bytes: int  # of its pixels

    @property
    def upright_size(self) -> tuple[int, int]:
        """Width and height of the whole picture, turned as EXIF says."""
        width, height = self.header.width, self.header.height
        return (height, width) if self._source.is_on_its_side else (width, height)

    def decode(self, at_least: tuple[int, int] | None = None) -> Picture:
        """Decode. Raises CorruptImageError where the pixels are damaged or cut short, and
        RejectedUploadError for more than ``ImageLimits.max_held_bytes``.

        May be asked again, for another size: a PNG is decoded once, and held until then.

        ``at_least`` (height, width) allows a smaller picture that is still at least twice that
        size: several times faster, and less memory, on a large picture.
        """
        return self._source.picture(at_least, self._most_bytes)


def open_image(data: bytes, limits: ImageLimits, frame: int | None = None) -> EncodedImage:
    """Read the header of a picture. Cheap: nothing is decoded.

    ``frame``, from 1, is the one to take of a DICOM file, by default the one that its header calls
    representative, else the first; any other picture has one.

    Raises UploadTooLargeError, UnsupportedFormatError, CorruptImageError, and RejectedUploadError
    for more than ``limits.max_pixels``, more parts than pictures have or a frame that is not there.
    """
    refuse_too_many_bytes(len(data), limits)
    image_format = format_of(data)
    stripped = _stripped(data, image_format, frame)
    if isinstance(stripped, StrippedDicom):  # before its decoder is loaded
        _refuse_too_many_pixels(stripped.width, stripped.height, limits)
    source, radiograph = _opened(stripped, image_format)
    width, height = source.size
    _refuse_too_many_pixels(width, height, limits)
    if _takes_too_long(stripped, image_format, len(data), limits):
        detail = (
            f"The picture has {width} x {height} pixels of many bits each, and would take too long "
            "to decode. Send it smaller, or with 8 bits a channel."
        )
        raise RejectedUploadError([BrokenRule("max_work", detail)])
    is_dicom = isinstance(stripped, StrippedDicom)
    most_bytes = limits.left_for_decoder(len(data), is_dicom=is_dicom) - stripped.held_bytes
    if most_bytes < 0:
        raster.reject_held_bytes()
    header = Header(image_format, width, height, source.channels, radiograph)
    return EncodedImage(header, source, most_bytes)


def _stripped(data: bytes, image_format: str, frame: int | None) -> Stripped:
    if image_format == "dicom":
        from vistazo.pictures.container.dicom.strip import strip_dicom

        return strip_dicom(data, frame)
    refuse_another_frame(frame)
    return STRIP[image_format](data)


def refuse_another_frame(frame: int | None) -> None:
    """Than the first, of what has but one. Raises RejectedUploadError."""
    if frame not in (None, 1):
        detail = f"Frames are read of DICOM files alone: this picture has no frame {frame}."
        raise RejectedUploadError([BrokenRule("frame", detail, (frame, 1))])


def _takes_too_long(
    stripped: Stripped, image_format: str, n_bytes: int, limits: ImageLimits
) -> bool:
    if image_format == "jpeg":
        return False
    if isinstance(stripped, StrippedDicom):  # whose bytes are in its work
        return stripped.work > limits.max_dicom_work
    return stripped.work + _UPLOADED_BYTE_WORK * min(n_bytes, _USUAL_BYTES) > limits.max_work


def _refuse_too_many_pixels(width: int, height: int, limits: ImageLimits) -> None:
    if width * height > limits.max_pixels:
        detail = (
            f"The picture has {width} x {height} pixels; at most {limits.max_pixels} in all are "
            "accepted. Send it smaller, or have MAX_PIXELS of this service raised."
        )
        figures = (width, height, limits.max_pixels)
        raise RejectedUploadError([BrokenRule("max_pixels", detail, figures)])


def _opened(stripped: Stripped, image_format: str) -> tuple[_Raster, Radiograph | None]:
    if not isinstance(stripped, StrippedDicom):
        return raster.open_raster(stripped, image_format), None
    from vistazo.pictures.dicom import open_dicom

    opened = open_dicom(stripped)
    return opened, opened.radiograph


def load_reader_of(data: bytes) -> bool:
    """Load what decodes a picture, unless it is loaded: whether it was not.

    Raises UnsupportedFormatError where it is not installed, CorruptImageError.
    """
    image_format = format_of(data)
    if image_format != "dicom":
        return raster.load_reader(image_format)
    from vistazo.pictures.container.dicom.source import transfer_syntax_of
    from vistazo.pictures.dicom import load_libraries

    return load_libraries(transfer_syntax_of(data))


def work_of(data: bytes, frame: int | None = None) -> int:
    """How long decoding takes, as ``Stripped.work``: nothing where it is refused anyway."""
    try:
        return _stripped(data, format_of(data), frame).work
    except InputError:
        return 0


def refuse_too_many_bytes(n_bytes: int, limits: ImageLimits) -> None:
    """Raises UploadTooLargeError."""
    if n_bytes > limits.max_bytes:
        raise UploadTooLargeError(
            f"The file has {n_bytes} bytes; at most {limits.max_bytes} are accepted."
        )
