"""Callers, proxies and replicas, simulated: a discrete-event simulation.

A request is work of a proxy, then of the replica that the proxy chooses, and a way that is nobody's
work. A proxy works on one request at a time, as its event loop does; a replica on ``workers``. The
proxy chooses as Ray Serve does: of two replicas at random the one with fewer requests; where both
have as many as they may have it waits, and is refused where too many wait.

Work that goes on at the same time shares ``cores``: with more of it than cores, all of it is
slower. So what was measured on a small machine can be simulated as it was measured, and then with a
core for each. Time is in ms.
"""

from __future__ import annotations

import heapq
import itertools
import math
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

_Then = Callable[[], None]


@dataclass(frozen=True)
class Costs:
    """Of a request, ms: ``replica`` are times that are equally likely. ``caller`` is what the
    callers' process needs for it, ``beside`` what nobody waits for but takes a core as well.
    """

    replica: Sequence[float]
    proxy: float
    way: float = 0.0
    caller: float = 0.0
    beside: float = 0.0


@dataclass(frozen=True)
class Layout:
    """``max_ongoing`` and ``max_queued`` are Ray's, the latter of each proxy. ``max_held`` are the
    requests that a proxy has the bytes of: those that come beyond are refused.
    """

    replicas: int
    proxies: int = 1
    workers: int = 1
    max_ongoing: int = 17
    max_queued: int = 170
    max_held: float = math.inf
    cores: float = math.inf


@dataclass(frozen=True)
class Autoscaling:
    """Ray's: ``target`` requests a replica, averaged over ``look_back_ms``, wanted for
    ``delay_ms``; then new ones need ``start_ms``.
    """

    target: float
    most: int
    start_ms: float
    delay_ms: float = 30_000.0
    look_back_ms: float = 30_000.0


@dataclass(frozen=True)
class Outcome:
    """``refused`` and ``proxy_busy`` are shares; latencies of those that were answered."""

    per_s: float
    p50_ms: float
    p99_ms: float
    refused: float
    proxy_busy: float
    replicas: int


class Machine:
    """Time, and cores that are shared evenly. ``work`` counts in ms of a core alone."""

    def __init__(self, cores: float) -> None:
        self.now = 0.0
        self._cores = cores
        self._worked = 0.0  # ms that each piece of work in progress has had since the start
        self._working: list[tuple[float, int, _Then]] = []
        self._timed: list[tuple[float, int, _Then]] = []
        self._order = itertools.count()

    def work(self, amount: float, then: _Then) -> None:
        heapq.heappush(self._working, (self._worked + amount, next(self._order), then))

    def after(self, delay: float, then: _Then) -> None:
        heapq.heappush(self._timed, (self.now + delay, next(self._order), then))

    def run(self, until: float) -> None:
        while self.now < until and (self._working or self._timed):
            speed = min(1.0, self._cores / len(self._working)) if self._working else 1.0
            ends = (
                self.now + (self._working[0][0] - self._worked) / speed
                if self._working
                else math.inf
            )
            timed = self._timed[0][0] if self._timed else math.inf
            at = min(ends, timed)
            self._worked += (at - self.now) * speed
            self.now = at
            heap = self._working if ends <= timed else self._timed
            heapq.heappop(heap)[2]()


@dataclass
class Station:
    """Works on ``servers`` pieces at a time, in the order of their coming."""

    machine: Machine
    servers: int
    busy: int = 0
    worked: float = 0.0
    _line: deque[tuple[float, _Then]] = field(default_factory=deque)

    @property
    def requests(self) -> int:
        return self.busy + len(self._line)

    def take(self, amount: float, then: _Then) -> None:
        self._line.append((amount, then))
        self._begin()

    def _begin(self) -> None:
        if self.busy < self.servers and self._line:
            amount, then = self._line.popleft()
            self.busy += 1
            self.worked += amount
            self.machine.work(amount, lambda: self._end(then))

    def _end(self, then: _Then) -> None:
        self.busy -= 1
        self._begin()
        then()


class Proxy:
    """With a line of its own in front of the replicas that it shares with other proxies."""

    def __init__(self, of: Simulation) -> None:
        self.station = Station(of.machine, 1)
        self._of = of
        self._held = 0
        self._line: deque[_Then] = deque()

    @property
    def waiting(self) -> int:
        return len(self._line)

    def pass_on(self, answered: _Then, refused: _Then) -> None:
        if self._held >= self._of.layout.max_held:
            refused()
            return
        self._held += 1

        def ended(then: _Then) -> None:
            self._held -= 1
            then()

        whole, not_at_all = partial(ended, answered), partial(ended, refused)
        self.station.take(self._of.costs.proxy, lambda: self._route(whole, not_at_all))

    def _route(self, answered: _Then, refused: _Then) -> None:
        if self._of.costs.beside:
            self._of.machine.work(self._of.costs.beside, lambda: None)
        replica = self._of.chosen()
        if replica is not None:
            self._of.send(replica, answered)
        elif self.waiting < self._of.layout.max_queued:
            self._line.append(answered)
        else:
            refused()

    def send_next(self) -> bool:
        """Whether there was one that waits, and room for it."""
        replica = self._of.chosen() if self._line else None
        if replica is not None:
            self._of.send(replica, self._line.popleft())
        return replica is not None


class Simulation:
    def __init__(self, costs: Costs, layout: Layout, seed: int = 0) -> None:
        self.costs, self.layout = costs, layout
        self.machine = Machine(layout.cores)
        self.random = random.Random(seed)  # noqa: S311 - no secret
        self.replicas = [Station(self.machine, layout.workers) for _ in range(layout.replicas)]
        self._proxies = [Proxy(self) for _ in range(layout.proxies)]
        self._caller = Station(self.machine, 1)
        self._next_proxy = itertools.cycle(self._proxies)
        self._latencies: list[tuple[float, float]] = []  # when it was answered, how long it took
        self._refused: list[float] = []

    def chosen(self) -> Station | None:
        two = self.random.sample(self.replicas, min(2, len(self.replicas)))
        least = min(two, key=lambda one: one.requests)
        return least if least.requests < self.layout.max_ongoing else None

    def send(self, replica: Station, answered: _Then) -> None:
        def done() -> None:
            answered()
            for proxy in self._proxies:
                if proxy.send_next():
                    break

        replica.take(self.random.choice(self.costs.replica), done)

    def ask(self, then: _Then = lambda: None) -> None:
        began = self.machine.now

        def answered() -> None:
            self.machine.after(self.costs.way, end)

        def end() -> None:
            self._latencies.append((self.machine.now, self.machine.now - began))
            then()

        def refused() -> None:
            self._refused.append(self.machine.now)
            then()

        proxy = next(self._next_proxy)
        send = lambda: proxy.pass_on(answered, refused)  # noqa: E731
        if self.costs.caller:
            self._caller.take(self.costs.caller, send)
        else:
            send()

    def closed(self, callers: int, lasts_ms: float) -> Outcome:
        """So many callers, each of whom asks again once he has his answer."""

        def again() -> None:
            self.ask(again)

        for _ in range(callers):
            again()
        self.machine.run(lasts_ms)
        return self._outcome(lasts_ms)

    def open(
        self, per_s: float, lasts_ms: float, autoscaling: Autoscaling | None = None
    ) -> Outcome:
        """Requests arrive by chance, so many a second (Poisson), whatever becomes of others."""

        def arrive() -> None:
            self.ask()
            self.machine.after(self.random.expovariate(per_s / 1000), arrive)

        arrive()
        if autoscaling is not None:
            self._scale(autoscaling, deque(), 0.0)
        self.machine.run(lasts_ms)
        return self._outcome(lasts_ms)

    def _scale(self, by: Autoscaling, seen: deque[float], wanted_for: float) -> None:
        """Looks once a second."""
        step = 1000.0
        waiting = sum(proxy.waiting + proxy.station.requests for proxy in self._proxies)
        seen.append(waiting + sum(one.requests for one in self.replicas))
        while len(seen) * step > by.look_back_ms:
            seen.popleft()
        wanted = min(by.most, math.ceil(sum(seen) / len(seen) / by.target))
        wanted_for = wanted_for + step if wanted > len(self.replicas) else 0.0
        if wanted_for >= by.delay_ms:
            more, wanted_for = wanted - len(self.replicas), 0.0
            self.machine.after(by.start_ms, lambda: self._add(more))
        self.machine.after(step, lambda: self._scale(by, seen, wanted_for))

    def _add(self, more: int) -> None:
        self.replicas += [Station(self.machine, self.layout.workers) for _ in range(more)]
        for proxy in self._proxies:
            while proxy.send_next():
                pass

    def _outcome(self, lasts_ms: float) -> Outcome:
        """Of the last four fifths: before, it only fills."""
        begin = lasts_ms / 5
        took = [latency for at, latency in self._latencies if at >= begin]
        refused = sum(at >= begin for at in self._refused)
        busiest = max(proxy.station.worked for proxy in self._proxies)
        p50, p99 = np.percentile(took, [50, 99]) if took else (math.nan, math.nan)
        return Outcome(
            per_s=1000 * len(took) / (lasts_ms - begin),
            p50_ms=float(p50),
            p99_ms=float(p99),
            refused=refused / max(1, refused + len(took)),
            proxy_busy=busiest / lasts_ms,
            replicas=len(self.replicas),
        )
