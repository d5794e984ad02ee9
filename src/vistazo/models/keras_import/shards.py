"""Several files read as if they were one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Shards:
    """Files one after the other, with the size that each had when the model was opened."""

    files: tuple[tuple[Path, int], ...]

    @staticmethod
    def of(paths: Sequence[Path]) -> Shards:
        return Shards(tuple((path, path.stat().st_size) for path in paths))

    @property
    def size_bytes(self) -> int:
        return sum(size for _, size in self.files)

    def read(self, start: int, count: int) -> bytes:
        """Bytes of a stretch. Raises OSError where the files have become shorter."""
        parts, wanted = [], count
        for path, size in self.files:
            if start < size and wanted:
                with path.open("rb") as file:
                    file.seek(start)
                    parts.append(file.read(min(wanted, size - start)))
                wanted -= len(parts[-1])
            start = max(0, start - size)
        if wanted:
            raise OSError("its file has changed")
        return b"".join(parts) if len(parts) != 1 else parts[0]

    def __str__(self) -> str:
        names = [path.name for path, _ in self.files]
        if not names:
            return "What lies in no file"
        return f"'{names[0]}'" if len(names) == 1 else f"'{names[0]}' to '{names[-1]}' together"
