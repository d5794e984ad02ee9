"""From the bytes of one frame to its samples, by transfer syntax (PS3.5 chapter 8 and annex A).

Each decoder was chosen for samples that are those of the original: Pillow for 8-bit JPEG, GDCM for
JPEG of more bits, lossless JPEG and JPEG-LS, OpenJPEG for JPEG 2000 and its high throughput kind.
They are loaded when the first such file comes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vistazo.pictures.container import strip_jpeg
from vistazo.pictures.container.dicom import kinds
from vistazo.pictures.dicom import codestream
from vistazo.pictures.dicom.codestream import Codestream
from vistazo.pictures.dicom.damage import refuse
from vistazo.pictures.dicom.form import SUBSAMPLED, PixelForm
from vistazo.pictures.dicom.rle import rle_decoded

Words = NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.uint32]

_FIRST_BYTES = 512
_OPENJPEG_BYTES = 8  # a sample: four while it is one of a wavelet, and as many beside


@dataclass(frozen=True, eq=False)
class Samples:
    """``words`` (rows, columns) or (rows, columns, 3): the bits as they are stored, unsigned;
    ``photometric`` is what the decoder made of the colours.
    """

    words: Words
    photometric: str
    high_bit: int


def held_bytes(form: PixelForm, transfer_syntax: str, encoded_bytes: int) -> int:
    """At most, while a frame is decoded: its samples, and its decoder's own, as was measured."""
    n_samples = form.rows * form.columns * form.samples
    n_bytes = n_samples * max(1, form.bits_allocated // 8)
    if transfer_syntax in (*kinds.JPEG_LOSSLESS, kinds.JPEG_EXTENDED):
        return 3 * _doubled_to(n_bytes) + 2 * n_bytes + 3 * encoded_bytes
    if transfer_syntax in kinds.OF_JPEG_2000:
        return n_bytes + _OPENJPEG_BYTES * n_samples + encoded_bytes
    if transfer_syntax in (*kinds.JPEG_LS, kinds.RLE):
        return 4 * n_bytes + 3 * encoded_bytes
    return n_bytes


def _doubled_to(n_bytes: int) -> int:
    """GDCM writes to streams in memory, which become twice as large again and again."""
    return _FIRST_BYTES << max(0, n_bytes - 1).bit_length() - _FIRST_BYTES.bit_length() + 1


def is_native(transfer_syntax: str) -> bool:
    return transfer_syntax in kinds.NATIVE


def native_frame(data: memoryview, form: PixelForm, *, is_big: bool, has_words: bool) -> Samples:
    """``data`` is that of the frame. With ``has_words`` (OW) bytes came in swapped pairs, where the
    file is big-endian.
    """
    if form.bits_allocated == 1:
        bits = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")
        words: Words = bits[: form.rows * form.columns].reshape(form.rows, form.columns)
        return Samples(words, form.photometric, 0)
    if form.bits_allocated == 8 and is_big and has_words:
        data = data[: len(data) & ~1]
        data = memoryview(np.frombuffer(data, np.uint16).byteswap().tobytes())
    kind = np.dtype(f"{'>' if is_big else '<'}u{form.bits_allocated // 8}")
    count = form.rows * form.columns * (2 if form.photometric == SUBSAMPLED else form.samples)
    flat = np.frombuffer(data[: count * kind.itemsize], kind)
    words = _with_whole_colours(flat) if form.photometric == SUBSAMPLED else flat
    arranged = _arranged(words, form, is_planar=form.is_planar)
    return Samples(arranged, form.photometric, form.high_bit)


def _with_whole_colours(flat: Words) -> Words:
    """YBR_FULL_422 (PS3.3 C.7.6.3.1.2): two lumas, then the two colours that both have."""
    pairs = flat.reshape(-1, 4)
    whole = np.empty((len(pairs), 2, 3), flat.dtype)
    whole[:, :, 0] = pairs[:, :2]
    whole[:, :, 1:] = pairs[:, np.newaxis, 2:]
    return whole.reshape(-1)


def _arranged(words: Words, form: PixelForm, *, is_planar: bool) -> Words:
    if form.samples == 1:
        return words.reshape(form.rows, form.columns)
    if is_planar:
        return words.reshape(form.samples, form.rows, form.columns).transpose(1, 2, 0)
    return words.reshape(form.rows, form.columns, form.samples)


def compressed_frame(data: memoryview, form: PixelForm, transfer_syntax: str) -> Samples:
    """Raises CorruptImageError, and whatever its decoder raises."""
    codestream = bytes(data)
    return _decoder(codestream, transfer_syntax)(codestream, form)


def _decoder(data: bytes, transfer_syntax: str) -> Callable[[bytes, PixelForm], Samples]:
    if transfer_syntax == kinds.RLE:
        return _from_rle
    if transfer_syntax in kinds.JPEG_LOSSLESS:
        return _from_lossless_jpeg
    if transfer_syntax in kinds.JPEG_LS:
        return _from_jpeg_ls
    if transfer_syntax in kinds.OF_JPEG_2000:
        return _from_jpeg_2000
    if transfer_syntax == kinds.JPEG_EXTENDED and codestream.jpeg_bits(data) > 8:
        return _from_extended_jpeg
    return _from_8_bit_jpeg


def _from_rle(data: bytes, form: PixelForm) -> Samples:
    sample_bytes = form.bits_allocated // 8
    if not sample_bytes:
        refuse("its run lengths are of bits")
    planes = rle_decoded(data, form.rows * form.columns, form.samples, sample_bytes)
    words = planes.view(f"<u{sample_bytes}")
    return Samples(_arranged(words, form, is_planar=True), form.photometric, form.high_bit)


def _from_8_bit_jpeg(data: bytes, form: PixelForm) -> Samples:
    """Pillow gives RGB, but for colours that were never made YCbCr."""
    with Image.open(strip_jpeg(data).stream(), formats=["JPEG"]) as image:
        bands = len(image.getbands())
        _refuse_other_size(image.height, image.width, bands, form)
        is_rgb = form.photometric == "RGB" and "adobe_transform" not in image.info
        if bands == 3:
            image.draft("YCbCr" if is_rgb else "RGB", None)
        words = np.asarray(image)
    return Samples(words, "RGB" if bands == 3 else form.photometric, 7)


def _from_extended_jpeg(data: bytes, form: PixelForm) -> Samples:
    stream = codestream.jpeg_stream(data, codestream.EXTENDED)
    # With 12 bits allocated GDCM takes the right decoder at once, and prints nothing.
    return _from_gdcm("JPEGCodec", stream, form, bits_allocated=12)


def _from_lossless_jpeg(data: bytes, form: PixelForm) -> Samples:
    return _from_gdcm("JPEGCodec", codestream.jpeg_stream(data, codestream.LOSSLESS), form)


def _from_jpeg_ls(data: bytes, form: PixelForm) -> Samples:
    return _from_gdcm("JPEGLSCodec", codestream.jpeg_stream(data, codestream.JPEG_LS), form)


def _from_gdcm(
    codec: str, stream: Codestream, form: PixelForm, bits_allocated: int | None = None
) -> Samples:
    from vistazo.pictures.dicom.gdcm_codec import decoded

    _refuse_other_size(stream.rows, stream.columns, stream.samples, form)
    words = decoded(codec, stream, bits_allocated or (8 if stream.bits <= 8 else 16))
    arranged = _arranged(words, form, is_planar=False)
    return _as_stored(arranged, stream, form)


def _from_jpeg_2000(data: bytes, form: PixelForm) -> Samples:
    from openjpeg.utils import decode_pixel_data

    stream = codestream.j2k_stream(data)
    _refuse_other_size(stream.rows, stream.columns, stream.samples, form)
    buffer = decode_pixel_data(stream.data, version=2)
    sample_bytes = 1 if stream.bits <= 8 else 2 if stream.bits <= 16 else 4
    words = np.frombuffer(buffer, f"<u{sample_bytes}")
    if len(words) != form.rows * form.columns * form.samples:
        refuse("its decoder gives other pixels than it says it has")
    photometric = "RGB" if form.photometric in ("YBR_ICT", "YBR_RCT") else form.photometric
    samples = _as_stored(_arranged(words, form, is_planar=False), stream, form)
    return Samples(samples.words, photometric, samples.high_bit)


def _as_stored(words: Words, stream: Codestream, form: PixelForm) -> Samples:
    """A compressed sample of as many bits as are stored, or fewer, has them at its low end."""
    if words.itemsize * 8 < form.bits_stored:
        wider: Any = np.int32 if form.bits_stored > 16 else np.int16
        signed: Any = f"i{words.itemsize}"
        words = words.view(signed).astype(wider) if stream.is_signed else words.astype(wider)
        words = words.view(f"u{words.itemsize}")
    high_bit = form.bits_stored - 1 if stream.bits <= form.bits_stored else form.high_bit
    return Samples(words, form.photometric, high_bit)


def _refuse_other_size(rows: int, columns: int, samples: int, form: PixelForm) -> None:
    if (rows, columns, samples) != (form.rows, form.columns, form.samples):
        refuse("its compressed pixels are of another size than it says")
