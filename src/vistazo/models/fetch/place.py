"""Where a model and what belongs to it are, and where they lie once they are here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vistazo.models.fetch.location import Link, Location

MAX_MODEL_BYTES = 2_000_000_000


@dataclass(frozen=True)
class Place:
    """``card``, ``labels`` and ``baseline`` are None where they lie, if at all, beside the model;
    ``vectorizer`` is None where the model's file needs no other, ``weights`` where they are in it
    or beside it.

    ``sha256`` is of the model; ``cache_dir`` keeps what is downloaded.
    """

    model: Location
    cache_dir: Path
    card: Location | None = None
    labels: Location | None = None
    baseline: Location | None = None
    sha256: str | None = None
    max_bytes: int = MAX_MODEL_BYTES
    vectorizer: Location | None = None
    weights: Location | None = None

    @property
    def has_link(self) -> bool:
        return any(isinstance(place, Link) for place in (self.model, *self.others))

    @property
    def others(self) -> tuple[Location | None, ...]:
        """What belongs to the model, in the order of ``ModelFiles``."""
        return (self.card, self.labels, self.baseline, self.vectorizer, self.weights)


@dataclass(frozen=True)
class ModelFiles:
    """Files on this machine; None is what nobody named and no link had."""

    model: Path
    card: Path | None
    labels: Path | None
    baseline: Path | None
    vectorizer: Path | None = None
    weights: Path | None = None


@dataclass(frozen=True)
class Patience:
    """How long, and how often, a download may try."""

    connect_s: float = 10
    idle_s: float = 30
    total_s: float = 3600
    attempts: int = 5
    first_wait_s: float = 1
    longest_wait_s: float = 60
