"""What a run is begun with. Who goes on with it has to have the same, or rows would be mixed."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from vistazo import __version__
from vistazo.errors import SettingsError
from vistazo.pictures import ImageLimits
from vistazo.rows.answered_by import AnsweredBy
from vistazo.scale.archive.scoring import ComputesWith

_DIFFERS = {
    "archive": "of another archive ({})",
    "goes_below": "with or without the folders below (--no-recursive)",
    "model_sha256": "with another model (sha256 {})",
    "card_sha256": "with another card, another baseline or another OUT_OF_DISTRIBUTION",
    "max_upload_bytes": "with MAX_UPLOAD_BYTES={}",
    "max_pixels": "with MAX_PIXELS={}",
    "shard_files": "with --shard-files {}",
    "runtime": "by another engine ({})",
    "vistazo": "by Vistazo {}",
}


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Terms(_Record):
    """``runtime`` is what computes, with its version; the fields from ``model`` on are those of
    every row.
    """

    archive: str
    goes_below: bool
    shard_files: int
    max_upload_bytes: int
    max_pixels: int
    runtime: str
    vistazo: str
    model: str
    model_version: str
    model_sha256: str
    card_sha256: str
    threshold: float | None

    @staticmethod
    def of(
        archive: str,
        with_what: ComputesWith,
        limits: ImageLimits,
        shard_files: int,
        *,
        goes_below: bool,
    ) -> Terms:
        return Terms(
            archive=archive,
            goes_below=goes_below,
            shard_files=shard_files,
            max_upload_bytes=limits.max_bytes,
            max_pixels=limits.max_pixels,
            runtime=with_what.runtime,
            vistazo=__version__,
            **with_what.by.as_fields(),  # type: ignore[arg-type]
        )

    @property
    def by(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in AnsweredBy.FIELDS}

    def check(self, found: Terms, place: str) -> None:
        """Raises SettingsError where an output was begun with others."""
        for name, words in _DIFFERS.items():
            value = getattr(found, name)
            if value != getattr(self, name):
                raise SettingsError(
                    f"{place} was begun {words.format(value)}. Give the same, or name another "
                    "output."
                )


class Begun(_Record):
    """A run: its terms, its plan (``plan`` is the name of that), what was ``skipped`` when it was
    made, and when that was.
    """

    terms: Terms
    plan: str
    plan_sha256: str
    files: int
    bytes: int
    skipped: dict[str, int]
    started: str

    @property
    def shards(self) -> int:
        return -(-self.files // self.terms.shard_files)


def save_json(record: BaseModel, path: Path) -> None:
    text = json.dumps(record.model_dump(mode="json"), indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def begun_of(data: bytes, place: str) -> Begun:
    """Raises SettingsError."""
    try:
        return Begun.model_validate_json(data)
    except ValidationError as error:
        raise SettingsError(
            f"{place} was not left by such a run, or by another version. Name another output."
        ) from error
