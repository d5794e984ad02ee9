"""Planted values, and whether any of them turns up where it does not belong: in any writing."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import struct
import zlib
from collections.abc import Collection, Mapping
from urllib.parse import quote_from_bytes

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from hostile_pictures import chunk, segment

_APP13, _EXIF_FOLDER, _GPS_FOLDER = 0xED, 0x8769, 0x8825


def canary(channel: str) -> str:
    """Sixteen letters and figures that nothing but this channel has, the same in every run."""
    return "k" + base64.b32encode(hashlib.sha256(channel.encode()).digest())[:15].decode()


def writings(value: bytes) -> set[bytes]:
    """How a value may be written in a text, in lower case but for base64."""
    everywhere = "".join(f"%{byte:02x}" for byte in value)
    wide = value.decode("latin-1").encode("utf-16-le")
    texts = {
        value.decode("latin-1"),
        quote_from_bytes(value),
        everywhere,
        everywhere.replace("%", "\\x"),
        everywhere.replace("%", "\\u00"),
        everywhere.replace("%", " ").strip(),
        value.hex(),
        wide.decode("latin-1"),
        wide.decode("latin-1").replace("\0", "\\u0000"),
        wide.decode("latin-1").replace("\0", "\\x00"),
        ", ".join(str(byte) for byte in value),
        " ".join(str(byte) for byte in value),
    }
    return {text.lower().encode("latin-1") for text in texts}


_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def _in_base64(value: bytes) -> set[bytes]:
    """Of the value inside of other bytes, which may begin at any of three places."""
    found: set[bytes] = set()
    for offset in range(3):
        encoded = base64.b64encode(bytes(offset) + value)
        inside = encoded[(0, 2, 3)[offset] : len(encoded) - 4]
        found |= {inside, inside.translate(_URL_SAFE)}
    return found


def found(texts: Collection[bytes], values: Mapping[str, str]) -> dict[str, bytes]:
    """Where planted values turn up: a piece of the text around each, by its channel."""
    whole = b"\n".join(texts)
    lowered = re.sub(rb"\\+", rb"\\", whole.lower())  # repr and JSON double them, each again
    pieces: dict[str, bytes] = {}
    for channel, planted in values.items():
        value = planted.encode()
        plain = ((lowered, writing) for writing in writings(value))
        encoded = ((whole, writing) for writing in _in_base64(value))
        for text, writing in (*plain, *encoded):
            if (at := text.find(writing)) >= 0:
                pieces[channel] = text[max(0, at - 300) : at + 300]
    return pieces


def pixels(value: str, side: int = 64) -> Image.Image:
    """A grey picture whose rows are the value, again and again."""
    row = np.frombuffer((value * side)[:side].encode(), np.uint8)
    return Image.fromarray(np.tile(row, (side, 1)))


def jpeg(**planted: str) -> bytes:
    """With what cameras, scanners and viewers write into a JPEG."""
    exif = Image.Exif()
    exif[0x010E] = exif[0x013B] = exif[0x8298] = planted["patient"]
    exif[0x9C9D] = planted["author"].encode("utf-16-le")
    exif.get_ifd(_EXIF_FOLDER).update(
        {0xA431: planted["serial"], 0x927C: planted["maker"].encode()}
    )
    exif.get_ifd(_GPS_FOLDER).update({0x1B: planted["gps"].encode(), 0x1D: planted["gps"]})
    buffer = io.BytesIO()
    pixels(planted["pixels"]).save(
        buffer,
        "JPEG",
        exif=exif,
        comment=planted["comment"],
        icc_profile=planted["profile"].encode() * 9,
        quality=100,
    )
    whole = buffer.getvalue()
    caption = b"Photoshop 3.0\x008BIM\x04\x04\0\0" + planted["caption"].encode()
    return whole[:2] + segment(_APP13, caption) + whole[2:]


def png(**planted: str) -> bytes:
    """With text in every kind of chunk that holds text, and EXIF."""
    texts, exif = PngInfo(), Image.Exif()
    texts.add_text("Patient", planted["patient"])
    texts.add_text("Comment", planted["comment"], zip=True)
    texts.add_itxt("XML:com.adobe.xmp", planted["author"])
    exif[0x010E] = planted["serial"]
    buffer = io.BytesIO()
    pixels(planted["pixels"]).save(buffer, "PNG", pnginfo=texts, exif=exif)
    whole = buffer.getvalue()
    profile = (
        planted["profile"].encode()[:15] + b"\0\0" + zlib.compress(planted["profile"].encode())
    )
    return whole[:33] + chunk(b"iCCP", profile) + whole[33:]


def dicom(**planted: str) -> bytes:
    """Explicit VR, little endian: patient, identity, birth date, institution, pixels."""

    def element(group: int, number: int, kind: bytes, value: bytes) -> bytes:
        value += b" " * (len(value) % 2)
        return struct.pack("<HH2sH", group, number, kind, len(value)) + value

    syntax = element(2, 0x10, b"UI", b"1.2.840.10008.1.2.1\0")
    return (
        bytes(128)
        + b"DICM"
        + element(2, 0, b"UL", struct.pack("<I", len(syntax)))
        + syntax
        + element(8, 0x80, b"LO", planted["caption"].encode())
        + element(0x10, 0x10, b"PN", planted["patient"].encode())
        + element(0x10, 0x20, b"LO", planted["serial"].encode())
        + struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OW", 0, 64 * 64)
        + pixels(planted["pixels"]).tobytes()
    )
