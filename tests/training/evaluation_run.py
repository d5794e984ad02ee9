"""``vistazo evaluate``, or another command, in a folder of its own."""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import builders
from training.labelled_pictures import write_flat_pictures
from vistazo import cli
from vistazo.pictures import ImageLimits
from vistazo.training import plots
from vistazo.training.answers import Answers
from vistazo.training.collection import LabelledPicture

GREYS = {"DARK": [10, 60, 160], "BRIGHT": [240, 200, 100]}


def filled_folder(folder: Path) -> Path:
    """A model that says BRIGHT from a mean grey of 127.5 on, and pictures, two not as it says."""
    write_flat_pictures(folder / "pictures", GREYS)
    return builders.write_brightness_model(folder / "mine.keras").parent


class Done(NamedTuple):
    status: int
    printed: str
    said: str


def evaluate(folder: Path, cache: Path, *arguments: str, draws: bool) -> Done:
    return run_vistazo(folder, cache, "evaluate", *arguments, draws=draws)


def run_vistazo(folder: Path, cache: Path, *arguments: str, draws: bool = False) -> Done:
    """Run a command in the folder."""
    printed, said = io.StringIO(), io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        redirect_stdout(printed),
        redirect_stderr(said),
    ):
        patch.setenv("CACHE_DIR", str(cache))
        patch.chdir(folder)
        patch.setattr(sys, "argv", ["vistazo", *arguments])
        if not draws:
            patch.setattr(plots, "draw_all", _draw_nothing)
        with pytest.raises(SystemExit) as ended:
            cli.main()
    return Done(int(str(ended.value.code)), printed.getvalue(), said.getvalue())


def _draw_nothing(
    answers: Answers,
    measured: Mapping[str, Any],
    pictures: Sequence[LabelledPicture],
    limits: ImageLimits,
    out: Path,
) -> None:
    """In place of the plots, which take nine tenths of the time, where nobody looks at them."""
