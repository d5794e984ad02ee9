"""Measure what pickles made to do harm cost before they are refused, and what mutated ones do.

    python scripts/measure_hostile_pickles.py [--attacks] [--count 20000] [--seed 1]

Every attack of the tests is read once, in a process of its own, with room for 200 MB unpacked: CPU
seconds, the growth of its memory over what was there before, and the verdict. It has to be refused
(or found to be harmless) within three seconds of CPU and 600 MB. Then files of each kind are
mutated and read in one process whose every import, file, socket and process is seen: none may
happen.
``--attacks`` leaves these out. Takes two minutes; run it in the environment of the tests.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TESTS = ROOT / "tests"
sys.path[:0] = [str(TESTS), str(ROOT / "src")]

from hostile_pickles import ATTACKS, HARMLESS  # noqa: E402
from vistazo.errors import ModelError  # noqa: E402
from vistazo.models.estimator_import.reader import read_objects  # noqa: E402

_BAR_S, _BAR_MB = 3.0, 600.0
_MOST_BYTES = 200_000_000
_DEADLINE_S = 60


@dataclass(frozen=True)
class Cost:
    cpu_s: float
    growth_mb: float
    verdict: str


def measure_here(path: Path) -> Cost:
    before, started = _peak_mb(), time.process_time()
    try:
        read_objects(path, _MOST_BYTES)
        verdict = "READ"
    except ModelError as error:
        verdict = f"{error.code}: {error}".replace(path.name, "model.pkl")
    return Cost(time.process_time() - started, _peak_mb() - before, verdict)


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def measure(name: str) -> Cost:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pkl"
        path.write_bytes(ATTACKS[name]())
        command = [sys.executable, __file__, "--child", str(path)]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=_DEADLINE_S
            )
        except subprocess.TimeoutExpired:
            return Cost(_DEADLINE_S, 0, "NEVER ENDED")
    if done.returncode != 0:
        return Cost(0, 0, f"ENDED by status {done.returncode} {done.stderr[-200:]}")
    return Cost(**json.loads(done.stdout))


def is_within(name: str, cost: Cost) -> bool:
    is_refused = cost.verdict.startswith("model_") or (name in HARMLESS and cost.verdict == "READ")
    is_named = not name.startswith("calls ") or "asks to call" in cost.verdict
    return is_refused and is_named and cost.cpu_s <= _BAR_S and cost.growth_mb <= _BAR_MB


def measure_attacks() -> list[str]:
    beyond = []
    print(f"{'attack':48} {'CPU s':>6} {'MB':>7}  verdict")
    for name in ATTACKS:
        cost = measure(name)
        if not is_within(name, cost):
            beyond.append(name)
        line = f"{name:48} {cost.cpu_s:6.2f} {cost.growth_mb:+7.1f}  {cost.verdict[:110]}"
        print(line, flush=True)
    return beyond


def measure_mutated(count: int, seed: int) -> list[str]:
    command = [sys.executable, str(TESTS / "mutated_pickles.py"), str(count), str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return [f"the mutated files ended the process: {done.stderr[-500:]}"]
    found = json.loads(done.stdout)
    print(f"{found['count']} mutated files, {found['cpu_s']:.1f} s of CPU")
    for verdict, times in sorted(found["verdicts"].items()):
        print(f"    {verdict:24} {times:6}")
    print(f"    slowest {found['slowest_s']:.3f} s, growth {found['growth_mb']:.1f} MB")
    print(f"    accidents: {found['accidents'] or 'none'}")
    print(f"    imported, written, connected, called: {found['deeds'] or 'nothing'}")
    return [*found["accidents"], *found["deeds"]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--attacks", action="store_true")
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--child", type=Path)
    chosen = parser.parse_args()
    if chosen.child is not None:
        print(json.dumps(asdict(measure_here(chosen.child))))
        return 0
    beyond = measure_attacks()
    if not chosen.attacks:
        beyond += measure_mutated(chosen.count, chosen.seed)
    print(f"beyond the bar: {', '.join(beyond) or 'none'}")
    return 1 if beyond else 0


if __name__ == "__main__":
    sys.exit(main())
