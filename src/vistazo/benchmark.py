"""Measure the figures that the project promises, on real processes. Linux: it reads /proc."""

from __future__ import annotations

import http.client
import itertools
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from vistazo.errors import InputError, SettingsError
from vistazo.models.estimator_import.file_kind import is_estimator
from vistazo.samples.bulk import Sample, classify_each
from vistazo.samples.classifier import SampleClassifier

_START_TIMEOUT_S = 120
_TICKS_PER_S = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_MB = 1_000_000


@dataclass(frozen=True)
class Figure:
    """One measured value. ``bar`` is what was promised, None where nothing was."""

    name: str
    value: float
    unit: str
    bar: float | None = None
    at_least: bool = False

    @property
    def is_met(self) -> bool | None:
        if self.bar is None:
            return None
        return self.value >= self.bar if self.at_least else self.value <= self.bar


class ServerProcess:
    """``vistazo serve`` on a free port, watched from outside."""

    def __init__(self, environment: dict[str, str]) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.process = subprocess.Popen(
            [sys.executable, "-m", "vistazo", "serve"],
            env={**os.environ, "PORT": str(self.port), "LOG_LEVEL": "warning", **environment},
        )

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + _START_TIMEOUT_S
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if self.get("/health/ready") == http.HTTPStatus.OK:
                    return
            except OSError:
                pass
            time.sleep(0.02)
        raise SettingsError("The service did not become ready. Run 'vistazo serve' to see why.")

    def get(self, path: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", path)
        status = connection.getresponse().status
        connection.close()
        return status

    def cpu_s(self) -> float:
        """User and system time so far, those of its workers and of ended children included."""
        ticks = 0
        for pid in self._family():
            fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
            ticks += sum(int(field) for field in fields[11:15])
        return ticks / _TICKS_PER_S

    def memory_mb(self) -> float:
        """What it and its workers hold now: what they share counts once (proc(5))."""
        return self._sum_mb("smaps_rollup", "Pss:")

    def peak_mb(self) -> float:
        """The highest so far of each, in sum: what they share counts for each."""
        return self._sum_mb("status", "VmHWM:")

    def _sum_mb(self, file: str, field: str) -> float:
        kilobytes = 0
        for pid in self._family():
            lines = Path(f"/proc/{pid}/{file}").read_text("ascii").splitlines()
            kilobytes += next(int(line.split()[1]) for line in lines if line.startswith(field))
        return kilobytes * 1024 / _MB

    def _family(self) -> list[int]:
        """Its process, and those of its workers."""
        threads = Path(f"/proc/{self.process.pid}/task").iterdir()
        children = [(thread / "children").read_text("ascii").split() for thread in threads]
        return [self.process.pid, *(int(child) for pids in children for child in pids)]

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)


@contextmanager
def _running(environment: dict[str, str]) -> Iterator[ServerProcess]:
    server = ServerProcess(environment)
    try:
        server.wait_until_ready()
        yield server
    finally:
        server.stop()


def start_figures(repeat: int) -> list[Figure]:
    """From start to ready, with the model compiled already."""
    cpu_s, wall_s = [], []
    for run in range(repeat + 1):
        started = time.perf_counter()
        with _running({}) as server:
            if run > 0:  # the first may compile
                wall_s.append(time.perf_counter() - started)
                cpu_s.append(server.cpu_s())
    return [
        Figure("start to ready, CPU", statistics.median(cpu_s), "s", bar=1.5),
        Figure("start to ready, wall", statistics.median(wall_s), "s"),
    ]


def request_figures(pictures: list[Path], requests: int) -> list[Figure]:
    """Time of a request, and memory after all of them."""
    bodies = [_form(picture) for picture in pictures]
    seconds = []
    with _running({}) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        for body, boundary in itertools.islice(itertools.cycle(bodies), requests):
            started = time.perf_counter()
            headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
            connection.request("POST", "/predict", body, headers)
            response = connection.getresponse()
            response.read()
            if response.status != http.HTTPStatus.OK:
                raise SettingsError(f"A picture was answered with status {response.status}.")
            seconds.append(time.perf_counter() - started)
        connection.close()
        held_mb, peak_mb = server.memory_mb(), server.peak_mb()
    return [
        Figure(f"memory after {requests} requests", held_mb, "MB", bar=160),
        Figure("highest memory of that run", peak_mb, "MB"),
        Figure("time of a request, median", statistics.median(seconds) * 1000, "ms"),
    ]


def convert_figures(model_path: Path, repeat: int) -> list[Figure]:
    """Memory and time of ``vistazo convert``."""
    peaks_mb, cpu_s = [], []
    name = "out.npz" if is_estimator(model_path) else "out.onnx"
    size_mb = model_path.stat().st_size / _MB
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(repeat):
            command = [sys.executable, "-m", "vistazo", "convert", str(model_path)]
            process = os.posix_spawn(
                command[0], [*command, f"{folder}/{name}"], os.environ, file_actions=_SILENT
            )
            _, status, usage = os.wait4(process, 0)
            if status != 0:
                raise SettingsError(f"'vistazo convert {model_path}' failed. Run it to see why.")
            peaks_mb.append(usage.ru_maxrss * 1024 / _MB)
            cpu_s.append(usage.ru_utime + usage.ru_stime)
    beyond_mb = statistics.median(peaks_mb) - size_mb
    return [
        Figure("convert, peak memory beyond the file", beyond_mb, "MB", bar=150),
        Figure("convert, CPU", statistics.median(cpu_s), "s"),
    ]


_SILENT = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)] if os.name == "posix" else []


def copy_figures(
    pictures: list[Path], copies: Path, classify: Callable[[Path], str]
) -> list[Figure]:
    """Whether a picture and its smaller copy, the file of the same name, are of the same class."""
    pairs = [(picture, copy) for picture in pictures for copy in sorted(copies.rglob(picture.name))]
    same = sum(classify(picture) == classify(copy) for picture, copy in pairs)
    return [Figure(f"same class as the copy, of {len(pairs)}", same, "pictures", 58, at_least=True)]


def sample_figures(
    classifier: SampleClassifier, samples: Sequence[Sample | InputError], repeat: int
) -> list[Figure]:
    """How many texts, or rows, are classified in a second: in this process, without HTTP."""
    rates = []
    for _ in range(repeat):
        started = time.perf_counter()
        for _ in classify_each(classifier, samples):
            pass
        rates.append(len(samples) / (time.perf_counter() - started))
    return [Figure(f"{classifier.takes} classified", statistics.median(rates), "a second")]


def _form(picture: Path) -> tuple[bytes, str]:
    boundary = uuid.uuid4().hex
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="picture"\r\n\r\n'
    )
    return head.encode() + picture.read_bytes() + f"\r\n--{boundary}--\r\n".encode(), boundary


def as_json(figures: list[Figure]) -> str:
    return json.dumps([{**vars(figure), "is_met": figure.is_met} for figure in figures], indent=2)
