"""Measure what honest callers feel of slow ones, of idle connections and of empty promises.

    ./scripts/measure_slow_callers.py [--seconds 60] [--slow 200] [--drip 50] [--idle 2000]
        [--silent 18]

Starts the service with the settings of the environment, in turns: 20 honest callers by themselves,
and the same beside the others, ``--seconds`` of each, all from one address. Exit status 1 where an
honest caller was refused, or where p99 more than doubled (--most-times). Run it in the environment
of the tests, on a machine with nothing else to do: it takes two cores. Elsewhere the CPU time still
tells.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import http.client
import io
import multiprocessing
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[1]
FORM = "multipart/form-data; boundary=x"
BEGUN = b"--x\r\nContent-Disposition: form-data; name=file; filename=a.jpeg\r\n\r\n"
_TIMEOUT_S = 30
# A second, where the service asks for 8,000.
_DRIPPED_BYTES = 10_000


@dataclass(frozen=True)
class Crowd:
    """``slow`` send a byte a second, of a body or of a head; ``drip`` send a body just fast enough;
    ``idle`` only connect; ``silent`` declare a body and send none of it. Whoever is sent away comes
    back.
    """

    slow: int
    drip: int
    idle: int
    silent: int


@dataclass
class Felt:
    """By honest callers, and by a health check ten times a second."""

    ms: list[float] = field(default_factory=list)
    health_ms: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    memory_mb: float = 0
    cpu_s: float = 0
    log_lines: int = 0

    def percentile(self, share: float) -> float:
        ordered = sorted(self.ms)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0

    def add(self, other: Felt) -> None:
        self.ms += other.ms
        self.health_ms += other.health_ms
        self.statuses += other.statuses
        self.memory_mb = max(self.memory_mb, other.memory_mb)
        self.cpu_s += other.cpu_s
        self.log_lines += other.log_lines

    @property
    def refused(self) -> int:
        return sum(count for status, count in self.statuses.items() if status != "200")


@contextlib.contextmanager
def serving() -> Iterator[tuple[subprocess.Popen[bytes], int, Path]]:
    """A service of its own: its process, its port, and its log."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = Path(f"{os.environ.get('TMPDIR', '/tmp')}/slow-callers-{port}.log")  # noqa: S108
    variables = {"PYTHONPATH": str(ROOT / "src"), "PORT": str(port), "LOG_FORMAT": "json"}
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "vistazo", "serve"],
            env={**os.environ, **variables},
            stderr=sink,
        )
        try:
            _wait_until_ready(port)
            yield process, port, log
        finally:
            process.terminate()
            process.wait(60)
            log.unlink()


def _wait_until_ready(port: int) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            if _asked(port, "GET", "/health/ready") == "200":
                return
        time.sleep(0.1)
    raise SystemExit("the service did not become ready")


def _asked(port: int, method: str, path: str, body: bytes | None = None) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_S)
    with contextlib.closing(connection):
        connection.request(method, path, body, {"Content-Type": FORM} if body else {})
        response = connection.getresponse()
        response.read()
        return str(response.status)


def _timed(felt_ms: list[float], statuses: Counter[str], *request: object) -> None:
    started = time.perf_counter()
    try:
        status = _asked(*request)  # type: ignore[arg-type]
    except (OSError, http.client.HTTPException) as error:
        status = type(error).__name__
    felt_ms.append(1000 * (time.perf_counter() - started))
    statuses[status] += 1


def _film() -> bytes:
    picture, buffer = Image.effect_noise((600, 500), 40), io.BytesIO()
    picture.save(buffer, "JPEG")
    return BEGUN + buffer.getvalue() + b"\r\n--x--\r\n"


def felt_by_honest_callers(port: int, callers: int, pause_s: float, seconds: float) -> Felt:
    """Each sends a film, waits ``pause_s`` on average, and so on."""
    felt, film = Felt(), _film()
    ends, health = time.monotonic() + seconds, Counter[str]()

    def call(number: int) -> None:
        chance = random.Random(number)  # noqa: S311
        while time.monotonic() < ends:
            time.sleep(chance.uniform(0, 2 * pause_s))
            _timed(felt.ms, felt.statuses, port, "POST", "/predict", film)

    def check() -> None:
        while time.monotonic() < ends:
            _timed(felt.health_ms, health, port, "GET", "/health/live")
            time.sleep(0.1)

    checking = threading.Thread(target=check)
    checking.start()
    with ThreadPoolExecutor(callers) as pool:
        list(pool.map(call, range(callers)))
    checking.join()
    felt.statuses.update({f"health {status}": n for status, n in health.items() if status != "200"})
    return felt


def crowd_in(port: int, crowd: Crowd) -> None:
    """For ever: the others, in a process of their own."""
    asyncio.run(_all_of(port, crowd))


async def _all_of(port: int, crowd: Crowd) -> None:
    def head(length: int) -> bytes:
        declared = f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n"
        return f"{declared}Content-Type: {FORM}\r\n\r\n".encode()

    half = crowd.slow // 2
    kinds = [
        (crowd.silent, head(1_000), b""),
        (crowd.idle, b"", b""),
        (half, head(9_000_000) + BEGUN, b"x"),
        (crowd.drip, head(9_000_000) + BEGUN, b"x" * _DRIPPED_BYTES),
        (crowd.slow - half, b"GET /health/live HTTP/1.1\r\nX-Slow: ", b"x"),
    ]
    await asyncio.gather(
        *(_stay(port, begins, goes_on) for count, begins, goes_on in kinds for _ in range(count))
    )


async def _stay(port: int, begins: bytes, goes_on: bytes) -> None:
    while True:
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            with contextlib.closing(writer):
                writer.write(begins)
                await _until_sent_away(reader, writer, goes_on)
        await asyncio.sleep(1)


async def _until_sent_away(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, goes_on: bytes
) -> None:
    if not goes_on:
        while await reader.read(4096):
            pass
        return
    while not reader.at_eof():
        await asyncio.sleep(1)
        writer.write(goes_on)
        await writer.drain()


def measure(crowd: Crowd | None, arguments: argparse.Namespace) -> Felt:
    seconds = arguments.seconds / arguments.turns
    with serving() as (process, port, log):
        others = None
        if crowd is not None:
            others = multiprocessing.Process(target=crowd_in, args=(port, crowd), daemon=True)
            others.start()
            time.sleep(3)
        before_s = _cpu_s(process.pid)
        felt = felt_by_honest_callers(port, arguments.honest, arguments.pause, seconds)
        felt.cpu_s = _cpu_s(process.pid) - before_s
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
        felt.memory_mb = int(status.split("VmHWM:")[1].split()[0]) / 1024
        lines = log.read_text(encoding="utf-8").splitlines()
        felt.log_lines = sum('"event": "request"' not in line for line in lines)
        if others is not None:
            others.terminate()
    return felt


def _cpu_s(pid: int) -> float:
    """Of the service so far: utime and stime of proc(5)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def show(name: str, felt: Felt) -> None:
    print(
        f"{name:7} {len(felt.ms):5} answers  p50 {felt.percentile(0.5):6.1f} ms  "
        f"p99 {felt.percentile(0.99):6.1f} ms  slowest {max(felt.ms):6.1f} ms  "
        f"health, slowest {max(felt.health_ms):6.1f} ms  memory, most {felt.memory_mb:.0f} MB  "
        f"CPU {1000 * felt.cpu_s / len(felt.ms):.1f} ms an answer  "
        f"log {felt.log_lines} lines  {dict(felt.statuses)}"
    )


_USUAL = {"slow": 200, "drip": 50, "idle": 2000, "silent": 18, "honest": 20}


def main() -> None:
    parser = argparse.ArgumentParser(description="What honest callers feel of slow ones.")
    for name, usual in _USUAL.items():
        parser.add_argument(f"--{name}", type=int, default=usual)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--pause", type=float, default=2, help="of an honest caller, seconds")
    parser.add_argument("--most-times", type=float, default=2, help="the bar, of the p99")
    arguments = parser.parse_args()
    crowd = Crowd(arguments.slow, arguments.drip, arguments.idle, arguments.silent)
    alone, beside = Felt(), Felt()
    for _ in range(arguments.turns):
        alone.add(measure(None, arguments))
        beside.add(measure(crowd, arguments))
    show("alone", alone)
    show("beside", beside)
    ratio = beside.percentile(0.99) / alone.percentile(0.99)
    print(f"p99, times that of alone: {ratio:.2f}; refused: {beside.refused}")
    sys.exit(int(beside.refused > 0 or ratio > arguments.most_times))


if __name__ == "__main__":
    main()
