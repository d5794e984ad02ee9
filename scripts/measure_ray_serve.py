"""Measure the service alone, and behind Ray Serve with one and two replicas.

    python scripts/measure_ray_serve.py [--rounds 2] [--seconds 5] [--out FILE]

The same film, the same callers, one after the other in each round, so that a noisy moment of the
machine is all theirs. What is printed are medians of the rounds. The JSON has what
scripts/simulate_replicas.py starts from: the times in a replica, and what a request costs in each
process. Linux: it reads /proc. Ray is installed into .venv-ray the first time.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / folder) for folder in ("src", "tests", "scripts/peers")]

from contenders import form  # noqa: E402
from films import film  # noqa: E402
from server_family import free_ports, orphans_adopted, running  # noqa: E402

from measured_service import MeasuredService, cpu_s_of  # noqa: E402
from ray_environment import NotInstalledError, ray_python  # noqa: E402
from ray_serving import RayService, ray_serving, wait_until_ready  # noqa: E402

CONNECTIONS = 8
_WARM_UP_S = 1.0
_QUANTILES = 100


@dataclass(frozen=True)
class Turn:
    """``_8`` with eight connections, ``_1`` with one. CPU times in ms a request, with eight:
    of the callers, Ray's proxy, the replicas with their workers, and of all else of the server.
    ``service_ms`` are quantiles of what a replica took, with one connection.
    """

    per_s_8: float
    p50_ms_8: float
    p95_ms_8: float
    per_s_1: float
    p50_ms_1: float
    p95_ms_1: float
    memory_mb: float
    client_cpu_ms: float
    proxy_cpu_ms: float
    replica_cpu_ms: float
    other_cpu_ms: float
    service_ms: list[float]
    scale_up_s: float | None = None


@dataclass(frozen=True)
class Served:
    """A server that is ready. ``proxies`` and ``replicas`` are its processes of that kind;
    ``logs`` are the files that it logs to.
    """

    process: MeasuredService
    proxies: list[int]
    replicas: list[int]
    logs: Callable[[], list[Path]]
    ray: RayService | None = None


@contextlib.contextmanager
def alone(threads: int) -> Iterator[Served]:
    [port] = free_ports(1)
    with tempfile.TemporaryDirectory() as folder:
        settings = {"PORT": str(port), "THREADS": str(threads), "LOG_FORMAT": "json"}
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), **settings}
        command = [sys.executable, "-m", "vistazo", "serve"]
        with orphans_adopted(), running(command, environment, port, Path(folder)) as process:
            wait_until_ready(process)
            yield Served(process, [], [process.pid], lambda: [process.log])


@contextlib.contextmanager
def behind_ray(replicas: int) -> Iterator[Served]:
    with tempfile.TemporaryDirectory() as folder:
        bounds = {"min_replicas": replicas, "max_replicas": replicas}
        settings = {"THREADS": "1", "LOGS_STAY": "1"}
        with ray_serving(ray_python(), Path(folder), settings, **bounds) as service:
            service.wait_for_replicas(replicas)
            time.sleep(2)  # until Ray has seen that all are well
            proxies = service.named(b"ray::ProxyActor")
            logs = lambda: sorted(service.ray_folder.glob("session_2*/logs/worker-*.err"))  # noqa: E731
            yield Served(service.process, proxies, service.replicas(), logs, service)


CONTENDERS = {
    "vistazo serve, 1 thread": lambda: alone(1),
    "vistazo serve, 2 threads": lambda: alone(2),
    "Ray Serve, 1 replica": lambda: behind_ray(1),
    "Ray Serve, 2 replicas": lambda: behind_ray(2),
}


def take_turn(served: Served, seconds: float) -> Turn:
    groups = {"proxy": served.proxies, "replica": served.replicas, "all": [served.process.pid]}
    before = {name: sum(map(cpu_s_of, pids)) for name, pids in groups.items()}
    many = _load(served.process.port, CONNECTIONS, seconds)
    spent = {name: sum(map(cpu_s_of, pids)) - before[name] for name, pids in groups.items()}
    each_ms = {name: 1000 * cpu_s / many["requests"] for name, cpu_s in spent.items()}
    seen = {log: len(_service_ms(log)) for log in served.logs()}
    one = _load(served.process.port, 1, seconds)
    return Turn(
        *_figures(many, seconds),
        *_figures(one, seconds),
        memory_mb=served.process.proportional_mb(),
        client_cpu_ms=1000 * many["client_cpu_s"] / many["requests"],
        proxy_cpu_ms=each_ms["proxy"],
        replica_cpu_ms=each_ms["replica"],
        other_cpu_ms=each_ms["all"] - each_ms["proxy"] - each_ms["replica"],
        service_ms=statistics.quantiles(_since(seen), n=_QUANTILES),
        scale_up_s=_scale_up_s(served.ray) if len(served.replicas) == 1 and served.ray else None,
    )


def _figures(load: dict[str, float | list[float]], seconds: float) -> tuple[float, float, float]:
    latencies = load["latencies_ms"]
    quantiles = statistics.quantiles(latencies, n=20)
    return load["counted"] / seconds, statistics.median(latencies), quantiles[18]


def _load(port: int, connections: int, seconds: float) -> dict:
    kind, body = form(film())
    head = (
        f"POST /predict HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: {kind}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with tempfile.NamedTemporaryFile() as request:
        request.write(head.encode() + body)
        request.flush()
        client = ROOT / "scripts" / "peers" / "load_client.py"
        told = [port, connections, _WARM_UP_S, seconds, request.name]
        command = [sys.executable, str(client), *map(str, told)]
        ended = subprocess.run(command, capture_output=True, text=True, check=True)
    load = json.loads(ended.stdout)
    if "failure" in load:
        sys.exit(f"It {load['failure']}.")
    return load


def _since(seen: dict[Path, int]) -> list[float]:
    """What requests took after those that each log had already."""
    return [each for log, number in seen.items() for each in _service_ms(log)[number:]]


def _service_ms(log: Path) -> list[float]:
    """What each request took, by the log of who answered it."""
    text = log.read_text(encoding="utf-8", errors="replace")
    lines = (json.loads(line) for line in text.splitlines() if '"event": "request"' in line)
    return [line["ms"] for line in lines if line["path"] == "/predict"]


def _scale_up_s(service: RayService) -> float:
    """From the wish for another replica until Ray says that it runs."""
    began = time.monotonic()
    service.deploy(min_replicas=2, max_replicas=2)
    return time.monotonic() - began


def median_of(turns: list[Turn]) -> Turn:
    """Of each figure."""
    columns = {name: [asdict(turn)[name] for turn in turns] for name in asdict(turns[0])}
    service_ms = [statistics.median(at) for at in zip(*columns.pop("service_ms"), strict=True)]
    ups = [one for one in columns.pop("scale_up_s") if one is not None]
    return Turn(
        **{name: round(statistics.median(values), 3) for name, values in columns.items()},
        service_ms=[round(one, 2) for one in service_ms],
        scale_up_s=round(statistics.median(ups), 2) if ups else None,
    )


def report(turns: dict[str, Turn]) -> None:
    print(f"{'':26}{'8 connections':>30}{'one':>20}{'memory':>10}   CPU ms a request")
    told = ("requests/s", "p50 ms", "p95 ms", "p50 ms", "p95 ms", "MB")
    print(f"{'':26}" + "".join(f"{each:>10}" for each in told) + "   proxy replica other caller")
    for name, turn in turns.items():
        figures = (turn.per_s_8, turn.p50_ms_8, turn.p95_ms_8, turn.p50_ms_1, turn.p95_ms_1)
        row = "".join(f"{each:10.1f}" for each in (*figures, turn.memory_mb))
        cpu = (turn.proxy_cpu_ms, turn.replica_cpu_ms, turn.other_cpu_ms, turn.client_cpu_ms)
        print(f"{name:26}{row}  " + "".join(f"{each:7.2f}" for each in cpu))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    taken: dict[str, list[Turn]] = {name: [] for name in CONTENDERS}
    for number in range(given.rounds):
        for name, start in CONTENDERS.items():
            print(f"round {number + 1}: {name}", file=sys.stderr)
            with start() as served:
                taken[name].append(take_turn(served, given.seconds))
    medians = {name: median_of(turns) for name, turns in taken.items()}
    report(medians)
    if given.out:
        cores = len(os.sched_getaffinity(0))
        told = {"cores": cores, "turns": {name: asdict(one) for name, one in medians.items()}}
        given.out.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except NotInstalledError as error:
        sys.exit(f"Ray cannot be installed here: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
