"""What the service and a worker say about one picture: the service's side.

Whoever took over a worker by a fault of a decoder may answer anything. So every answer is checked:
its kind, its size, that its pixels are as many as were asked for, and that what it says of the
picture can be so.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Annotated, Any, Literal, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from vistazo import errors
from vistazo.models.card import InputSpec
from vistazo.pictures import Header, Picture, header_codes
from vistazo.pictures.appearance import Appearance
from vistazo.pictures.formats import is_dicom
from vistazo.pictures.radiograph import Radiograph
from vistazo.pictures.reader import Prepared
from vistazo.pictures.upload import accept
from vistazo.service.isolation import wire
from vistazo.service.isolation.memory import MemoryBudget
from vistazo.service.isolation.recipe import Recipe

_MAX_SIDE_PX = 2**31
_Side = Annotated[int, Field(ge=1, le=_MAX_SIDE_PX)]


_Wanted = TypeVar("_Wanted", bound="_Said")


class DefectError(Exception):
    """The worker met a defect of ours; its words say where."""


class NoMemoryError(Exception):
    """The picture takes more memory than a worker may have."""


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Warm(_Said):
    kind: Literal["warm"]


def _one_of(codes: Collection[str]) -> AfterValidator:
    """Or nothing."""

    def check(code: str) -> str:
        if code and code not in codes:
            raise ValueError("a code that no header is read as saying")
        return code

    return AfterValidator(check)


_Uid = Annotated[str, Field(max_length=64, pattern=r"^[0-9.]*$")]
_Number = Annotated[int, Field(ge=1, le=2**31)]


class _Radiograph(_Said):
    modality: Annotated[str, _one_of(header_codes.MODALITIES)]
    view: Annotated[str, _one_of(header_codes.VIEWS)]
    laterality: Annotated[str, _one_of(header_codes.LATERALITIES)]
    body_part: Annotated[str, _one_of(header_codes.BODY_PARTS)]
    age_years: float | None = Field(ge=0, le=header_codes.MOST_YEARS, allow_inf_nan=False)
    frame: _Number
    frames: _Number
    window: Annotated[str, _one_of(header_codes.WINDOWS)]
    burned_in: bool | None
    turned: bool
    uid: _Uid
    sop_class: _Uid
    transfer_syntax: _Uid


class _Header(_Said):
    kind: Literal["header"]
    format: Literal["png", "jpeg", "bmp", "tiff", "webp", "avif", "dicom"]
    width: _Side
    height: _Side
    channels: int = Field(ge=1, le=4)
    radiograph: _Radiograph | None = None

    @model_validator(mode="after")
    def _is_of_its_format(self) -> Self:
        if (self.radiograph is not None) != (self.format == "dicom"):
            raise ValueError("what a DICOM file says, of another one")
        if self.radiograph is not None and self.radiograph.frame > self.radiograph.frames:
            raise ValueError("a frame that is not there")
        return self

    def header(self) -> Header:
        said = None if self.radiograph is None else Radiograph(**self.radiograph.model_dump())
        return Header(self.format, self.width, self.height, self.channels, said)


class _Appearance(_Said):
    brightness: float = Field(ge=0, le=1, allow_inf_nan=False)
    contrast: float = Field(ge=0, le=0.5, allow_inf_nan=False)
    sharpness: float = Field(ge=0, le=1, allow_inf_nan=False)
    width_px: _Side
    height_px: _Side


class _Pixels(_Said):
    kind: Literal["pixels"]
    shape: list[_Side] = Field(min_length=2, max_length=3)
    dtype: Literal["uint8", "float32"]
    width: _Side
    height: _Side
    prepare_s: float = Field(ge=0, allow_inf_nan=False)
    appearance: _Appearance | None


_Figure = Annotated[float, Field(allow_inf_nan=False)]
_Figures = Annotated[tuple[_Figure, ...], Field(max_length=10)]


class _Refused(_Said):
    kind: Literal["refused"]
    code: str = Field(max_length=100)
    text: str = Field(max_length=2_000)
    broken: list[tuple[str, str, _Figures]] = Field(max_length=10)


class _NoMemory(_Said):
    kind: Literal["no_memory"]


class _Defect(_Said):
    kind: Literal["defect"]
    where: str = Field(max_length=200, pattern=r"^[\w.:<> ?-]*$")


_ANSWERS: TypeAdapter[_Warm | _Header | _Pixels | _Refused | _NoMemory | _Defect] = TypeAdapter(
    Annotated[
        _Warm | _Header | _Pixels | _Refused | _NoMemory | _Defect, Field(discriminator="kind")
    ]
)
_REFUSALS: dict[str, Callable[[str], errors.InputError]] = {
    kind.code: kind
    for kind in (
        errors.UnsupportedFormatError,
        errors.UploadTooLargeError,
        errors.CorruptImageError,
    )
}


class Exchange:
    """With one worker. Any method raises ConversationError where the worker has ended, or says what
    makes no sense; ``is_in_step`` is False until an exchange has come to its end. ``frame`` is as
    in ``open_image``.
    """

    def __init__(
        self, incoming: wire.Incoming, outgoing: wire.Outgoing, memory: MemoryBudget
    ) -> None:
        self.is_in_step = False
        self._incoming = incoming
        self._outgoing = outgoing
        self._memory = memory

    def wait_until_warm(self) -> None:
        self._answer(_Warm)
        self.is_in_step = True

    def prepared(
        self, data: bytes, spec: InputSpec, frame: int | None = None
    ) -> tuple[Prepared, float]:
        """And how long it took after decoding, as the worker says, seconds.

        Raises InputError, NoMemoryError and DefectError.
        """
        asked = {"kind": "prepare", "recipe": Recipe.of(spec).as_json(), "frame": frame}
        self._ask(asked, data, spec)
        said = self._answer(_Header)
        _check_frame(said, frame)
        try:
            header = said.header()
            accept(header, len(data), spec)
        except errors.InputError:
            self.is_in_step = True  # a worker does not decode what its recipe does not suit
            raise
        found = self._answer(_Pixels)
        wanted = [spec.height, spec.width, spec.channels]
        if found.shape != wanted or found.dtype != "float32":
            raise wire.GarbledError("other pixels than were asked for")
        appearance = _appearance(found, said)
        pixels = self._pixels(found, np.float32)
        prepared = Prepared(pixels, found.width, found.height, appearance, header.radiograph)
        return prepared, found.prepare_s

    def picture(self, data: bytes, at_least: tuple[int, int], frame: int | None = None) -> Picture:
        """Raises InputError, NoMemoryError and DefectError."""
        self._ask({"kind": "picture", "at_least": at_least, "frame": frame}, data)
        found = self._answer(_Pixels)
        _check_shape(found)
        if found.dtype == "float32":
            return Picture(self._pixels(found, np.float32))
        return Picture(self._pixels(found, np.uint8))

    def preview(self, data: bytes, max_side_px: int, frame: int | None = None) -> Picture:
        """As ``picture``."""
        self._ask({"kind": "preview", "max_side_px": max_side_px, "frame": frame}, data)
        found = self._answer(_Pixels)
        _check_shape(found)
        if found.dtype != "uint8" or max(found.shape) > max_side_px:
            raise wire.GarbledError("other pixels than were asked for")
        return Picture(self._pixels(found, np.uint8))

    def _pixels(self, found: _Pixels, kind: Any) -> NDArray[Any]:
        """Raises where a picture has more of them than are accepted."""
        if found.width * found.height > self._memory.limits.max_pixels:
            raise wire.GarbledError("more pixels than are accepted")
        pixels = np.empty(found.shape, kind)
        wire.read_into(self._incoming, pixels.data)
        self.is_in_step = True
        return pixels

    def _ask(self, head: Mapping[str, object], data: bytes, spec: InputSpec | None = None) -> None:
        self.is_in_step = False
        memory_bytes = self._memory.of(spec, is_dicom=is_dicom(data))
        self._send({**head, "n_bytes": len(data), "memory_bytes": memory_bytes}, data)

    def _send(self, head: Mapping[str, object], body: bytes = b"") -> None:
        wire.send(self._outgoing, wire.encoded(head), body)

    def _answer(self, wanted: type[_Wanted]) -> _Wanted:
        text = wire.read_head(self._incoming)
        try:
            said = _ANSWERS.validate_json(text)
        except ValidationError as error:
            raise wire.GarbledError("an answer makes no sense") from error
        if isinstance(said, wanted):
            return said
        meaning = _meaning(said)
        self.is_in_step = isinstance(meaning, errors.InputError | DefectError)
        raise meaning


def _check_frame(said: _Header, asked: int | None) -> None:
    """Raises GarbledError where it is of another frame than was asked for."""
    found = said.radiograph.frame if said.radiograph is not None else 1
    if asked not in (None, found):
        raise wire.GarbledError("another frame than was asked for")


def _check_shape(found: _Pixels) -> None:
    """Of a picture. Raises GarbledError."""
    if found.shape[:2] != [found.height, found.width] or found.shape[2:] not in ([], [3]):
        raise wire.GarbledError("other pixels than were asked for")


def _appearance(found: _Pixels, header: _Header) -> Appearance:
    """Raises GarbledError where its sides are not those of the file, either way round."""
    seen = found.appearance
    sides = sorted((header.width, header.height))
    if seen is None or sorted((seen.width_px, seen.height_px)) != sides:
        raise wire.GarbledError("it looks like another picture")
    return Appearance(**seen.model_dump())


def _meaning(said: _Said) -> Exception:
    """What an answer says that is not the one that was wanted."""
    if isinstance(said, _NoMemory):
        return NoMemoryError()
    if isinstance(said, _Defect):
        return DefectError(said.where)
    if isinstance(said, _Refused):
        if said.code == errors.RejectedUploadError.code:
            return errors.RejectedUploadError([errors.BrokenRule(*rule) for rule in said.broken])
        if said.code in _REFUSALS:
            return _REFUSALS[said.code](said.text)
    return wire.GarbledError("an answer to another question")
