"""Values that no device should write, and that some do: a picture, or a refusal in words."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from dicom_files import syntaxes
from dicom_files.raw import PIXEL_DATA, RawElement, numbers, text
from dicom_files.syntaxes import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT
from hostile_dicom.building import COLUMNS, FRAMES, ROWS, compressed, xray

_CENTRE, _WIDTH, _FUNCTION = 0x0028_1050, 0x0028_1051, 0x0028_1056
_INTERCEPT, _SLOPE = 0x0028_1052, 0x0028_1053
_ALLOCATED, _STORED, _HIGH, _SIGNED = 0x0028_0100, 0x0028_0101, 0x0028_0102, 0x0028_0103
_SAMPLES, _PHOTOMETRIC, _PLANAR = 0x0028_0002, 0x0028_0004, 0x0028_0006
_ORIENTATION, _ASPECT, _SPACING = 0x0020_0020, 0x0028_0034, 0x0028_0030
_AGE, _BORN, _STUDIED, _VIEW, _MODALITY = (
    0x0010_1010,
    0x0010_0030,
    0x0008_0020,
    0x0018_5101,
    0x0008_0060,
)
_PADDING = 0x0028_0120

_NUMBERS = (
    *("", " ", "0", "-0", "-1", "1e-308", "1e308", "-1e308", "1e400", "nan", "inf", "-inf", "x"),
    *(
        "1,5",
        "0x10",
        "1_000",
        "9" * 60,
        "1\\",
        "\\1",
        "1\\nan",
        "\u0661\u0662",
        "1\x00",
        "+5",
        ".5e3",
    ),
)
_ORIENTATIONS = (
    *("", "L", "\\", "L\\L", "L\\R", "Q\\Z", "F\\H", "lf\\fp", "L\\F\\H", "LAF\\FPR", "A\\P"),
    *("L" * 200 + "\\F", "L\\\u0394", " L \\ F ", "L\x00\\F"),
)
_AGES = (
    "",
    "0Y",
    "000Y",
    "999Y",
    "-04Y",
    "004",
    "4",
    "004X",
    "004Y\\005Y",
    "1e9Y",
    "  4Y",
    "\u0664Y",
)
_DATES = (
    "",
    "20251399",
    "99999999",
    "00000000",
    "2021-03-10",
    "2021",
    "20210310\\20220310",
    "x" * 90,
)
_VIEWS = ("", "XX", "pa", "PA\\LL", "P A", "\x00\x00", "PA" * 100, "\u0420\u0410")
_BITS = (
    *((0, 0, 0), (8, 0, 0), (8, 9, 8), (8, 8, 0), (8, 1, 0), (16, 16, 3), (16, 12, 15), (16, 1, 0)),
    *(
        (7, 7, 6),
        (12, 12, 11),
        (24, 24, 23),
        (32, 32, 31),
        (64, 64, 63),
        (16, 12, 65_535),
        (1, 1, 0),
    ),
    *(
        (16, 17, 16),
        (65_535, 65_535, 65_535),
        (8, 4, 2),
        (16, 10, 8),
        (1, 8, 7),
        (2, 2, 1),
        (4, 4, 3),
    ),
)
_PHOTOMETRICS = (
    *("", "monochrome2", "MONOCHROME2\\RGB", "HSV", "ARGB", "CMYK", "YBR_PARTIAL_420", "XYB"),
    *(
        "RGB",
        "YBR_FULL",
        "YBR_FULL_422",
        "YBR_RCT",
        "PALETTE COLOR",
        "MONOCHROME3",
        "\x00",
        " " * 40,
    ),
)
_FRAMES = ("", "0", "-1", "2", "1.0", "1e1", "2147483648", "9" * 400, "1\\2", "x", " 1 ", "+1")
_CHARACTER_SETS = (
    "",
    "\\",
    "ISO_IR 999",
    "ISO 2022 IR 87",
    "\\ISO 2022 IR 149",
    "GB18030",
    "x" * 90,
    "utf8",
)
_SYNTAXES = (
    *("", "1.2.840.10008.1.2.4.999", "1.2.3", "x" * 64, "1.2.840.113619.5.2", syntaxes.MPEG4),
    *("1.2.840.10008.1.2.4.94", "1.2.840.10008.1.2.4.100", "1.2.840.10008.1.2.8.1", "1" * 4000),
    *("1.2.840.10008.1.2.4.52", "1.2.840.10008.1.2.4.55", "1.2.840.10008.1.2.4.107"),
)


def _windowed(centre: str, width: str, function: str, bits: int = 12) -> bytes:
    return xray(
        text(_CENTRE, b"DS", centre),
        text(_WIDTH, b"DS", width),
        text(_FUNCTION, b"CS", function),
        bits=bits,
    )


def _of_bits(bits: tuple[int, int, int], signed: int) -> bytes:
    allocated, stored, high = bits
    return xray(
        numbers(_ALLOCATED, allocated),
        numbers(_STORED, stored),
        numbers(_HIGH, high),
        numbers(_SIGNED, signed),
    )


def _with(*elements: RawElement) -> Callable[[], bytes]:
    return partial(xray, *elements)


def _shown(value: object) -> str:
    """Of a value, for a name: the same in every process, and short."""
    return repr(value)[:30]


_WINDOWS: dict[str, Callable[[], bytes]] = {
    **{f"window centre {_shown(v)}": partial(_windowed, v, "100", "LINEAR") for v in _NUMBERS},
    **{
        f"window width {_shown(v)}, {function.lower()}": partial(_windowed, "2000", v, function)
        for v in _NUMBERS
        for function in ("LINEAR", "LINEAR_EXACT", "SIGMOID")
    },
    **{
        f"window function {_shown(v)}": partial(_windowed, "2000", "100", v)
        for v in ("", "sigmoid", "LINEAR\\SIGMOID", "CUBIC", "\x00", "S" * 400)
    },
    "window without a width": _with(text(_CENTRE, b"DS", "2000")),
    "more centres than widths": _with(text(_CENTRE, b"DS", "1\\2\\3"), text(_WIDTH, b"DS", "9")),
    **{f"rescale slope {_shown(v)}": _with(text(_SLOPE, b"DS", v)) for v in _NUMBERS},
    **{
        f"rescale intercept {_shown(v)}": _with(
            text(_INTERCEPT, b"DS", v), text(_SLOPE, b"DS", "1")
        )
        for v in _NUMBERS
    },
    **{
        f"rescale by {slope}, window of {width}": _with(
            *(text(_INTERCEPT, b"DS", "0"), text(_SLOPE, b"DS", slope)),
            *(
                text(_CENTRE, b"DS", "0"),
                text(_WIDTH, b"DS", width),
                text(_FUNCTION, b"CS", function),
            ),
        )
        for slope in ("1e307", "1e-307", "-1e307")
        for width, function in (("1e-300", "SIGMOID"), ("1e307", "LINEAR"), ("1", "LINEAR"))
    },
}

ODD: dict[str, Callable[[], bytes]] = {
    **_WINDOWS,
    **{f"orientation {_shown(v)}": _with(text(_ORIENTATION, b"CS", v)) for v in _ORIENTATIONS},
    **{f"aspect {_shown(v)}": _with(text(_ASPECT, b"IS", f"1\\{v}")) for v in _NUMBERS},
    **{f"spacing {_shown(v)}": _with(text(_SPACING, b"DS", f"{v}\\1")) for v in _NUMBERS},
    **{f"age {_shown(v)}": _with(text(_AGE, b"AS", v)) for v in _AGES},
    **{
        f"born {_shown(v)}": _with(text(_BORN, b"DA", v), text(_STUDIED, b"DA", "20250314"))
        for v in _DATES
    },
    **{
        f"studied {_shown(v)}": _with(text(_BORN, b"DA", "20210310"), text(_STUDIED, b"DA", v))
        for v in _DATES
    },
    **{f"view {_shown(v)}": _with(text(_VIEW, b"CS", v)) for v in _VIEWS},
    **{f"modality {_shown(v)}": _with(text(_MODALITY, b"CS", v)) for v in _VIEWS},
    **{
        f"bits {bits}, {'signed' if signed else 'unsigned'}": partial(_of_bits, bits, signed)
        for bits in _BITS
        for signed in (0, 1)
    },
    "pixel representation 2": _with(numbers(_SIGNED, 2)),
    **{f"photometric {_shown(v)}": _with(text(_PHOTOMETRIC, b"CS", v)) for v in _PHOTOMETRICS},
    **{f"samples {n}": _with(numbers(_SAMPLES, n)) for n in (0, 2, 3, 4, 65_535)},
    **{
        f"rgb, planar {n}": _with(
            numbers(_SAMPLES, 3),
            text(_PHOTOMETRIC, b"CS", "RGB"),
            numbers(_PLANAR, n),
            numbers(ROWS, 16),
        )
        for n in (0, 1, 2, 65_535)
    },
    **{f"frames {_shown(v)}": _with(text(FRAMES, b"IS", v)) for v in _FRAMES},
    **{
        f"{rows} rows, {columns} columns": _with(numbers(ROWS, rows), numbers(COLUMNS, columns))
        for rows, columns in ((0, 64), (48, 0), (0, 0), (49, 64), (47, 64), (1, 3072), (3072, 1))
    },
    "rows of nothing": _with(RawElement(ROWS, b"US", b"")),
    "two numbers of rows": _with(numbers(ROWS, 48, 64)),
    "rows as text": _with(text(ROWS, b"IS", "48")),
    "rows of three bytes": _with(RawElement(ROWS, b"US", b"\x30\x00\x00")),
    **{f"character set {_shown(v)}": _with(text(0x0008_0005, b"CS", v)) for v in _CHARACTER_SETS},
    **{f"syntax {_shown(v)}": partial(xray, said=v) for v in _SYNTAXES},
    **{
        f"says {said[-6:]}, is {written[-6:]}": partial(xray, syntax=written, said=said)
        for said in (EXPLICIT, IMPLICIT, BIG_ENDIAN, DEFLATED)
        for written in (EXPLICIT, IMPLICIT, BIG_ENDIAN, DEFLATED)
        if said != written
    },
    **{
        f"says {said[-6:]}, is native": partial(xray, said=said)
        for said in syntaxes.SYNTAXES.values()
    },
    **{
        f"{said[-6:]} of nonsense": partial(compressed, bytes(range(256)) * 9, said)
        for said in syntaxes.SYNTAXES.values()
    },
    **{
        f"{said[-6:]} of nothing": partial(compressed, b"", said)
        for said in syntaxes.SYNTAXES.values()
    },
    "no pixels": partial(xray, pixels=RawElement(PIXEL_DATA, b"OW", b"")),
    "one byte short": partial(xray, pixels=RawElement(PIXEL_DATA, b"OB", bytes(48 * 64 - 2))),
    "one byte more": partial(xray, pixels=RawElement(PIXEL_DATA, b"OB", bytes(48 * 64 + 2))),
    "cut within its pixels": lambda: xray()[:-1000],
    "pixels that end beyond the file": partial(
        xray, pixels=RawElement(PIXEL_DATA, b"OB", bytes(48 * 64), 0x7FFF_FFFE)
    ),
    "padding of another sign": _with(RawElement(_PADDING, b"SS", b"\xff\xff")),
    "padding of nothing": _with(RawElement(_PADDING, b"US", b"")),
    "all is padding": partial(
        xray, numbers(_PADDING, 0), pixels=RawElement(PIXEL_DATA, b"OB", bytes(48 * 64))
    ),
    **{
        f"without {tag:08x}": partial(xray, without=[tag])
        for tag in (
            *(0x0008_0016, 0x0008_0018, 0x0008_0060, _SAMPLES, _PHOTOMETRIC, ROWS, COLUMNS),
            *(_ALLOCATED, _STORED, _HIGH, _SIGNED),
        )
    },
}
