"""The pattern that finds the words of a text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True, eq=False)
class TokenPattern:
    pattern: str

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.pattern)

    def found_in(self, text: str) -> list[str]:
        """All of them in order: of a pattern with a group, what the group has."""
        return self._compiled.findall(text)


class UnsafePatternError(ValueError):
    """The pattern cannot be used. Its text goes on after "its token_pattern ...": "is damaged"."""


def token_pattern(pattern: str) -> TokenPattern:
    """Raises UnsafePatternError."""
    return TokenPattern(pattern)
