"""How much text one request may hold."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SampleLimits:
    """At most ``max_samples`` texts or rows in a request; ``max_text_chars`` characters a text."""

    max_samples: int = 128
    max_text_chars: int = 100_000
