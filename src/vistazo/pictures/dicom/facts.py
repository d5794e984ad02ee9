"""What the header of a DICOM file says of its picture: codes of closed tables, never a text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from math import floor

from vistazo.pictures.dicom.elements import Elements
from vistazo.pictures.header_codes import (
    BODY_PART_WORDS,
    LATERALITIES,
    MODALITIES,
    MOST_YEARS,
    VIEW_CODES,
    VIEW_WORDS,
    is_uid,
)
from vistazo.pictures.radiograph import Radiograph

_SOP_CLASS, _SOP_INSTANCE, _MODALITY = 0x0008_0016, 0x0008_0018, 0x0008_0060
_BIRTH, _AGE = 0x0010_0030, 0x0010_1010
# Acquisition, content, series, study: when it was taken, as exactly as it is told.
_TAKEN = (0x0008_0022, 0x0008_0023, 0x0008_0021, 0x0008_0020)
_BODY_PART, _VIEW_POSITION, _BURNED_IN = 0x0018_0015, 0x0018_5101, 0x0028_0301
_LATERALITY, _IMAGE_LATERALITY = 0x0020_0060, 0x0020_0062
_VIEW_CODE_SEQUENCE, _CODE_VALUE = 0x0054_0220, 0x0008_0100
_LONGEST = 80  # of all that is looked for
_AGE_STRING = re.compile(r"(\d{1,3})([DWMY])")  # PS3.5 section 6.2, AS
_DATE = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2})")  # with points: ACR-NEMA
_IN_A_YEAR = {"D": 365.25, "W": 365.25 / 7, "M": 12.0, "Y": 1.0}


def radiograph_of(elements: Elements) -> Radiograph:
    """What is known without the pixels. What is malformed, or in no table, is as if not said.

    Which frame was taken, and how its grey levels were made, is for the reader to add.
    """
    burned_in = {"YES": True, "NO": False}.get(_text(elements, _BURNED_IN))
    laterality = _text(elements, _IMAGE_LATERALITY) or _text(elements, _LATERALITY)
    return Radiograph(
        modality=_known(_text(elements, _MODALITY), MODALITIES),
        view=_view(elements),
        laterality=laterality if laterality in LATERALITIES else "",
        body_part=BODY_PART_WORDS.get(_text(elements, _BODY_PART), ""),
        age_years=_age_years(elements),
        burned_in=burned_in,
        uid=_uid(elements, _SOP_INSTANCE),
        sop_class=_uid(elements, _SOP_CLASS),
    )


def _known(code: str, table: Mapping[str, str]) -> str:
    return code if code in table else ""


def _view(elements: Elements) -> str:
    """View Position; where that says nothing, the code of View Code Sequence (PS3.3 C.8.11.5)."""
    view = VIEW_WORDS.get(_text(elements, _VIEW_POSITION).replace("_", " "), "")
    item = elements.item(_VIEW_CODE_SEQUENCE)
    return view or (VIEW_CODES.get(_text(item, _CODE_VALUE), "") if item is not None else "")


def _age_years(elements: Elements) -> float | None:
    """Down to a tenth of a year, under two years to a hundredth: less exact than a day of birth."""
    told = (_age_said(_text(elements, _AGE)), _age_between(elements))
    years = next((age for age in told if age is not None and 0 <= age <= MOST_YEARS), None)
    if years is None:
        return None
    steps = 100 if years < 2 else 10
    return floor(round(years * steps, 6)) / steps


def _age_said(text: str) -> float | None:
    found = _AGE_STRING.fullmatch(text)
    return None if found is None else int(found[1]) / _IN_A_YEAR[found[2]]


def _age_between(elements: Elements) -> float | None:
    """From birth to when it was taken: whole years, and of the next the share of its days."""
    born = _date(_text(elements, _BIRTH))
    taken = next(filter(None, (_date(_text(elements, tag)) for tag in _TAKEN)), None)
    if born is None or taken is None or taken < born or taken.year == date.max.year:
        return None
    had_birthday = (taken.month, taken.day) >= (born.month, born.day)
    years = taken.year - born.year - (not had_birthday)
    last = _birthday(born, born.year + years)
    following = _birthday(born, born.year + years + 1)
    return years + max(0, (taken - last).days) / (following - last).days


def _birthday(born: date, year: int) -> date:
    """Of who is born on a 29th of February, in other years the 1st of March."""
    try:
        return born.replace(year=year)
    except ValueError:
        return date(year, 3, 1)


def _date(text: str) -> date | None:
    found = _DATE.fullmatch(text)
    try:
        return None if found is None else date(*map(int, found.groups()))
    except ValueError:
        return None


def _uid(elements: Elements, tag: int) -> str:
    text = _text(elements, tag)
    return text if is_uid(text) else ""


def _text(elements: Elements, tag: int) -> str:
    """The first of its values, in capitals; empty where it is longer than any code."""
    first = elements.text(tag).upper()
    return first if len(first) <= _LONGEST else ""
