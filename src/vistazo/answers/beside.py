"""What lies beside a model to compare its answers with, as far as it is of use.

What is of other weights, or of pictures prepared otherwise, is what is left beside a model that was
replaced, or a card that was corrected: the model is served without, and the log says why.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from vistazo.answers.baseline_file import baseline_path, read_baseline, read_reference
from vistazo.answers.likeness import Baseline
from vistazo.answers.reference import Reference
from vistazo.errors import UnreadableModelError
from vistazo.models.card import InputSpec

log = logging.getLogger(__name__)

_Found = TypeVar("_Found")

# Everybody may read them at /model: where files lie is for the log.
_NOT_TOLD_APART = (
    "Strange pictures are not told apart, and drift is not watched: the model's baseline cannot be "
    "used. The log says why, and what mends it."
)
_NO_DRIFT = (
    "Drift is not watched: the model's baseline cannot be used. The log says why, and what mends "
    "it."
)


@dataclass(frozen=True)
class Beside:
    """The file that is ``given``, else the one beside ``model``, whose weights have this
    ``sha256``.

    Each is None where there is none of use; and what is wrong with one that is there, in a sentence
    for everybody.
    """

    model: Path
    given: Path | None
    sha256: str

    def baseline(
        self, numbers: int, spec: InputSpec, level: int = logging.WARNING
    ) -> tuple[Baseline | None, str | None]:
        """``level`` is how loud the log says what is wrong."""

        def read(path: Path) -> Baseline | None:
            return read_baseline(path, self.sha256, numbers, spec)

        found, is_spoiled = self._find(read, "strange pictures are not told apart", level)
        return found, _NOT_TOLD_APART if is_spoiled else None

    def reference(
        self, labels: Sequence[str], spec: InputSpec | None = None
    ) -> tuple[Reference | None, str | None]:
        """``spec`` is that of pictures."""

        def read(path: Path) -> Reference | None:
            return read_reference(path, self.sha256, labels, spec)

        found, is_spoiled = self._find(read, "drift is not watched", logging.WARNING)
        return found, _NO_DRIFT if is_spoiled else None

    def _find(
        self, read: Callable[[Path], _Found], fault: str, level: int
    ) -> tuple[_Found | None, bool]:
        path = self.given or baseline_path(self.model)
        if self.given is None and not path.exists():
            return None, False
        try:
            return read(path), False
        except UnreadableModelError as error:
            log.log(level, fault, extra={"reason": str(error)})
            return None, True
