"""Measure what callers feel while one model takes the place of another, and what stays in memory.

    ./scripts/measure_reload.py [MODEL] [--swaps 50] [--callers 4]

Serves MODEL (by default the pneumonia model) and a copy of it with another hash and card, in turns:
callers who ask without a pause, first alone, then while SIGHUP swaps the two. Exit status 1 where a
request was lost, an answer was of both models, or more than 5 MB stayed. Run it in the environment
of the tests, on a machine with nothing else to do.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import yaml
from PIL import Image

ROOT = Path(__file__).parents[1]
WARM_SWAPS = 6
MOST_MB = 5.0
SETTLE_S = 1.0  # until the last request of the former model has ended
Answer = tuple[float, dict[str, Any]]


def main() -> int:
    parser = argparse.ArgumentParser(description="What a swap of models costs.")
    default = ROOT / "artifacts" / "pneumonia" / "pneumonia.keras"
    parser.add_argument("model", nargs="?", type=Path, default=default)
    parser.add_argument("--swaps", type=int, default=50)
    parser.add_argument("--callers", type=int, default=4)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return measure(Twins(asked.model, Path(folder)), asked.swaps, asked.callers)


class Twins:
    """A model and its copy, and the path that one of them lies at."""

    def __init__(self, model: Path, folder: Path) -> None:
        self.folder = folder
        self.served = folder / f"served{model.suffix}"
        card = yaml.safe_load(model.with_suffix(".card.yaml").read_text(encoding="utf-8"))
        card.pop("sha256", None)
        for version, temperature in (("one", 1.0), ("two", 4.0)):
            with zipfile.ZipFile(model) as old, zipfile.ZipFile(self.file(version), "w") as new:
                for name in old.namelist():
                    new.writestr(zipfile.ZipInfo(name), old.read(name))
                new.comment = version.encode()
            text = yaml.safe_dump(
                {**card, "version": version}
                | {"output": {**card["output"], "temperature": temperature}},
                allow_unicode=True,
            )
            self.file(version).with_suffix(".card.yaml").write_text(text, encoding="utf-8")
        self.put("one")

    def file(self, version: str) -> Path:
        return self.folder / f"{version}{self.served.suffix}"

    def put(self, version: str) -> None:
        for suffix in (self.served.suffix, ".card.yaml"):
            draft = self.folder / "draft"
            draft.write_bytes(self.file(version).with_suffix(suffix).read_bytes())
            draft.replace(self.served.with_suffix(suffix))


@contextlib.contextmanager
def serving(model: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    environment = {"MODEL_PATH": str(model), "PORT": str(port), "LOG_LEVEL": "error"}
    process = subprocess.Popen(
        [sys.executable, "-m", "vistazo", "serve"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), **environment},
    )
    url = f"http://127.0.0.1:{port}"
    try:
        while not is_ready(url):
            if process.poll() is not None:
                sys.exit("The service did not start.")
            time.sleep(0.05)
        yield url, process
    finally:
        process.terminate()
        process.wait()


def is_ready(url: str) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(f"{url}/health/ready").status_code == 200
    return False


@contextlib.contextmanager
def calling(url: str, callers: int) -> Iterator[list[Answer]]:
    """So many, on connections that they keep; every answer that they get."""
    answers: list[Answer] = []
    is_over = threading.Event()
    film = {"file": ("film.jpeg", picture())}

    def ask() -> None:
        with httpx.Client(base_url=url, timeout=60) as client:
            while not is_over.is_set():
                started = time.monotonic()
                answer = client.post("/predict", files=film)
                answer.raise_for_status()
                answers.append((time.monotonic() - started, answer.json()))
                client.get("/health/ready").raise_for_status()

    with ThreadPoolExecutor(callers) as pool:
        asking = [pool.submit(ask) for _ in range(callers)]
        try:
            yield answers
        finally:
            is_over.set()
    for each in asking:
        each.result()


def picture() -> bytes:
    buffer = io.BytesIO()
    Image.radial_gradient("L").resize((1200, 1000)).save(buffer, "JPEG")
    return buffer.getvalue()


def measure(twins: Twins, swaps: int, callers: int) -> int:
    with serving(twins.served) as (url, process):
        known = {version: told(url, twins, process, version) for version in ("two", "one")}
        with calling(url, callers) as alone:
            time.sleep(10)
        seconds, memory = [], [0.0, 0.0]
        with calling(url, callers) as answers:
            for number in range(WARM_SWAPS + swaps):
                if number == WARM_SWAPS:
                    time.sleep(SETTLE_S)
                    memory[0] = resident_mb(process.pid)
                started = time.monotonic()
                swap(url, twins, process, "one" if number % 2 else "two")
                seconds.append(time.monotonic() - started)
            time.sleep(SETTLE_S)
            memory[1] = resident_mb(process.pid)
        peak = resident_mb(process.pid, "VmHWM")
    mixed = sum(decisive(answer) not in known.values() for _, answer in answers)
    print(f"{len(answers)} answers while models were swapped {len(seconds)} times: {mixed} mixed")
    print(f"slowest answer {1000 * slowest(answers):.0f} ms, alone {1000 * slowest(alone):.0f} ms")
    print(f"median {1000 * median(answers):.0f} ms, alone {1000 * median(alone):.0f} ms")
    print(f"a swap took {1000 * sorted(seconds)[len(seconds) // 2]:.0f} ms")
    print(f"resident {memory[0]:.1f} MB, then {memory[1]:.1f} MB; at most {peak:.1f} MB")
    return int(mixed > 0 or memory[1] - memory[0] > MOST_MB)


def told(url: str, twins: Twins, process: subprocess.Popen[bytes], version: str) -> object:
    """What this one says of the picture."""
    swap(url, twins, process, version)
    answer = httpx.post(f"{url}/predict", files={"file": ("film.jpeg", picture())}, timeout=60)
    return decisive(answer.json())


def decisive(answer: dict[str, Any]) -> object:
    rounded = [round(probability, 5) for probability in answer["predictions"]]
    return rounded, answer["model"]["version"], answer["model"]["sha256"]


def swap(url: str, twins: Twins, process: subprocess.Popen[bytes], version: str) -> None:
    twins.put(version)
    process.send_signal(signal.SIGHUP)
    while httpx.get(f"{url}/model", timeout=60).json()["card"]["version"] != version:
        time.sleep(0.01)


def resident_mb(pid: int, name: str = "VmRSS") -> float:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1]) / 1024


def slowest(answers: list[Answer]) -> float:
    return max(seconds for seconds, _ in answers)


def median(answers: list[Answer]) -> float:
    return sorted(seconds for seconds, _ in answers)[len(answers) // 2]


if __name__ == "__main__":
    sys.exit(main())
