"""What a training file says of its pictures: where they are, and which belong together."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import AfterValidator, Field

from vistazo.models.words import Notice
from vistazo.training.belonging import check_group_pattern
from vistazo.training.config_part import Part

_OTHER_NAME = re.compile(r"[a-z0-9_]{1,60}")
# What an entry of data.other cannot be called: evaluation.json and the card call something else so.
NAMES_TAKEN = frozenset({
    "all", "data", "epochs", "holdout", "holdout_with_misleading_look", "how", "model",
    "operating_point", "recipe_sha256", "remarks", "seed", "served",
    "those_that_look_like_the_other_label", "training", "unseen_pictures_of_the_same_collection",
    "validation", "warnings",
})  # fmt: skip


_Kind = TypeVar("_Kind")


def _names_a_group(pattern: str) -> str:
    check_group_pattern(pattern)
    return pattern


GroupPattern = Annotated[str, AfterValidator(_names_a_group)]


def names_are_free(parts: dict[str, _Kind]) -> dict[str, _Kind]:
    """Raises ValueError for one that evaluation.json and the card cannot call a part."""
    for name in parts:
        if not _OTHER_NAME.fullmatch(name):
            raise ValueError(f"'{name}' should be small letters, digits and _, at most 60")
        if name in NAMES_TAKEN:
            raise ValueError(f"'{name}' is what something else is called: choose another name")
    return parts


class OtherConfig(Part):
    """A folder that the model is judged on, and that decides nothing about it."""

    folder: Path = Field(
        description="One folder per label: then every figure is measured. Else pictures, in "
        "folders or not: then how many look strange to the model. Relative to the config file."
    )
    group: GroupPattern | None = Field(
        None,
        description="As data.group, which it is where this is left out: a picture is then left out "
        "whose group is in the training data too. Where it is given, the folder numbers its own "
        "groups, and only pictures that are in the training data too are left out.",
    )
    title: Notice = Field(
        "",
        description="What people call it, in one language or several, {en: ..., es: ...}; else its "
        "name.",
    )
    note: Notice = Field(
        "",
        description="What they have to know of it, such as which choices have seen it; likewise. "
        "Stands beside the figures.",
    )


class UnlikeConfig(Part):
    """A kind of picture that a model was not made for. Its figure is the share that is told by
    what the others of its kind show: each fifth of them by the rest.
    """

    folder: Path = Field(
        description="10 pictures or more, better 40, in folders or not; no network is trained on "
        "them. Relative to the config file."
    )
    title: Notice = Field("", description="As that of an entry of data.other.")
    note: Notice = Field("", description="Likewise.")


class DataConfig(Part):
    """Where the pictures are and which of them belong together."""

    folder: Path = Field(
        description="One folder per label, or a MedMNIST .npz. Relative to the config file."
    )
    group: GroupPattern | None = Field(
        None,
        description="Regular expression whose first group, matched at the start of a file's name, "
        "names what a file belongs to: a patient, a plant, a mould. Files of one group are never "
        "split. Without it every file is its own.",
    )
    other: Annotated[dict[str, OtherConfig], AfterValidator(names_are_free)] = Field(
        default_factory=dict,
        description="By name, folders that the model is judged on beside the holdout. Nothing in "
        "them serves training, temperature or threshold.",
    )
