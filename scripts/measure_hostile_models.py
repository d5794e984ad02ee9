"""Measure what models made to do harm cost before they are refused.

    python scripts/measure_hostile_models.py [NAME...]

Every attack of the tests is loaded once as a service would, in a process of its own: as on a
machine of any size, and as in a container of 256 MB. CPU seconds of all processes, the growth of
the largest one over what an honest small model takes, and the verdict. What the file itself shows
has to be refused within a second of CPU and 60 MB; what only a run shows, within the deadline (here
20 s), and in the container within what is left of it. Takes two minutes; run it in the environment
of the tests.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from builders import write_brightness_model  # noqa: E402
from hostile_models import ATTACKS, SHOWN  # noqa: E402
from vistazo.errors import ModelError  # noqa: E402
from vistazo.loading import ModelSource, load_classifier  # noqa: E402
from vistazo.models.bounded_child import LoadingPolicy  # noqa: E402
from vistazo.pictures import ImageLimits  # noqa: E402

_BAR_S, _BAR_MB = 1.0, 60.0
_DEADLINE_S, _GRACE_S = 20.0, 5.0
_CONTAINER_MB, _MOST_MB = 256.0, 2000.0
_HONEST = "an honest model"
_PLANS = {"any": None, "256 MB": int(_CONTAINER_MB * 1e6)}


@dataclass(frozen=True)
class Cost:
    cpu_s: float
    peak_mb: float
    verdict: str


def measure_here(name: str, plan: str) -> Cost:
    policy = LoadingPolicy(_DEADLINE_S, _PLANS[plan])
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        made = write_brightness_model(place / "m.keras") if name == _HONEST else None
        path = made or ATTACKS[name](place)
        before = _cpu_s()
        try:
            source = ModelSource(path, None, place / "cache", policy=policy)
            load_classifier(source, ImageLimits()).close()
            verdict = "SERVED"
        except ModelError as error:
            verdict = f"{error.code}: {error}".replace(f"{folder}/", "")
    peaks = (resource.getrusage(who).ru_maxrss for who in _WHO)
    return Cost(_cpu_s() - before, max(peaks) * 1024 / 1e6, verdict)


_WHO = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)


def _cpu_s() -> float:
    return sum(sum(resource.getrusage(who)[:2]) for who in _WHO)


def measure(name: str, plan: str) -> Cost:
    command = [sys.executable, __file__, "--child", name, plan]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return Cost(float("inf"), 0, f"ENDED by status {done.returncode} {done.stderr[-200:]}")
    return Cost(**json.loads(done.stdout))


def is_within(name: str, plan: str, cost: Cost, honest: Cost) -> bool:
    if cost.verdict.startswith(("SERVED", "ENDED")):
        return False
    if name in SHOWN:
        return cost.cpu_s <= _BAR_S and cost.peak_mb - honest.peak_mb <= _BAR_MB
    most_mb = _CONTAINER_MB if plan != "any" else _MOST_MB + honest.peak_mb
    return cost.cpu_s <= _DEADLINE_S + _GRACE_S and cost.peak_mb <= most_mb


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["--child"]:
        print(json.dumps(asdict(measure_here(arguments[1], arguments[2]))))
        return 0
    beyond = []
    print(f"{'attack':36} {'plan':7} {'CPU s':>6} {'MB':>7}  verdict")
    for plan in _PLANS:
        honest = measure(_HONEST, plan)
        for name in (_HONEST, *(arguments or ATTACKS)):
            cost = honest if name == _HONEST else measure(name, plan)
            if name != _HONEST and not is_within(name, plan, cost, honest):
                beyond.append(f"{name} ({plan})")
            growth = cost.peak_mb - honest.peak_mb
            print(
                f"{name:36} {plan:7} {cost.cpu_s:6.2f} {growth:+7.1f}  {cost.verdict[:110]}",
                flush=True,
            )
    print(f"beyond the bar: {', '.join(beyond) or 'none'}")
    return 1 if beyond else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
