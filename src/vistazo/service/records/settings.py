"""The settings that say what is kept of answers, and for how long."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from vistazo.errors import SettingsError


@dataclass(frozen=True)
class RecordsPolicy:
    """``folder`` holds nothing else. What is older than ``keep_days`` goes, and where all of it
    takes more than ``max_bytes`` the oldest goes first.
    """

    folder: Path
    keep_days: float = 90
    max_bytes: int = 1_000_000_000
    keeps_pictures: bool = False


class RecordsSettings(BaseModel):
    """Without RECORDS_DIR nothing is kept, and nobody can say what was true."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    records_dir: Path | None = Field(
        None, description="A folder of its own for records of answers and feedback; see records."
    )
    records_keep_days: float = Field(
        90, gt=0, le=36_500, allow_inf_nan=False, description="How long a record is kept."
    )
    records_max_bytes: int = Field(
        1_000_000_000, ge=1_000_000, description="Most that records may take; the oldest go first."
    )
    keep_pictures: bool = Field(
        default=False, description="Whether the pictures are kept too, with their records."
    )

    @property
    def records_policy(self) -> RecordsPolicy | None:
        """None where nothing is kept. Raises SettingsError."""
        if self.records_dir is not None:
            return RecordsPolicy(
                self.records_dir.expanduser().absolute(),
                self.records_keep_days,
                self.records_max_bytes,
                self.keep_pictures,
            )
        if self.keep_pictures:
            raise SettingsError(
                "KEEP_PICTURES: there is no place for them. Set RECORDS_DIR to a folder of its "
                "own, or do not set KEEP_PICTURES."
            )
        return None
