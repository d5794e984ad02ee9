"""The shards of an archive on the machines of a Ray cluster, or in processes of this one.

Workers are actors that compute and write nothing: one that dies is replaced, and what it had is
given to another. No more is in work than there are workers, so that a cluster of any size holds no
more of an archive than that.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from vistazo.errors import PictureTooCostlyError, SettingsError, VistazoError
from vistazo.scale.archive.part import Row
from vistazo.scale.archive.plan import Shard
from vistazo.scale.archive.scoring import Scorer
from vistazo.scale.archive.spans import Span, Spans
from vistazo.scale.archive.worker import Ready, Scored, Task, Worker

LOCAL = "local"
_OBJECT_STORE_BYTES = 100_000_000  # of our own: rows are small
_WAIT_S = 10.0
_MOST_DEATHS = 20  # one after the other, while nothing is done
_DEADLY = (
    "Every process that was to classify the picture died over it. Send it smaller, or look at it."
)


@dataclass(frozen=True)
class Cluster:
    """``address``: that of a cluster, ``auto``, or ``local`` for processes of this machine; by
    default what RAY_ADDRESS says, else ``local``. ``workers``: by default one for each CPU.
    """

    address: str | None = None
    workers: int | None = None


@dataclass(frozen=True)
class Orders:
    """What every worker is told; ``here`` computes with what they have to, and makes the row of a
    picture over which they die; ``say`` tells a person.
    """

    task: Task
    here: Scorer
    say: Callable[[str], None]


def score_on_ray(
    cluster: Cluster, orders: Orders, shards: Iterator[Shard], told: Callable[[int], None]
) -> Iterator[tuple[Shard, list[Row]]]:
    """Each shard and its rows, as they are done; ``told`` of so many rows. Raises VistazoError."""
    ray = _connected(cluster)
    try:
        workers = cluster.workers or int(ray.cluster_resources().get("CPU", 1)) or 1
        crew = _Crew(ray, orders, Spans(shards))
        crew.grow(workers)
        for shard, rows in crew.work():
            told(len(rows))
            yield shard, rows
    finally:
        ray.shutdown()


def _connected(cluster: Cluster) -> Any:
    address = cluster.address or os.environ.get("RAY_ADDRESS") or LOCAL
    own: dict[str, Any] = {}
    if address == LOCAL:
        _keep_to_ourselves()
        own = {"include_dashboard": False, "object_store_memory": _OBJECT_STORE_BYTES}
        if cluster.workers is not None:
            own["num_cpus"] = max(cluster.workers, os.cpu_count() or 1)
    try:
        import ray
    except ImportError as error:
        raise SettingsError(
            "--engine ray needs Ray, which is not installed: in an environment of its own, "
            "pip install -r scripts/requirements/ray.txt"
        ) from error
    try:
        _look_for(address)
        with _own_way_to_end():
            ray.init(address=address, log_to_driver=False, logging_level="error", **own)
    except (OSError, ValueError, RuntimeError) as error:
        said = " ".join(str(error).split())[:300]
        raise SettingsError(f"There is no Ray at '{address}': {said}") from error
    return ray


@contextlib.contextmanager
def _own_way_to_end() -> Iterator[None]:
    """Of Ray's own a process that is asked to end (SIGTERM) is aborted, with a trace."""
    own = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, own)


def _keep_to_ourselves() -> None:
    """Whoever may speak to a Ray may run anything there: ours has a token that nobody else knows,
    unless somebody chose otherwise. Before Ray is imported, which reads it.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if "RAY_AUTH_MODE" not in os.environ:
        os.environ["RAY_AUTH_MODE"] = "token"
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)


def _look_for(address: str) -> None:
    """Raises OSError where nobody listens. Ray would end the whole process after a minute."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), _WAIT_S).close()


class _Crew:
    """Workers, of which each has one span at a time."""

    def __init__(self, ray: Any, orders: Orders, spans: Spans) -> None:
        self._ray, self._orders, self._spans = ray, orders, spans
        self._task = ray.put(orders.task)
        self._actor = ray.remote(num_cpus=1)(Worker)
        self._starting: dict[Any, Any] = {}
        self._working: dict[Any, tuple[Any, Span]] = {}
        self._idle: list[Any] = []
        self._deaths = 0  # since something was done

    def grow(self, workers: int) -> None:
        for _ in range(workers):
            worker = self._actor.remote(self._task)
            self._starting[worker.ready.remote()] = worker

    def work(self) -> Iterator[tuple[Shard, list[Row]]]:
        while True:
            self._give_out()
            if not self._working and not self._spans.are_left():
                return
            ended, _ = self._ray.wait(
                [*self._working, *self._starting], num_returns=1, timeout=_WAIT_S
            )
            if not ended and not self._working:
                self._orders.say("Waiting for Ray to give a worker ...")
            for ref in ended:
                if ref in self._starting:
                    self._has_started(ref)
                else:
                    done = self._has_ended(ref)
                    if done is not None:
                        yield done

    def _give_out(self) -> None:
        while self._idle and (span := self._spans.next()) is not None:
            worker = self._idle.pop()
            self._working[worker.score.remote(span.entries)] = worker, span

    def _has_started(self, ref: Any) -> None:
        worker = self._starting.pop(ref)
        ready: Ready | None = self._result(ref)
        if ready is None:
            self._replace(worker)
            return
        self._check(ready)
        self._idle.append(worker)

    def _check(self, ready: Ready) -> None:
        expected = self._orders.here.computes_with
        if ready.error:
            raise SettingsError(
                f"A worker cannot begin: {ready.error} A model has to be under the same path on "
                "every machine, or a link."
            )
        if ready.with_what != expected:
            raise SettingsError(
                f"A worker would answer with another model, card or engine ({ready.with_what}) "
                f"than this machine ({expected})."
            )

    def _has_ended(self, ref: Any) -> tuple[Shard, list[Row]] | None:
        worker, span = self._working.pop(ref)
        scored: Scored | None = self._result(ref)
        if scored is None:
            blamed = self._spans.died(span)
            self._replace(worker)
            if blamed is None:
                return None
            refused = self._orders.here.refused(blamed, PictureTooCostlyError(_DEADLY))
            return self._spans.done(span, [refused])
        if scored.error:
            raise SettingsError(scored.error)
        self._deaths = 0
        self._idle.append(worker)
        return self._spans.done(span, scored.rows)

    def _result(self, ref: Any) -> Any:
        """None where the worker is gone, or its machine. Raises VistazoError for a defect."""
        errors = self._ray.exceptions
        try:
            return self._ray.get(ref)
        except errors.RayTaskError as error:
            raise VistazoError(f"A worker met a defect: {error.cause}") from error
        except errors.RayError:
            return None

    def _replace(self, worker: Any) -> None:
        self._deaths += 1
        if self._deaths > _MOST_DEATHS + len(self._working) + len(self._starting):
            raise SettingsError(
                "One worker after the other died. Ray's log says why: is there enough memory?"
            )
        self._orders.say("A worker died: another one does its work.")
        self._ray.kill(worker)
        self.grow(1)
