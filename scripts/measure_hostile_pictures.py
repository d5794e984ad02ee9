"""Measure what hostile pictures cost, and what looking for them costs honest ones.

    python scripts/measure_hostile_pictures.py [PICTURE...]

Every attack of the tests is sent once, of nearly as many bytes as are accepted, in a process of its
own, which has as much memory as a worker has (MAX_PIXELS=16000000): CPU seconds and growth of
memory from the bytes to the decoded picture or its refusal. The bar is a second and 60 MB, for a
picture as large as is accepted 90 MB; so for one whose decoder takes memory that no header tells.
Then the look at honest pictures: those that are named, and three made here. Its bar is a
millisecond for 200 kB. Takes a minute; run it in the environment of the tests. PYTHONPATH=OTHER/src
measures the attacks on another version.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
sys.path.append(str(ROOT / "src"))

from PIL import Image  # noqa: E402

from builders import encoded  # noqa: E402
from hostile_boxes import ATTACKS as BOXED_ATTACKS  # noqa: E402
from hostile_boxes import LARGE as LARGE_BOXED  # noqa: E402
from hostile_pictures import ATTACKS as FIRST_ATTACKS  # noqa: E402
from hostile_pictures import LARGE as FIRST_LARGE  # noqa: E402
from vistazo.errors import InputError  # noqa: E402
from vistazo.pictures import ImageLimits, open_image  # noqa: E402
from vistazo.service.isolation.confinement import address_space_bytes, limit_job  # noqa: E402
from vistazo.service.isolation.memory import MemoryBudget  # noqa: E402

ATTACKS, LARGE = {**FIRST_ATTACKS, **BOXED_ATTACKS}, {**FIRST_LARGE, **LARGE_BOXED}
LIMITS = ImageLimits(max_pixels=16_000_000)
# As costly in memory as the largest that are accepted: only the decoder learns how much it takes.
_AS_LARGE = "webp of codes"
_ATTACK_BYTES = 9_900_000
_BAR_S, _BAR_MB, _BAR_LARGE_MB, _MOST_S = 1.0, 60.0, 90.0, 60
_BAR_MS, _BAR_OF_BYTES, _REPEAT = 1.0, 200_000, 51
_SIDE = 224  # pixels, of a common model's input
_RESET_PEAK = "5"  # man 5 proc, clear_refs


@dataclass(frozen=True)
class Cost:
    cpu_s: float
    megabytes: float
    outcome: str

    def is_within(self, bar_mb: float) -> bool:
        return self.cpu_s <= _BAR_S and self.megabytes <= bar_mb


def send(data: bytes) -> str:
    try:
        picture = open_image(data, LIMITS).decode(at_least=(_SIDE, _SIDE))
    except (InputError, MemoryError) as error:
        return str(error) or "no memory"
    return f"a picture of {picture.width} x {picture.height}"


def measure_here(name: str) -> Cost:
    send(encoded(Image.new("L", (9, 9)), "JPEG"))  # what is imported on first use is not counted
    for image_format in ("TIFF", "WEBP", "AVIF"):
        send(encoded(Image.new("RGB", (40, 40)), image_format))
    data = {**ATTACKS, **LARGE}[name](_ATTACK_BYTES)
    Path("/proc/self/clear_refs").write_text(_RESET_PEAK)
    limit_job((address_space_bytes() or 0) + MemoryBudget(LIMITS).of(None), _MOST_S)
    before, started = _resident("VmRSS"), time.process_time()
    outcome = send(data)
    return Cost(time.process_time() - started, _resident("VmHWM") - before, outcome)


def _resident(what: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1000 for line in lines if line.startswith(what))


def measure(name: str) -> Cost:
    command = [sys.executable, __file__, "--child", name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return Cost(_MOST_S, 0, f"ended by status {done.returncode} {done.stderr[-80:]}")
    return Cost(**json.loads(done.stdout))


def honest_pictures(named: list[str]) -> Iterator[tuple[str, bytes]]:
    for path in named:
        yield Path(path).name, Path(path).read_bytes()
    rough = np.random.default_rng(0).integers(60, 200, (400, 500), dtype=np.uint8)
    film = Image.fromarray(rough).resize((1500, 1100), Image.Resampling.BICUBIC)
    yield "film", encoded(film, "JPEG", quality=72)
    yield "film, progressive", encoded(film, "JPEG", quality=72, progressive=True)
    yield "film, PNG", encoded(film.resize((560, 420)))
    for image_format in ("BMP", "TIFF", "WEBP", "AVIF"):
        yield f"film, {image_format}", encoded(film, image_format)


def report_looks(named: list[str]) -> bool:
    from vistazo.pictures.container import STRIP
    from vistazo.pictures.formats import format_of

    is_fast = True
    print(f"\n{'honest picture':40} {'kB':>6} {'look ms':>8} {'whole ms':>9}")
    for name, data in honest_pictures(named):
        strip = STRIP[format_of(data)]
        look, whole = _median_ms(strip, data), _median_ms(send, data)
        is_fast &= look <= _BAR_MS * max(1, len(data) / _BAR_OF_BYTES)
        print(f"{name:40} {len(data) / 1000:6.0f} {look:8.3f} {whole:9.2f}")
    return is_fast


def _median_ms(work: Callable[[bytes], object], data: bytes) -> float:
    times = []
    for _ in range(_REPEAT):
        started = time.perf_counter()
        work(data)
        times.append(1000 * (time.perf_counter() - started))
    return statistics.median(times)


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["--child"]:
        print(json.dumps(asdict(measure_here(arguments[1]))))
        return 0
    worst = []
    print(f"{'attack':40} {'CPU s':>6} {'MB':>6}")
    for name in (*ATTACKS, *LARGE):
        cost = measure(name)
        bar_mb = _BAR_LARGE_MB if name in (*LARGE, _AS_LARGE) else _BAR_MB
        worst += [] if cost.is_within(bar_mb) else [name]
        print(f"{name:40} {cost.cpu_s:6.2f} {cost.megabytes:6.1f}  {cost.outcome[:60]}", flush=True)
    print(f"beyond the bar: {', '.join(worst) or 'none'}")
    try:
        is_fast = report_looks(arguments)
    except ImportError:
        return 1
    return 0 if is_fast and not worst else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
