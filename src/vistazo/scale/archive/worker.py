"""What works on shards in another process, maybe on another machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from vistazo.errors import VistazoError
from vistazo.loading import ModelSource, load_classifier
from vistazo.pictures import ImageLimits
from vistazo.scale.archive.part import Row
from vistazo.scale.archive.scoring import ComputesWith, Scorer
from vistazo.scale.archive.source import Archive, Entry
from vistazo.service.isolation.pool import IsolatedReader, IsolationPolicy


@dataclass(frozen=True)
class Task:
    """All that a worker is told: no key of the service is in it."""

    source: ModelSource
    archive: Archive
    limits: ImageLimits
    job_timeout_s: float


@dataclass(frozen=True)
class Ready:
    """What a worker computes with, or why it cannot begin."""

    with_what: ComputesWith | None
    error: str = ""


@dataclass(frozen=True)
class Scored:
    """``error`` says why no picture could be answered now: it is not one of theirs."""

    rows: list[Row]
    error: str = ""


class Worker:
    """On one core. Errors are told, not raised: what is raised is the end of a process."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._scorer: Scorer | None = None

    def ready(self) -> Ready:
        """Load the model; where this machine has none compiled, that is done first."""
        task = self._task
        engine = replace(task.source.engine, threads=1)
        reader = IsolatedReader(task.limits, IsolationPolicy(1, task.job_timeout_s))
        try:
            reader.start()
            classifier = load_classifier(replace(task.source, engine=engine), reader)
        except VistazoError as error:
            return Ready(None, error=str(error))
        self._scorer = Scorer(classifier, task.archive, task.limits.max_bytes, threads=1)
        return Ready(self._scorer.computes_with)

    def score(self, entries: Sequence[Entry]) -> Scored:
        if self._scorer is None:
            return Scored([], "the worker has no model")
        try:
            rows = list(self._scorer.rows(entries))
            self._scorer.check_storage(rows)
        except VistazoError as error:
            return Scored([], str(error))
        return Scored(rows)
