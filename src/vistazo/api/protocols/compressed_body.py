"""Bodies that are compressed, either way (RFC 9110 section 8.4.1): gzip, and deflate, that is zlib.

How much a few bytes become nobody knows before: it is counted first, and made where there is room.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator

from starlette.datastructures import Headers

from vistazo.errors import RequestError, UploadTooLargeError, WrongMediaTypeError

_WINDOW_BITS = {"gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}
_PIECE_BYTES = 1 << 18
_LEAST_BYTES = 1_000  # less is hardly smaller
_LEVEL = 6


def encoding_of(headers: Headers) -> str:
    """In which a body comes; empty where it is not compressed. Raises WrongMediaTypeError."""
    named = [each.strip().lower() for each in headers.get("content-encoding", "").split(",")]
    encodings = [each for each in named if each not in ("", "identity")]
    if not encodings:
        return ""
    if len(encodings) > 1 or encodings[0] not in _WINDOW_BITS:
        raise WrongMediaTypeError("Content-Encoding is gzip or deflate here, or none.")
    return encodings[0]


def decompressed_bytes(body: bytes, encoding: str, max_bytes: int) -> int:
    """How many it would become: none of it is kept, so that there is room for it before it is made.

    Raises UploadTooLargeError as soon as it is more than ``max_bytes``, and RequestError for what
    is damaged, cut short, or followed by something else.
    """
    n_bytes = 0
    for piece in _pieces(body, encoding):
        n_bytes += len(piece)
        if n_bytes > max_bytes:
            raise UploadTooLargeError(
                f"Decompressed, the body is larger than {max_bytes} bytes, the most that is "
                "accepted."
            )
    return n_bytes


def decompressed(body: bytes, encoding: str) -> bytes:
    """For a body that is known to become no more than there is room for."""
    held = io.BytesIO()
    for piece in _pieces(body, encoding):
        held.write(piece)
    return held.getvalue()


def _pieces(body: bytes, encoding: str) -> Iterator[bytes]:
    """Raises RequestError for what is damaged, cut short, or followed by something else."""
    inflating = zlib.decompressobj(_WINDOW_BITS[encoding])
    for begins in range(0, len(body), _PIECE_BYTES):
        if inflating.eof:
            break
        rest: bytes | memoryview = memoryview(body)[begins : begins + _PIECE_BYTES]
        while piece := _inflated(inflating, rest, encoding):
            yield piece
            rest = inflating.unconsumed_tail
    else:
        if inflating.eof and not inflating.unused_data:
            return
    raise RequestError(f"The body is no whole {encoding}, or something follows it.")


def _inflated(inflating: zlib._Decompress, rest: bytes | memoryview, encoding: str) -> bytes:
    try:
        return inflating.decompress(rest, _PIECE_BYTES)
    except zlib.error:
        raise RequestError(f"The body is no {encoding}.") from None


def accepted_encoding(headers: Headers) -> str:
    """In which an answer is wanted, the first that can be had; empty where in none."""
    for each in headers.get("accept-encoding", "").split(","):
        name, _, weight = each.lower().replace(" ", "").partition(";")
        if name in _WINDOW_BITS and not _is_zero(weight):
            return name
    return ""


def _is_zero(weight: str) -> bool:
    return weight.startswith("q=") and not weight[2:].strip("0.")


def compressed(body: bytes, encoding: str) -> tuple[bytes, str]:
    """And in which encoding it is: none where it is small."""
    if not encoding or len(body) < _LEAST_BYTES:
        return body, ""
    if encoding == "gzip":
        return gzip.compress(body, _LEVEL, mtime=0), encoding
    return zlib.compress(body, _LEVEL), encoding
