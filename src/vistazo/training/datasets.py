"""Pictures, their labels and their groups, from image folders or a MedMNIST file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vistazo.errors import InputError, SettingsError
from vistazo.models.card import InputSpec
from vistazo.pictures import ImageLimits, Picture, open_image
from vistazo.pictures.folders import is_of_a_program, is_picture
from vistazo.pictures.formats import ACCEPTED
from vistazo.pictures.preprocessing import decode_size, prepare
from vistazo.training.belonging import group_of, join_groups
from vistazo.training.config import TrainingConfig
from vistazo.training.medmnist import read_medmnist

MEDMNIST_PARTS = ("train", "val")  # of a MedMNIST file: 'test' is not for training
Report = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Pictures:
    """Prepared but not yet scaled pictures, one row each.

    ``pixels`` is uint8 (n, height, width, channels); ``labels`` the index of each picture's label;
    ``groups`` an integer that pictures which belong together share, and exact copies.
    """

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64]
    groups: NDArray[np.int64]
    names: tuple[str, ...]
    sha256: str

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True)
class _Prepared:
    pixels: NDArray[np.uint8]
    label: int
    name: str
    group: str
    picture_sha256: str
    file_sha256: str


def load_pictures(config: TrainingConfig, report: Report | None = None) -> Pictures:
    """Read, decode and prepare every picture, as serving would.

    Raises SettingsError where the folder, a label's folder, or all of its images are missing, and
    InputError, naming the file, for one that cannot be decoded.
    """
    source = config.data.folder
    if source.is_dir():
        pictures = list(_from_folders(config, report))
    elif source.suffix == ".npz" and source.is_file():
        pictures = list(_from_medmnist(config))
    else:
        raise SettingsError(f"The data {source} is neither a folder nor an .npz file.")
    return _gather(pictures)


def unscaled(spec: InputSpec) -> InputSpec:
    """Return the card's input without its scaling: 0..255 fits in a byte per value."""
    return spec.model_copy(update={"scale": "none"})


def byte_pixels(picture: Picture, spec: InputSpec) -> NDArray[np.uint8]:
    """Prepare a picture but for its scaling: uint8 (height, width, channels)."""
    # Exact for what Pillow resamples to 8 bits; a rounding for deeper greys and antialias: false.
    return np.rint(prepare(picture, unscaled(spec))).clip(0, 255).astype(np.uint8)


def decode_for(data: bytes, spec: InputSpec) -> Picture:
    """Decode a picture as far as ``spec`` needs it. Raises InputError."""
    return open_image(data, ImageLimits()).decode(at_least=decode_size(spec))


def _from_folders(config: TrainingConfig, report: Report | None) -> Iterable[_Prepared]:
    files = [
        (label, path)
        for label, name in enumerate(config.labels)
        for path in _images_of(config.data.folder / name)
    ]
    for done, (label, path) in enumerate(files, start=1):
        data = path.read_bytes()
        name = f"{config.labels[label]}/{path.name}"
        picture = _decode(data, config.input, name)
        yield _prepared(picture, config, label, name, _digest(data))
        if report is not None:
            report(done, len(files))


def _images_of(folder: Path) -> list[Path]:
    """Sorted, so that a seed means the same on every file system."""
    if not folder.is_dir():
        raise SettingsError(f"There is no folder {folder}: every label needs its own.")
    found = sorted(
        path
        for path in folder.iterdir()
        if not is_of_a_program(Path(path.name)) and is_picture(path)
    )
    if not found:
        raise SettingsError(f"The folder {folder} holds no {ACCEPTED}.")
    return found


def _from_medmnist(config: TrainingConfig) -> Iterable[_Prepared]:
    for name, label, pixels in read_medmnist(config.data.folder, config.labels, MEDMNIST_PARTS):
        yield _prepared(Picture(pixels), config, label, name, _digest(pixels.tobytes()))


def _decode(data: bytes, spec: InputSpec, name: str) -> Picture:
    try:
        return decode_for(data, spec)
    except InputError as error:
        raise InputError(f"{name}: {error}") from error


def _prepared(
    picture: Picture, config: TrainingConfig, label: int, name: str, file_sha256: str
) -> _Prepared:
    pixels, named = byte_pixels(picture, config.input), group_of(name, config.data.group)
    group = name if named is None else named
    return _Prepared(pixels, label, name, group, _digest(picture.pixels.tobytes()), file_sha256)


def _gather(pictures: Sequence[_Prepared]) -> Pictures:
    return Pictures(
        np.stack([picture.pixels for picture in pictures]),
        np.array([picture.label for picture in pictures], dtype=np.int64),
        _numbered(pictures),
        tuple(picture.name for picture in pictures),
        data_sha256((picture.name, picture.label, picture.file_sha256) for picture in pictures),
    )


def _numbered(pictures: Sequence[_Prepared]) -> NDArray[np.int64]:
    """Join what shares a group or shows the same picture."""
    return join_groups(
        [(f"group {each.group}", f"picture {each.picture_sha256}") for each in pictures]
    )


def data_sha256(pictures: Iterable[tuple[str, int, str]]) -> str:
    """Of every picture's name, label and the hash of its bytes, whatever the order."""
    lines = sorted(f"{name} {label} {sha256}\n" for name, label, sha256 in pictures)
    return _digest("".join(lines).encode())


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
