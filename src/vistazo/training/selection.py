"""Which of the labelled pictures are scored, and which of them belong together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vistazo.errors import CorruptImageError, SettingsError
from vistazo.training.belonging import group_of, join_groups
from vistazo.training.collection import LabelledPicture, find_pictures
from vistazo.training.config import TrainingConfig
from vistazo.training.datasets import data_sha256, load_pictures
from vistazo.training.other import OtherPictures, find_other, read_other
from vistazo.training.outcome import parts_to_measure
from vistazo.training.progress import Progress
from vistazo.training.report import read_evaluation
from vistazo.training.splits import split_by_group

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Selection:
    """``groups`` (n,): pictures that belong together share one; ``parts`` name rows to report on.

    The first part is the one that is drawn. ``sha256`` is that of the whole collection. ``told`` is
    what a person has to know of a part beside its figures; of the parts ``unlabelled`` nobody knows
    the labels.
    """

    pictures: tuple[LabelledPicture, ...]
    groups: Rows
    parts: Mapping[str, Rows]
    sha256: str
    told: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    unlabelled: frozenset[str] = frozenset()

    def joined(self, other: OtherPictures) -> Selection:
        """With the pictures of a further folder as a part of their own."""
        first, groups = len(self.pictures), other.groups + self.groups.max() + 1
        return replace(
            self,
            pictures=(*self.pictures, *(_within(other.name, each) for each in other.pictures)),
            groups=np.concatenate([self.groups, groups]),
            parts={**self.parts, other.name: first + np.arange(len(other.pictures))},
            told={**self.told, other.name: other.told()},
            unlabelled=self.unlabelled if other.is_labelled else self.unlabelled | {other.name},
        )


def select_all(source: Path, labels: Sequence[str], group: str | None = None) -> Selection:
    """Every picture. Exact copies count as one group, and so do those that ``group``, as in a
    training file, tells by their names. Raises SettingsError, also where it tells none.
    """
    pictures = find_pictures(source, labels)
    hashes = [_sha256(picture) for picture in pictures]
    named = [group_of(picture.name, group) for picture in pictures]
    if group is not None and all(each is None for each in named):
        raise SettingsError(
            f"No picture in {source} has a name that '{group}' matches, such as "
            f"'{Path(pictures[0].name).name}': it is matched from the start of the file's name."
        )
    groups = join_groups(
        [
            (f"group {each.name if of is None else of}", sha256)
            for of, each, sha256 in zip(named, pictures, hashes, strict=True)
        ]
    )
    described = (
        (picture.name, picture.label, sha256)
        for picture, sha256 in zip(pictures, hashes, strict=True)
    )
    every = {"all": np.arange(len(pictures))}
    return Selection(tuple(pictures), groups, every, data_sha256(described))


def first_part(selection: Selection) -> Selection:
    """The same without the pictures of its other parts."""
    name, rows = next(iter(selection.parts.items()))
    pictures = tuple(selection.pictures[row] for row in rows)
    every = {name: np.arange(len(pictures))}
    return Selection(pictures, selection.groups[rows], every, selection.sha256)


def select_held_out(config: TrainingConfig, labels: Sequence[str], progress: Progress) -> Selection:
    """Select the pictures that a run of ``config`` on its data does not train on.

    ``holdout`` served no choice, ``validation`` the choice of the operating point; the folders of
    ``data.other`` are further parts. Raises SettingsError where the labels are not those of the
    model, or as ``find_other`` and ``read_other``, and, as which pictures were held out cannot be
    told then, InputError, naming it, for a picture of the training data that cannot be decoded.
    """
    if tuple(labels) != config.labels:
        raise SettingsError(
            f"The model has the labels {', '.join(labels)}, the training file "
            f"{', '.join(config.labels)}."
        )
    others = find_other(config)
    found = find_pictures(config.data.folder, labels, as_trained=True)
    pictures = load_pictures(config, lambda done, total: progress.bar("reading", done, total))
    split = split_by_group(pictures.labels, pictures.groups, config.splits)
    parts = parts_to_measure(config, pictures, split)
    rows = np.unique(np.concatenate(list(parts.values())))
    picture_of = {picture.name: picture for picture in found}
    selection = Selection(
        tuple(picture_of[pictures.names[row]] for row in rows),
        pictures.groups[rows],
        {part: np.searchsorted(rows, members) for part, members in parts.items()},
        pictures.sha256,
    )
    for other in read_other(config, others, pictures, progress):
        selection = selection.joined(other)
    return selection


def check_run(
    model: Path, config: TrainingConfig, selection: Selection, progress: Progress
) -> None:
    """Compare with what the run that made the model left beside it.

    Raises SettingsError where that run saw other pictures: what it held out cannot be told then.
    """
    try:
        run = read_evaluation(model)
    except SettingsError as error:
        progress.say(f"Taken on trust, that this training file made the model: {error}")
        return
    if run.get("data", {}).get("sha256") != selection.sha256:
        raise SettingsError(
            f"{config.data.folder} does not hold the very pictures that {model} was trained with, "
            "so which it has not seen cannot be told. Leave out --training to score them all."
        )
    if run.get("recipe_sha256") != config.recipe_sha256:
        progress.say("The training file was changed after the run; it may have held out others.")


def _within(folder: str, picture: LabelledPicture) -> LabelledPicture:
    return replace(picture, name=f"{folder}/{picture.name}")


def _sha256(picture: LabelledPicture) -> str:
    try:
        return picture.sha256()
    except CorruptImageError:
        return f"unreadable {picture.name}"
