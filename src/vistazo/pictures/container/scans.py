"""Whether the scans of a JPEG follow one another as they must (ITU-T T.81, annex G.1.1.1).

Each scan is a pass of the decoder over the whole picture, and costs its sender a few bytes. Where
no scan may say again what was said before, there cannot be many.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NoReturn

from vistazo.errors import BrokenRule, CorruptImageError, RejectedUploadError

# Encoders write about ten, for four colours 18.
_MAX_SCANS = 50
_COEFFICIENTS, _MAX_SHIFT = 64, 13
_UNSAID = -1


@dataclass
class Scans:
    """Those of one picture, added one after the other."""

    components: int
    is_progressive: bool
    count: int = 0
    _in_first: int = 0  # components in the first scan
    _said: int = 0  # components so far, where each has one scan only
    _shifts: dict[int, list[int]] = field(default_factory=dict)  # of each coefficient, so far

    @property
    def are_several(self) -> bool:
        """Whether a decoder has to hold the whole picture until the last of them."""
        return self.is_progressive or self._in_first < self.components

    def add(self, header: bytes) -> None:
        """``header``: the content of a start of scan.

        Raises CorruptImageError, and RejectedUploadError where it breaks the rule ``max_scans``.
        """
        self.count += 1
        if self.count > _MAX_SCANS:
            detail = f"The JPEG has more than {_MAX_SCANS} scans. Save it as a baseline JPEG."
            raise RejectedUploadError([BrokenRule("max_scans", detail)])
        if len(header) < 1 or len(header) != 4 + 2 * header[0] or not 1 <= header[0] <= 4:
            _damaged()
        self._in_first = self._in_first or header[0]
        if self.is_progressive:
            self._refine(header)
            return
        self._said += header[0]
        if self._said > self.components:
            _damaged()

    def _refine(self, header: bytes) -> None:
        first, last, shifts = header[-3:]
        before, now = shifts >> 4, shifts & 15
        if not first <= last < _COEFFICIENTS or now > _MAX_SHIFT:
            _damaged()
        if before and now != before - 1:
            _damaged()
        for component in header[1:-3:2]:
            said = self._shifts.setdefault(component, [_UNSAID] * _COEFFICIENTS)
            band = slice(first, last + 1)
            if set(said[band]) != {before or _UNSAID}:
                _damaged()
            said[band] = [now] * (last + 1 - first)


def _damaged() -> NoReturn:
    raise CorruptImageError("The JPEG is damaged: its scans do not follow one another.")
