"""Pixels and header elements become a DICOM file (PS3.10), as a device would write it."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate, encapsulate_extended

from dicom_files.encoding import Samples, encoded
from dicom_files.syntaxes import BIG_ENDIAN, EXPLICIT, IMPLICIT, NATIVE

CANARY = "KANARIENVOGEL"
COMPUTED_RADIOGRAPHY = "1.2.840.10008.5.1.4.1.1.1"
DIGITAL_RADIOGRAPHY = "1.2.840.10008.5.1.4.1.1.1.1"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
_ROOT = "1.2.826.0.1.3680043.8.498.19"
_GREY = ("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR")


def dicom_file(
    pixels: np.ndarray,
    *,
    transfer_syntax: str = EXPLICIT,
    photometric: str | None = None,
    bits_allocated: int | None = None,
    bits_stored: int | None = None,
    high_bit: int | None = None,
    planar: int = 0,
    offsets: str = "basic",
    fragments: int = 1,
    minimal: bool = False,
    elements: dict[int, tuple[str, Any]] | None = None,
    **header: Any,
) -> bytes:
    """A whole file.

    ``pixels`` is (rows, columns) or (frames, rows, columns), of unsigned or signed integers;
    colours have a last axis of three and are RGB always: ``photometric`` says how they are
    written. ``transfer_syntax`` is a UID; what is compressed has ``fragments`` fragments for each
    frame and a "basic", "extended" or "empty" table of ``offsets``. ``header`` are keywords of
    DICOM such as ``WindowCenter=2048``, None leaves an element out; ``elements`` are more, by tag,
    with their VR. A ``minimal`` file has only what says how its pixels lie.
    """
    data_set = Dataset() if minimal else study()
    coloured = pixels.shape[-1] == 3 and photometric not in _GREY and pixels.ndim > 2
    allocated = bits_allocated or (pixels.dtype.itemsize * 8)
    stored = bits_stored or allocated
    written_as = photometric or ("RGB" if coloured else "MONOCHROME2")
    samples = Samples(allocated, stored, pixels.dtype.kind == "i", written_as)
    frames = pixels if pixels.ndim == (4 if coloured else 3) else pixels[np.newaxis]
    data_set.update(_described(frames, samples, coloured, planar, high_bit))
    if transfer_syntax in NATIVE:
        big = transfer_syntax == BIG_ENDIAN
        data = b"".join(_native(frame, samples, planar, big_endian=big) for frame in frames)
        if allocated == 1:
            data = _packed(frames)
        data_set.PixelData = data + bytes(len(data) % 2)
        data_set["PixelData"].VR = "OW" if allocated > 8 or transfer_syntax == IMPLICIT else "OB"
    else:
        _encapsulate(
            data_set,
            [encoded(frame, transfer_syntax, samples) for frame in frames],
            offsets,
            fragments,
        )
    _set(data_set, header, elements or {})
    if transfer_syntax == BIG_ENDIAN:
        _swap_words(data_set)
    return written(data_set, transfer_syntax)


def minimal_file(pixels: np.ndarray, **given: Any) -> bytes:
    """With no element but those that say how the pixels lie."""
    return dicom_file(pixels, minimal=True, **given)


def written(data_set: Dataset, transfer_syntax: str = EXPLICIT) -> bytes:
    """Any data set as a file of that transfer syntax."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = data_set.get("SOPClassUID", SECONDARY_CAPTURE)
    meta.MediaStorageSOPInstanceUID = data_set.get("SOPInstanceUID", f"{_ROOT}.9")
    meta.TransferSyntaxUID = transfer_syntax
    meta.ImplementationClassUID = f"{_ROOT}.1"
    data_set.file_meta = meta
    buffer = io.BytesIO()
    data_set.save_as(
        buffer,
        implicit_vr=transfer_syntax == IMPLICIT,
        little_endian=transfer_syntax != BIG_ENDIAN,
        enforce_file_format=True,
    )
    return buffer.getvalue()


def study() -> Dataset:
    """A chest X-ray as a device writes it, of nobody."""
    found = Dataset()
    found.SpecificCharacterSet = "ISO_IR 100"
    found.ImageType = ["ORIGINAL", "PRIMARY"]
    found.SOPClassUID = COMPUTED_RADIOGRAPHY
    found.SOPInstanceUID = f"{_ROOT}.4"
    found.StudyInstanceUID, found.SeriesInstanceUID = f"{_ROOT}.2", f"{_ROOT}.3"
    found.FrameOfReferenceUID = f"{_ROOT}.5"
    found.StudyDate, found.StudyTime = "20250314", "101500"
    found.AcquisitionDate, found.ContentDate = "20250314", "20250314"
    found.AccessionNumber, found.StudyID = CANARY[:16], CANARY[:16]
    found.Modality, found.Manufacturer = "CR", CANARY
    found.InstitutionName, found.ReferringPhysicianName = CANARY, f"{CANARY}^ARZT"
    found.PatientName, found.PatientID = f"{CANARY}^NIEMAND", CANARY
    found.PatientBirthDate, found.PatientSex, found.PatientAge = "20210310", "F", "004Y"
    found.BodyPartExamined, found.ViewPosition = "CHEST", "PA"
    found.SeriesNumber, found.InstanceNumber = 1, 1
    found.PatientComments = CANARY
    return found


def _described(
    frames: np.ndarray, samples: Samples, coloured: bool, planar: int, high_bit: int | None
) -> Dataset:
    """The elements of the Image Pixel module (PS3.3, C.7.6.3)."""
    found = Dataset()
    found.SamplesPerPixel = 3 if coloured else 1
    found.PhotometricInterpretation = samples.photometric
    if coloured:
        found.PlanarConfiguration = planar
    found.Rows, found.Columns = frames.shape[1:3]
    found.BitsAllocated, found.BitsStored = samples.bits_allocated, samples.bits_stored
    found.HighBit = samples.bits_stored - 1 if high_bit is None else high_bit
    found.PixelRepresentation = int(samples.signed)
    if len(frames) > 1:
        found.NumberOfFrames = len(frames)
    return found


def _native(frame: np.ndarray, samples: Samples, planar: int, *, big_endian: bool) -> bytes:
    if samples.bits_allocated == 1:
        return b""
    if frame.ndim == 3 and samples.photometric.startswith("YBR"):
        frame = in_ybr(frame)
        if samples.photometric == "YBR_FULL_422":
            return _every_other_chroma(frame)
    if planar and frame.ndim == 3:
        frame = frame.transpose(2, 0, 1)
    kind, size = frame.dtype.kind, samples.bits_allocated // 8
    return frame.astype(f"{'>' if big_endian else '<'}{kind}{size}").tobytes()


def _packed(frames: np.ndarray) -> bytes:
    """One bit for each pixel, the first the lowest; no padding between frames (PS3.5, 8.1.1)."""
    return np.packbits(frames.reshape(-1).astype(np.uint8), bitorder="little").tobytes()


def in_ybr(rgb: np.ndarray) -> np.ndarray:
    """YBR_FULL (PS3.3, C.7.6.3.1.2)."""
    turn = np.array(
        [[0.2990, 0.5870, 0.1140], [-0.1687, -0.3313, 0.5000], [0.5000, -0.4187, -0.0813]]
    )
    turned = rgb.astype(np.float64) @ turn.T + [0, 128, 128]
    return np.clip(np.rint(turned), 0, 255).astype(np.uint8)


def _every_other_chroma(ybr: np.ndarray) -> bytes:
    """Y Y B R for each two pixels of a row, whose number is even."""
    rows, columns = ybr.shape[:2]
    pairs = np.empty((rows, columns // 2, 4), np.uint8)
    pairs[..., 0], pairs[..., 1] = ybr[:, 0::2, 0], ybr[:, 1::2, 0]
    pairs[..., 2:] = ybr[:, 0::2, 1:]
    return pairs.tobytes()


def _encapsulate(data_set: Dataset, frames: list[bytes], offsets: str, fragments: int) -> None:
    if offsets == "extended":
        data, at, lengths = encapsulate_extended(frames)
        data_set.PixelData = data
        data_set.ExtendedOffsetTable, data_set.ExtendedOffsetTableLengths = at, lengths
    else:
        count = min(fragments, math.ceil(min(map(len, frames)) / 2))
        data_set.PixelData = encapsulate(frames, count, has_bot=offsets == "basic")
    data_set["PixelData"].VR = "OB"
    data_set["PixelData"].is_undefined_length = True


def _swap_words(data_set: Dataset) -> None:
    """Of tables, which are given as they are in little endian; pixels are in order already."""
    for element in data_set:
        if element.VR == "SQ":
            for each in element.value:
                _swap_words(each)
        elif element.VR == "OW" and element.keyword != "PixelData":
            element.value = np.frombuffer(element.value, "<u2").byteswap().tobytes()


def _set(data_set: Dataset, header: dict[str, Any], elements: dict[int, tuple[str, Any]]) -> None:
    for keyword, value in header.items():
        if value is None:
            if keyword in data_set:
                delattr(data_set, keyword)
        else:
            setattr(data_set, keyword, value)
    for tag, (vr, value) in elements.items():
        data_set.add_new(tag, vr, value)
