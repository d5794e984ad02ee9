"""How much quicker one batch is than its pictures sent alone, one after the other.

    python scripts/measure_batch.py [--pictures 16] [--turns 12]

Starts the service with the settings of the environment and lets the two take turns on one
connection. The bar is for two workers (THREADS): the median turn 1.7 times quicker. Exit status 1
beyond it. Run it in the environment of the tests.
"""

from __future__ import annotations

import argparse
import http.client
import json
import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from builders import encoded, film  # noqa: E402
from measured_service import MeasuredService, serving  # noqa: E402
from raw_callers import whole  # noqa: E402

_BAR = 1.7
_FILM = encoded(film(1500, 1100), "JPEG", quality=95)


class Turn:
    """Asks the same again and again; wall and CPU seconds of each time."""

    def __init__(self, service: MeasuredService, path: str, pictures: int, requests: int) -> None:
        self.took_s: list[float] = []
        self.cpu_s: list[float] = []
        self._service = service
        self._path = path
        head, _, self._body = whole(*[_FILM] * pictures, path=path).partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")[1:]
        self._headers = dict(line.split(": ", 1) for line in lines)
        self._requests = requests

    def take(self, connection: http.client.HTTPConnection) -> None:
        started_s, cpu_s = time.perf_counter(), self._service.cpu_s()
        for _ in range(self._requests):
            connection.request("POST", self._path, self._body, self._headers)
            answer = connection.getresponse()
            document = json.loads(answer.read())
            if answer.status != http.HTTPStatus.OK or any(
                "problem" in each for each in document.get("results", ())
            ):
                sys.exit(f"not answered: {document}")
        self.took_s.append(time.perf_counter() - started_s)
        self.cpu_s.append(self._service.cpu_s() - cpu_s)

    def say(self, name: str, pictures: int) -> float:
        """Print it; the median turn, in seconds."""
        median_s = statistics.median(self.took_s)
        print(
            f"{name}: median {1000 * median_s:.0f} ms "
            f"({1000 * min(self.took_s):.0f} to {1000 * max(self.took_s):.0f}), "
            f"CPU {1000 * statistics.mean(self.cpu_s) / pictures:.1f} ms a picture"
        )
        return median_s


def measure(service: MeasuredService, pictures: int, turns: int) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
    alone = Turn(service, "/predict", 1, pictures)
    together = Turn(service, "/predict/batch", pictures, 1)
    for turn in (together, alone, together):  # warm
        turn.take(connection)
    for turn in (alone, together):
        turn.took_s.clear()
        turn.cpu_s.clear()
    for _ in range(turns):
        alone.take(connection)
        together.take(connection)
    connection.close()
    alone_s, together_s = alone.say("alone", pictures), together.say("together", pictures)
    return alone_s / together_s


def main() -> None:
    parser = argparse.ArgumentParser(description="One batch against its pictures alone.")
    parser.add_argument("--pictures", type=int, default=16)
    parser.add_argument("--turns", type=int, default=12)
    arguments = parser.parse_args()
    with serving({"MAX_BATCH_FILES": str(arguments.pictures)}) as service:
        ratio = measure(service, arguments.pictures, arguments.turns)
    print(f"{arguments.pictures} pictures in one batch: {ratio:.2f} times quicker (bar {_BAR})")
    sys.exit(int(ratio < _BAR))


if __name__ == "__main__":
    main()
