"""The names of all pictures of an archive, written once: the n-th shard is the same in every run.

A line is a JSON array, of a name and the bytes that it had. No run holds all of them.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from vistazo.errors import SettingsError
from vistazo.pictures.folders import Skipped
from vistazo.scale.archive.places import Layout
from vistazo.scale.archive.source import Archive, Entry
from vistazo.scale.archive.store import Store, lines_in


@dataclass(frozen=True)
class Shard:
    number: int
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Plan:
    """Where it is, the hash of its bytes, and how many pictures and bytes are in it."""

    name: str
    sha256: str
    files: int
    n_bytes: int


def write_plan(
    archive: Archive,
    store: Store,
    layout: Layout,
    skipped: Skipped,
    listed: Callable[[int], None] = lambda _: None,
) -> Plan:
    """List the archive. ``listed`` is told how many there are so far.

    Raises SettingsError, also where there is no picture.
    """
    name, made = f"{layout.work}/plan-{secrets.token_hex(8)}.jsonl", list[Plan]()

    def save(path: Path) -> None:
        made.append(_listed(name, archive, path, skipped, listed))
        if not made[0].files:
            raise SettingsError(f"There is no picture in {archive.place}.")

    store.write(name, save)  # of two runs that begin at once each has its own
    return made[0]


def shards_of(store: Store, name: str, sha256: str, shard_files: int) -> Iterator[Shard]:
    """One at a time. Raises SettingsError where the plan is not as it was written."""
    _check(store, name, sha256)
    with store.reading(name) as file:
        lines, number = lines_in(file), 0
        while entries := tuple(Entry(*json.loads(line)) for line in islice(lines, shard_files)):
            yield Shard(number, entries)
            number += 1


def _listed(
    name: str, archive: Archive, path: Path, skipped: Skipped, listed: Callable[[int], None]
) -> Plan:
    digest, files, n_bytes = hashlib.sha256(), 0, 0
    with path.open("wb") as file:
        for entry in archive.entries(skipped):
            # A name may be of bytes that are no text: as ASCII it can be written, and read again.
            line = json.dumps([entry.name, entry.size_bytes]).encode("ascii") + b"\n"
            digest.update(line)
            file.write(line)
            files, n_bytes = files + 1, n_bytes + (entry.size_bytes or 0)
            listed(files)
    return Plan(name, digest.hexdigest(), files, n_bytes)


def _check(store: Store, name: str, sha256: str) -> None:
    digest = hashlib.sha256()
    with store.reading(name) as file:
        while piece := file.read(1_000_000):
            digest.update(piece)
    if digest.hexdigest() != sha256:
        raise SettingsError(
            f"{store.place(name)} is not as it was written. Delete the folder it is in, and the "
            "run begins anew."
        )
