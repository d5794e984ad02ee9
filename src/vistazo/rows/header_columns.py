"""What the header of a DICOM file says, in a table: only of a model whose card says what it may."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vistazo.pictures.radiograph import Radiograph

DICOM = "dicom"
# And what each holds.
HEADER_COLUMNS: Mapping[str, type] = {"modality": str, "view": str, "age_years": float}


def header_cells(found: Mapping[str, Any]) -> list[object]:
    """Of ``as_object``, in the order of ``HEADER_COLUMNS``; None where nothing is said."""
    said = found.get(DICOM) or {}
    return [said.get(name) for name in HEADER_COLUMNS]


def header_read(row: Mapping[str, Any]) -> dict[str, Any]:
    """``as_object`` again, as far as the cells tell."""
    said = {name: row[name] for name in HEADER_COLUMNS if row.get(name) is not None}
    return {DICOM: said} if said else {}


def header_in_words(header: Radiograph | None) -> str:
    """For people, at the end of a line."""
    if header is None:
        return ""
    age = "" if header.age_years is None else f"{header.age_years:g} years"
    said = ", ".join(filter(None, [header.modality, header.view, age]))
    return f"  [{said}]" if said else ""
