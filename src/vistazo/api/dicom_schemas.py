"""What an answer tells of a DICOM file's header, as a pydantic model."""

from __future__ import annotations

from pydantic import BaseModel, Field

from vistazo.pictures.radiograph import Radiograph


class DicomHeader(BaseModel):
    """What the header of the picture's DICOM file says: codes of DICOM, each left out where the
    header does not say, or not in a code that is known.
    """

    modality: str | None = Field(None, description="Such as CR, DX (PS3.16 CID 29).")
    view: str | None = Field(
        None,
        description="View Position: AP, PA, LL, RL, LLD, RLD, LLO, RLO, LAO, RAO, LPO, RPO; "
        "FRONTAL, LATERAL, OBLIQUE or AXIAL where it is said no more exactly.",
    )
    laterality: str | None = Field(None, description="R, L, U (unpaired) or B (both).")
    body_part: str | None = Field(None, description="Such as CHEST (PS3.16 annex L).")
    age_years: float | None = Field(
        None,
        description="Patient's Age, else from birth to the day of the picture: down to a tenth of "
        "a year, under two years to a hundredth.",
    )
    frame: int = Field(description="Which of its frames was taken, from 1.")
    frames: int = Field(description="How many it has.")
    window: str | None = Field(None, description="How its grey levels were made.")
    burned_in_annotation: bool | None = Field(
        None, description="Whether text may be part of the picture."
    )
    turned: bool | None = Field(
        None, description="True where it was brought upright, as Patient Orientation asks."
    )
    sop_instance_uid: str | None = Field(
        None, description="Only where sop_instance_uid=true asks for it."
    )

    @staticmethod
    def of(header: Radiograph, *, tells_uid: bool = False) -> DicomHeader:
        uid = {"sop_instance_uid": header.uid} if tells_uid and header.uid else {}
        return DicomHeader.model_validate({**header.told(), **uid})
