"""Which elements of a DICOM file reading a radiograph needs, and no others (PS3.6)."""

from __future__ import annotations

from vistazo.pictures.container.dicom.elements import Wanted

CHARACTER_SET = 0x0008_0005
SOP_CLASS, SOP_INSTANCE = 0x0008_0016, 0x0008_0018
MANUFACTURER = 0x0008_0070
SAMPLES, PHOTOMETRIC, PLANAR = 0x0028_0002, 0x0028_0004, 0x0028_0006
FRAMES, ROWS, COLUMNS = 0x0028_0008, 0x0028_0010, 0x0028_0011
BITS_ALLOCATED, BITS_STORED, HIGH_BIT, SIGN = 0x0028_0100, 0x0028_0101, 0x0028_0102, 0x0028_0103
REPRESENTATIVE_FRAME = 0x0028_6010
OFFSETS, LENGTHS = 0x7FE0_0001, 0x7FE0_0002

_CODE: Wanted = {
    0x0008_0100: "SH",  # Code Value
    0x0008_0102: "SH",  # Coding Scheme Designator
}
_LOOKUP_TABLE: Wanted = {
    0x0028_3002: "xs",  # LUT Descriptor
    0x0028_3003: "LO",  # LUT Explanation
    0x0028_3004: "LO",  # Modality LUT Type
    0x0028_3006: "OW",  # LUT Data
}
_WINDOW: Wanted = {
    0x0028_1050: "DS",  # Window Center
    0x0028_1051: "DS",  # Window Width
    0x0028_1055: "LO",  # Window Center & Width Explanation
    0x0028_1056: "CS",  # VOI LUT Function
    0x0028_3010: _LOOKUP_TABLE,  # VOI LUT Sequence
}
_RESCALE: Wanted = {
    0x0028_1052: "DS",  # Rescale Intercept
    0x0028_1053: "DS",  # Rescale Slope
    0x0028_1054: "LO",  # Rescale Type
    0x0028_3000: _LOOKUP_TABLE,  # Modality LUT Sequence
}
# Of a picture of many frames, for all of them or for each.
_OF_FRAMES: Wanted = {
    0x0028_9145: _RESCALE,  # Pixel Value Transformation Sequence
    0x0028_9132: _WINDOW,  # Frame VOI LUT Sequence
    0x0020_9450: {  # Patient Orientation in Frame Sequence
        0x0020_0020: "CS",  # Patient Orientation
    },
    0x0028_9110: {  # Pixel Measures Sequence
        0x0028_0030: "DS",  # Pixel Spacing
    },
}
NEEDED: Wanted = {
    CHARACTER_SET: "CS",
    0x0008_0008: "CS",  # Image Type
    SOP_CLASS: "UI",
    SOP_INSTANCE: "UI",
    0x0008_0020: "DA",  # Study Date
    0x0008_0021: "DA",  # Series Date
    0x0008_0022: "DA",  # Acquisition Date
    0x0008_0023: "DA",  # Content Date
    0x0008_0060: "CS",  # Modality
    MANUFACTURER: "LO",
    0x0010_0030: "DA",  # Patient's Birth Date
    0x0010_1010: "AS",  # Patient's Age
    0x0018_0015: "CS",  # Body Part Examined
    0x0018_1164: "DS",  # Imager Pixel Spacing
    0x0018_5100: "CS",  # Patient Position
    0x0018_5101: "CS",  # View Position
    0x0020_0020: "CS",  # Patient Orientation
    0x0020_0060: "CS",  # Laterality
    0x0020_0062: "CS",  # Image Laterality
    SAMPLES: "US",
    PHOTOMETRIC: "CS",
    PLANAR: "US",
    FRAMES: "IS",
    ROWS: "US",
    COLUMNS: "US",
    0x0028_0030: "DS",  # Pixel Spacing
    0x0028_0034: "IS",  # Pixel Aspect Ratio
    BITS_ALLOCATED: "US",
    BITS_STORED: "US",
    HIGH_BIT: "US",
    SIGN: "US",
    0x0028_0106: "xs",  # Smallest Image Pixel Value
    0x0028_0107: "xs",  # Largest Image Pixel Value
    0x0028_0120: "xs",  # Pixel Padding Value
    0x0028_0121: "xs",  # Pixel Padding Range Limit
    0x0028_0301: "CS",  # Burned In Annotation
    0x0028_1040: "CS",  # Pixel Intensity Relationship
    0x0028_1041: "SS",  # Pixel Intensity Relationship Sign
    **_WINDOW,
    **_RESCALE,
    0x0028_1101: "xs",  # Red Palette Color Lookup Table Descriptor
    0x0028_1102: "xs",  # Green
    0x0028_1103: "xs",  # Blue
    0x0028_1201: "OW",  # Red Palette Color Lookup Table Data
    0x0028_1202: "OW",  # Green
    0x0028_1203: "OW",  # Blue
    0x0028_1221: "OW",  # Segmented Red Palette Color Lookup Table Data
    0x0028_1222: "OW",  # Green
    0x0028_1223: "OW",  # Blue
    REPRESENTATIVE_FRAME: "US",
    0x0054_0220: _CODE,  # View Code Sequence
    0x2050_0020: "CS",  # Presentation LUT Shape
    0x5200_9229: _OF_FRAMES,  # Shared Functional Groups Sequence
    0x5200_9230: _OF_FRAMES,  # Per-frame Functional Groups Sequence
    OFFSETS: "OV",  # Extended Offset Table
    LENGTHS: "OV",
}
