"""What the header of a DICOM file says of its picture: no more than an answer needs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Radiograph:
    """Codes are those of DICOM PS3.3, in capitals; "" and None where the header does not say.

    ``view`` is View Position (0018,5101), such as PA or LL; ``laterality`` R, L, U or B;
    ``age_years`` is Patient's Age, or from birth to study. ``frame`` of ``frames``, from 1, is the
    one that was taken. ``window`` says how its grey levels were made. ``burned_in`` says whether
    text may be part of the picture. ``turned`` says that it was brought upright as Patient
    Orientation asks. ``uid`` is the SOP Instance UID.
    """

    modality: str = ""
    view: str = ""
    laterality: str = ""
    body_part: str = ""
    age_years: float | None = None
    frame: int = 1
    frames: int = 1
    window: str = ""
    burned_in: bool | None = None
    turned: bool = False
    uid: str = ""
    sop_class: str = ""
    transfer_syntax: str = ""

    def told(self) -> dict[str, str | float | bool]:
        """What answers tell of it, by the names that it has there, without what is not said. The
        SOP Instance UID is for who asks for it.
        """
        said: dict[str, str | float | bool | None] = {
            "modality": self.modality or None,
            "view": self.view or None,
            "laterality": self.laterality or None,
            "body_part": self.body_part or None,
            "age_years": self.age_years,
            "frame": self.frame,
            "frames": self.frames,
            "window": self.window or None,
            "burned_in_annotation": self.burned_in,
            "turned": self.turned or None,
        }
        return {name: value for name, value in said.items() if value is not None}
