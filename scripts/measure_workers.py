"""Measure what it costs to decode pictures in processes of their own.

    python scripts/measure_workers.py [PICTURE...]

Beside decoding in the service itself, with the same settings of the allocator: the time of a
picture and of the model's input, of a film and of a large one; memory that a worker alone holds, at
rest and after work; CPU seconds of its start. The bars are 1 ms and 25 MB. Linux: it reads /proc.

Exit status: 0, or 1 where a bar is missed.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / folder) for folder in ("src", "tests")]

import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402

from builders import encoded  # noqa: E402
from vistazo.models.card import InputSpec  # noqa: E402
from vistazo.pictures import ImageLimits  # noqa: E402
from vistazo.pictures.reader import DirectReader  # noqa: E402
from vistazo.service.allocator import give_back_freed_blocks  # noqa: E402
from vistazo.service.isolation.pool import IsolatedReader, IsolationPolicy  # noqa: E402

_BAR_MS, _BAR_MB = 1.0, 25.0
_REPEAT = 101
_REST_S = 2.0
_USUAL_BYTES = 1_000_000  # a larger picture pays for its way to the worker
_LIMITS = ImageLimits()
_INPUTS = {"224 x 224": (224, 224), "500 x 720": (500, 720)}


def pictures(named: list[str]) -> Iterator[tuple[str, bytes]]:
    for path in named:
        yield Path(path).name, Path(path).read_bytes()
    rough = np.random.default_rng(0).integers(60, 200, (130, 160), dtype=np.uint8)
    film = Image.fromarray(rough).resize((1500, 1100), Image.Resampling.BICUBIC)
    yield "film", encoded(film, "JPEG", quality=72)
    noise = np.random.default_rng(0).integers(0, 255, (3000, 3300), dtype=np.uint8)
    yield "10 MB", encoded(Image.fromarray(noise[:, :3200]), compress_level=0)


@dataclass(frozen=True)
class Cost:
    """Of one picture: by the clock, and in CPU time of all processes that took part."""

    wall_ms: float
    cpu_ms: float


def by_turns(one: Callable[[], object], other: Callable[[], object], pid: int) -> list[Cost]:
    """By turns, so that a noisy moment of the machine is both's; of the times the lower quartile.

    The second one has the process ``pid`` work for it.
    """
    walls: tuple[list[float], list[float]] = ([], [])
    cpus_s, before_s = [0.0, 0.0], cpu_s(pid)
    for _ in range(_REPEAT):
        for at, work in enumerate((one, other)):
            started, cpu_started = time.perf_counter(), time.process_time()
            work()
            cpus_s[at] += time.process_time() - cpu_started
            walls[at].append(1000 * (time.perf_counter() - started))
    cpus_s[1] += cpu_s(pid) - before_s
    quartiles = [statistics.quantiles(times, n=4)[0] for times in walls]
    return [Cost(quartiles[at], 1000 * cpus_s[at] / _REPEAT) for at in (0, 1)]


def report_times(pool: IsolatedReader, named: list[str]) -> bool:
    here, is_cheap = DirectReader(_LIMITS), True
    print(f"{'':26} {'':>6} {'here, ms':>15} {'worker, ms':>15} {'price, ms':>15}")
    print(f"{'picture, input':26} {'kB':>6}" + f"{'wall':>9} {'CPU':>6}" * 3)
    for name, data in pictures(named):
        for size, (height, width) in _INPUTS.items():
            spec = InputSpec(height=height, width=width, colour="rgb", scale="1/255")
            pool.prepared(data, spec)
            direct, isolated = by_turns(
                lambda: here.prepared(data, spec),  # noqa: B023
                lambda: pool.prepared(data, spec),  # noqa: B023
                pool.pids[0],
            )
            price = Cost(isolated.wall_ms - direct.wall_ms, isolated.cpu_ms - direct.cpu_ms)
            is_cheap &= price.wall_ms <= _BAR_MS or len(data) > _USUAL_BYTES
            costs = "".join(f"{c.wall_ms:9.2f} {c.cpu_ms:6.2f}" for c in (direct, isolated, price))
            print(f"{f'{name}, {size}':26} {len(data) / 1000:6.0f}{costs}", flush=True)
    return is_cheap


def alone_mb(pid: int) -> float:
    """What would be free without it."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1000


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:13]) / os.sysconf("SC_CLK_TCK")


def main(named: list[str]) -> int:
    give_back_freed_blocks()
    pool = IsolatedReader(_LIMITS, IsolationPolicy(1, 30))
    try:
        pool.wait_until_warm()
        (pid,) = pool.pids
        start_cpu_s, start_mb = cpu_s(pid), alone_mb(pid)
        is_cheap = report_times(pool, named)
        busy_mb = alone_mb(pid)
        time.sleep(_REST_S)
        rest_mb = alone_mb(pid)
    finally:
        pool.close()
    print(f"\nCPU to start {start_cpu_s:.2f} s")
    print(
        f"memory: at start {start_mb:.1f} MB, just after work {busy_mb:.1f}, at rest {rest_mb:.1f}"
    )
    is_small = max(start_mb, rest_mb) <= _BAR_MB
    print(f"price at most {_BAR_MS:g} ms: {'met' if is_cheap else 'NOT MET'}")
    print(f"at most {_BAR_MB:g} MB a worker: {'met' if is_small else 'NOT MET'}")
    return 0 if is_cheap and is_small else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
