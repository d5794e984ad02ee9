"""What an output is: of what, by what, how much of it, and that it is whole. Written last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, ValidationError

from vistazo.errors import SettingsError
from vistazo.scale.archive.outputs import Written
from vistazo.scale.archive.part import Summary
from vistazo.scale.archive.terms import Begun


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ShardRecord(_Record):
    shard: int
    rows: int
    rows_sha256: str


class OutputRecord(_Record):
    name: str
    rows: int
    sha256: str


class Manifest(_Record):
    """``files`` and ``bytes_read`` are those of the pictures; ``classes`` counts the predicted
    ones, ``failures`` by their codes. ``seconds`` are those of the command that ended it, which
    scored ``scored_by_it`` of the pictures.
    """

    run: Begun
    files: int
    answered: int
    bytes_read: int
    classes: dict[str, int]
    failures: dict[str, int]
    finished: str
    seconds: float
    scored_by_it: int
    engine: str
    outputs: list[OutputRecord]
    shards: list[ShardRecord]

    @property
    def failed(self) -> int:
        return self.files - self.answered


def manifest_of(
    begun: Begun,
    parts: Sequence[Summary],
    outputs: Sequence[Written],
    *,
    engine: str,
    finished: str,
    seconds: float,
    scored_by_it: int,
) -> Manifest:
    classes, failures = Counter[str](), Counter[str]()
    for part in parts:
        classes.update(part.classes)
        failures.update(part.failures)
    files = sum(part.rows for part in parts)
    return Manifest(
        run=begun,
        files=files,
        answered=files - failures.total(),
        bytes_read=sum(part.bytes for part in parts),
        classes=dict(sorted(classes.items())),
        failures=dict(sorted(failures.items())),
        finished=finished,
        seconds=round(seconds, 1),
        scored_by_it=scored_by_it,
        engine=engine,
        outputs=[OutputRecord(name=of.name, rows=of.rows, sha256=of.sha256) for of in outputs],
        shards=[
            ShardRecord(shard=part.shard, rows=part.rows, rows_sha256=part.rows_sha256)
            for part in parts
        ],
    )


def read_manifest(data: bytes, place: str) -> Manifest:
    """Raises SettingsError."""
    try:
        return Manifest.model_validate_json(data)
    except ValidationError as error:
        raise SettingsError(
            f"{place} is there already, and not as such a run would have left it. Name another "
            "output."
        ) from error
