"""Read thousands of mutated model files of every kind, as a service's child would.

    python scripts/measure_mutated_models.py [--count 20000] [--seed 1] [KIND...]

Files as Keras 1 to 3 and TensorFlow.js write them, whole or in parts, are changed in one to three
places each: bytes, or values of their texts. Each has to give a model or one of our errors, within
two seconds of CPU and the 200 MB that it is given; nothing may be imported, called, or opened
beside. Where a file ends the process itself (HDF5 is a C library), the service tells that as a
damaged or hostile file, and it is counted here. Half an hour; run it in the environment of the
tests.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parents[1] / "tests"
sys.path.insert(0, str(TESTS))

from model_seeds import KINDS  # noqa: E402


def measure(kind: str, count: int, seed: int) -> dict[str, Any]:
    command = [sys.executable, str(TESTS / "mutated_models.py"), str(count), str(seed), kind]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return {"accidents": [f"the measurement ended: {done.stderr[-500:]}"]}
    found: dict[str, Any] = json.loads(done.stdout)[kind]
    return found


def tell(kind: str, found: dict[str, Any]) -> bool:
    """Print what came of them; whether all is within the bar."""
    faults = [*found["accidents"], *found.get("deeds", [])]
    if "count" in found:
        print(f"{kind}: {found['count']} files, {found['cpu_s']:.0f} s of CPU")
        for verdict, times in sorted(found["verdicts"].items()):
            print(f"    {verdict:24} {times:6}")
        print(f"    slowest {found['slowest_s']:.3f} s, growth {found['growth_mb']:.1f} MB")
    for fault in faults:
        print(f"    {fault}")
    sys.stdout.flush()
    return not faults


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("kinds", nargs="*", metavar="KIND", choices=[*KINDS, []])
    chosen = parser.parse_args()
    within = [
        tell(kind, measure(kind, chosen.count, chosen.seed)) for kind in chosen.kinds or KINDS
    ]
    print("all within the bar" if all(within) else "BEYOND THE BAR")
    return 0 if all(within) else 1


if __name__ == "__main__":
    sys.exit(main())
