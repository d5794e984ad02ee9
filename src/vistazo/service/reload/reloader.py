"""The model that answers, and how another takes its place.

The new one is fetched, checked, compiled and run beside the old, by the same code as at start; once
it has answered, one assignment puts it in the old one's place. A request takes the classifier once
and keeps it to its end: no answer is of two models, and the old one's memory is free when the last
request that took it has ended.

Settings are read once, at start: a reload reads the files again that they name.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from vistazo.errors import ModelError, NotReadyError, UnreadableModelError, VistazoError
from vistazo.loading import AnyClassifier
from vistazo.service.allocator import trim
from vistazo.service.reload.files import Stamp

log = logging.getLogger(__name__)

AskedBy = Literal["start", "signal", "request", "file"]
_TRIES = 3


@dataclass(frozen=True)
class Reload:
    """How a reload ended, and when. ``code`` and ``reason`` say why where it failed.

    The reason may name files: it is for the log, and for whoever may reload.
    """

    at: datetime
    outcome: Literal["swapped", "failed"]
    code: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Words:
    """What the log says of a reload, and how loud where it failed."""

    loading: str = "reloading the model"
    done: str = "reloaded"
    failed: str = "reload failed: the same model goes on"
    level: int = logging.ERROR


class Reloader:
    """Used from one event loop; a model is loaded in a thread, one at a time.

    ``load`` gives a classifier that has answered once, or raises ModelError: soon, where ``stop``
    is called. ``stamp`` tells whether the files have changed that it reads. ``counts`` are the
    reloads so far, by outcome.
    """

    def __init__(
        self,
        load: Callable[[], AnyClassifier],
        stamp: Callable[[], Stamp] = frozenset,
        words: Words | None = None,
        stop: Callable[[], None] = lambda: None,
    ) -> None:
        self._load = load
        self._words = words or Words()
        self._stop = stop
        self.stamp = stamp
        self._turn = asyncio.Lock()
        self._next: asyncio.Task[Reload] | None = None
        self._is_closed = False
        self.classifier: AnyClassifier | None = None
        self.tried: Stamp | None = None  # what the files were when they were last read
        self.last: Reload | None = None
        self.counts: Counter[str] = Counter({"swapped": 0, "failed": 0})

    async def start(self) -> None:
        """Load the first one. Raises ModelError."""
        async with self._turn:
            loaded = await asyncio.to_thread(self._load_whole)
            await asyncio.to_thread(trim)  # what its file took to read: as much as its weights
            self.classifier = loaded

    async def reload(self, asked_by: AskedBy) -> Reload:
        """Load again and, where that gives a model, serve it. Returns once that is done.

        Who asks while one is loaded gets the next one, together with all others who do: the files
        may have changed after they were read. Raises NotReadyError once closed.
        """
        if self._next is None:
            self._next = asyncio.create_task(self._in_turn(asked_by))
        return await asyncio.shield(self._next)

    def close(self) -> None:
        """No further model is loaded, and one that is being loaded no more."""
        self._is_closed = True
        self._stop()

    async def _in_turn(self, asked_by: AskedBy) -> Reload:
        async with self._turn:
            self._next = None
            self._refuse_where_closed()
            self.last = await self._swap(asked_by)
        self.counts[self.last.outcome] += 1
        await asyncio.to_thread(trim)
        return self.last

    def _refuse_where_closed(self) -> None:
        if self._is_closed:
            raise NotReadyError("The service is shutting down.")

    async def _swap(self, asked_by: AskedBy) -> Reload:
        started = time.perf_counter()
        log.info(self._words.loading, extra={"asked_by": asked_by})
        try:
            self.classifier = await asyncio.to_thread(self._load_whole)
        except Exception as error:  # whatever it is, the model before goes on answering
            self._refuse_where_closed()
            return _failed(error, self._words)
        identity, seconds = self.classifier.identity, time.perf_counter() - started
        about = {"model": identity.name, "version": identity.version, "sha256": identity.sha256}
        log.info(self._words.done, extra={**about, "seconds": round(seconds, 2)})
        return Reload(datetime.now(UTC), "swapped")

    def _load_whole(self) -> AnyClassifier:
        """Of files that nobody wrote meanwhile: else they may be of two models."""
        for _ in range(_TRIES):
            self.tried = before = self.stamp()
            try:
                classifier = self._load()
            except ModelError:
                if self.stamp() == before:
                    raise
            else:
                if self.stamp() == before:
                    return classifier
        raise UnreadableModelError(
            "The model's files change while they are read. Reload once all of them are there."
        )


def _failed(error: Exception, words: Words) -> Reload:
    """Without the error itself, whose traceback would keep the memory of what was loaded."""
    if isinstance(error, VistazoError):
        code, reason = error.code, str(error)
    else:  # the boundary: nobody else would be told
        log.error("unexpected error while a model was loaded", exc_info=error)
        code, reason = ModelError.code, "The model could not be loaded. The log has the reason."
    log.log(words.level, words.failed, extra={"code": code, "reason": reason})
    return Reload(datetime.now(UTC), "failed", code, reason)
