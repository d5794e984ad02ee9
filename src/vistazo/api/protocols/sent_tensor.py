"""The one tensor of a request: what it says of itself, and where its data lies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vistazo.api.base64_picture import decoded
from vistazo.api.json_outline import Outline
from vistazo.api.protocols.number_text import NUMBERS, numbers_of
from vistazo.errors import NotBase64Error, RequestError
from vistazo.pictures.decode import ImageLimits, refuse_too_many_bytes

_LENGTH_BYTES = 4
_TOO_LONG_BYTES = 1 << 31
BASE64 = "base64"


@dataclass(frozen=True)
class SentTensor:
    """``shape`` has no 0. Its data is ``packed`` behind the JSON, or lies in it: ``strings`` or
    ``numbers`` are their numbers in the ``outline``.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]
    content_type: str
    outline: Outline
    packed: memoryview | None = None
    strings: Sequence[str] = ()
    numbers: str | None = None

    @property
    def count(self) -> int:
        """Elements, by its shape: as large as a caller likes to say."""
        return math.prod(self.shape)

    def array(self) -> NDArray[np.generic]:
        """Its numbers. Raises RequestError for others than its shape and its datatype say."""
        if self.packed is not None:
            return self._unpacked(self.packed)
        if self.numbers is None:
            raise RequestError(f"'data' is no list of numbers, as {self.datatype} has it.")
        return numbers_of(self.outline.literal(self.numbers), self.shape, self.datatype)

    def _unpacked(self, packed: memoryview) -> NDArray[np.generic]:
        kind = np.dtype(NUMBERS[self.datatype])
        if len(packed) != self.count * kind.itemsize:
            raise RequestError(
                f"The tensor has {len(packed)} bytes of data; {self.datatype} of the shape "
                f"{list(self.shape)} has {self.count * kind.itemsize}."
            )
        return np.frombuffer(packed, kind).reshape(self.shape)

    def files(self, limits: ImageLimits) -> list[bytes | NotBase64Error]:
        """Its elements, of BYTES: encoded pictures. In JSON they are base64; what is none of that
        is its error.

        Raises RequestError for others than its shape says, UploadTooLargeError.
        """
        if self.packed is not None:
            elements = self._elements(self.packed)
            for element in elements:
                refuse_too_many_bytes(len(element), limits)
            return [bytes(element) for element in elements]
        return [file_of(self.outline.literal(number), limits) for number in self._strings()]

    def texts(self) -> list[str]:
        """Its elements, of BYTES: texts in UTF-8, however long. Raises RequestError."""
        if self.packed is not None:
            return [_text(bytes(element)) for element in self._elements(self.packed)]
        if self.content_type == BASE64:
            return [_text_of_base64(self.outline.literal(number)) for number in self._strings()]
        return [whole_text(self.outline, number) for number in self._strings()]

    def _strings(self) -> Sequence[str]:
        if len(self.strings) != self.count:
            raise RequestError(
                f"'data' holds {len(self.strings)} strings; its shape, {list(self.shape)}, says "
                f"{self.count}."
            )
        return self.strings

    def _elements(self, packed: memoryview) -> list[memoryview]:
        """Each behind its length, 4 bytes, little-endian."""
        elements: list[memoryview] = []
        at = 0
        while at < len(packed) and len(elements) < self.count:
            length = int.from_bytes(packed[at : at + _LENGTH_BYTES], "little")
            at += _LENGTH_BYTES
            elements.append(packed[at : at + length])
            at += length
        if at != len(packed) or len(elements) != self.count:
            raise RequestError(
                f"The binary data is not {self.count} elements, each behind its length of 4 bytes "
                "(little-endian)."
            )
        return elements


def file_of(literal: memoryview, limits: ImageLimits) -> bytes | NotBase64Error:
    try:
        return decoded(literal, limits)
    except NotBase64Error as error:
        return error.with_traceback(None)


def whole_text(outline: Outline, number: str) -> str:
    """However long a string is: a body of texts is small. Raises RequestError."""
    return outline.text(number, "a text", len(outline.literal(number)))


def _text_of_base64(literal: memoryview) -> str:
    try:
        return _text(decoded(literal, ImageLimits(max_bytes=len(literal))))
    except NotBase64Error:
        raise RequestError("A text is no base64, which its content_type says.") from None


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise RequestError("A text is not UTF-8.") from None
