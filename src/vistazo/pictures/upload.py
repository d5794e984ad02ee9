"""The schema of an accepted upload: what a picture must be before it is decoded."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from vistazo.errors import BrokenRule, RejectedUploadError
from vistazo.models.card import InputSpec
from vistazo.models.faults import faults_in, said
from vistazo.pictures import Header
from vistazo.pictures.header_rules import broken_by_header
from vistazo.pictures.shape import is_long_enough, is_plausible


class AcceptedUpload(BaseModel):
    """One picture, known by its header, that suits the input that a model's card asks for."""

    model_config = ConfigDict(frozen=True)

    format: Literal["png", "jpeg", "bmp", "tiff", "webp", "avif", "dicom"]
    bytes: int = Field(gt=0)
    width: int = Field(gt=0, description="Pixels, as stored.")
    height: int = Field(gt=0, description="Pixels, as stored.")
    channels: int = Field(ge=1, le=4)

    @field_validator("width", "height")
    @classmethod
    def _side_is_long_enough(cls, side: int, info: ValidationInfo[InputSpec]) -> int:
        if not is_long_enough(side, info.context):
            raise PydanticCustomError(
                "min_side_px",
                "The picture's {name} is {side} pixels; at least {least} are needed.",
                {"name": info.field_name, "side": side, "least": info.context.min_side_px},
            )
        return side

    @model_validator(mode="after")
    def _shape_is_plausible(self, info: ValidationInfo[InputSpec]) -> Self:
        if not is_plausible(self.width, self.height, info.context):
            raise PydanticCustomError(
                "max_aspect_ratio",
                "The picture has {width} x {height} pixels; its longer side may be at most {most} "
                "times the shorter one.",
                {
                    "width": self.width,
                    "height": self.height,
                    "most": info.context.max_aspect_ratio,
                },
            )
        return self


def accept(header: Header, n_bytes: int, spec: InputSpec) -> AcceptedUpload:
    """Check an upload. Raises RejectedUploadError that names every rule it breaks."""
    upload = {
        "format": header.format,
        "bytes": n_bytes,
        "width": header.width,
        "height": header.height,
        "channels": header.channels,
    }
    broken = broken_by_header(header.radiograph, spec.accepts)
    try:
        accepted = AcceptedUpload.model_validate(upload, context=spec)
    except ValidationError as error:
        broken += [_broken(fault) for fault in faults_in(error)]
        raise RejectedUploadError(broken) from None
    if broken:
        raise RejectedUploadError(broken)
    return accepted


def _broken(fault: ErrorDetails) -> BrokenRule:
    values = fault.get("ctx", {}).values()
    figures = tuple(value for value in values if isinstance(value, int | float))
    return BrokenRule(fault["type"], said(fault), figures)
