"""Examples of what a model was not made for: made of its own pictures, and out of folders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vistazo.answers.discriminant import FEWEST_STRANGERS, Told
from vistazo.errors import InputError, SettingsError
from vistazo.models.card import InputSpec
from vistazo.pictures import ImageLimits, open_image
from vistazo.pictures.folders import is_of_a_program
from vistazo.pictures.preprocessing import decode_size, prepare

Floats = NDArray[np.float32]
Prepare = Callable[[int], Floats]

UPSIDE_DOWN = "upside down"
_MOST_EXAMPLES = 400
# What is made needs no direction where pictures have no right way up: nearly all must be told.
_FEWEST_OF_MADE, _ENOUGH_OF_MADE = 0.9, 0.99
_FEWEST_OF_GIVEN, _ENOUGH_OF_GIVEN = 0.5, 0.95


@dataclass(frozen=True, eq=False)
class Unlike:
    """``count`` prepared pictures of one kind, each (h, w, c); the rest as in ``Strangers``."""

    name: str
    count: int
    prepare: Prepare
    fewest: float = _FEWEST_OF_GIVEN
    enough: float = _ENOUGH_OF_GIVEN


def upside_down(prepare: Prepare, rows: NDArray[np.int64]) -> Unlike:
    """Own pictures: half of them turned, the others flipped."""
    rows = rows[:_MOST_EXAMPLES]

    def turned(place: int) -> Floats:
        picture = prepare(int(rows[place]))[::-1]
        return np.ascontiguousarray(picture[:, ::-1] if place % 2 else picture)

    return Unlike(UPSIDE_DOWN, len(rows), turned, _FEWEST_OF_MADE, _ENOUGH_OF_MADE)


def in_folder(
    name: str, folder: Path, spec: InputSpec, limits: ImageLimits | None = None
) -> Unlike:
    """Every picture in a folder and those in it, prepared as ``spec`` says; what is none is left
    out. Raises SettingsError where there are too few.

    They go by name: pictures of one patient or place are mostly named alike, and stay together.
    """

    def read(path: Path) -> Floats:
        image = open_image(path.read_bytes(), limits or ImageLimits())
        return prepare(image.decode(decode_size(spec)), spec)

    pictures = [path for path in _files_in(folder) if _is_readable(path, read)]
    if len(pictures) < FEWEST_STRANGERS:
        raise SettingsError(
            f"The folder {folder} of what the model was not made for holds {len(pictures)} "
            f"pictures: {FEWEST_STRANGERS} are needed, and 40 or more are better."
        )
    chosen = np.linspace(0, len(pictures) - 1, min(len(pictures), _MOST_EXAMPLES)).astype(int)
    return Unlike(name, len(chosen), lambda place: read(pictures[chosen[place]]))


def in_words(told: Sequence[Told]) -> list[str]:
    """One sentence for each kind of stranger."""
    return [
        f"{each.name}: {each.share:.0%} of {each.count} were told by what the others show"
        + ("" if each.is_used else ": too few, it is not used")
        for each in told
    ]


def _files_in(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise SettingsError(f"There is no folder {folder} of what the model was not made for.")
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not is_of_a_program(path.relative_to(folder))
    )


def _is_readable(path: Path, read: Callable[[Path], Floats]) -> bool:
    try:
        read(path)
    except InputError:
        return False
    return True
