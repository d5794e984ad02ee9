"""A picture in base64 (RFC 4648 section 4), by itself or in a data: URL (RFC 2397).

There is one way to read it: what is in no alphabet, padded wrong or broken into lines is refused,
and a link is not followed.
"""

from __future__ import annotations

import binascii
import io
import re

from vistazo.errors import NotBase64Error
from vistazo.pictures.decode import ImageLimits, refuse_too_many_bytes

_DATA_URL = re.compile(rb"data:[\w/.+=;-]{0,100};base64,", re.IGNORECASE)
_LINK = re.compile(rb"[a-z][a-z0-9+.-]{0,30}:", re.IGNORECASE)
_LONGEST_BEGINNING = 120
# How encoders of JSON write what base64 has beside letters and digits: PHP the first, .NET others.
_ESCAPED = {
    rb"\/": b"/",
    **{rb"\u002" + letter: b"+" for letter in (b"b", b"B")},
    **{rb"\u002" + letter: b"/" for letter in (b"f", b"F")},
    **{rb"\u003" + letter: b"=" for letter in (b"d", b"D")},
}
_PIECE = 1 << 20  # four characters make three bytes: none is cut
_NO_BASE64 = (
    "The picture is no base64 (RFC 4648, section 4): letters, digits, + and /, padded with =, in "
    "one line. Send what base64 -w0 picture.jpeg prints."
)
_NOTHING_IS_FETCHED = (
    "This is a link, and the service fetches nothing for its callers: who may ask it could reach "
    "through it what only the service can reach (SSRF). Send the picture itself, in base64."
)


def decoded(literal: memoryview, limits: ImageLimits) -> bytes:
    """What a string of JSON holds, which is given without its quotes.

    Raises NotBase64Error, and UploadTooLargeError before any of it is decoded.
    """
    literal = _unescaped(literal)
    text = literal[_beginning_of(bytes(literal[:_LONGEST_BEGINNING])) :]
    n_bytes = len(text) // 4 * 3 - bytes(text[-2:]).count(b"=")
    refuse_too_many_bytes(n_bytes, limits)
    data = _bytes_of(text)
    if len(text) % 4 or len(data) != n_bytes:  # which not every Python sees by itself
        raise NotBase64Error(_NO_BASE64)
    return data


def _unescaped(literal: memoryview) -> memoryview:
    """The same where nothing is escaped: it is not copied."""
    pieces = range(0, len(literal), _PIECE)
    if not any(b"\\" in bytes(literal[at : at + _PIECE]) for at in pieces):
        return literal
    text = bytes(literal)
    for escaped, character in _ESCAPED.items():
        text = text.replace(escaped, character)
    return memoryview(text)


def _beginning_of(begins: bytes) -> int:
    """Of the base64, behind that of a data: URL. Raises NotBase64Error for another URL."""
    if found := _DATA_URL.match(begins):
        return found.end()
    if _LINK.match(begins) and not begins.lower().startswith(b"data:"):
        raise NotBase64Error(_NOTHING_IS_FETCHED)
    return 0


def _bytes_of(text: memoryview) -> bytes:
    """In pieces, so that other threads come to their turn. Raises NotBase64Error."""
    held = io.BytesIO()
    for begins in range(0, len(text), _PIECE):
        piece = text[begins : begins + _PIECE]
        try:
            held.write(binascii.a2b_base64(piece, strict_mode=True))
        except binascii.Error:
            raise NotBase64Error(_NO_BASE64) from None
    return held.getvalue()
