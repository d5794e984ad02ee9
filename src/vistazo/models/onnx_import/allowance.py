"""What a stranger's graph may hold."""

from __future__ import annotations

from dataclasses import dataclass

_MEMORY_BYTES = 2_000_000_000


@dataclass(frozen=True)
class Allowance:
    """``tensor_bytes`` bounds one tensor of one picture; ``control_flow``: loops, branches, and
    sizes that depend on what a picture shows.
    """

    tensor_bytes: int = _MEMORY_BYTES
    control_flow: bool = False
