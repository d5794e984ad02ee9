"""Offer a service twice and ten times what it can do: who is answered, who is refused, and when.

    python scripts/measure_overload.py [--times 2] [--seconds 20] [--addresses 4] [--slack 1]

Starts the service with the settings of the environment, measures its capacity (as many callers as
it has places, each of which asks again when answered), then offers twice, and after that ten times
as much (or the one that is given as --times), at even distances and whatever is answered, from
--addresses and a process of its own; beside that an honest caller from another address, a film a
second, and a health check twenty times a second. The queue's own time is places / capacity: what
the last in a full queue waits. Bars at twice / ten times the capacity: p99 of those answered at
most 2 / 1.3 times that, p99 of refusals within 100 ms, p99 of health checks within 20 / 50 ms; the
honest caller never refused, no other answers. Exit status 1 beyond them, or where nobody had to be
refused: then it was no load.

The callers need a core beside those of the service: set THREADS one below the cores there are. How
late they were themselves is said: where that is more than some milliseconds, it is they who are
measured. Run it in the environment of the tests.
"""

from __future__ import annotations

import argparse
import multiprocessing
import selectors
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.pool import Pool
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from builders import encoded, film  # noqa: E402
from measured_service import MeasuredService, serving  # noqa: E402
from raw_callers import connected, whole  # noqa: E402
from vistazo.service.settings import Settings  # noqa: E402

_FILM = whole(encoded(film(600, 500), "JPEG", quality=95))
_HEALTH = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
_HEALTH_EVERY_S, _HONEST_EVERY_S = 0.05, 1.0
_HONEST, _ALONE = "127.0.0.200", "127.0.0.201"
_PATIENCE_S = 30.0


@dataclass(frozen=True)
class Bars:
    """For the p99 of those answered, in the queue's own time; of refusals; of health checks."""

    answered_times: float
    refused_s: float
    health_s: float


_BARS = {2: Bars(2.0, 0.1, 0.02), 10: Bars(1.3, 0.1, 0.05)}


@dataclass
class Felt:
    """Seconds by status; and how late the callers were themselves."""

    took_s: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    late_s: list[float] = field(default_factory=list)
    wrong: Counter[str] = field(default_factory=Counter)

    def say(self, name: str, status: int) -> float:
        """Print it; returns its p99."""
        took_s = self.took_s[status]
        p99_s = percentile(took_s, 0.99)
        print(
            f"{name}: {len(took_s)}  p50 {1000 * percentile(took_s, 0.5):.1f} ms  "
            f"p99 {1000 * p99_s:.1f} ms  slowest {1000 * max(took_s, default=0):.1f} ms"
        )
        return p99_s


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


class Caller:
    """One connection that asks, and what is still to be sent and to be read of it."""

    def __init__(self, url: str, address: str) -> None:
        self.connection = connected(url, address)
        self.connection.setblocking(False)  # noqa: FBT003
        self.began_s = 0.0
        self._unsent, self._said = memoryview(b""), b""

    def ask(self, request: bytes) -> None:
        self.began_s, self._unsent, self._said = time.perf_counter(), memoryview(request), b""
        self.send()

    def send(self) -> bool:
        """As much as goes; whether that is all."""
        while self._unsent:
            try:
                self._unsent = self._unsent[self.connection.send(self._unsent) :]
            except BlockingIOError:
                return False
        return True

    def read(self) -> int:
        """The status, once the answer is there; else 0."""
        data = self.connection.recv(65536)
        if not data:
            raise ConnectionError("the service hung up")
        self._said += data
        head, _, body = self._said.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]
        return int(head[9:12]) if length and len(body) >= int(length) else 0


class Callers:
    """All of one process, which waits for whichever is ready."""

    def __init__(self, url: str, addresses: list[str], request: bytes) -> None:
        self.felt = Felt()
        self._url, self._addresses, self._request = url, addresses, request
        self._idle: list[Caller] = []
        self._ready = selectors.DefaultSelector()
        self._made = 0

    @property
    def busy(self) -> int:
        return len(self._ready.get_map())

    def ask(self) -> None:
        if not self._idle:
            address = self._addresses[self._made % len(self._addresses)]
            self._idle.append(Caller(self._url, address))
            self._made += 1
        caller = self._idle.pop()
        caller.ask(self._request)
        both = selectors.EVENT_READ | selectors.EVENT_WRITE
        self._ready.register(caller.connection, both, caller)

    def listen(self, timeout_s: float) -> int:
        """Handle what is ready; how many were answered."""
        return sum(self._handle(key, what) for key, what in self._ready.select(max(0.0, timeout_s)))

    def wait(self) -> None:
        """Until all are answered, or for as long as anybody would."""
        ends_s = time.perf_counter() + _PATIENCE_S
        while self.busy and time.perf_counter() < ends_s:
            self.listen(0.1)

    def _handle(self, key: selectors.SelectorKey, what: int) -> int:
        caller: Caller = key.data
        try:
            if what & selectors.EVENT_WRITE and caller.send():
                self._ready.modify(caller.connection, selectors.EVENT_READ, caller)
            status = caller.read() if what & selectors.EVENT_READ else 0
        except BlockingIOError:
            return 0
        except OSError as error:
            self.felt.wrong[type(error).__name__] += 1
            self._ready.unregister(caller.connection)
            caller.connection.close()
            return 1
        if not status:
            return 0
        self.felt.took_s[status].append(time.perf_counter() - caller.began_s)
        self._ready.unregister(caller.connection)
        if caller.send():
            self._idle.append(caller)
        else:  # refused before all was sent: what is left would be taken for a body
            caller.connection.close()
        return 1


def closed_loop(url: str, callers: int, seconds: float) -> float:
    """As many as may wait, each of which asks again when answered: the answers a second.

    None is left over: they would wait in what is measured next.
    """
    crowd, ends_s = Callers(url, [_ALONE], _FILM), time.perf_counter() + seconds
    for _ in range(callers):
        crowd.ask()
    while time.perf_counter() < ends_s:
        for _ in range(crowd.listen(0.1)):
            crowd.ask()
    per_s = len(crowd.felt.took_s[200]) / seconds
    crowd.wait()
    return per_s


def open_loop(
    url: str, addresses: list[str], request: bytes, every_s: float, seconds: float
) -> Felt:
    """One request after the other at even distances, whatever becomes of those before."""
    crowd = Callers(url, addresses, request)
    started_s = time.perf_counter()
    for due_s in _times(started_s, every_s, seconds):
        while (wait_s := due_s - time.perf_counter()) > 0:
            crowd.listen(wait_s)
        crowd.felt.late_s.append(-wait_s)
        crowd.ask()
        crowd.listen(0)
    crowd.wait()
    crowd.felt.wrong["no answer"] += crowd.busy
    return crowd.felt


def _times(started_s: float, every_s: float, seconds: float) -> Iterator[float]:
    for number in range(int(seconds / every_s)):
        yield started_s + number * every_s


def measure(service: MeasuredService, arguments: argparse.Namespace, places: int) -> bool:
    """Whether it keeps to the bars."""
    url, seconds = f"http://127.0.0.1:{service.port}", arguments.seconds
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        pool.apply(closed_loop, (url, places, 2.0))  # warm
        capacity = pool.apply(closed_loop, (url, places, seconds / 2))
        own_s = places / capacity
        print(f"capacity {capacity:.1f}/s; the queue's own time {1000 * own_s:.0f} ms")
        kept = []
        for times in arguments.times:
            before_s = service.cpu_s()
            all_felt = offered(pool, url, times * capacity, arguments)
            cpu_s = service.cpu_s() - before_s
            print(
                f"\noffered {times} times as much; CPU of the service {cpu_s / seconds:.2f} cores"
            )
            then_s = places / (len(all_felt[0].took_s[200]) / seconds)
            print(f"with the throughput then, the queue's own time was {1000 * then_s:.0f} ms")
            kept.append(_is_within(all_felt, own_s, _BARS[times], arguments.slack))
    return all(kept)


def offered(
    pool: Pool, url: str, per_s: float, arguments: argparse.Namespace
) -> tuple[Felt, Felt, Felt]:
    """So many films a second; the honest caller; the health checks. All at once."""
    addresses = [f"127.0.0.{number + 1}" for number in range(arguments.addresses)]
    started = [
        pool.apply_async(open_loop, (url, whose, request, each_s, arguments.seconds))
        for whose, request, each_s in (
            (addresses, _FILM, 1 / per_s),
            ([_HONEST], _FILM, _HONEST_EVERY_S),
            ([_HONEST], _HEALTH, _HEALTH_EVERY_S),
        )
    ]
    films, honest, checks = (each.get() for each in started)
    return films, honest, checks


def _is_within(all_felt: tuple[Felt, Felt, Felt], own_s: float, bars: Bars, slack: float) -> bool:
    films, honest, checks = all_felt
    for name, each in (("films", films), ("health checks", checks)):
        late_ms = 1000 * percentile(each.late_s, 0.99)
        print(f"callers with {name} were late by {late_ms:.1f} ms (p99)")
    answered_s = films.say("answered", 200)
    refused_s = films.say("refused", 429)
    health_s = checks.say("health", 200)
    honest.say("honest", 200)
    is_fair = honest.took_s.keys() == {200} and not honest.wrong.total()
    others = {status for each in (films, checks) for status in each.took_s} - {200, 429}
    wrong = +(films.wrong + checks.wrong)
    print(
        f"answered within {answered_s / own_s:.2f} of the queue's own time "
        f"(bar {bars.answered_times}); honest caller {'never ' if is_fair else ''}refused; "
        f"other answers: {others or 'none'}; lost: {dict(wrong) or 'none'}"
    )
    return bool(
        answered_s <= slack * bars.answered_times * own_s
        and refused_s <= slack * bars.refused_s
        and health_s <= slack * bars.health_s
        and films.took_s[429]  # else the capacity was more than was measured, and nothing is shown
        and is_fair
        and not others
        and not wrong
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="More than a service can do.")
    parser.add_argument("--times", type=int, nargs="+", choices=_BARS, default=list(_BARS))
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--addresses", type=int, default=4)
    parser.add_argument("--slack", type=float, default=1, help="times the bars, on a busy machine")
    arguments = parser.parse_args()
    places = Settings.from_environment().admission_policy.places
    with serving({}) as service:
        is_within = measure(service, arguments, places)
    sys.exit(int(not is_within))


if __name__ == "__main__":
    main()
