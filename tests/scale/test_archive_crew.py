"""The crew of workers, with a stand-in for Ray that runs them here; the real one is asked in
``test_archive_ray.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from archives import MODEL, films_in
from vistazo.errors import SettingsError
from vistazo.pictures.folders import Skipped
from vistazo.scale.archive.local_folder import LocalFolder
from vistazo.scale.archive.plan import Shard
from vistazo.scale.archive.ray_engine import Orders, _Crew
from vistazo.scale.archive.scoring import Scorer
from vistazo.scale.archive.spans import Spans
from vistazo.scale.archive.worker import Ready, Scored


class RayError(Exception):
    """As ray.exceptions has it."""


class RayTaskError(RayError):
    cause = "a defect"


@dataclass
class RayHere:
    """Calls are done when they are waited for, the last first; ``dies`` says which end a worker."""

    answers: Callable[[str, Any], Any]
    dies: Iterator[bool]
    most_at_once: int = 0
    killed: int = 0
    exceptions: Any = field(
        default_factory=lambda: SimpleNamespace(RayError=RayError, RayTaskError=RayTaskError)
    )

    def put(self, task: Any) -> Any:
        return task

    def remote(self, **_: Any) -> Callable[[Any], Any]:
        def call(name: str) -> Any:
            return SimpleNamespace(remote=lambda *given: (name, given, object()))

        worker = SimpleNamespace(ready=call("ready"), score=call("score"))
        return lambda _: SimpleNamespace(remote=lambda _: SimpleNamespace(**vars(worker)))

    def wait(self, refs: list[Any], **_: Any) -> tuple[list[Any], list[Any]]:
        at_work = [ref for ref in refs if ref[0] == "score"]
        self.most_at_once = max(self.most_at_once, len(at_work))
        return refs[-1:], refs[:-1]

    def get(self, ref: Any) -> Any:
        if next(self.dies, False):
            raise RayError
        return self.answers(ref[0], *ref[1])

    def kill(self, _: Any) -> None:
        self.killed += 1


@pytest.fixture
def films(tmp_path: Path) -> Path:
    return films_in(tmp_path / "films")


def worked(
    films: Path, answers: Callable[[str, Any], Any] | None = None, dies: Sequence[bool] = ()
) -> tuple[dict[int, list[str]], RayHere]:
    archive, said = LocalFolder(films), list[str]()
    here = Scorer(MODEL, archive, 1_000_000, 1)

    def usual(name: str, *given: Any) -> Any:
        if name == "ready":
            return Ready(here.computes_with)
        return Scored(list(here.rows(*given)))

    entries = list(archive.entries(Skipped()))
    shards = (Shard(n, tuple(entries[4 * n : 4 * n + 4])) for n in range(6))
    ray = RayHere(answers or usual, iter(dies))
    task: Any = None
    crew = _Crew(ray, Orders(task, here, said.append), Spans(shards))
    crew.grow(3)
    done = {shard.number: [row["file"] for row in rows] for shard, rows in crew.work()}
    return done, ray


def test_every_shard_is_done_once_and_no_more_are_in_work_than_workers(films: Path) -> None:
    done, ray = worked(films)
    names = [entry.name for entry in LocalFolder(films).entries(Skipped())]
    assert [name for number in range(6) for name in done[number]] == names
    assert ray.most_at_once == 3


def test_workers_that_die_are_replaced_and_nothing_is_missing(films: Path) -> None:
    done, ray = worked(films, dies=[True, False, True, False, False, True, True] * 2)
    assert done == worked(films)[0]
    assert ray.killed == 8


def test_where_one_worker_after_the_other_dies_it_is_told(films: Path) -> None:
    with pytest.raises(SettingsError, match="One worker after the other died"):
        worked(films, dies=[True] * 500)


def test_a_worker_with_another_model_card_or_engine_is_refused(films: Path) -> None:
    same = Scorer(MODEL, LocalFolder(films), 1000, 1).computes_with
    others = (
        replace(same, runtime="another 1.0"),
        replace(same, by=replace(same.by, model_sha256="b" * 64)),
        replace(same, by=replace(same.by, card_sha256="b" * 64)),
    )
    for other in others:
        with pytest.raises(SettingsError, match="another model, card or engine"):
            worked(films, lambda *_, other=other: Ready(other))


def test_what_a_worker_cannot_begin_without_is_told(films: Path) -> None:
    with pytest.raises(SettingsError, match=r"There is no model.*same path on every machine"):
        worked(films, lambda *_: Ready(None, error="There is no model."))


def test_an_archive_that_is_gone_for_a_worker_ends_the_run(films: Path) -> None:
    same = Scorer(MODEL, LocalFolder(films), 1000, 1).computes_with

    def answers(name: str, *_: Any) -> Any:
        return Ready(same) if name == "ready" else Scored([], "s3://bucket cannot be read.")

    with pytest.raises(SettingsError, match="cannot be read"):
        worked(films, answers)
