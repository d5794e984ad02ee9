"""The codes of a DICOM header that are ever told: closed tables, so that nothing else gets through.

A header is text that others wrote, and any field may hold a name. So a value is one of those below,
or it is as if the header said nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# PS3.16 CID 29 (Acquisition Modality), CID 32 (Non-Acquisition Modality), and some retired ones.
MODALITIES: Mapping[str, str] = {
    "AR": "autorefraction",
    "BI": "biomagnetic imaging",
    "BMD": "bone mineral densitometry",
    "CFM": "confocal microscopy",
    "CR": "computed radiography",
    "CT": "computed tomography",
    "DG": "diaphanography",
    "DMS": "dermoscopy",
    "DOC": "a document",
    "DX": "digital radiography",
    "ECG": "electrocardiography",
    "EPS": "cardiac electrophysiology",
    "ES": "endoscopy",
    "GM": "general microscopy",
    "HC": "a hard copy",
    "HD": "a haemodynamic waveform",
    "IO": "intra-oral radiography",
    "IVOCT": "intravascular optical coherence tomography",
    "IVUS": "intravascular ultrasound",
    "KER": "keratometry",
    "KO": "a selection of other objects",
    "LEN": "lensometry",
    "LS": "a laser surface scan",
    "MG": "mammography",
    "MR": "magnetic resonance",
    "NM": "nuclear medicine",
    "OAM": "ophthalmic axial measurements",
    "OCT": "optical coherence tomography",
    "OP": "ophthalmic photography",
    "OPM": "ophthalmic mapping",
    "OPT": "ophthalmic tomography",
    "OPTBSV": "ophthalmic tomography B-scan volume analysis",
    "OPTENF": "ophthalmic tomography en face",
    "OPV": "an ophthalmic visual field",
    "OSS": "an optical surface scan",
    "OT": "other",
    "PA": "photoacoustics",
    "POS": "a position sensor",
    "PR": "a presentation state",
    "PT": "positron emission tomography",
    "PX": "panoramic radiography",
    "REG": "a registration",
    "RF": "radiofluoroscopy",
    "RG": "radiographic imaging with a screen",
    "RTDOSE": "a radiotherapy dose",
    "RTIMAGE": "a radiotherapy image",
    "RTPLAN": "a radiotherapy plan",
    "RTSTRUCT": "a radiotherapy structure set",
    "SEG": "a segmentation",
    "SM": "slide microscopy",
    "SR": "a structured report",
    "ST": "single-photon emission tomography",
    "TG": "thermography",
    "US": "ultrasound",
    "VA": "visual acuity",
    "XA": "X-ray angiography",
    "XC": "a photograph",
}
# View Position (0018,5101), PS3.3 C.8.1.1 and C.8.11.5, and what is written there, too.
VIEWS: Mapping[str, str] = {
    "AP": "anteroposterior",
    "PA": "posteroanterior",
    "LL": "left lateral",
    "RL": "right lateral",
    "LLD": "left lateral decubitus",
    "RLD": "right lateral decubitus",
    "LLO": "left lateral oblique",
    "RLO": "right lateral oblique",
    "LAO": "left anterior oblique",
    "RAO": "right anterior oblique",
    "LPO": "left posterior oblique",
    "RPO": "right posterior oblique",
    "FRONTAL": "frontal",
    "LATERAL": "lateral",
    "OBLIQUE": "oblique",
    "AXIAL": "axial",
}
VIEW_WORDS: Mapping[str, str] = {
    **{code: code for code in VIEWS},
    "ANTEROPOSTERIOR": "AP",
    "POSTEROANTERIOR": "PA",
    "LAT": "LATERAL",
    "LLAT": "LL",
    "RLAT": "RL",
    "LEFT LATERAL": "LL",
    "RIGHT LATERAL": "RL",
    "OBL": "OBLIQUE",
}
# A view that is named less exactly than another: each may be any of these.
MAY_BE: Mapping[str, tuple[str, ...]] = {
    "FRONTAL": ("AP", "PA"),
    "LATERAL": ("LL", "RL"),
    "OBLIQUE": ("LLO", "RLO", "LAO", "RAO", "LPO", "RPO"),
}
# View Code Sequence, PS3.16 CID 4010 (DX View): codes of SNOMED CT, and of SNOMED RT before it.
VIEW_CODES: Mapping[str, str] = {
    "399348003": "AP", "R-10206": "AP",
    "272479007": "PA", "R-10214": "PA", "R-40888": "PA",
    "399173006": "LL", "R-10236": "LL",
    "399198007": "RL", "R-10232": "RL",
    "399067008": "LATERAL", "R-102CD": "LATERAL",
    "399352003": "LATERAL", "R-10228": "LATERAL",
    "399260004": "LATERAL", "R-10224": "LATERAL",
    "399033003": "FRONTAL", "R-10202": "FRONTAL",
    "399135007": "LAO", "R-10220": "LAO",
    "399356000": "RAO", "R-40985": "RAO",
    "399006002": "LPO", "R-10212": "LPO",
    "399038007": "RPO", "R-10210": "RPO",
    "399184004": "OBLIQUE", "R-10238": "OBLIQUE",
    "399236003": "OBLIQUE", "R-10234": "OBLIQUE",
    "399182000": "OBLIQUE", "R-102C1": "OBLIQUE",
    "399312000": "OBLIQUE", "R-10208": "OBLIQUE",
    "399059000": "OBLIQUE", "R-10216": "OBLIQUE",
    "399061009": "AXIAL", "R-10241": "AXIAL",
}  # fmt: skip
LATERALITIES = ("R", "L", "U", "B")  # right, left, unpaired, both: PS3.3 C.7.3.1
# Body Part Examined (0018,0015): of PS3.16 Annex L those that X-rays are made of.
_BODY_PARTS = (
    "ABDOMEN ABDOMENPELVIS ANKLE ARM BREAST CALCANEUS CHEST CHESTABDOMEN CHESTABDPELVIS CLAVICLE "
    "COCCYX CSPINE CTSPINE ELBOW EXTREMITY FACE FEMUR FINGER FOOT HAND HEAD HEADNECK HEART HIP "
    "HUMERUS JAW KNEE LEG LSPINE LSSPINE LUNG MAXILLA MEDIASTINUM NECK NECKCHEST NOSE ORBIT "
    "PATELLA PELVIS RIB SCAPULA SHOULDER SIJOINT SINUS SKULL SPINE SSPINE STERNUM THIGH THUMB "
    "TLSPINE TMJ TOE TRACHEA TSPINE WHOLEBODY WRIST ZYGOMA"
)
BODY_PART_WORDS: Mapping[str, str] = {
    **{part: part for part in _BODY_PARTS.split()},
    "THORAX": "CHEST",
    "LUNGS": "LUNG",
}
BODY_PARTS = frozenset(BODY_PART_WORDS.values())
# How grey levels were made: not of the header, but told beside what it says.
WINDOWS = ("linear", "linear_exact", "sigmoid", "lut", "min_max", "whole")
MOST_YEARS = 150.0
_UID = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))+")
_MAX_UID = 64  # PS3.5 section 9


def is_uid(text: str) -> bool:
    return len(text) <= _MAX_UID and _UID.fullmatch(text) is not None
