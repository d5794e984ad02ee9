"""Read many mutations of small honest pictures, of each format, in one worker after the other.

    python scripts/measure_mutated_pictures.py [--count 20000] [--first 0] [FORMAT...]

Each mutation is made of its number alone, and is read as a service would: by a worker, for a
model's input. Bars, for each format: every outcome is a picture or an input error; no worker ends;
the worker grows by at most 10 MB after the first thousand; none takes more than 2 s of CPU. About
four minutes for 20,000 of each; run it in the environment of the tests.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from builders import card  # noqa: E402
from hostile_uploads.boxed import BOXED  # noqa: E402
from hostile_uploads.dicom_mutations import mutated_dicom  # noqa: E402
from hostile_uploads.mutations import mutated_boxed_picture  # noqa: E402
from vistazo.errors import InputError  # noqa: E402
from vistazo.pictures import ImageLimits  # noqa: E402
from vistazo.service.isolation.pool import IsolatedReader, IsolationPolicy  # noqa: E402

_BAR_MB, _BAR_S, _WARM = 10.0, 2.0, 1000
_WORDS = 60


def resident_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1000 for line in lines if line.startswith("VmRSS"))


def cpu_s(pid: int) -> float:
    return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1e9


def mutated(image_format: str, seed: int) -> bytes:
    chance = random.Random(seed)  # noqa: S311
    if image_format == "DICOM":
        return mutated_dicom(chance)
    return mutated_boxed_picture(chance, image_format)


def read_all(image_format: str, first: int, count: int) -> list[str]:
    """The bars that were missed."""
    reader = IsolatedReader(ImageLimits(), IsolationPolicy(workers=1, timeout_s=30))
    reader.start()
    reader.wait_until_warm()
    spec, outcomes = card().input, Counter[str]()
    before_mb, slowest, started = 0.0, (0.0, 0), time.monotonic()
    for seed in range(first, first + count):
        data = mutated(image_format, seed)
        (pid,) = reader.pids
        before_s = cpu_s(pid)
        try:
            reader.prepared(data, spec)
            outcomes["a picture"] += 1
        except InputError as error:
            outcomes[f"{error.code}: {error}"[:_WORDS]] += 1
        if reader.pids == [pid]:
            slowest = max(slowest, (cpu_s(pid) - before_s, seed))
        if seed == first + _WARM:
            before_mb = resident_mb(pid)
    after_mb, ended = resident_mb(reader.pids[0]), reader.ended
    reader.close()
    print(f"{image_format}: {count} in {time.monotonic() - started:.0f} s")
    for what, times in outcomes.most_common(12):
        print(f"{times:8} {what}")
    print(f"         worker {before_mb:.1f} MB, then {after_mb:.1f} MB; ended: {ended or 'none'}")
    print(f"         slowest: {slowest[0]:.2f} CPU s, number {slowest[1]}", flush=True)
    missed = {"growth": after_mb - before_mb > _BAR_MB, "slowest": slowest[0] > _BAR_S}
    missed["workers"] = bool(ended)
    return [f"{image_format}: {bar}" for bar, is_missed in missed.items() if is_missed]


def main() -> int:
    parser = argparse.ArgumentParser(description="What mutated pictures come to.")
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("formats", nargs="*", default=[*BOXED, "DICOM"], metavar="FORMAT")
    given = parser.parse_args()
    missed = [bar for each in given.formats for bar in read_all(each, given.first, given.count)]
    print(f"bars missed: {', '.join(missed) or 'none'}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
