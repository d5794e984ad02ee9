"""The pixels of a DICOM file: grey levels as the standard makes them, whatever decodes them."""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import vistazo
from vistazo.errors import (
    CorruptImageError,
    InputError,
    RejectedUploadError,
    UnsupportedFormatError,
)
from vistazo.pictures import ImageLimits, open_image
from vistazo.pictures.dicom import gdcm_codec
from vistazo.pictures.dicom.codestream import LOSSLESS, jpeg_stream

pytest.importorskip("pydicom")
from dicom_files import CASES, colours, dicom_file, shades, syntaxes

LOSSLESS_SYNTAXES = {
    "rle": syntaxes.RLE,
    "jpeg lossless": syntaxes.JPEG_LOSSLESS,
    "jpeg lossless, first order": syntaxes.JPEG_LOSSLESS_FIRST,
    "jpeg-ls": syntaxes.JPEG_LS,
    "jpeg 2000": syntaxes.JPEG_2000_LOSSLESS,
    "deflated": syntaxes.DEFLATED,
    "implicit": syntaxes.IMPLICIT,
    "big endian": syntaxes.BIG_ENDIAN,
}
TWELVE = shades(bits=12)
RAMP = np.arange(4096, dtype=np.uint16).reshape(64, 64)


def shown(data: bytes, at_least: tuple[int, int] | None = None) -> np.ndarray:
    return np.asarray(open_image(data, ImageLimits()).decode(at_least).pixels)


def told_window(data: bytes) -> str:
    radiograph = open_image(data, ImageLimits()).header.radiograph
    assert radiograph is not None
    return radiograph.window


def ramp(**header: Any) -> np.ndarray:
    """What each of the values 0..4095 becomes."""
    return shown(dicom_file(RAMP, bits_stored=12, **header)).reshape(-1)


@pytest.mark.parametrize("syntax", LOSSLESS_SYNTAXES.values(), ids=list(LOSSLESS_SYNTAXES))
@pytest.mark.parametrize(
    ("pixels", "stored"),
    [
        (shades(), 8),
        (TWELVE, 12),
        (shades(bits=10), 10),
        (shades(bits=16), 16),
        (shades(bits=16, signed=True), 16),
        (colours(), 8),
    ],
    ids=["8 bits", "12 bits", "10 bits", "16 bits", "16 bits signed", "colours"],
)
def test_what_is_compressed_without_loss_has_the_pixels_of_the_original(
    syntax: str, pixels: np.ndarray, stored: int
) -> None:
    original = shown(dicom_file(pixels, bits_stored=stored))
    compressed = shown(dicom_file(pixels, bits_stored=stored, transfer_syntax=syntax))
    np.testing.assert_array_equal(compressed, original)


NEAR = "jpeg-ls near lossless, "


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith(NEAR)])
def test_what_is_almost_lossless_differs_by_as_little(name: str) -> None:
    original = shown(CASES[name.replace(NEAR, "jpeg-ls, ")]()).astype(float)
    assert np.abs(shown(CASES[name]()) - original).max() <= 2


def test_eight_bits_that_say_nothing_are_seen_as_they_are() -> None:
    np.testing.assert_array_equal(shown(dicom_file(shades())), shades())
    assert told_window(dicom_file(shades())) == "whole"


def test_more_bits_that_say_nothing_are_seen_from_the_least_to_the_most() -> None:
    pixels = np.array([[1000, 2000], [3000, 1000]], np.uint16)
    levels = shown(dicom_file(pixels, bits_stored=12))
    np.testing.assert_allclose(levels, [[0, 127.5], [255, 0]], atol=1e-4)
    assert levels.dtype == np.float32
    assert told_window(dicom_file(pixels, bits_stored=12)) == "min_max"


def test_a_linear_window_is_that_of_the_standard() -> None:
    levels = ramp(WindowCenter=2048, WindowWidth=4096)  # C.11.2.1.2.1, note 3
    np.testing.assert_allclose(levels, np.arange(4096) * 255 / 4095, atol=1e-3)


@pytest.mark.parametrize(
    ("function", "at", "level"),
    [
        ("LINEAR", 2100, 255 * (100 - (-0.5)) / 199 + 127.5),
        ("LINEAR_EXACT", 2100, 255),
        ("LINEAR_EXACT", 2050, 191.25),
        ("SIGMOID", 2000, 127.5),
        ("SIGMOID", 2050, 255 / (1 + np.exp(-1))),
        ("OF SOMEBODY", 2000, 255 * 0.5 / 199 + 127.5),
    ],
)
def test_each_window_function_is_that_of_the_standard(function: str, at: int, level: float) -> None:
    levels = ramp(WindowCenter=2000, WindowWidth=200, VOILUTFunction=function)
    assert levels[at] == pytest.approx(min(level, 255), abs=1e-3)


def test_a_window_of_one_grey_level_is_a_threshold() -> None:
    levels = ramp(WindowCenter=2000, WindowWidth=1)
    assert (levels[1999], levels[2000]) == (0, 255)


@pytest.mark.parametrize("width", [0, -5, 0.5, "nan", "inf"])
def test_a_window_that_is_none_is_not_taken(width: Any) -> None:
    header = {0x00281050: ("DS", "2000"), 0x00281051: ("LO", str(width))}
    assert told_window(dicom_file(TWELVE, bits_stored=12, elements=header)) == "min_max"


def test_of_several_windows_the_first_counts_and_before_a_table() -> None:
    first = ramp(WindowCenter=[1000, 3000], WindowWidth=[100, 200])
    np.testing.assert_array_equal(first, ramp(WindowCenter=1000, WindowWidth=100))
    assert told_window(CASES["voi lut"]()) == "lut"
    assert told_window(CASES["voi lut and window"]()) == "linear"


def test_monochrome1_is_inverse_and_so_says_its_presentation_shape() -> None:
    plain = ramp(WindowCenter=2048, WindowWidth=4096)
    inverse = ramp(photometric="MONOCHROME1", WindowCenter=2048, WindowWidth=4096)
    np.testing.assert_allclose(plain + inverse, 255, atol=1e-3)
    np.testing.assert_array_equal(
        inverse, ramp(PresentationLUTShape="INVERSE", WindowCenter=2048, WindowWidth=4096)
    )


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_padding_is_black_and_no_part_of_the_scale(photometric: str) -> None:
    pixels = np.array([[4095, 1000], [2000, 1500]], np.uint16)
    header = {"photometric": photometric, "PixelPaddingValue": 4095}
    levels = shown(dicom_file(pixels, bits_stored=12, **header))
    scale = [[0, 0], [255, 127.5]] if photometric == "MONOCHROME2" else [[0, 255], [0, 127.5]]
    np.testing.assert_allclose(levels, scale, atol=1e-3)


def test_a_range_of_padding_is_padding() -> None:
    pixels = np.array([[4095, 4000], [2000, 1500]], np.uint16)
    header = {"PixelPaddingValue": 4095, "PixelPaddingRangeLimit": 4000}
    levels = shown(dicom_file(pixels, bits_stored=12, **header))
    np.testing.assert_array_equal(levels, [[0, 0], [255, 0]])


def test_a_picture_that_is_all_padding_is_black() -> None:
    pixels = np.full((4, 4), 7, np.uint16)
    assert not shown(dicom_file(pixels, bits_stored=12, PixelPaddingValue=7)).any()


def test_rescaled_values_are_what_the_window_is_of() -> None:
    header = {"RescaleSlope": 2, "RescaleIntercept": -1000, "WindowWidth": 4096}
    levels = ramp(**header, WindowCenter=1048)
    np.testing.assert_allclose(levels[:3], ramp(WindowCenter=1024, WindowWidth=2048)[:3], atol=0.1)
    assert levels[500] == pytest.approx((1000 - 1000 - 1047.5) / 4095 * 255 + 127.5, abs=1e-3)


@pytest.mark.parametrize("kind", ["1", "2"])
def test_of_angiography_and_fluoroscopy_the_stored_values_are_looked_at(kind: str) -> None:
    window = {"WindowCenter": 1500, "WindowWidth": 2000}
    uid = f"1.2.840.10008.5.1.4.1.1.12.{kind}"
    levels = ramp(SOPClassUID=uid, RescaleSlope=2, RescaleIntercept=-1000, **window)
    np.testing.assert_array_equal(levels, ramp(**window))


def test_an_overlay_in_bits_that_are_not_stored_is_not_seen() -> None:
    np.testing.assert_array_equal(
        shown(CASES["overlay in unused bits"]()),
        shown(dicom_file(TWELVE, bits_stored=12, WindowCenter=2048, WindowWidth=4096)),
    )


def test_bits_may_be_stored_at_the_high_end() -> None:
    np.testing.assert_array_equal(
        shown(CASES["12 of 16 bits, in the high ones"]()), shown(dicom_file(TWELVE, bits_stored=12))
    )


@pytest.mark.parametrize("name", ["ybr full", "ybr full, by planes", "rgb, by planes"])
def test_colours_are_rgb_however_they_lie(name: str) -> None:
    assert np.abs(shown(CASES[name]()).astype(int) - colours()).max() <= 1


def test_a_palette_gives_its_colours() -> None:
    index = shades().astype(int)
    expected = np.stack([index, 255 - index, index * 3 % 256], axis=-1)
    for name in ("palette, 8 bits", "palette, 16 bits"):
        np.testing.assert_array_equal(shown(CASES[name]()), expected)


def test_a_palette_in_segments_goes_in_lines() -> None:
    levels = shown(CASES["palette, segmented"]())
    index = shades().astype(int)
    rising = np.where(index <= 127, index / 127, 1 - (index - 127) / 256)
    assert np.abs(levels[..., 0] - rising * 255).max() <= 1


_MARKED = np.zeros((40, 60), np.uint8)
_MARKED[:10, :20] = 200  # at the patient's right shoulder, where all is as it should be


@pytest.mark.parametrize(
    ("row", "column", "stored"),
    [
        ("L", "F", _MARKED), ("R", "F", _MARKED[:, ::-1]), ("L", "H", _MARKED[::-1]),
        ("R", "H", _MARKED[::-1, ::-1]), ("F", "L", _MARKED.T), ("F", "R", _MARKED[:, ::-1].T),
        ("H", "L", _MARKED[::-1].T), ("H", "R", _MARKED[::-1, ::-1].T),
    ],
)  # fmt: skip
def test_a_frontal_view_is_brought_upright_from_any_of_eight_orientations(
    row: str, column: str, stored: np.ndarray
) -> None:
    data = dicom_file(np.ascontiguousarray(stored), PatientOrientation=[row, column])
    image = open_image(data, ImageLimits())
    np.testing.assert_array_equal(image.decode().pixels, _MARKED)
    assert image.upright_size == (60, 40)
    assert image.header.radiograph is not None
    assert image.header.radiograph.turned == ((row, column) != ("L", "F"))


@pytest.mark.parametrize("view", ["ANTEROPOSTERIOR", "POSTEROANTERIOR", "FRONTAL"])
def test_a_frontal_view_is_known_whatever_word_it_has(view: str) -> None:
    header = {"PatientOrientation": ["R", "F"], "ViewPosition": view}
    stored = np.ascontiguousarray(_MARKED[:, ::-1])
    np.testing.assert_array_equal(shown(dicom_file(stored, **header)), _MARKED)


@pytest.mark.parametrize(
    "header",
    [
        {"PatientOrientation": ["A", "F"]}, {"PatientOrientation": ["R"]}, {},
        {"PatientOrientation": ["R", "F"], "ViewPosition": "LL"},
        {"PatientOrientation": ["R", "L"]},
    ],
)  # fmt: skip
def test_other_views_stay_as_they_are(header: dict[str, Any]) -> None:
    np.testing.assert_array_equal(shown(dicom_file(_MARKED, **header)), _MARKED)


@pytest.mark.parametrize(
    ("header", "shape"),
    [
        ({"PixelSpacing": [0.4, 0.2]}, (40, 30)),
        ({"ImagerPixelSpacing": [0.2, 0.4]}, (20, 60)),
        ({"PixelAspectRatio": [2, 1]}, (40, 30)),
        ({"PixelSpacing": [0.2, 0.2], "PixelAspectRatio": [2, 1]}, (40, 60)),
        ({"PixelSpacing": [0.2, 0.201]}, (40, 60)),
        ({"PixelAspectRatio": [60_000, 1]}, (40, 60)),
        ({"PixelAspectRatio": [0, 1]}, (40, 60)),
        ({"PixelSpacing": [0.4, 0.2], "PatientOrientation": ["F", "L"]}, (30, 40)),
    ],
)
def test_pixels_become_square_and_never_more(
    header: dict[str, Any], shape: tuple[int, int]
) -> None:
    assert shown(dicom_file(_MARKED, **header)).shape == shape


def test_a_smaller_picture_has_the_averages_of_its_blocks() -> None:
    whole = shown(dicom_file(TWELVE, bits_stored=12))
    smaller = shown(dicom_file(TWELVE, bits_stored=12), at_least=(12, 12))
    blocks = whole.reshape(24, 2, 32, 2).mean((1, 3))
    np.testing.assert_allclose(smaller, blocks, atol=0.01)


def test_a_frame_may_have_a_window_of_its_own() -> None:
    from pydicom.dataset import Dataset

    def groups(centre: int) -> Dataset:
        window, found = Dataset(), Dataset()
        window.WindowCenter, window.WindowWidth = centre, 100
        found.FrameVOILUTSequence = [window]
        return found

    frames = np.stack([RAMP, RAMP])
    each = {"PerFrameFunctionalGroupsSequence": [groups(500), groups(1500)]}
    first = shown(dicom_file(frames, bits_stored=12, WindowCenter=9, WindowWidth=9, **each))
    np.testing.assert_array_equal(first.reshape(-1), ramp(WindowCenter=500, WindowWidth=100))
    second = dicom_file(frames, bits_stored=12, RepresentativeFrameNumber=2, **each)
    np.testing.assert_array_equal(
        shown(second).reshape(-1), ramp(WindowCenter=1500, WindowWidth=100)
    )


def _entropy_coded(data: bytes, syntax: str) -> tuple[bytes, int]:
    at = data.rindex(b"\xff\xda")
    return data, at + 2 + struct.unpack_from(">H", data, at + 2)[0]


@pytest.mark.parametrize("syntax", [syntaxes.JPEG_LOSSLESS, syntaxes.JPEG_LOSSLESS_FIRST])
def test_a_lossless_jpeg_whose_codes_are_damaged_is_refused_and_nothing_is_printed(
    syntax: str, capfd: pytest.CaptureFixture[str]
) -> None:
    data, at = _entropy_coded(dicom_file(TWELVE, bits_stored=12, transfer_syntax=syntax), syntax)
    damaged = data[: at + 60] + b"\xfe" * 400 + data[at + 460 :]
    with pytest.raises(CorruptImageError):
        shown(damaged)
    assert capfd.readouterr() == ("", "")


def test_a_jpeg_of_twelve_bits_is_decoded_and_nothing_is_printed(
    capfd: pytest.CaptureFixture[str],
) -> None:
    data = CASES["jpeg extended, 12 of 16 bits"]()
    assert shown(data).std() > 10
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "make",
    [
        lambda good: good.replace(b"\xff\xc3", b"\xff\xc1"),
        lambda good: good.replace(b"\xff\xc4", b"\xff\xfd"),
        lambda good: good[:-2],
        lambda good: good[: good.index(b"\xff\xda")] + b"\xff\xd9",
        lambda good: _with_byte(good, good.index(b"\xff\xc4") + 5, 255),
        lambda good: _with_byte(good, good.index(b"\xff\xc4") + 4, 0x1F),
        lambda good: _with_byte(good, good.index(b"\xff\xda") + 4, 4),
        lambda good: _with_byte(good, good.index(b"\xff\xda") + 7, 0),
        lambda good: _with_byte(good, good.index(b"\xff\xc3") + 11, 0x22),
        lambda good: _with_byte(good, good.index(b"\xff\xc3") + 4, 17),
    ],
)
def test_a_jpeg_on_whose_headers_gdcm_would_stumble_never_gets_there(
    make: Callable[[bytes], bytes],
) -> None:
    data = dicom_file(TWELVE, bits_stored=12, transfer_syntax=syntaxes.JPEG_LOSSLESS)
    good = data[data.rindex(b"\xff\xd8") : data.rindex(b"\xff\xd9") + 2]
    assert jpeg_stream(good, LOSSLESS).rows == len(TWELVE)
    with pytest.raises(CorruptImageError):
        jpeg_stream(make(good), LOSSLESS)


def _with_byte(data: bytes, at: int, value: int) -> bytes:
    return data[:at] + bytes((value,)) + data[at + 1 :]


def test_fewer_pixels_than_a_header_says_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a decoder gives: it is not asked twice."""
    data = dicom_file(TWELVE, bits_stored=12, transfer_syntax=syntaxes.JPEG_LS)
    whole = gdcm_codec.decoded
    monkeypatch.setattr(
        "vistazo.pictures.dicom.gdcm_codec.decoded", lambda *given: whole(*given)[:-1]
    )
    with pytest.raises(CorruptImageError):
        shown(data)


def test_want_of_memory_is_no_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("vistazo.pictures.dicom.gdcm_codec.decoded", fails)
    with pytest.raises(MemoryError):
        shown(dicom_file(TWELVE, bits_stored=12, transfer_syntax=syntaxes.JPEG_LS))


def test_run_lengths_of_more_than_the_picture_are_not_unpacked() -> None:
    good = dicom_file(shades(), transfer_syntax=syntaxes.RLE)
    with pytest.raises(InputError):
        shown(good[: good.rindex(b"\xfe\xff\xdd\xe0") - 200] + good[-8:])


@pytest.mark.parametrize("syntax", [*LOSSLESS_SYNTAXES.values(), syntaxes.EXPLICIT])
def test_a_picture_that_its_decoder_holds_too_much_of_is_refused(syntax: str) -> None:
    data = dicom_file(TWELVE, bits_stored=12, transfer_syntax=syntax)
    with pytest.raises(RejectedUploadError) as refused:
        open_image(data, ImageLimits())._source.picture(None, TWELVE.size)
    assert [rule.rule for rule in refused.value.broken] == ["max_held_bytes"]
    open_image(data, ImageLimits())._source.picture(None, 24 * TWELVE.size)


def test_grey_levels_are_computed_for_the_rows_that_are_asked_for() -> None:
    pixels = np.tile(TWELVE, (30, 30))
    image = open_image(dicom_file(pixels, bits_stored=12), ImageLimits())
    tracemalloc.start()
    picture = image.decode()
    for _ in picture.strips():
        pass
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert held < 2 * pixels.size  # all of them in float32 are four bytes each


def test_what_is_missing_to_decode_a_file_is_said_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = (syntaxes.JPEG_LOSSLESS, syntaxes.JPEG_LS, syntaxes.JPEG_2000_LOSSLESS)
    made = [dicom_file(TWELVE, bits_stored=12, transfer_syntax=syntax) for syntax in kinds]
    for name in ("gdcm", "openjpeg.utils"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr("importlib.import_module", _not_installed)
    for data in made:
        with pytest.raises(UnsupportedFormatError, match=re.escape("vistazo[dicom]")):
            open_image(data, ImageLimits())
    shown(dicom_file(TWELVE, bits_stored=12, transfer_syntax=syntaxes.RLE))


def _not_installed(name: str) -> None:
    raise ImportError(name)


def test_an_x_ray_loads_what_decodes_it_and_nothing_else(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from vistazo.pictures import ImageLimits, open_image\n"
        "told = lambda: sorted({'gdcm', 'openjpeg', 'pydicom'} & set(sys.modules))\n"
        "for path in sys.argv[1:]:\n"
        "    open_image(Path(path).read_bytes(), ImageLimits()).decode(); print(told())"
    )
    kinds = (syntaxes.EXPLICIT, syntaxes.RLE, syntaxes.JPEG_2000_LOSSLESS, syntaxes.JPEG_LOSSLESS)
    paths = [tmp_path / f"{number}.dcm" for number in range(len(kinds))]
    for path, syntax in zip(paths, kinds, strict=True):
        path.write_bytes(dicom_file(TWELVE, bits_stored=12, transfer_syntax=syntax))
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, paths)],
        env={**os.environ, "PYTHONPATH": str(Path(vistazo.__file__).parents[1])},
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout.split("\n")[:4] == ["[]", "[]", "['openjpeg']", "['gdcm', 'openjpeg']"]
    assert not done.stderr
