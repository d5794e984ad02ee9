"""What came of thousands of files that were read in a process that is watched."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Watched:
    """``deeds`` and ``accidents`` have to be empty."""

    count: int = 0
    verdicts: dict[str, int] = field(default_factory=dict)
    deeds: list[str] = field(default_factory=list)
    accidents: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    cpu_s: float = 0.0
    growth_mb: float = 0.0

    def note(self, verdict: str, seconds: float = 0.0) -> None:
        self.count += 1
        self.verdicts[verdict] = self.verdicts.get(verdict, 0) + 1
        self.slowest_s = max(self.slowest_s, seconds)
