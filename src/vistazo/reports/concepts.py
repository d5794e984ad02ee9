"""Coded concepts: those of standards where there is one, else our own (DICOM PS3.3 section 8).

A label means what the card of its model says, which no standard's code does: it is coded in our own
scheme, 99VISTAZO, and its words are the code's meaning.
"""

from __future__ import annotations

import hashlib
import re

from highdicom.sr.coding import CodedConcept
from pydicom.sr.codedict import codes

from vistazo.reports.shortening import cut

SCHEME = "99VISTAZO"
_MOST_BYTES = 64  # of a Code Meaning (LO)
_SHORT = re.compile(r"[A-Za-z0-9._-]{1,14}")  # of a Code Value (SH, 16), with what is put before
_ANNOTATION = re.compile(r"[!-Z^-z|~]{1,14}")  # of a unit (UCUM section 6): no bracket


def dcm(value: str, meaning: str) -> CodedConcept:
    return CodedConcept(value, "DCM", meaning)


def sct(value: str, meaning: str) -> CodedConcept:
    return CodedConcept(value, "SCT", meaning)


def own(value: str, meaning: str) -> CodedConcept:
    return CodedConcept(value, SCHEME, cut(meaning, _MOST_BYTES))


def label(text: str) -> CodedConcept:
    return own(f"L-{_short(text)}", text)


def probability_of(text: str) -> CodedConcept:
    return own(f"P-{_short(text)}", f"Probability of {text}")


def number(output: str) -> CodedConcept:
    return own(f"N-{_short(output)}", output)


def no_units() -> CodedConcept:
    return CodedConcept("1", "UCUM", "no units")


def unit(text: str) -> CodedConcept:
    """As an annotation, which UCUM lets be any word: what a card calls a unit is no code of it."""
    if not text.strip():
        return no_units()
    word = text if _ANNOTATION.fullmatch(text) else _name_of(text)
    return CodedConcept(f"{{{word}}}", "UCUM", cut(text, _MOST_BYTES))


# Procedures that pictures come from, by their modality.
_PROCEDURES = {
    "CR": sct("168537006", "Plain radiography"),
    "DX": sct("168537006", "Plain radiography"),
    "RG": sct("168537006", "Plain radiography"),
    "MG": sct("71651007", "Mammography"),
    "RF": sct("44491008", "Fluoroscopy"),
    "XA": sct("77343006", "Angiography"),
}
_LANGUAGES = {"en": "English", "es": "Spanish"}


def procedure(modality: str) -> CodedConcept:
    return _PROCEDURES.get(modality, sct("363679005", "Imaging procedure"))


def modality(code: str) -> CodedConcept:
    """One of PS3.16 CID 29 (Acquisition Modality)."""
    known = {each.value: each.meaning for each in codes.CID29.concepts.values()}
    return dcm(code, known[code]) if code in known else dcm("OT", "Other Modality")


def language(code: str) -> CodedConcept:
    return CodedConcept(code, "RFC5646", _LANGUAGES.get(code, code))


def _short(text: str) -> str:
    """The text itself where a code can be; else a name for it that no other text has."""
    return text if _SHORT.fullmatch(text) else _name_of(text)


def _name_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:14]
