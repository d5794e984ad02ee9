"""Workers that are kept warm: taken for one picture, given back, replaced where they end.

One thread watches them: it starts them, ends those whose time is over, buries the dead and says
so. It lives as long as the pool: on Linux a worker ends with the thread that started it.
"""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from vistazo.errors import NotReadyError, PictureTooCostlyError
from vistazo.models.card import InputSpec
from vistazo.observer import NOBODY, Observer
from vistazo.pictures import ImageLimits, Picture
from vistazo.pictures.decode import refuse_too_many_bytes
from vistazo.pictures.reader import Prepared
from vistazo.service.isolation.exchange import Exchange, NoMemoryError
from vistazo.service.isolation.memory import MemoryBudget
from vistazo.service.isolation.wire import GarbledError, OtherSideEndedError
from vistazo.service.isolation.worker_process import WorkerProcess

log = logging.getLogger(__name__)

_Result = TypeVar("_Result")

# How many workers may end over a picture, by the reason; who kills one does not mean the picture.
_TRIES = {"timeout": 1, "cpu": 1, "memory": 1, "killed": 3}
_USUAL_TRIES = 2
# On a tenth of a CPU a worker is warm after two seconds, where nothing else runs.
_START_S = 60.0
_LOOK_EVERY_S, _LOOK_OFTEN_S, _LOOK_SOON_S = 1.0, 0.05, 0.005
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 30.0
_FAILED_STARTS = 3
_NO_WORKER = "No process can be had that decodes pictures. The log says why."
_TOO_COSTLY = (
    "Decoding the picture takes more time or memory than a picture may. Send it smaller, as a "
    "baseline JPEG or as a PNG of 8 bits a channel."
)


@dataclass(frozen=True)
class IsolationPolicy:
    """At most ``workers`` at once; a job that takes longer than ``timeout_s`` ends with its worker,
    and so does one that takes more than ``cpu_s`` of CPU time, or more memory than the costliest
    accepted picture and ``spare_bytes``.
    """

    workers: int
    timeout_s: float
    cpu_s: float = 10.0
    spare_bytes: int = 32_000_000


class IsolatedReader:
    """A ``PictureReader`` whose pictures are decoded by workers."""

    def __init__(self, limits: ImageLimits, policy: IsolationPolicy) -> None:
        self._limits = limits
        self._policy = policy
        self._memory = MemoryBudget(limits, policy.spare_bytes)
        self._changed = threading.Condition()
        self._alive: list[WorkerProcess] = []
        self._idle: list[WorkerProcess] = []
        self._waiting = 0
        self._wanted = 0
        self._failed_starts = 0
        self._no_start_before_s = 0.0
        self._is_closed = False
        self._watch: threading.Thread | None = None
        self._ended: Counter[str] = Counter()

    @property
    def ended(self) -> dict[str, int]:
        """How many have ended that were not asked to, by reason: "timeout", "cpu", "memory",
        "killed", "crashed", "garbled", "exited".
        """
        with self._changed:
            return dict(self._ended)

    @property
    def pids(self) -> list[int]:
        with self._changed:
            return [worker.pid for worker in self._alive]

    def start(self) -> None:
        """Start one worker, if there is none; it warms up beside whatever is done meanwhile."""
        with self._changed:
            self._want(1)

    def wait_until_warm(self) -> None:
        """At once where one is, at work or not. Raises NotReadyError where none can be had."""
        with self._changed:
            if any(worker.is_warm and worker.is_alive for worker in self._alive):
                return
        self._with_a_worker(lambda _: None)

    def prepared(
        self, data: bytes, spec: InputSpec, observer: Observer = NOBODY, frame: int | None = None
    ) -> Prepared:
        refuse_too_many_bytes(len(data), self._limits)
        started_s, prepare_s = time.perf_counter(), 0.0
        try:
            found, said_s = self._with_a_worker(
                lambda exchange: exchange.prepared(data, spec, frame)
            )
            prepare_s = min(said_s, time.perf_counter() - started_s)
            observer.took("prepare", prepare_s)
            return found
        finally:
            observer.took("decode", time.perf_counter() - started_s - prepare_s)

    def picture(self, data: bytes, at_least: tuple[int, int], frame: int | None = None) -> Picture:
        refuse_too_many_bytes(len(data), self._limits)
        return self._with_a_worker(lambda exchange: exchange.picture(data, at_least, frame))

    def preview(self, data: bytes, max_side_px: int, frame: int | None = None) -> Picture:
        refuse_too_many_bytes(len(data), self._limits)
        return self._with_a_worker(lambda exchange: exchange.preview(data, max_side_px, frame))

    def close(self) -> None:
        """End all workers, and jobs that run with them: these raise NotReadyError."""
        with self._changed:
            self._is_closed = True
            for worker in self._alive:
                worker.end()
            self._changed.notify_all()
        if self._watch is not None:
            self._watch.join()

    def _with_a_worker(self, job: Callable[[Exchange], _Result]) -> _Result:
        """Whoever kills a worker costs nobody his answer: another one tries."""
        deadline_s, deaths = time.monotonic() + _START_S, 0
        while True:
            worker = self._take(deadline_s)
            try:
                return self._done(worker, job)
            except GarbledError:
                worker.end("garbled")
            except OtherSideEndedError:
                worker.end()
            except NoMemoryError:
                worker.end("memory")
            finally:
                self._give_back(worker)
            self._refuse_where_closed()
            deaths += worker.is_warm  # else it never saw the picture
            if deaths >= _TRIES.get(worker.why_it_ended(), _USUAL_TRIES):
                raise PictureTooCostlyError(_TOO_COSTLY)

    def _done(self, worker: WorkerProcess, job: Callable[[Exchange], _Result]) -> _Result:
        self._limit(worker, _START_S)
        worker.wait_until_warm()
        self._limit(worker, self._policy.timeout_s)
        return job(worker.exchange)

    def _limit(self, worker: WorkerProcess, timeout_s: float) -> None:
        with self._changed:
            worker.deadline_s = time.monotonic() + timeout_s
            if worker.is_warm:
                self._failed_starts = 0

    def _take(self, deadline_s: float) -> WorkerProcess:
        """Wait for a worker. Raises NotReadyError where none can be had, or the pool is closed."""
        with self._changed:
            self._waiting += 1
            try:
                while True:
                    self._refuse_where_closed()
                    if (worker := self._next_idle()) is not None:
                        return worker
                    if self._failed_starts >= _FAILED_STARTS:
                        raise NotReadyError(_NO_WORKER)
                    self._want(self._waiting + sum(each.is_taken for each in self._alive))
                    if not self._changed.wait(deadline_s - time.monotonic()):
                        raise NotReadyError(_NO_WORKER)
            finally:
                self._waiting -= 1

    def _next_idle(self) -> WorkerProcess | None:
        """A warm one before one that is still warming up."""
        for worker in sorted(self._idle, key=lambda each: not each.is_warm):
            self._idle.remove(worker)
            if worker.is_alive:
                worker.is_taken = True
                return worker
        return None

    def _give_back(self, worker: WorkerProcess) -> None:
        with self._changed:
            worker.is_taken, worker.deadline_s = False, None
            if not worker.exchange.is_in_step:  # left in the middle of a message
                worker.end()
            if not worker.is_doomed:
                self._idle.append(worker)
            if worker.is_doomed or self._waiting:
                self._changed.notify_all()

    def _refuse_where_closed(self) -> None:
        if self._is_closed:
            raise NotReadyError("The service is shutting down.")

    def _want(self, workers: int) -> None:
        self._wanted = max(self._wanted, min(workers, self._policy.workers))
        if self._watch is None:
            watch = threading.Thread(target=self._watch_over, name="picture-workers", daemon=True)
            watch.start()
            self._watch = watch
        if len(self._alive) < self._wanted:
            self._changed.notify_all()

    def _watch_over(self) -> None:
        if sys.platform != "win32":  # a worker is born with what this thread does not hear
            signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
        while not (self._is_closed and not self._alive):
            try:
                self._look_after()
            except Exception:  # the boundary of a thread: without it nobody would be looked after
                log.exception("unexpected error beside the picture workers")
                time.sleep(_LOOK_EVERY_S)

    def _look_after(self) -> None:
        with self._changed:
            self._bury()
            self._end_the_overdue()
            if not self._is_start_due():
                if self._alive or not self._is_closed:
                    self._changed.wait(self._pause_s())
                return
        self._start_one()

    def _bury(self) -> None:
        """Those that have ended, and that nobody holds."""
        for worker in [each for each in self._alive if not (each.is_taken or each.is_alive)]:
            self._alive.remove(worker)
            if worker in self._idle:
                self._idle.remove(worker)
            worker.close()
            if not self._is_closed:
                self._tell(worker)

    def _tell(self, worker: WorkerProcess) -> None:
        reason = worker.why_it_ended()
        if not worker.is_warm:
            self._postpone(has_failed=reason == "exited")
        self._ended[reason] += 1
        after_s = round(time.monotonic() - worker.started_s, 1)
        log.warning("a picture worker ended", extra={"reason": reason, "after_s": after_s})

    def _end_the_overdue(self) -> None:
        now_s = time.monotonic()
        for worker in self._alive:
            if worker.deadline_s is not None and worker.deadline_s <= now_s:
                worker.end("timeout")

    def _is_start_due(self) -> bool:
        is_wanted = len(self._alive) < self._wanted and not self._is_closed
        return is_wanted and self._no_start_before_s <= time.monotonic()

    def _pause_s(self) -> float:
        if any(worker.is_doomed for worker in self._alive):
            return _LOOK_SOON_S
        if not all(worker.is_warm for worker in self._alive):  # it may fail to start
            return _LOOK_OFTEN_S
        return min(_LOOK_EVERY_S, self._policy.timeout_s / 4)

    def _start_one(self) -> None:
        try:
            worker = WorkerProcess.start(self._memory, self._policy.cpu_s)
        except (OSError, subprocess.SubprocessError, MemoryError) as error:
            log.warning("no picture worker can be started", extra={"reason": str(error)})
            with self._changed:
                self._postpone(has_failed=True)
            return
        with self._changed:
            self._alive.append(worker)
            self._idle.append(worker)
            if self._is_closed:
                worker.end()
            self._changed.notify_all()

    def _postpone(self, *, has_failed: bool) -> None:
        """What fails at its start is not tried for ever without a pause."""
        pause_s = min(_FIRST_PAUSE_S * 2**self._failed_starts, _LONGEST_PAUSE_S)
        self._failed_starts += has_failed
        self._no_start_before_s = time.monotonic() + pause_s
