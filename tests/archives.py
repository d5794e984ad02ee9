"""Archives of small pictures, and runs over them in this process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from builders import brightness_classifier, encoded, flat
from vistazo.classifier import Classifier
from vistazo.pictures import ImageLimits
from vistazo.pictures.folders import Skipped
from vistazo.scale.archive.local_engine import score_here
from vistazo.scale.archive.manifest import Manifest
from vistazo.scale.archive.places import Layout, archive_at, output_at
from vistazo.scale.archive.run import Run
from vistazo.scale.archive.scoring import Scorer, columns_of
from vistazo.scale.archive.source import Archive
from vistazo.scale.archive.store import Store
from vistazo.scale.archive.terms import Terms

MODEL = brightness_classifier()


def films_in(folder: Path) -> Path:
    """24 pictures in three folders, one of them damaged, one empty, and one of a strange name."""
    for below in ("", "a", "b"):
        (folder / below).mkdir(parents=True, exist_ok=True)
        for number in range(7):
            (folder / below / f"{number:02}.png").write_bytes(encoded(flat(30 * number + 20)))
    (folder / "a" / "empty.png").touch()
    (folder / "a" / "cut, \n.png").write_bytes(encoded(flat(9))[:40])
    (folder / "b" / "text.jpg").write_bytes(b"text")
    (folder / "notes.txt").write_text("of no use")
    return folder


class Silent:
    """Nobody waits."""

    def __init__(self) -> None:
        self.was_skipped = Skipped()
        self.last = 0, 0

    def listed(self, files: int) -> None: ...

    def skipped(self, skipped: Skipped) -> None:
        self.was_skipped = skipped

    def scored(self, files: int, total: int) -> None:
        assert files <= total
        self.last = files, total


def scored(
    place: str | Path | Archive,
    output: str | Path,
    model: Classifier = MODEL,
    *,
    shard_files: int = 5,
    limits: ImageLimits | None = None,
    goes_below: bool = True,
    threads: int = 2,
    wrap: Callable[[Store], Store] = lambda store: store,
    watcher: Silent | None = None,
    **other: Any,
) -> Manifest:
    """As ``vistazo score`` does, with a model of this process."""
    limits = limits or ImageLimits()
    archive = archive_at(str(place), goes_below=goes_below) if _is_name(place) else place
    archive.check()
    store, layout = output_at(str(output))
    scorer = Scorer(model, archive, limits.max_bytes, threads)
    terms = Terms.of(
        archive.place, scorer.computes_with, limits, shard_files, goes_below=goes_below
    )
    run = Run(
        archive,
        wrap(store),
        layout,
        terms.model_copy(update=other),
        columns_of(model),
        watcher or Silent(),
        has_own_shards=True,
    )
    return run.to_its_end(lambda shards, told: score_here(scorer, shards, told), "local")


def layout_of(output: Path) -> Layout:
    return output_at(str(output))[1]


def _is_name(place: object) -> bool:
    return isinstance(place, (str, Path))
