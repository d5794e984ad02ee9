"""Pictures and labels of a MedMNIST file (Yang et al. 2023, Scientific Data 10:41)."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

from vistazo.errors import SettingsError

PARTS = ("train", "val", "test")


def read_medmnist(
    path: Path, labels: Sequence[str], parts: Sequence[str]
) -> Iterator[tuple[str, int, NDArray[np.uint8]]]:
    """Yield name, label and pixels (h, w[, 3]) of each picture: ``val-0`` is the first of ``val``.

    ``{part}_images`` is (n, h, w[, 3]) and ``{part}_labels`` (n, 1), as in MedMNIST v2; a label is
    the index into ``labels``. Raises SettingsError for a file that is not so.
    """
    with _opened(path) as file:
        arrays = {name: file[name] for name in file.files}
    for part in parts:
        if f"{part}_images" not in arrays or f"{part}_labels" not in arrays:
            raise SettingsError(f"{path} has no {part}_images or {part}_labels.")
        images, numbers = arrays[f"{part}_images"], arrays[f"{part}_labels"].reshape(-1)
        if len(numbers) != len(images) or not len(images):
            raise SettingsError(f"{path} has not one label for each picture of {part}.")
        if numbers.min() < 0 or numbers.max() >= len(labels):
            raise SettingsError(f"{path} has labels beyond {', '.join(labels)}.")
        for index, pixels in enumerate(images):
            yield f"{part}-{index}", int(numbers[index]), np.ascontiguousarray(pixels, np.uint8)


def parts_of(path: Path) -> tuple[str, ...]:
    """Name the parts that a file has. Raises SettingsError where there are none."""
    with _opened(path) as file:
        found = tuple(part for part in PARTS if f"{part}_images" in file.files)
    if not found:
        raise SettingsError(f"{path} holds no pictures of {', '.join(PARTS)}.")
    return found


@contextmanager
def _opened(path: Path) -> Iterator[NpzFile]:
    try:
        # Opened here: numpy leaves a file of its own open when it turns out to be damaged.
        with path.open("rb") as file:
            arrays = np.load(file, allow_pickle=False)
            if not isinstance(arrays, NpzFile):
                raise SettingsError(f"{path} holds one array; a MedMNIST file holds several.")
            yield arrays
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error
