"""Search for the accepted picture that costs a service most: CPU time, and memory.

    python scripts/search_worst_picture.py [--steps 40] [--seed 0] [--plan small] [--card default]

Pictures are made by recipe (tests/costly_pictures.py): size, shape, mode, depth, interlace, filter,
scans, sampling, restarts, how well and how oddly it is compressed; the other formats by size and
noise. First a grid, every choice of every field from a few places to start at, then --steps changes
of the costliest, for CPU and for memory: each picture is sent once to a real service, as each kind
of request. Plans: small (12 Mpx) and default (25 Mpx). Cards: that of the default model, and the
same with ``antialias: false``, for which no picture may be decoded smaller. What is measured is the
CPU time of all processes together, and how far they grow together beyond what they hold at rest,
looked at every 5 ms. The bars: 1.5 s of CPU, and 90 MB for the small plan or 125 for the other; for
a picture of a batch as for one by itself. Without --plan and --card all four are searched, in about
ten minutes; run it in the environment of the tests, on a machine with nothing else to do.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import random
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from costly_pictures import BoxedRecipe, JpegRecipe, PngRecipe, Recipe, neighbour  # noqa: E402
from hostile_uploads.forms import plain_form  # noqa: E402
from measured_service import MeasuredService, MemoryWatch, serving  # noqa: E402
from vistazo.service.small_plan import SETTINGS  # noqa: E402

_BAR_S, _BARS_MB = 1.5, {"small": 90.0, "default": 125.0}
_TIMEOUT_S, _REST_S, _LOOK_S = 120, 3.0, 0.005
_CARD = ROOT / "artifacts" / "pneumonia" / "pneumonia.card.yaml"
_PLANS = {"small": (SETTINGS, 12_000_000), "default": ({}, 25_000_000)}
_REQUESTS = ("/predict", "/predict?explain=true&show_input=true", "/explain", "/predict/batch")
_STARTS: tuple[Recipe, ...] = (
    PngRecipe(),
    PngRecipe(empty=0.9),
    PngRecipe(kind=(8, 3, 1), is_clear=True),
    JpegRecipe(),
    JpegRecipe(samplings=(0x11,) * 4, size=0.6, share=0.001),
    JpegRecipe(kind="baseline", ac=1, share=1.0),
    JpegRecipe(ac=1, share=1.0, shift=3),
    *(BoxedRecipe(kind=kind) for kind in BoxedRecipe.CHOICES["kind"]),
    BoxedRecipe(kind="AVIF", noise=1.0),
)
_FIRST: tuple[Recipe, ...] = (
    JpegRecipe(size=0.1),
    *(BoxedRecipe(0.1, kind) for kind in ("WEBP", "AVIF", "TIFF")),
)


@dataclass(frozen=True)
class Cost:
    recipe: Recipe
    request: str
    status: int
    cpu_s: float
    megabytes: float

    def __str__(self) -> str:
        what = f"{self.cpu_s:.2f} CPU s, +{self.megabytes:.0f} MB"
        return f"{what}, {self.request}, {self.status}, {self.recipe}"


class Search:
    def __init__(self, service: MeasuredService, max_pixels: int, chance: random.Random) -> None:
        self._service, self._max_pixels, self._chance = service, max_pixels, chance
        for recipe in _FIRST:  # what is loaded for the first one is not its cost
            cost_of(service, recipe, "/explain", 1_000_000)
        time.sleep(_REST_S)
        self._rested_mb = sum(service.resident_mb())
        self.found: list[Cost] = []
        self._tried: set[tuple[Recipe, str]] = set()

    def run(self, steps: int) -> None:
        for recipe in grid():
            self._try(recipe, "/predict")
        for request in _REQUESTS[1:]:
            for cost in self._costliest(3):
                self._try(cost.recipe, request)
        for step in range(steps):
            costliest = self._costliest(3)[step % 2 :: 2]  # of CPU, of memory
            cost = self._chance.choice(costliest)
            self._try(neighbour(cost.recipe, self._chance), cost.request)

    def _costliest(self, count: int) -> list[Cost]:
        """Of CPU time and of memory, so many each, in turns."""
        by_cpu = sorted(self.found, key=lambda cost: -cost.cpu_s)[:count]
        by_memory = sorted(self.found, key=lambda cost: -cost.megabytes)[:count]
        return [cost for both in zip(by_cpu, by_memory, strict=True) for cost in both]

    def _try(self, recipe: Recipe, request: str) -> None:
        if (recipe, request) not in self._tried:
            self._tried.add((recipe, request))
            self.found.append(
                cost_of(self._service, recipe, request, self._max_pixels, self._rested_mb)
            )


def grid() -> Iterator[Recipe]:
    """Every choice of every field, one field at a time, from each start."""
    for start in _STARTS:
        yield start
        for field in fields(start):
            for choice in start.CHOICES[field.name]:
                yield replace(start, **{field.name: choice})


@lru_cache(maxsize=4)
def _made(recipe: Recipe, max_pixels: int) -> bytes:
    return recipe.made(max_pixels)


def cost_of(
    service: MeasuredService, recipe: Recipe, request: str, max_pixels: int, rested_mb: float = 0
) -> Cost:
    form = plain_form([_made(recipe, max_pixels)])
    before_s = service.cpu_s()
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=_TIMEOUT_S)
    with contextlib.closing(connection), MemoryWatch(service, _LOOK_S) as watch:
        connection.request("POST", request, form.body, {"Content-Type": form.content_type})
        response = connection.getresponse()
        response.read()
    grown_mb = watch.most_mb - rested_mb
    return Cost(recipe, request, response.status, service.cpu_s() - before_s, grown_mb)


@contextlib.contextmanager
def settings_for(plan: str, card: str) -> Iterator[dict[str, str]]:
    settings = dict(_PLANS[plan][0])
    if card == "default":
        yield settings
        return
    document = yaml.safe_load(_CARD.read_text(encoding="utf-8"))
    document["input"]["antialias"] = False
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sparse.card.yaml"
        path.write_text(yaml.safe_dump(document), encoding="utf-8")
        yield {**settings, "MODEL_CARD": str(path)}


def searched(plan: str, card: str, steps: int, seed: int) -> list[Cost]:
    with settings_for(plan, card) as settings, serving(settings) as service:
        search = Search(service, _PLANS[plan][1], random.Random(seed))  # noqa: S311
        search.run(steps)
        return search.found


def report(plan: str, card: str, found: Iterable[Cost]) -> bool:
    """Whether the bars are kept."""
    accepted = [cost for cost in found if cost.status == 200]
    slowest = max(accepted, key=lambda cost: cost.cpu_s)
    largest = max(accepted, key=lambda cost: cost.megabytes)
    print(f"plan {plan}, card {card}: {len(accepted)} accepted")
    for request in _REQUESTS:
        of_it = [cost for cost in accepted if cost.request == request]
        if of_it:
            print(f"  {max(of_it, key=lambda cost: cost.cpu_s)}")
    print(f"  most memory: {largest}")
    refused = [cost for cost in found if cost.status != 200]
    if refused:
        print(f"  refused, slowest: {max(refused, key=lambda cost: cost.cpu_s)}")
        print(f"  refused, largest: {max(refused, key=lambda cost: cost.megabytes)}", flush=True)
    return slowest.cpu_s <= _BAR_S and largest.megabytes <= _BARS_MB[plan]


def main() -> int:
    parser = argparse.ArgumentParser(description="The accepted picture that costs most.")
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--plan", choices=list(_PLANS), action="append")
    parser.add_argument("--card", choices=["default", "sparse"], action="append")
    arguments = parser.parse_args()
    kept = [
        report(plan, card, searched(plan, card, arguments.steps, arguments.seed))
        for plan in arguments.plan or _PLANS
        for card in arguments.card or ("default", "sparse")
    ]
    print("bars kept" if all(kept) else "bars missed")
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
