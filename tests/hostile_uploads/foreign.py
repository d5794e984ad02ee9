"""What is no picture that is read, whole and damaged; and files that are two things at once."""

from __future__ import annotations

import io
import random
import struct
import time
import zipfile
from functools import cache

from hostile_pictures import SIGNATURE, sound
from hostile_uploads.honest import honest_picture, photo

_WRITTEN = ("GIF", "ICO", "PDF", "PPM", "TGA", "PCX", "EPS", "JPEG2000")
_EPOCH = time.gmtime(0)
_MADE = {
    "dicom": bytes(128) + b"DICM\2\0\0\0UL\4\0" + bytes(400),
    "psd": b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 30_000, 30_000, 8, 3) + bytes(99),
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
    "xml": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "' + b"b" * 999 + b'">]><a>&b;</a>',
    "heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(300),
    "avif": b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf" + bytes(300),
    "jxl": b"\xff\x0a" + bytes(300),
    "hdf5": b"\x89HDF\r\n\x1a\n" + bytes(300),
    "elf": b"\x7fELF" + bytes(300),
    "pickle": b"\x80\x04\x95" + b"cos\nsystem\n(S'true'\ntR." * 9,
    "html": b"<script>alert(1)</script>" * 30,
    "mp4": b"\0\0\0\x18ftypisom" + bytes(3000),
    "text": "radiografía de pérez\n".encode() * 90,
    "nothing": b"",
    "one byte": b"\xff",
    "start of a jpeg": b"\xff\xd8\xff",
    "start of a png": SIGNATURE,
}


def foreign_file(chance: random.Random) -> bytes:
    step = chance.randrange(6)
    if step == 0:
        return chance.choice(list(_MADE.values()))
    if step == 1:
        return chance.randbytes(chance.choice((1, 30, 4000)))
    if step == 2:
        return _zipped(honest_picture(chance))
    if step == 3:
        return _at_once(chance)
    data = _written(chance.choice(_WRITTEN))
    return data if step == 4 else data[: chance.randrange(len(data))]


def _at_once(chance: random.Random) -> bytes:
    """A picture that begins, or goes on, as something else."""
    other, picture = chance.choice(list(_MADE.values())), honest_picture(chance)
    return chance.choice(
        (
            other + picture,
            picture + other,
            picture[:3] + other + picture[3:],
            SIGNATURE + sound()[3:],
            b"\xff\xd8\xff" + sound("PNG"),
            b"\xef\xbb\xbf" + picture,
        )
    )


def _zipped(picture: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("film.png"), picture)  # of no moment: the same always
    return buffer.getvalue()


@cache
def _written(image_format: str) -> bytes:
    buffer = io.BytesIO()
    times = {"creationDate": _EPOCH, "modDate": _EPOCH} if image_format == "PDF" else {}
    photo("RGB", 40).save(buffer, image_format, **times)
    return buffer.getvalue()
