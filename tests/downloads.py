"""Files that are downloaded in tests, and what is asked of a download."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from vistazo.errors import ModelError
from vistazo.models.fetch import ModelFiles, Patience

QUICK = Patience(
    connect_s=1, idle_s=0.2, total_s=10, attempts=3, first_wait_s=0.01, longest_wait_s=0.5
)


def archive(size: int = 300_000, seed: int = 0) -> bytes:
    """What a .keras file is from outside: a zip of things that cannot be compressed."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as file:
        file.writestr("config.json", "{}")
        file.writestr("model.weights.h5", np.random.default_rng(seed).bytes(size))
    return memory.getvalue()


MODEL, OTHER = archive(), archive(seed=1)
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4cac1962\nsize 84977953\n"
PAGE = b"<!DOCTYPE html><html><head><title>%s</title></head><body>%s</body></html>"

Fetch = Callable[..., ModelFiles]


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def left_over(cache: Path) -> list[Path]:
    return list(cache.rglob("*.partial"))


def refused(fetch: Fetch, cache: Path, *args: object, **more: object) -> str:
    """The words, after nothing was kept."""
    with pytest.raises(ModelError) as error:
        fetch(*args, **more)
    assert not [path for path in cache.rglob("*") if path.is_file()]
    return str(error.value)
