"""From the file that scikit-learn saved to a plan in the cache."""

from __future__ import annotations

import contextlib
import functools
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vistazo.models.bounded_child import IsCancelled, LoadingPolicy, never
from vistazo.models.compilation import EstimatorFiles, compile_estimator
from vistazo.models.compiled_cache import Entry, cached
from vistazo.models.file_hash import check_unchanged, sha256_of
from vistazo.models.one_at_a_time import Patience

_MODELS = Path(__file__).parent
_READERS = (_MODELS / "estimator_import", _MODELS / "plan", _MODELS.parent / "texts")


@dataclass(frozen=True)
class StoredEstimator:
    """``sha256`` is that of the classifier's file."""

    files: EstimatorFiles
    sha256: str

    @staticmethod
    def of(files: EstimatorFiles) -> StoredEstimator:
        """Raises ModelError where a file cannot be read."""
        return StoredEstimator(files, sha256_of(files.model))

    @property
    def _stem(self) -> str:
        beside = self.files.vectorizer
        parts = [self.sha256[:32], _reader(), "plan" if beside is None else sha256_of(beside)[:16]]
        return "-".join(parts)

    @contextlib.contextmanager
    def compiled(
        self,
        cache_dir: Path,
        policy: LoadingPolicy | None = None,
        is_cancelled: IsCancelled = never,
    ) -> Iterator[Path]:
        """Find or make the plan. Raises ModelError. Load it inside the ``with``."""

        def make(partial: Path) -> None:
            compile_estimator(self.files, partial, policy, is_cancelled)
            check_unchanged(self.sha256, self.files.model)

        patience = Patience((policy or LoadingPolicy()).timeout_s, is_cancelled)
        with cached(cache_dir, Entry(self._stem, ".npz"), make, patience) as path:
            yield path


@functools.cache
def _reader() -> str:
    """Stands for the code that compiles: other code may make another plan of the same file."""
    digest = hashlib.sha256()
    for room in _READERS:
        for path in sorted(room.glob("**/*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
