from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from downloads import MODEL, QUICK
from file_server import Files, serving
from vistazo.models.fetch import Link, ModelFiles, Patience, Place, located


@pytest.fixture
def files() -> Iterator[Files]:
    with serving() as files:
        files["/m.keras"] = MODEL
        yield files


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def fetch(files: Files, cache: Path) -> Callable[..., ModelFiles]:
    """``fetch("/m.keras", sha256=...)``: the files that are then there."""

    def fetched(path: str = "/m.keras", patience: Patience = QUICK, **more: object) -> ModelFiles:
        link = Link(path if "://" in path else files.url + path)
        with located(Place(link, cache, **more), patience=patience) as found:  # type: ignore[arg-type]
            return found

    return fetched
