"""One run over an archive: begun, or gone on with, until its output is whole."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from vistazo.errors import SettingsError
from vistazo.pictures.folders import Skipped
from vistazo.rows.picture_rows import Columns
from vistazo.scale.archive.manifest import Manifest, manifest_of, read_manifest
from vistazo.scale.archive.outputs import Outputs
from vistazo.scale.archive.part import Part, Row, Summary, summary_in
from vistazo.scale.archive.places import Layout
from vistazo.scale.archive.plan import Shard, shards_of, write_plan
from vistazo.scale.archive.source import Archive
from vistazo.scale.archive.store import LOCK, MAKING, Store, bytes_in
from vistazo.scale.archive.terms import Begun, Terms, begun_of, save_json

SHARD_FILES = 256


class Watcher(Protocol):
    """Whoever waits for the run."""

    def listed(self, files: int) -> None:
        """So many pictures have been found so far."""

    def skipped(self, skipped: Skipped) -> None:
        """What was left out, once all are found."""

    def scored(self, files: int, total: int) -> None:
        """So many of the run are done by now."""


Engine = Callable[[Iterator[Shard], Callable[[int], None]], Iterator[tuple[Shard, list[Row]]]]
"""Gives each shard with its rows, and tells of rows in between."""


@dataclass
class Run:
    """``terms`` are those asked for; their ``shard_files`` count where the run is new, or it
    ``has_own_shards``. Afterwards ``is_new`` says whether it was not done before.
    """

    archive: Archive
    store: Store
    layout: Layout
    terms: Terms
    columns: Columns
    watcher: Watcher
    has_own_shards: bool = False
    is_new: bool = field(default=True, init=False)
    done: int = field(default=0, init=False)
    _parts: dict[int, Summary] = field(default_factory=dict, init=False)

    def to_its_end(self, engine: Engine, name: str) -> Manifest:
        """Raises SettingsError, and whatever the engine raises: what is done is kept."""
        manifest = self._finished()
        if manifest is None:
            try:
                with self.store.locked(self.layout.work):
                    manifest = self._finished()  # by a run that had the lock until now
                    if manifest is None:
                        manifest = self._worked_off(engine, name)
            finally:
                self._leave_nothing()
        if self.store.names(self.layout.work):
            self.store.remove(self.layout.work)
        return manifest

    def _leave_nothing(self) -> None:
        """Where nothing has been begun: of an archive without a picture, for one."""
        with contextlib.suppress(SettingsError):
            names = self.store.names(self.layout.work)
            if names and all(name == LOCK or name.startswith(MAKING) for name in names):
                self.store.remove(self.layout.work)

    def _worked_off(self, engine: Engine, name: str) -> Manifest:
        started_s = time.monotonic()
        try:
            begun = self._begun()
            scored = self._score(begun, engine)
            return self._publish(begun, started_s, name, scored)
        except SettingsError:
            # Where nobody can lock an output, another run may have ended it, and tidied up.
            manifest = self._finished()
            if manifest is None:
                raise
            return manifest

    def _finished(self) -> Manifest | None:
        """The manifest of the run, where it is over. Raises SettingsError for another's output."""
        place = self.store.place(self.layout.manifest)
        if self.store.exists(self.layout.manifest):
            found = read_manifest(bytes_in(self.store, self.layout.manifest), place)
            self._check(found.run, self.store.place(self.layout.name))
            missing = [of.name for of in found.outputs if not self.store.exists(of.name)]
            if missing:
                away = place if self.layout.name else f"the folder {self.store.place('')}"
                raise SettingsError(
                    f"{place} says what is not there any more ({self.store.place(missing[0])}). "
                    f"Delete {away}, and the run begins anew."
                )
            self.is_new = False
            return found
        if not self.store.exists(self.layout.begun) and self._is_taken():
            raise SettingsError(
                f"{self.store.place(self.layout.name)} is there already, and is not of such a run. "
                "Name another output."
            )
        return None

    def _is_taken(self) -> bool:
        if self.layout.name:
            return self.store.exists(self.layout.name)
        return bool(self.store.names("") - {self.layout.work})

    def _check(self, found: Begun, place: str) -> None:
        asked = self.terms
        if not self.has_own_shards:
            asked = asked.model_copy(update={"shard_files": found.terms.shard_files})
        asked.check(found.terms, place)

    def _begun(self) -> Begun:
        """The run that is there, or a new one."""
        name = self.layout.begun
        if not self.store.exists(name):
            self._begin()
        begun = begun_of(bytes_in(self.store, name), self.store.place(name))
        self._check(begun, self.store.place(self.layout.name))
        return begun

    def _begin(self) -> None:
        """Where another run begins at the same moment, the first counts."""
        skipped, started = Skipped(), _now()
        plan = write_plan(self.archive, self.store, self.layout, skipped, self.watcher.listed)
        self.watcher.skipped(skipped)
        begun = Begun(
            terms=self.terms,
            plan=plan.name,
            plan_sha256=plan.sha256,
            files=plan.files,
            bytes=plan.n_bytes,
            skipped=dict(sorted(skipped.counts.items())),
            started=started,
        )
        self.store.create(self.layout.begun, lambda path: save_json(begun, path))

    def _score(self, begun: Begun, engine: Engine) -> int:
        """Whatever has no part yet; how many pictures that were."""
        scored = 0
        self.watcher.scored(0, begun.files)
        for shard, rows in engine(self._left(begun), lambda n: self._tell(n, begun)):
            part = Part.of(shard.number, begun.plan_sha256, rows)
            self.store.write(self.layout.part(shard.number), part.save)
            self._parts[shard.number] = part.summary
            scored += len(rows)
        return scored

    def _left(self, begun: Begun) -> Iterator[Shard]:
        there = self.store.names(self.layout.work)
        shards = shards_of(self.store, begun.plan, begun.plan_sha256, begun.terms.shard_files)
        for shard in shards:
            name = self.layout.part(shard.number)
            if name.rpartition("/")[2] not in there:
                yield shard
                continue
            self._parts[shard.number] = summary_in(self.store, name, begun.plan_sha256)
            self._tell(len(shard.entries), begun)

    def _tell(self, files: int, begun: Begun) -> None:
        self.done += files
        self.watcher.scored(self.done, begun.files)

    def _publish(self, begun: Begun, started_s: float, engine: str, scored: int) -> Manifest:
        parts = [self._parts[number] for number in range(begun.shards)]
        outputs = Outputs(self.store, self.layout, self.columns, self.terms.by).write(parts)
        manifest = manifest_of(
            begun,
            parts,
            outputs,
            engine=engine,
            finished=_now(),
            seconds=time.monotonic() - started_s,
            scored_by_it=scored,
        )
        self.store.write(self.layout.manifest, lambda path: save_json(manifest, path))
        return manifest


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
