"""Folders that a model is judged on and that decide nothing about it: ``data.other``.

A picture that is in the training data too would flatter the model: it is left out and told of.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vistazo.errors import InputError, SettingsError
from vistazo.models.card import InputSpec
from vistazo.models.words import Notice
from vistazo.training.belonging import group_of, join_groups
from vistazo.training.collection import (
    UNLABELLED,
    LabelledPicture,
    find_pictures,
    find_unlabelled,
    folder_names,
)
from vistazo.training.config import TrainingConfig
from vistazo.training.data_config import OtherConfig
from vistazo.training.datasets import Pictures, byte_pixels, decode_for
from vistazo.training.progress import Progress

Rows = NDArray[np.int64]
Found = Mapping[str, Sequence[LabelledPicture]]
LEFT_OUT = "left_out_also_in_training_data"
UNREADABLE = "not_classified"
_EXAMPLES = 3


@dataclass(frozen=True, eq=False)
class OtherPictures:
    """What an entry of ``data.other`` holds, but for what is in the training data too.

    ``groups`` (n,): pictures that belong together share one. ``pixels`` uint8 (m, height, width,
    channels) are those of the rows ``readable`` (m,), prepared but not yet scaled; the others
    cannot be decoded. ``left_out`` counts what is in the training data too.
    """

    name: str
    title: Notice
    note: Notice
    pictures: tuple[LabelledPicture, ...]
    groups: Rows
    readable: Rows
    pixels: NDArray[np.uint8]
    left_out: int

    @property
    def is_labelled(self) -> bool:
        return self.pictures[0].label != UNLABELLED

    @property
    def labels(self) -> Rows:
        return np.array([picture.label for picture in self.pictures], np.int64)

    def told(self) -> dict[str, Any]:
        """What a person has to know beside the figures."""
        said = {"title": self.title, "note": self.note, LEFT_OUT: self.left_out}
        return {name: value for name, value in said.items() if value}


def find_other(config: TrainingConfig) -> Found:
    """List the pictures of every entry of ``data.other``, unread.

    Raises SettingsError, naming the entry, for a folder that is not there or empty, or whose
    folders are some of the labels but not all of them.
    """
    return {
        name: _found(name, entry.folder, config.labels) for name, entry in config.data.other.items()
    }


def read_other(
    config: TrainingConfig, found: Found, training: Pictures, progress: Progress
) -> tuple[OtherPictures, ...]:
    """Read what was found, leave out what is in the ``training`` data too, and say so.

    A picture that cannot be decoded is reported. Raises SettingsError, naming the entry, where no
    picture is left.
    """
    if not found:
        return ()
    known = _Known.of(training, config)
    return tuple(_read(name, config, pictures, known, progress) for name, pictures in found.items())


def _found(name: str, folder: Path, labels: Sequence[str]) -> Sequence[LabelledPicture]:
    try:
        if not folder.exists():
            raise SettingsError(f"There is no folder {folder}.")
        if not folder.is_dir() or _has_a_label(folder, labels):
            return find_pictures(folder, labels)
        if found := find_unlabelled(folder):
            return found
        raise SettingsError(f"The folder {folder} holds no files.")
    except (SettingsError, OSError) as error:
        raise _mend(name, str(error)) from error


def _has_a_label(folder: Path, labels: Sequence[str]) -> bool:
    """A folder called nearly as a label is meant as one: its pictures are not without labels."""
    asked = {label.casefold() for label in labels}
    return not asked.isdisjoint(inner.casefold() for inner in folder_names(folder))


def _mend(name: str, what: str) -> SettingsError:
    return SettingsError(
        f"data.other.{name} of the training file cannot be used. {what}\n"
        "Correct the entry, or remove it: the model is only judged on it."
    )


@dataclass(frozen=True)
class _Known:
    """The pictures of the training data, as the model is given them, and their groups' names."""

    pictures: frozenset[str]
    groups: frozenset[str]

    @staticmethod
    def of(training: Pictures, config: TrainingConfig) -> _Known:
        groups = (group_of(name, config.data.group) for name in training.names)
        return _Known(
            frozenset(map(_digest, training.pixels)),
            frozenset(group for group in groups if group is not None),
        )


@dataclass(frozen=True, eq=False)
class _Read:
    """A picture, the name of its group where it has one, and its pixels where it can be read."""

    picture: LabelledPicture
    group: str | None
    pixels: NDArray[np.uint8] | None

    @property
    def keys(self) -> Iterable[str]:
        yield f"group {self.group}" if self.group is not None else f"file {self.picture.name}"
        if self.pixels is not None:
            yield f"picture {_digest(self.pixels)}"


def _read(
    name: str,
    config: TrainingConfig,
    found: Sequence[LabelledPicture],
    known: _Known,
    progress: Progress,
) -> OtherPictures:
    entry, kept, same, kin = config.data.other[name], list[_Read](), list[_Read](), list[_Read]()
    pattern = entry.group or config.data.group
    for done, picture in enumerate(found, start=1):
        group = group_of(picture.name, pattern)
        read = _Read(picture, group, _pixels(picture, config.input, name, progress))
        if read.pixels is not None and _digest(read.pixels) in known.pictures:
            same.append(read)
        elif entry.group is None and group in known.groups:
            kin.append(read)
        else:
            kept.append(read)
        progress.bar(f"reading {name}", done, len(found))
    _tell_left_out(name, same, kin, progress)
    if all(read.pixels is None for read in kept):
        raise _mend(name, f"None of the {len(found)} pictures is left to judge on.")
    _tell_kept(name, entry, kept, progress)
    readable = [row for row, read in enumerate(kept) if read.pixels is not None]
    return OtherPictures(
        name,
        entry.title,
        entry.note,
        tuple(read.picture for read in kept),
        join_groups([tuple(read.keys) for read in kept]),
        np.array(readable, np.int64),
        np.stack([read.pixels for read in kept if read.pixels is not None]),
        len(same) + len(kin),
    )


def _pixels(
    picture: LabelledPicture, spec: InputSpec, name: str, progress: Progress
) -> NDArray[np.uint8] | None:
    try:
        return byte_pixels(decode_for(picture.encoded(), spec), spec)
    except InputError as error:
        progress.say(f"{name}: {picture.name} cannot be read: {error}")
        return None


def _digest(pixels: NDArray[np.uint8]) -> str:
    return hashlib.sha256(pixels.tobytes()).hexdigest()


def _tell_left_out(
    name: str, same: Sequence[_Read], kin: Sequence[_Read], progress: Progress
) -> None:
    if same:
        examples = ", ".join(read.picture.name for read in same[:_EXAMPLES])
        progress.say(
            f"{name}: {len(same)} left out, as the same pictures are in the training data "
            f"({_and_more(examples, len(same))})"
        )
    if kin:
        groups = sorted({str(read.group) for read in kin})
        examples = _and_more(", ".join(groups[:_EXAMPLES]), len(groups))
        progress.say(
            f"{name}: {len(kin)} left out, as their groups are in the training data ({examples}). "
            f"If these are others of the same name, write data.other.{name}.group: a folder with a "
            "group of its own numbers its own groups"
        )


def _and_more(examples: str, count: int) -> str:
    return f"{examples} and {count - _EXAMPLES} more" if count > _EXAMPLES else examples


def _tell_kept(name: str, entry: OtherConfig, kept: Sequence[_Read], progress: Progress) -> None:
    labels = "" if kept[0].picture.label != UNLABELLED else ", without labels"
    own = "; its groups are its own, and were not sought in the training data"
    progress.say(
        f"{name}: {len(kept)} pictures to judge on{labels}{own if entry.group is not None else ''}"
    )
