"""Send a service very many requests of every kind, and measure what stays: memory, files, threads.

    python scripts/measure_soak.py [--count 50000] [--callers 8] [--rests 20]

A real service with the settings of the environment. Callers in processes of their own send what
callers send, by chance and in these shares: films on kept and on new connections, batches,
heatmaps, health checks, the page, damaged and strange files, HTTP that is none, halves of requests,
and requests whose caller leaves before the answer. They rest --rests times; while they do, the
service and its children are looked at. Bars: at most 5 MB more than at the first fifth of the
rests, descriptors and threads as then, every answer as it has to be, nothing unexpected in the log.
Exit status 1 beyond them. 50,000 take ten minutes on two cores with nothing else to do; run it in
the environment of the tests.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import socket
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from builders import encoded, film  # noqa: E402
from measured_service import MeasuredService, serving  # noqa: E402
from raw_answers import Replies  # noqa: E402
from raw_callers import BEGUN, connected, declared, whole  # noqa: E402

_BAR_MB = 5.0
_SETTLED_S = 3.0  # when callers have left, and what was held for them
_IDLE_S, _PATIENCE_S = 2.0, 60.0
_BUSY = 429
_FILM = encoded(film(300, 260), "JPEG")
_GET = b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n"


@dataclass
class Told:
    """How many were answered how, by kind; and which answers were wrong."""

    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)

    def add(self, other: Told) -> None:
        self.statuses += other.statuses
        self.wrong += other.wrong


@dataclass(frozen=True)
class Kind:
    """A request, made by chance, and what it may be answered with; busy is always right."""

    name: str
    share: int
    made: Callable[[random.Random], bytes]
    right: frozenset[int]
    is_kept: bool = False
    is_left: bool = False


def _damaged(chance: random.Random) -> bytes:
    data = bytearray(_FILM)
    for _ in range(chance.randint(1, 30)):
        data[chance.randrange(len(data))] = chance.randrange(256)
    return whole(bytes(data[: chance.randint(1, len(data))]))


def _asked(path: bytes) -> Callable[[random.Random], bytes]:
    return lambda _: _GET % path


def _sent(*pictures: bytes, path: str = "/predict") -> Callable[[random.Random], bytes]:
    request = whole(*pictures, path=path)
    return lambda _: request


def _kind(name: str, share: int, made: Callable[[random.Random], bytes], *right: int) -> Kind:
    return Kind(name, share, made, frozenset(right))


KINDS = (
    Kind("kept", 30, _sent(_FILM), frozenset({200}), is_kept=True),
    _kind("film", 15, _sent(_FILM), 200),
    _kind("batch", 2, _sent(_FILM, b"none", _FILM, path="/predict/batch"), 200),
    _kind("heatmap", 1, _sent(_FILM, path="/predict?explain=true"), 200),
    _kind("overlay", 1, _sent(_FILM, path="/explain"), 200),
    Kind("health", 12, _asked(b"/health/ready"), frozenset({200}), is_kept=True),
    _kind("page", 3, _asked(b"/"), 200),
    _kind("model", 3, _asked(b"/model"), 200),
    _kind("nothing", 4, _asked(b"/nothing"), 404),
    _kind("damaged", 8, _damaged, 200, 415, 422),
    _kind("strange", 4, _sent(b"GIF89a" + bytes(500)), 415),
    _kind("no form", 3, _sent(_FILM, path="/predict?explain=perhaps"), 400),
    _kind("no HTTP", 4, lambda chance: chance.randbytes(60) + b"\r\n\r\n", 400, 414, 431),
    Kind("half a body", 3, lambda _: declared(9_000) + BEGUN, frozenset(), is_left=True),
    Kind("half a head", 3, lambda _: b"POST /predict HTTP/1.1\r\nHo", frozenset(), is_left=True),
    Kind("left", 4, _sent(_FILM), frozenset(), is_left=True),
)


class Kept:
    """A connection for many requests, given up before the service does: it is idle for 5 s."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: socket.socket | None = None
        self._used_s = 0.0

    def connection(self) -> socket.socket:
        if time.monotonic() - self._used_s > _IDLE_S:
            self.close()
        self._connection = self._connection or _patient(self._url)
        self._used_s = time.monotonic()
        return self._connection

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def call(url: str, seed_and_count: tuple[int, int]) -> Told:
    """One caller: so many requests, one after the other, one connection kept for those that are."""
    seed, count = seed_and_count
    chance, told = random.Random(seed), Told()  # noqa: S311
    with contextlib.closing(Kept(url)) as kept:
        for kind in chance.choices(KINDS, [kind.share for kind in KINDS], k=count):
            try:
                if kind.is_kept:
                    _exchange(kept.connection(), kind, chance, told)
                else:
                    with _patient(url) as connection:
                        _exchange(connection, kind, chance, told)
            except OSError as error:
                kept.close()
                told.wrong[f"{kind.name}: {type(error).__name__} {error}"] += 1
    return told


def _patient(url: str) -> socket.socket:
    connection = connected(url)
    connection.settimeout(_PATIENCE_S)
    return connection


def _exchange(connection: socket.socket, kind: Kind, chance: random.Random, told: Told) -> None:
    with contextlib.suppress(BrokenPipeError):  # refused in the middle
        connection.sendall(kind.made(chance))
    if kind.is_left:
        time.sleep(chance.choice((0, 0.002, 0.02)))
        told.statuses[kind.name, 0] += 1
        return
    status = Replies(connection).next().status
    told.statuses[kind.name, status] += 1
    if status not in kind.right | {_BUSY}:
        told.wrong[f"{kind.name}: {status}"] += 1


@dataclass(frozen=True)
class Seen:
    """While callers rest."""

    megabytes: float
    open_files: int
    threads: int

    @staticmethod
    def of(service: MeasuredService) -> Seen:
        return Seen(sum(service.resident_mb()), service.open_files(), service.threads())


def soak(service: MeasuredService, arguments: argparse.Namespace) -> tuple[Told, list[Seen]]:
    url, told, seen = f"http://127.0.0.1:{service.port}", Told(), list[Seen]()
    each = -(-arguments.count // (arguments.rests * arguments.callers))
    with ProcessPoolExecutor(arguments.callers) as pool:
        for rest in range(arguments.rests):
            seeds = range(rest * arguments.callers, (rest + 1) * arguments.callers)
            for one in pool.map(partial(call, url), [(seed, each) for seed in seeds]):
                told.add(one)
            time.sleep(_SETTLED_S)
            seen.append(Seen.of(service))
            show(seen[-1], told)
    return told, seen


def show(seen: Seen, told: Told) -> None:
    print(
        f"{told.statuses.total():6} requests  {seen.megabytes:6.1f} MB  "
        f"{seen.open_files} descriptors  {seen.threads} threads  {sum(told.wrong.values())} wrong",
        flush=True,
    )


def unexpected(log: Path) -> Counter[str]:
    """Lines of the log that tell of more than refusals."""
    lines = (json.loads(line) for line in log.read_text(encoding="utf-8").splitlines())
    return Counter(line["event"] for line in lines if line["level"] == "error")


def main() -> None:
    parser = argparse.ArgumentParser(description="What stays of very many requests.")
    parser.add_argument("--count", type=int, default=50_000)
    parser.add_argument("--callers", type=int, default=8)
    parser.add_argument("--rests", type=int, default=20)
    arguments = parser.parse_args()
    started = time.monotonic()
    with serving({}) as service:
        told, seen = soak(service, arguments)
        errors = unexpected(service.log)
    first, last = seen[: -(-len(seen) // 5)], seen[-(-len(seen) // 5) :]
    grown_mb = seen[-1].megabytes - statistics.median(each.megabytes for each in first)
    settled = {(each.open_files, each.threads) for each in last}
    for (name, status), count in sorted(told.statuses.items()):
        print(f"{name:12} {status or 'left'}: {count}")
    print(f"{told.statuses.total()} requests in {time.monotonic() - started:.0f} s")
    print(f"memory grew by {grown_mb:.1f} MB (bar {_BAR_MB}); descriptors and threads: {settled}")
    print(f"wrong answers: {dict(told.wrong)}; errors in the log: {dict(errors)}")
    sys.exit(int(grown_mb > _BAR_MB or len(settled) > 1 or bool(told.wrong) or bool(errors)))


if __name__ == "__main__":
    main()
