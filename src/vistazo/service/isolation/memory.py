"""How much memory a worker may take for one picture."""

from __future__ import annotations

from dataclasses import dataclass

from vistazo.pictures import ImageLimits
from vistazo.pictures.preparation import Preparation

# Of the model's input: float32, and three times again while it is made and scaled.
_BYTES_AN_INPUT_VALUE = 16


@dataclass(frozen=True)
class MemoryBudget:
    """What the costliest accepted picture takes, and ``spare_bytes``."""

    limits: ImageLimits
    spare_bytes: int = 32_000_000

    def of(self, spec: Preparation | None, *, is_dicom: bool = False) -> int:
        """Bytes for one picture, decoded and prepared so; None: only decoded."""
        values = spec.height * spec.width * 3 if spec is not None else 0
        held_bytes = self.limits.max_dicom_held_bytes if is_dicom else self.limits.max_held_bytes
        return held_bytes + values * _BYTES_AN_INPUT_VALUE + self.spare_bytes
