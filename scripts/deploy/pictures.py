"""Pictures to send, made without an image library."""

from __future__ import annotations

import math
import struct
import zlib

GREY, RGBA = 0, 6  # PNG colour types


def drawn_picture(width: int = 320, height: int = 256) -> bytes:
    """A grey PNG, dark at its edges and bright in the middle: a picture to decode."""
    line = bytes(int(255 * math.sin(math.pi * x / width)) for x in range(width))
    lines = bytearray()
    for y in range(height):
        brightness = math.sin(math.pi * y / height)
        lines += b"\0" + line.translate(bytes(int(grey * brightness) for grey in range(256)))
    return png(width, height, bytes(lines))


def png(width: int, height: int, lines: bytes, depth: int = 8, colour: int = GREY) -> bytes:
    """A PNG file (ISO/IEC 15948) of ``lines``, each with its filter byte."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines, 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def form(boundary: str, data: bytes, field: str = "file") -> bytes:
    """The body of a multipart/form-data request (RFC 7578) with one file."""
    head = (
        f"--{boundary}\r\nContent-Disposition: form-data; "
        f'name="{field}"; filename="picture"\r\nContent-Type: application/octet-stream\r\n\r\n'
    )
    return head.encode() + data + f"\r\n--{boundary}--\r\n".encode()
