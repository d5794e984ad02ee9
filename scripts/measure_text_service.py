"""A model of texts served by Vistazo, side by side with the plain service that everybody writes.

    python scripts/measure_text_service.py [MODEL] [--plain-python PYTHON]

The plain one is FastAPI, ``joblib.load`` and ``predict_proba``; for it a virtual environment with
scikit-learn is made, unless PYTHON has fastapi, uvicorn and the scikit-learn that wrote MODEL. Both
must answer alike. Seconds and CPU seconds from the start until ready (without and with the model in
Vistazo's cache), memory, and under 8 connections the requests per second and their median time. The
two take turns, so that a noisy moment of the machine is both's. Texts are made up: Spanish, with
its accents. The bars: start and memory at most half, requests no fewer. A first start reads the
file in a child process besides; an image has done that when it is built. Linux: it reads /proc.

Exit status: 0, or 1 where a bar is missed or an answer differs.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import venv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / folder) for folder in ("src", "tests")]

from measured_service import MeasuredService, serving  # noqa: E402

PLAIN_SERVICE = """
import os

import joblib
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()
model = joblib.load(os.environ["MODEL_PATH"])


class Texts(BaseModel):
    texts: list[str]


@app.get("/health/ready")
def ready() -> dict[str, str]:
    return {"status": "ready"}


@app.post("/falsetrue")
def falsetrue(body: Texts) -> dict[str, list[int]]:
    return {"is_falsetrue": model.predict_proba(body.texts).argmax(axis=1).tolist()}


uvicorn.run(app, port=int(os.environ["PORT"]), log_level="warning")
"""
CONNECTIONS, ROUNDS, ROUND_S, STARTS = 8, 3, 4.0, 3
TEXT_BYTES, MANY = 3_000, 100
WORDS = "según dijo que los de la una para por con fue él está sobre entre pero también más años"


@dataclass(frozen=True)
class Start:
    seconds: float
    cpu_s: float


@dataclass(frozen=True)
class Load:
    """Requests per second, their median time, and CPU time of the service for each."""

    per_s: float
    median_ms: float
    cpu_ms: float


Open = Callable[[], contextlib.AbstractContextManager[MeasuredService]]


def main(model: Path, plain_python: Path | None) -> int:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        cache = folder / "cache"

        def ours() -> contextlib.AbstractContextManager[MeasuredService]:
            return serving({"MODEL_PATH": str(model), "CACHE_DIR": str(cache)})

        plain = _plain(model, plain_python or _made(folder / "venv"), folder)
        starts = measure_starts(ours, plain, cache)
        with ours() as one, plain() as other:
            return report(starts, [one, other])


def _plain(model: Path, python: Path, folder: Path) -> Open:
    program = folder / "plain.py"
    program.write_text(PLAIN_SERVICE, encoding="utf-8")
    return lambda: serving({"MODEL_PATH": str(model)}, command=[str(python), str(program)])


def _made(folder: Path) -> Path:
    """A Python with what the plain service needs."""
    import importlib.metadata as installed

    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    names = ("scikit-learn", "fastapi", "uvicorn", "numpy")
    wanted = [f"{name}=={installed.version(name)}" for name in names]
    subprocess.run([python, "-m", "pip", "install", "-q", *wanted], check=True)
    return python


def measure_starts(ours: Open, plain: Open, cache: Path) -> dict[str, Start]:
    found: dict[str, list[Start]] = {"first": [], "next": [], "plain": []}
    for _ in range(STARTS):
        shutil.rmtree(cache, ignore_errors=True)
        for name, opened in (("first", ours), ("next", ours), ("plain", plain)):
            started = time.monotonic()
            with opened() as service:
                found[name].append(Start(time.monotonic() - started, service.cpu_s()))
    return {
        name: Start(
            statistics.median(start.seconds for start in starts),
            statistics.median(start.cpu_s for start in starts),
        )
        for name, starts in found.items()
    }


def report(starts: dict[str, Start], services: list[MeasuredService]) -> int:
    texts = list(made_texts())
    one, many = {"texts": texts[:1]}, {"texts": texts}
    if len({ask(service, many) for service in services}) != 1:
        print("The two answer differently.")
        return 1
    single, hundred = by_turns(services, one), by_turns(services, many)
    memory = [service.proportional_mb() for service in services]
    peaks = [service.peaks_mb() for service in services]
    rows = [
        ("first start, s", starts["first"].seconds, starts["plain"].seconds, 0.5),
        ("first start, CPU s", starts["first"].cpu_s, starts["plain"].cpu_s, 0.5),
        ("next start, s", starts["next"].seconds, starts["plain"].seconds, 0.5),
        ("next start, CPU s", starts["next"].cpu_s, starts["plain"].cpu_s, 0.5),
        ("memory after work, MB (PSS)", *memory, 0.5),
        ("peak, MB (RSS)", *peaks, 0.5),
    ]
    for name, loads in ((f"1 text of {TEXT_BYTES} B", single), (f"{MANY} texts", hundred)):
        rows += [
            (f"{name}: ms a request, 1/rate", *(1000 / load.per_s for load in loads), 1.0),
            (f"{name}: median ms", *(load.median_ms for load in loads), 1.0),
            (f"{name}: CPU ms a request", *(load.cpu_ms for load in loads), 1.0),
        ]
    print(f"{'':34} {'vistazo':>10} {'plain':>10} {'share':>7} {'bar':>5}")
    for what, ours, plain, bar in rows:
        missed = "  missed" if ours > plain * bar else ""
        print(f"{what:34} {ours:10.2f} {plain:10.2f} {ours / plain:7.2f} {bar:5.1f}{missed}")
    for name, loads in (("1 text", single), (f"{MANY} texts", hundred)):
        print(f"{name}: {loads[0].per_s:.1f} and {loads[1].per_s:.1f} requests/s")
    return int(any(ours > plain * bar for _, ours, plain, bar in rows))


def made_texts() -> Iterator[str]:
    """As long as an article, each different."""
    chance = random.Random(0)  # noqa: S311
    words = WORDS.split()
    for number in range(MANY):
        text = f"Noticia {number}. "
        while len(text) < TEXT_BYTES:
            length = chance.randrange(2, 9)
            odd = "".join(chance.choices("abcdefghijlmnopqrstuvxyz", k=length))
            text += f"{chance.choice(words)} {chance.choice(words)} {odd} "
        yield text[:TEXT_BYTES]


def by_turns(services: list[MeasuredService], body: object) -> list[Load]:
    """Of each service the medians of its rounds."""
    rounds: list[list[Load]] = [[] for _ in services]
    for _ in range(ROUNDS):
        for service, loads in zip(services, rounds, strict=True):
            loads.append(load(service, body))
    return [
        Load(
            statistics.median(each.per_s for each in loads),
            statistics.median(each.median_ms for each in loads),
            statistics.median(each.cpu_ms for each in loads),
        )
        for loads in rounds
    ]


def load(service: MeasuredService, body: object) -> Load:
    encoded, times_s = json.dumps(body).encode(), list[float]()
    started, cpu_started = time.monotonic(), service.cpu_s()

    def ask_on() -> None:
        with contextlib.closing(_connected(service)) as connection:
            while time.monotonic() - started < ROUND_S:
                before = time.monotonic()
                _answer(connection, encoded)
                times_s.append(time.monotonic() - before)

    callers = [threading.Thread(target=ask_on) for _ in range(CONNECTIONS)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    seconds, cpu_s = time.monotonic() - started, service.cpu_s() - cpu_started
    return Load(
        len(times_s) / seconds, 1000 * statistics.median(times_s), 1000 * cpu_s / len(times_s)
    )


def ask(service: MeasuredService, body: object) -> str:
    with contextlib.closing(_connected(service)) as connection:
        return json.dumps(json.loads(_answer(connection, json.dumps(body).encode())))


def _connected(service: MeasuredService) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)


def _answer(connection: http.client.HTTPConnection, body: bytes) -> bytes:
    connection.request("POST", "/falsetrue", body, {"Content-Type": "application/json"})
    response = connection.getresponse()
    read = response.read()
    if response.status != 200:
        raise SystemExit(f"{response.status}: {read[:500]!r}")
    return read


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", type=Path, default=ROOT / "artifacts/news/news.joblib")
    parser.add_argument("--plain-python", type=Path)
    arguments = parser.parse_args()
    sys.exit(main(arguments.model.resolve(), arguments.plain_python))
