"""What a card says of the headers of DICOM files: from whom, and how taken, pictures may be."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

_Code = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,15}$")]
_Years = Annotated[float, Field(ge=0, le=150)]
_Claim = Literal["modalities", "views", "age_years"]


class AcceptedHeaders(BaseModel):
    """What the header of a DICOM file may say. What it does not say contradicts nothing, and
    neither does the modality OT (other).
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    modalities: tuple[_Code, ...] = Field(
        (),
        max_length=50,
        description="Codes of DICOM PS3.16 CID 29, such as [CR, DX]; by default any.",
    )
    views: tuple[_Code, ...] = Field(
        (),
        max_length=50,
        description="View Position, such as [AP, PA]; LATERAL stands for LL and RL, FRONTAL for AP "
        "and PA. By default any.",
    )
    age_years: tuple[_Years, _Years] | None = Field(
        None,
        description="Of the patient: [1, 5] is from the first birthday to the day before the "
        "sixth. By default any.",
    )
    refuse: tuple[_Claim, ...] = Field(
        (),
        max_length=3,
        description="Of these fields, those whose contradiction is a refusal (422, by the rules "
        "modality, view, age), and not only a warning (other_modality, other_view, other_age).",
    )

    @model_validator(mode="after")
    def _ages_are_in_order(self) -> Self:
        if self.age_years is not None and self.age_years[0] > self.age_years[1]:
            raise ValueError("accepts.age_years begins above its end")
        return self

    @model_validator(mode="after")
    def _what_is_refused_is_said(self) -> Self:
        if unsaid := [name for name in self.refuse if not getattr(self, name)]:
            raise ValueError(f"accepts.refuse names {unsaid[0]}, of which nothing is said")
        return self
