"""The refusals of a picture whose header contradicts a model's card, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vistazo.errors import BrokenRule
from vistazo.pictures.claims import Accepted, contradicted
from vistazo.pictures.header_codes import MODALITIES, VIEWS
from vistazo.pictures.radiograph import Radiograph


def broken_by_header(header: Radiograph | None, accepted: Accepted | None) -> list[BrokenRule]:
    """A rule for each contradiction that the card refuses; none where it only warns."""
    if header is None or accepted is None:
        return []
    claims = [claim for claim in contradicted(header, accepted) if claim in accepted.refuse]
    broken = []
    if "modalities" in claims:
        broken.append(BrokenRule("modality", _other_modality(header, accepted)))
    if "views" in claims:
        broken.append(BrokenRule("view", _other_view(header, accepted)))
    if "age_years" in claims and header.age_years is not None:
        broken.append(_other_age(header.age_years, accepted.age_years or (0, 0)))
    return broken


def doubt_accepted(accepted: Accepted | None) -> str | None:
    """What in a card can never be said by a header, and refuses or warns of all that is."""
    if accepted is None:
        return None
    unknown = [code for code in accepted.modalities if code not in MODALITIES]
    unknown += [code for code in accepted.views if code not in VIEWS]
    if not unknown:
        return None
    return (
        f"The card's input.accepts names {_listed(unknown)}, which no header of DICOM is read as "
        "saying: modalities are such as CR and DX, views such as AP, PA, LL and RL."
    )


def _other_modality(header: Radiograph, accepted: Accepted) -> str:
    return (
        f"The header says {_named(header.modality, MODALITIES)}; the model was made for "
        f"{_listed(accepted.modalities)}."
    )


def _other_view(header: Radiograph, accepted: Accepted) -> str:
    return (
        f"The header says that the view is {_named(header.view, VIEWS)}; the model was made for "
        f"{_listed(accepted.views)}."
    )


def _other_age(years: float, bounds: tuple[float, float]) -> BrokenRule:
    low, high = bounds
    detail = (
        f"The header says an age of {years:g} years; the model was made for {low:g} to {high:g} "
        "years."
    )
    return BrokenRule("age", detail, (years, low, high))


def _named(code: str, names: Mapping[str, str]) -> str:
    return f"{code} ({names[code]})" if code in names else code


def _listed(codes: Sequence[str]) -> str:
    *before, last = codes
    return f"{', '.join(before)} and {last}" if before else last
