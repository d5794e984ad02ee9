"""Our grey levels beside those of dcmtk's dcmj2pnm, within one of 256.

Where we differ on purpose, the reference is made to differ likewise, and says why.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vistazo.errors import InputError
from vistazo.pictures import ImageLimits, open_image

pydicom = pytest.importorskip("pydicom")
from dicom_files import CASES, dicom_file, shades  # noqa: E402

pytestmark = [
    pytest.mark.longer,
    pytest.mark.skipif(shutil.which("dcmj2pnm") is None, reason="dcmtk is not installed"),
]

# How dcmj2pnm is told to do what the header makes us do.
WAYS = {
    "linear": ("+Wi", "1"),
    "linear_exact": ("+Wi", "1"),
    "sigmoid": ("+Wi", "1"),
    "lut": ("+Wl", "1"),
    "min_max": ("+Wm",),
    "whole": ("-W",),
    "": ("-W",),
}
# Not read by dcmj2pnm 3.6.7; tests/unit/test_dicom_pixels.py holds them against their originals.
NOT_READ_BY_DCMTK = ("palette, segmented", "jpeg-ls", "jpeg 2000", "extended offsets", "fragments")
# It takes the one bit that is stored for half of the scale; padding for pixels of the picture.
OTHER_BY_INTENTION = ("1 bit", "one bit", "padding")
# dcmtk reckons YCbCr around 127.5, where PS3.3 C.7.6.3.1.2 has 128, and cuts instead of rounding;
# what is rescaled becomes whole numbers, which a window of few levels shows.
ROUNDED = {"ybr full": 2.0, "rescale by fractions": 1.5, "693_J2KI": 3.0}
# Of pydicom's files; the others may be no pictures.
PICTURES = ("693_", "RG", "JPEG", "JPG", "MR_", "SC_", "CT_", "examples_", "J2K", "GDCM", "1.2.")
DAMAGED = ("MR_truncated.dcm", "JPEG2000-embedded-sequence-delimiter.dcm")
SHARED = Path(__file__).parents[3] / "shared" / "data" / "dicom"


def ours(data: bytes) -> tuple[np.ndarray, str, bool]:
    image = open_image(data, ImageLimits())
    radiograph = image.header.radiograph
    assert radiograph is not None
    return np.asarray(image.decode().pixels), radiograph.window, radiograph.turned


def dcmtk(data: bytes, window: str, folder: Path, *more: str) -> np.ndarray:
    source, target = folder / "picture.dcm", folder / "picture.pnm"
    source.write_bytes(data)
    command = ["dcmj2pnm", "-O", *WAYS[window], *more, str(source), str(target)]
    subprocess.run(command, check=True, capture_output=True)
    return np.asarray(Image.open(target))


def bound(name: str) -> float:
    return next((most for part, most in ROUNDED.items() if part in name), 1.0)


def _is_comparable(name: str) -> bool:
    apart = ("orientation", "pixels twice", "spacing twice")
    return not any(part in name for part in (*NOT_READ_BY_DCMTK, *OTHER_BY_INTENTION, *apart))


@pytest.mark.parametrize("name", [name for name in CASES if _is_comparable(name)])
def test_a_file_has_the_grey_levels_of_dcmtk(name: str, tmp_path: Path) -> None:
    data = CASES[name]()
    levels, window, _ = ours(data)
    assert np.abs(levels - dcmtk(data, window, tmp_path).astype(float)).max() <= bound(name)


def test_angiography_has_them_too(tmp_path: Path) -> None:
    header = {"WindowCenter": 1500, "WindowWidth": 2000, "RescaleSlope": 2, "RescaleIntercept": 5}
    kind = {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.12.1", "Modality": "XA"}
    data = dicom_file(shades(bits=12), bits_stored=12, **header, **kind)
    assert np.abs(ours(data)[0] - dcmtk(data, "linear", tmp_path).astype(float)).max() <= 1


@pytest.mark.parametrize("name", ["padding, with a window", "padding, a range"])
def test_beside_its_padding_a_picture_has_them_too(name: str, tmp_path: Path) -> None:
    header = {"WindowCenter": 1500, "WindowWidth": 2000, "PixelPaddingValue": 4095}
    pixels = shades(bits=12)
    pixels[:, :8] = 4095
    data = dicom_file(pixels, bits_stored=12, **header)
    difference = np.abs(ours(data)[0] - dcmtk(data, "linear", tmp_path).astype(float))
    assert difference[pixels != 4095].max() <= 1


@pytest.mark.parametrize(
    ("orientation", "options"),
    [
        (["R", "F"], ["+Lh"]), (["L", "H"], ["+Lv"]), (["R", "H"], ["+Lhv"]),
        (["F", "R"], ["+Rr"]), (["H", "L"], ["+Rl"]),
    ],
    ids=lambda given: "-".join(given).replace("+", ""),
)  # fmt: skip
def test_what_is_turned_is_turned_as_dcmtk_turns(
    orientation: list[str], options: list[str], tmp_path: Path
) -> None:
    data = dicom_file(shades(), PatientOrientation=orientation)
    levels, window, is_turned = ours(data)
    assert is_turned
    np.testing.assert_array_equal(levels, dcmtk(data, window, tmp_path, *options))


def _files() -> list[Path]:
    package = Path(pydicom.__file__).parent / "data" / "test_files"
    return [*sorted(SHARED.glob("*.dcm")), *sorted(package.rglob("*.dcm"))]


@pytest.mark.filterwarnings("ignore:.*VR for reading:UserWarning")
@pytest.mark.parametrize("path", _files(), ids=lambda path: path.name)
def test_a_file_of_others_has_the_grey_levels_of_dcmtk(path: Path, tmp_path: Path) -> None:
    data = path.read_bytes()
    try:
        levels, window, is_turned = ours(data)
    except InputError:
        assert path.name in DAMAGED or not path.name.startswith(PICTURES)
        return
    try:
        expected = dcmtk(data, window, tmp_path)
    except subprocess.CalledProcessError:
        expected = _decompressed(path, window, tmp_path)
    if is_turned:
        expected = expected[:, ::-1]
    assert np.abs(levels - expected.astype(float)).max() <= bound(path.name)


def _decompressed(path: Path, window: str, folder: Path) -> np.ndarray:
    """What dcmtk does not decode another library has to: Pillow, pyjpegls."""
    dataset = pydicom.dcmread(path)
    plugin = "pyjpegls" if "JPEG-LS" in dataset.file_meta.TransferSyntaxUID.name else "pillow"
    try:
        dataset.decompress(decoding_plugin=plugin)
        native = folder / "native.dcm"
        dataset.save_as(native, enforce_file_format=True)
    except (RuntimeError, NotImplementedError, ValueError, TypeError) as error:
        pytest.skip(f"no other library decodes it, and writes it: {error}")
    return dcmtk(native.read_bytes(), window, folder)
