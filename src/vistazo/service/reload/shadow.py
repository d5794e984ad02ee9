"""The model that may come next (``MODEL_PATH_NEXT``) answers too, and nobody waits for it.

Of a share of the requests it is given the same picture once they have their answer, where the
service has room to spare: one picture at a time, and as soon as a request wants the CPU it is ended
in the middle. Nothing of it reaches a caller, and whatever goes wrong with it is counted.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import partial

from vistazo.classifier import ModelIdentity
from vistazo.loading import AnyClassifier
from vistazo.service.reload.agreement import Agreement, Opinion, Tally
from vistazo.service.reload.answered import Answered
from vistazo.service.reload.reloader import AskedBy, Reload, Reloader

log = logging.getLogger(__name__)

_Pair = tuple[ModelIdentity, ModelIdentity]


@dataclass(frozen=True)
class ShadowPolicy:
    """``share`` of the requests, 0..1. After an answer it waits ``settle_s`` for whoever comes
    next, and every ``look_s`` it looks whether there is still room to spare.
    """

    share: float
    settle_s: float = 0.05
    look_s: float = 0.002
    log_every_s: float = 600.0


@dataclass(frozen=True)
class Comparison:
    """The next model, None where there is none that can be used, and how it does.

    ``dropped`` pictures found no room to spare, at ``failed`` ones the model had no answer.
    """

    model: ModelIdentity | None
    last: Reload | None
    agreement: Agreement = field(default_factory=Agreement)
    dropped: int = 0
    failed: int = 0


class Shadow:
    """Used from one event loop; the next model runs in threads of its own.

    ``has_room`` tells whether a worker is free that nobody waits for.
    """

    def __init__(
        self, reloader: Reloader, policy: ShadowPolicy, has_room: Callable[[], bool]
    ) -> None:
        self.reloader = reloader
        self._policy = policy
        self._has_room = has_room
        self._chance = random.Random()  # noqa: S311 - no secret hangs on it
        self._running: asyncio.Task[None] | None = None
        self._is_closed = False
        self._pair: _Pair | None = None
        self._logged_s = time.monotonic()
        self._begin(None)

    @property
    def comparison(self) -> Comparison:
        """Since the two models meet that are here now."""
        classifier = self.reloader.classifier
        return Comparison(
            None if classifier is None else classifier.identity,
            self.reloader.last,
            self._tally.agreement,
            self._dropped,
            self._failed,
        )

    async def load(self, asked_by: AskedBy) -> None:
        """Read the next model, or read it again. Never raises: one that is of no use is told of."""
        with contextlib.suppress(Exception):
            await self.reloader.reload(asked_by)

    def one_of(self, count: int) -> int:
        """Which of so many pictures of one request is to be offered, once all have their answer."""
        return self._chance.randrange(count)

    def offer(self, answered: Answered) -> None:
        """Perhaps have the next model answer too, in a while. Returns at once."""
        later = self.reloader.classifier
        if later is None or self._is_closed or self._chance.random() >= self._policy.share:
            return
        if not answered.may_be_asked(later):  # a reload has brought a model of another task
            return
        pair = answered.model, later.identity
        if pair != self._pair:
            self._begin(pair)
        if self._running is not None:
            self._dropped += 1
            return
        # In a context of its own: what is logged there is not the request's.
        self._running = asyncio.create_task(
            self._compare(answered, later, pair), context=contextvars.Context()
        )

    def close(self) -> None:
        """End what runs, and run nothing more."""
        self._is_closed = True
        if self.reloader.classifier is not None:
            self.reloader.classifier.interrupt()
        self._log()

    def _begin(self, pair: _Pair | None) -> None:
        self._pair, self._tally = pair, Tally()
        self._dropped = self._failed = 0

    async def _compare(self, answered: Answered, later: AnyClassifier, pair: _Pair) -> None:
        try:
            await asyncio.sleep(self._policy.settle_s)
            opinion = await self._second(answered, later) if self._may_run else None
            if pair != self._pair:
                return  # they are not the two any more that are compared
            if opinion is None:
                self._dropped += 1
            else:
                self._tally.add(answered.opinion(), opinion)
        except Exception as error:  # the boundary: nothing of it may reach anybody
            self._failed += 1
            # Without its words, which may quote the picture.
            log.debug("the next model has no answer", extra={"error": type(error).__name__})
        finally:
            self._running = None
        if time.monotonic() - self._logged_s > self._policy.log_every_s:
            self._log()

    @property
    def _may_run(self) -> bool:
        return self._has_room() and not self._is_closed

    async def _second(self, answered: Answered, later: AnyClassifier) -> Opinion | None:
        """None where it was ended for others."""
        is_ended = threading.Event()
        running = _in_a_thread(lambda: answered.second_opinion(later, is_ended))
        while not running.done():
            await asyncio.wait([running], timeout=self._policy.look_s)
            if not running.done() and not self._may_run:
                is_ended.set()
                later.interrupt()  # over and over: it may be just about to begin
        if (is_ended.is_set() or self._is_closed) and running.exception() is not None:
            return None
        return running.result()

    def _log(self) -> None:
        self._logged_s = time.monotonic()
        now = self.comparison
        if now.model is not None and (now.agreement.compared or now.dropped or now.failed):
            counts = {"sha256": now.model.sha256, "dropped": now.dropped, "failed": now.failed}
            log.info("the next model, compared", extra={**asdict(now.agreement), **counts})


def _in_a_thread(job: Callable[[], Opinion | None]) -> asyncio.Future[Opinion | None]:
    """In one that the end of the process does not wait for: the job may hang."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Opinion | None] = loop.create_future()

    def run() -> None:
        try:
            told: Callable[[], None] = partial(future.set_result, job())
        except Exception as error:  # it is the future's
            told = partial(future.set_exception, error)
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(told)

    threading.Thread(target=run, name="shadow", daemon=True).start()
    return future
