"""Labelled pictures, still encoded: what a service would be sent."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vistazo.errors import CorruptImageError, SettingsError
from vistazo.pictures.folders import is_of_a_program
from vistazo.training.datasets import MEDMNIST_PARTS
from vistazo.training.medmnist import parts_of, read_medmnist

UNLABELLED = -1
_UNTRAINED_PART = "test"


@dataclass(frozen=True, eq=False)
class LabelledPicture:
    """``label`` is the index of the label, or UNLABELLED; ``name`` is unique in the collection."""

    name: str
    label: int
    source: Path | NDArray[np.uint8]

    def encoded(self) -> bytes:
        """Return the file as it is, or the pixels as PNG. Raises CorruptImageError."""
        if isinstance(self.source, Path):
            try:
                return self.source.read_bytes()
            except OSError as error:
                raise CorruptImageError(f"The file cannot be read: {error.strerror}.") from error
        buffer = io.BytesIO()
        Image.fromarray(self.source).save(buffer, "PNG")
        return buffer.getvalue()

    def sha256(self) -> str:
        """Of the file or the pixels. Raises CorruptImageError."""
        is_file = isinstance(self.source, Path)
        data = self.encoded() if is_file else np.asarray(self.source).tobytes()
        return hashlib.sha256(data).hexdigest()


def find_pictures(
    source: Path, labels: Sequence[str], *, as_trained: bool = False
) -> list[LabelledPicture]:
    """Find every file in the folders of the labels, or the pictures of a MedMNIST ``.npz``.

    Of a MedMNIST file that is its ``test`` part, or all it has where it has none; ``as_trained``,
    the parts that training reads. Raises SettingsError for folders that are not those of the
    labels.
    """
    if source.is_dir():
        return list(_in_folders(source, labels))
    if source.suffix == ".npz" and source.is_file():
        parts = MEDMNIST_PARTS if as_trained else _parts_to_score(parts_of(source))
        found = read_medmnist(source, labels, parts)
        return [LabelledPicture(name, label, pixels) for name, label, pixels in found]
    raise SettingsError(f"The data {source} is neither a folder nor an .npz file.")


def find_unlabelled(source: Path) -> list[LabelledPicture]:
    """Find every file in a folder and those below it, whose labels nobody knows."""
    return [
        LabelledPicture(path.relative_to(source).as_posix(), UNLABELLED, path)
        for path in _files(source)
    ]


def folder_names(source: Path) -> set[str]:
    """Those of the folders in a folder that are a person's own, and may be labels."""
    return {
        path.name
        for path in source.iterdir()
        if path.is_dir() and not is_of_a_program(Path(path.name))
    }


def _parts_to_score(found: tuple[str, ...]) -> tuple[str, ...]:
    return (_UNTRAINED_PART,) if _UNTRAINED_PART in found else found


def _in_folders(source: Path, labels: Sequence[str]) -> Iterator[LabelledPicture]:
    _check_folders(source, labels)
    for label, folder in enumerate(labels):
        files = _files(source / folder)
        if not files:
            raise SettingsError(f"The folder {source / folder} holds no files.")
        for path in files:
            yield LabelledPicture(path.relative_to(source).as_posix(), label, path)


def _files(folder: Path) -> list[Path]:
    return [
        path
        for path in sorted(folder.rglob("*"))
        if not is_of_a_program(path.relative_to(folder)) and _is_file_or_lost_link(path)
    ]


def _is_file_or_lost_link(path: Path) -> bool:
    """A link that leads nowhere is a picture that cannot be read, and not one that is not there."""
    return path.is_file() or (path.is_symlink() and not path.exists())


def _check_folders(source: Path, labels: Sequence[str]) -> None:
    folders = folder_names(source)
    faults = [
        f"  {'no folder for the label' if name in labels else 'no label of the model'}: {name}"
        for name in [*labels, *sorted(folders)]
        if (name in labels) != (name in folders)
    ]
    if faults:
        raise SettingsError(
            f"{source} needs one folder for each label of the model ({', '.join(labels)}):\n"
            + "\n".join(faults)
        )
