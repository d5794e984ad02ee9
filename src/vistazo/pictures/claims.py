"""What a DICOM header says of a picture, held against what a model's card says that it was made
for; for a process, too, that knows no schema.

What the header does not say contradicts nothing, and neither does the modality OT (other).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from vistazo.pictures.header_codes import MAY_BE
from vistazo.pictures.radiograph import Radiograph

Claim = Literal["modalities", "views", "age_years"]
OTHER_MODALITY, OTHER_VIEW, OTHER_AGE = "other_modality", "other_view", "other_age"
BURNED_IN_ANNOTATION, ONE_OF_SEVERAL_FRAMES = "burned_in_annotation", "one_of_several_frames"
HEADER_WARNINGS = (
    OTHER_MODALITY,
    OTHER_VIEW,
    OTHER_AGE,
    BURNED_IN_ANNOTATION,
    ONE_OF_SEVERAL_FRAMES,
)
_WARNING: dict[Claim, str] = {
    "modalities": OTHER_MODALITY,
    "views": OTHER_VIEW,
    "age_years": OTHER_AGE,
}
_SAYS_NOTHING = ("", "OT")


class Accepted(Protocol):
    """The fields of ``AcceptedHeaders`` of the same names."""

    @property
    def modalities(self) -> Sequence[str]: ...
    @property
    def views(self) -> Sequence[str]: ...
    @property
    def age_years(self) -> tuple[float, float] | None: ...
    @property
    def refuse(self) -> Sequence[Claim]: ...


@dataclass(frozen=True)
class HeaderBounds:
    """What is ``Accepted``, without a schema."""

    modalities: tuple[str, ...]
    views: tuple[str, ...]
    age_years: tuple[float, float] | None
    refuse: tuple[Claim, ...]

    @staticmethod
    def of(accepted: Accepted) -> HeaderBounds:
        return HeaderBounds(
            tuple(accepted.modalities),
            tuple(accepted.views),
            accepted.age_years,
            tuple(accepted.refuse),
        )


def contradicted(header: Radiograph | None, accepted: Accepted | None) -> tuple[Claim, ...]:
    """Which fields of the card the header contradicts."""
    if header is None or accepted is None:
        return ()
    return tuple(_contradicted(header, accepted))


def _contradicted(header: Radiograph, accepted: Accepted) -> Iterator[Claim]:
    known = header.modality not in _SAYS_NOTHING
    if accepted.modalities and known and header.modality not in accepted.modalities:
        yield "modalities"
    if accepted.views and header.view and not _is_one_of(header.view, accepted.views):
        yield "views"
    if not is_of_age(header.age_years, accepted.age_years):
        yield "age_years"


def _is_one_of(view: str, views: Sequence[str]) -> bool:
    """A lateral view may be a left one, and a left one is lateral."""
    may_be = {view, *MAY_BE.get(view, ())}
    accepted = {inner for each in views for inner in (each, *MAY_BE.get(each, ()))}
    return not may_be.isdisjoint(accepted)


def is_of_age(years: float | None, bounds: tuple[float, float] | None) -> bool:
    """As ages are told: somebody is five years old until the sixth birthday."""
    if years is None or bounds is None:
        return True
    low, high = bounds
    return low <= years < high + 1 if high == int(high) else low <= years <= high


def is_refused(header: Radiograph | None, accepted: Accepted | None) -> bool:
    """Whether the header contradicts what the card refuses."""
    refused = () if accepted is None else accepted.refuse
    return any(claim in refused for claim in contradicted(header, accepted))


def header_warnings(header: Radiograph | None, accepted: Accepted | None) -> tuple[str, ...]:
    """Reasons to doubt an answer that the header of its picture gives."""
    if header is None:
        return ()
    warnings = [_WARNING[claim] for claim in contradicted(header, accepted)]
    if header.burned_in:
        warnings.append(BURNED_IN_ANNOTATION)
    if header.frames > 1:
        warnings.append(ONE_OF_SEVERAL_FRAMES)
    return tuple(warnings)
