"""The state of a run after an epoch, in one file that is either the old one or the new one."""

from __future__ import annotations

import contextlib
import json
import os
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vistazo.errors import SettingsError

Arrays = Sequence[NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """``state`` is a number of array lists by name: weights, their average, the optimizer's."""

    recipe_sha256: str
    data_sha256: str
    history: list[dict[str, float]]
    state: Mapping[str, Arrays]


def write_checkpoint(checkpoint: Checkpoint, path: Path) -> None:
    arrays = {
        f"{name}/{index}": array
        for name, group in checkpoint.state.items()
        for index, array in enumerate(group)
    }
    about = {
        "recipe_sha256": checkpoint.recipe_sha256,
        "data_sha256": checkpoint.data_sha256,
        "history": checkpoint.history,
        "lengths": {name: len(group) for name, group in checkpoint.state.items()},
    }
    arrays["about"] = np.array(json.dumps(about))

    def save(part: Path) -> None:
        with part.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)

    replace_whole(path, save)


def read_checkpoint(path: Path, recipe_sha256: str, data_sha256: str) -> Checkpoint | None:
    """None where there is none. Raises SettingsError for one that belongs to another run."""
    if not path.is_file():
        return None
    try:
        # Opened here: numpy leaves a file of its own open when it turns out to be damaged.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            about = json.loads(str(arrays["about"]))
            state = {
                name: [arrays[f"{name}/{index}"] for index in range(length)]
                for name, length in about["lengths"].items()
            }
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise SettingsError(f"{path} is damaged ({error}); delete it to start afresh.") from error
    if (about["recipe_sha256"], about["data_sha256"]) != (recipe_sha256, data_sha256):
        raise SettingsError(
            f"{path} was left by a run with another configuration or other data. "
            "Delete it to start afresh, or write to another folder."
        )
    return Checkpoint(recipe_sha256, data_sha256, about["history"], state)


def replace_whole(path: Path, save: Callable[[Path], object]) -> None:
    """Write beside the file and rename, so that a reader or a kill never meets half a file.

    Raises SettingsError where the disk does not take it.
    """
    part = path.with_name(f"part-{os.getpid()}-{path.name}")
    try:
        save(part)
        part.replace(path)
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror or error}.") from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
