"""Some pictures of each label, to try a model on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vistazo.errors import InputError, SettingsError
from vistazo.pictures import ImageLimits, open_image
from vistazo.training.collection import LabelledPicture, find_pictures, folder_names
from vistazo.training.progress import Progress

_FEWEST_PER_LABEL, _MOST_PER_LABEL, _MOST = 5, 200, 400
_GLANCE_PX = 16
_PARTS_OF_A_DATA_SET = {"train", "training", "test", "testing", "val", "valid", "validation"}


@dataclass(frozen=True, eq=False)
class LabelledPictures:
    """In an order in which every label comes round early.

    ``names`` are those of the labels, in no order that means anything; ``sizes`` are width and
    height, pixels.
    """

    names: tuple[str, ...]
    pictures: tuple[LabelledPicture, ...]
    sizes: tuple[tuple[int, int], ...]

    @property
    def labels(self) -> NDArray[np.int64]:
        return np.array([picture.label for picture in self.pictures], np.int64)

    def __len__(self) -> int:
        return len(self.pictures)


def label_folders(folder: Path) -> tuple[str, ...]:
    """The names of the folders in a folder: one for each label. Raises SettingsError."""
    if not folder.is_dir():
        raise SettingsError(f"{folder} is not a folder. It should hold one folder for each label.")
    found = sorted(folder_names(folder))
    if found and {name.lower() for name in found} <= _PARTS_OF_A_DATA_SET:
        raise SettingsError(
            f"The folders in {folder} are parts of a data set, not labels. Give one of them: "
            f"{folder / found[0]}"
        )
    if len(found) < 2:
        raise SettingsError(f"{folder} should hold one folder for each label, at least two.")
    return tuple(found)


def draw_labelled(folder: Path, limits: ImageLimits, progress: Progress) -> LabelledPictures:
    """Draw some pictures of each label at random. Those that cannot be read are reported.

    Of exact copies one is taken: they would count as evidence twice. Raises SettingsError where a
    label has too few, and for a picture that has two labels.
    """
    names = label_folders(folder)
    padded = next((name for name in names if name != name.strip()), None)
    if padded is not None:
        raise SettingsError(f"Rename the folder '{padded}' in {folder}: a space is no label's end.")
    found = find_pictures(folder, names)
    wanted = min(max(_MOST // len(names), _FEWEST_PER_LABEL), _MOST_PER_LABEL)
    drawn, seen = [], dict[str, LabelledPicture]()
    for label, name in enumerate(names):
        own = [picture for picture in found if picture.label == label]
        order = np.random.default_rng(label).permutation(len(own))
        usable = _usable([own[place] for place in order], wanted, limits, progress, seen)
        if len(usable) < _FEWEST_PER_LABEL:
            raise SettingsError(
                f"{folder / name} has {len(usable)} different pictures that can be read; at least "
                f"{_FEWEST_PER_LABEL} are needed, and twenty are better."
            )
        drawn.append(usable)
    rounds = [
        row for place in range(wanted) for usable in drawn for row in usable[place : place + 1]
    ]
    return LabelledPictures(
        names, tuple(picture for picture, _ in rounds), tuple(size for _, size in rounds)
    )


def _usable(
    pictures: Sequence[LabelledPicture],
    wanted: int,
    limits: ImageLimits,
    progress: Progress,
    seen: dict[str, LabelledPicture],
) -> list[tuple[LabelledPicture, tuple[int, int]]]:
    usable: list[tuple[LabelledPicture, tuple[int, int]]] = []
    for picture in pictures:
        if len(usable) == wanted:
            break
        try:
            size = _size(picture.encoded(), limits)
        except InputError as error:
            progress.say(f"{picture.name} is left out: {error}")
            continue
        first = seen.setdefault(picture.sha256(), picture)
        if first.label != picture.label:
            raise SettingsError(f"{first.name} and {picture.name} are the same picture.")
        if first is picture:
            usable.append((picture, size))
    return usable


def _size(data: bytes, limits: ImageLimits) -> tuple[int, int]:
    """Width and height, upright, of a picture that can be decoded. Raises InputError."""
    image = open_image(data, limits)
    stored, small = image.header, image.decode(at_least=(_GLANCE_PX, _GLANCE_PX))
    is_turned = (stored.width > stored.height) != (small.width > small.height)
    return (stored.height, stored.width) if is_turned else (stored.width, stored.height)
