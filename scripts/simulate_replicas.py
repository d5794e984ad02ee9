"""Simulate up to a hundred replicas behind Ray Serve, from what was measured with one and two.

    python scripts/simulate_replicas.py [--measured scripts/ray_serve_measured.json]

First the measured runs are simulated as they were measured, on as many cores, and the error is
told. Then each replica and each proxy has a core of its own: requests come by chance (Poisson) at a
share of what the replicas can do, through one proxy, and through a proxy for each node of eight
replicas. Last, load comes to one replica that may become ten. scripts/replica_simulation.py says
what is simulated; the network between machines is not.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from pathlib import Path
from typing import Any

from replica_simulation import Autoscaling, Costs, Layout, Outcome, Simulation

ROOT = Path(__file__).resolve().parents[1]
MEASURED = ROOT / "scripts" / "ray_serve_measured.json"
REPLICAS = (1, 2, 10, 100)
SHARES = (0.5, 0.8, 1.2)
PER_NODE = 8
MAX_HELD = 32_000_000 // 130_000  # MAX_QUEUED_BYTES, of such films
_MEASURED_MS, _REQUESTS = 20_000.0, 20_000
_TURNS = {1: "Ray Serve, 1 replica", 2: "Ray Serve, 2 replicas"}


def costs_of(turn: dict[str, Any], *, is_cluster: bool) -> Costs:
    """A replica's work is all its CPU time, spread as the times that it logged. On a cluster the
    callers are elsewhere, and so is what runs beside.
    """
    service = turn["service_ms"]
    scale = turn["replica_cpu_ms"] / statistics.mean(service)
    works = [turn["proxy_cpu_ms"], turn["replica_cpu_ms"], turn["client_cpu_ms"]]
    return Costs(
        replica=tuple(scale * each for each in service),
        proxy=turn["proxy_cpu_ms"],
        way=max(0.0, turn["p50_ms_1"] - sum(works)),
        caller=0.0 if is_cluster else turn["client_cpu_ms"],
        beside=0.0 if is_cluster else turn["other_cpu_ms"],
    )


def validate(measured: dict[str, Any]) -> None:
    print("As measured: callers, proxy and replicas on", measured["cores"], "cores")
    print(f"{'':24}{'':>12}{'measured':>12}{'simulated':>12}{'error':>9}")
    for replicas, name in _TURNS.items():
        turn = measured["turns"][name]
        layout = Layout(replicas, cores=measured["cores"])
        for callers in (8, 1):
            costs = costs_of(turn, is_cluster=False)
            told = Simulation(costs, layout).closed(callers, _MEASURED_MS)
            for figure, found in (("per_s", told.per_s), ("p50_ms", told.p50_ms)):
                was = turn[f"{figure}_{callers}"]
                what = f"{callers} callers, {figure.replace('_', ' ')}"
                print(f"{name:24}{what:>20}{was:>10.1f}{found:>10.1f}{found / was - 1:>9.0%}")


def simulate(costs: Costs, replicas: int, proxies: int, per_s: float) -> Outcome:
    layout = Layout(replicas, proxies, max_queued=0, max_held=MAX_HELD)
    return Simulation(costs, layout).open(per_s, 1000 * _REQUESTS / per_s)


def scale_out(costs: Costs) -> None:
    can = 1000 / statistics.mean(costs.replica)
    most = 1000 / costs.proxy
    print(f"\nA core each: a replica can do {can:.0f} requests/s, a proxy {most:.0f}")
    print(
        f"{'replicas':>8}{'proxies':>9}{'asked/s':>9}{'share':>7}{'answered/s':>12}{'p50 ms':>8}"
        f"{'p99 ms':>9}{'refused':>9}{'proxy busy':>12}"
    )
    for replicas in REPLICAS:
        for proxies in sorted({1, -(-replicas // PER_NODE), -(-replicas * 2 // PER_NODE)}):
            for share in SHARES:
                per_s = share * replicas * can
                told = simulate(costs, replicas, proxies, per_s)
                print(
                    f"{replicas:8}{proxies:9}{per_s:9.0f}{share:7.0%}{told.per_s:12.0f}"
                    f"{told.p50_ms:8.0f}{told.p99_ms:9.0f}{told.refused:9.1%}{told.proxy_busy:12.0%}"
                )


def scale_up(costs: Costs, start_s: float) -> None:
    can = 1000 / statistics.mean(costs.replica)
    scaling = Autoscaling(target=2, most=10, start_ms=1000 * start_s)
    print(
        f"\nOne replica that may become ten, {start_s:.1f} s each to start, asked {3 * can:.0f}/s:"
    )
    print(f"{'after s':>8}{'replicas':>10}{'answered/s':>12}{'p50 ms':>9}{'refused':>9}")
    for after_s in (20, 40, 60, 120, 240):
        simulation = Simulation(costs, Layout(1, proxies=3, max_queued=0, max_held=MAX_HELD))
        told = simulation.open(3 * can, 1000.0 * after_s, scaling)
        row = f"{told.replicas:10}{told.per_s:12.0f}{told.p50_ms:9.0f}{told.refused:9.1%}"
        print(f"{after_s:8}{row}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--measured", type=Path, default=MEASURED)
    given = parser.parse_args()
    try:
        measured = json.loads(given.measured.read_text(encoding="utf-8"))
        first = measured["turns"][_TURNS[1]]
    except (OSError, ValueError, KeyError) as error:
        sys.exit(
            f"{given.measured} is not what scripts/measure_ray_serve.py --out writes ({error})."
        )
    validate(measured)
    costs = costs_of(first, is_cluster=True)
    scale_out(costs)
    scale_up(costs, first["scale_up_s"])


if __name__ == "__main__":
    main()
