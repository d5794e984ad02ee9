"""What lies in people's folders of pictures and is none of theirs."""

from __future__ import annotations

from pathlib import Path

_OF_PROGRAMS = {"__MACOSX", "@eaDir", "$RECYCLE.BIN"}


def is_of_a_program(path: Path) -> bool:
    """Whether a path inside a folder of pictures is hidden, or was left there by a program.

    Such are the copies in ``.ipynb_checkpoints`` and what macOS adds to a zip.
    """
    return any(part.startswith(".") or part in _OF_PROGRAMS for part in path.parts)
