"""What an archive costs: films a second, CPU and memory of ``vistazo score``, and that nothing that
dies on the way changes a row.

    python scripts/measure_archive.py [--films 20000] [--pictures FOLDER] [--ray] [--price 0.04]

The archive: so many names, hard links to the JPEGs of a folder (by default 300 that are drawn), of
which one in 200 is damaged. Then, with the model of the environment:

* a tenth of them, here: the memory, against that of all of them;
* all of them, here;
* all of them, here, killed (SIGKILL) three times on the way, and gone on with;
* with --ray, all of them by workers of Ray, of which one is killed in the middle. That takes
  the environment of scripts/requirements/ray-test.txt (it is made where there is none).

Memory is the largest sum, over the command and all processes below it, of what is theirs alone and
their share of what is not (PSS), looked at five times a second. CPU is that of all of them, by the
system's own accounts, and for Ray by what its processes had used when last looked at. The cost of
a million films follows: CPU seconds of 1,000 films x 1,000 / 3600 x the price of a CPU's hour. That
price (--price) is assumed, not measured. Exit status 1 where the rows of two runs differ.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from builders import ramp  # noqa: E402
from ray_environment import ray_python, ray_variables  # noqa: E402

_DRAWN, _SIZES = 300, ((1500, 1100), (1200, 1000), (1000, 800))
_ONE_DAMAGED_IN = 200
_FOLDERS = 20
_LOOK_EVERY_S = 0.2
_KILLS = 3
_TICKS = os.sysconf("SC_CLK_TCK")


def drawn(folder: Path) -> list[Path]:
    """JPEGs, no two alike."""
    random, files = np.random.default_rng(0), list[Path]()
    bases = [ramp(*size) + random.normal(0, 4, size[::-1]) for size in _SIZES]
    for number in range(_DRAWN):
        pixels = np.roll(bases[number % len(bases)], 7 * number, axis=1)
        files.append(folder / f"{number:04}.jpeg")
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(files[-1], quality=85)
    return files


def archive_of(sources: list[Path], folder: Path, films: int) -> Path:
    """Names in folders; links to the sources, and one in 200 cut short."""
    damaged = folder.parent / "damaged.jpeg"
    damaged.write_bytes(sources[0].read_bytes()[:2_000])
    for number in range(films):
        below = folder / f"{number % _FOLDERS:02}"
        below.mkdir(parents=True, exist_ok=True)
        is_damaged = number % _ONE_DAMAGED_IN == _ONE_DAMAGED_IN - 1
        source = damaged if is_damaged else sources[number % len(sources)]
        os.link(source, below / f"{number:07}.jpeg")
    return folder


@dataclass
class Watch:
    """A command, looked at while it works."""

    process: subprocess.Popen[bytes]
    most_bytes: int = 0
    cpu_s: dict[int, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def wait(self) -> int:
        status = self.process.wait()
        self._thread.join()
        return status

    def _look(self) -> None:
        while self.process.poll() is None:
            pids = list(below(self.process.pid))
            self.most_bytes = max(self.most_bytes, sum(map(pss_bytes, pids)))
            for pid in pids:
                self.cpu_s[pid] = max(self.cpu_s.get(pid, 0.0), cpu_s_of(pid))
            time.sleep(_LOOK_EVERY_S)


def below(pid: int) -> Iterator[int]:
    """A process, and those that it, or one of them, has started."""
    parents: dict[int, list[int]] = {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(place.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        parents.setdefault(parent, []).append(int(place.parent.name))
    left = [pid]
    while left:
        each = left.pop()
        yield each
        left += parents.get(each, [])


def pss_bytes(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def cpu_s_of(pid: int) -> float:
    """Of the process itself."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


@dataclass(frozen=True)
class Found:
    """One run: films a second of all of it, its start included."""

    films: int
    seconds: float
    cpu_s: float
    most_bytes: int
    rows_sha256: str
    failures: dict[str, int]

    def say(self, what: str, price: float) -> None:
        per_1000 = 1000 * self.cpu_s / self.films
        print(
            f"{what}: {self.films} films in {self.seconds:.0f} s, {self.films / self.seconds:.1f} "
            f"a second; CPU {per_1000:.1f} s for 1,000; at most {self.most_bytes / 1e6:.0f} MB; "
            f"failures {self.failures}; a million at {price} USD per CPU hour: "
            f"{per_1000 * 1000 / 3600 * price:.2f} USD",
            flush=True,
        )


def begin(
    archive: Path, output: Path, python: Path, *options: str, environment: dict[str, str]
) -> subprocess.Popen[bytes]:
    arguments = [str(python), "-m", "vistazo", "score", str(archive), str(output), *options]
    return subprocess.Popen(arguments, env=environment, stdout=subprocess.DEVNULL)


def our_environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT / "src")}


def run(
    archive: Path,
    output: Path,
    disturb: Callable[[subprocess.Popen[bytes]], None] = lambda _: None,
    *options: str,
) -> Found:
    """Once; ``disturb`` may do to it what it likes."""
    is_on_ray = "ray" in options
    python = ray_python() if is_on_ray else Path(sys.executable)
    environment = ray_variables() if is_on_ray else our_environment()
    started_s, before = time.monotonic(), os.times()
    watch = Watch(begin(archive, output, python, *options, environment=environment))
    disturb(watch.process)
    status = watch.wait()
    after = os.times()
    if status not in (0, 1):
        sys.exit(f"the command ended with {status}")
    waited_s = after[2] + after[3] - before[2] - before[3]
    cpu_s = max(sum(watch.cpu_s.values()), waited_s)
    return found_in(output, time.monotonic() - started_s, cpu_s, watch.most_bytes)


def found_in(output: Path, seconds: float, cpu_s: float, most_bytes: int) -> Found:
    manifest = json.loads(output.with_name(f"{output.name}.manifest.json").read_text())
    digest = hashlib.sha256(output.read_bytes()).hexdigest()
    return Found(manifest["files"], seconds, cpu_s, most_bytes, digest, manifest["failures"])


def killed_and_resumed(archive: Path, output: Path) -> Found:
    """Killed when a quarter, a half and three quarters of the parts are there."""
    films = sum(1 for _ in archive.rglob("*.jpeg"))
    for kill in range(1, _KILLS + 1):
        process = begin(archive, output, Path(sys.executable), environment=our_environment())
        wait_for_parts(process, output, films // 256 * kill // (_KILLS + 1))
        process.kill()
        print(f"  killed with {parts(output)} parts there: {process.wait()}", flush=True)
    return run(archive, output)


def parts(output: Path) -> int:
    return sum(1 for _ in output.with_name(f"{output.name}.work").glob("part-*.jsonl"))


def wait_for_parts(process: subprocess.Popen[bytes], output: Path, count: int) -> None:
    while process.poll() is None and parts(output) < count:
        time.sleep(0.1)


def kill_a_worker(output: Path, films: int) -> Callable[[subprocess.Popen[bytes]], None]:
    def kill(process: subprocess.Popen[bytes]) -> None:
        wait_for_parts(process, output, films // 256 // 2)
        pid = next(
            pid for pid in below(process.pid) if b"ray::Worker" in name_of(pid)
        )  # Ray calls its processes by what they do
        os.kill(pid, signal.SIGKILL)
        print(f"  killed a worker with {parts(output)} parts there", flush=True)

    return kill


def name_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def measure(scratch: Path, arguments: argparse.Namespace) -> bool:
    """Whether all rows are the same."""
    if arguments.pictures:
        sources = [scratch / f"{n}.jpeg" for n, _ in enumerate(arguments.pictures.rglob("*.jp*g"))]
        for copy, file in zip(sources, sorted(arguments.pictures.rglob("*.jp*g")), strict=True):
            shutil.copyfile(file, copy)
    else:
        sources = drawn(scratch)
    films, price = arguments.films, arguments.price
    tenth = archive_of(sources, scratch / "tenth", films // 10)
    run(tenth, scratch / "tenth.parquet").say("a tenth, here", price)
    archive = archive_of(sources, scratch / "films", films)
    alone = run(archive, scratch / "here.parquet")
    alone.say("all, here", price)
    resumed = killed_and_resumed(archive, scratch / "killed.parquet")
    all_found = [alone, resumed]
    print(f"killed {_KILLS} times: {'the same rows' if same(all_found) else 'OTHER ROWS'}")
    if arguments.ray:
        output = scratch / "ray.parquet"
        options = ("--engine", "ray", "--address", "local")
        on_ray = run(archive, output, kill_a_worker(output, films), *options)
        on_ray.say("all, on Ray, a worker killed", price)
        all_found.append(on_ray)
        print(f"on Ray: {'the same rows' if same(all_found) else 'OTHER ROWS'}")
    return same(all_found)


def same(found: list[Found]) -> bool:
    return len({each.rows_sha256 for each in found}) == 1


def main() -> None:
    parser = argparse.ArgumentParser(description="What vistazo score costs.")
    parser.add_argument("--films", type=int, default=20_000)
    parser.add_argument("--pictures", type=Path, help="a folder of JPEGs, in place of drawn ones")
    parser.add_argument("--price", type=float, default=0.04, help="USD of a CPU for an hour")
    parser.add_argument("--ray", action="store_true", help="on Ray, too")
    parser.add_argument("--scratch", type=Path, help="where the archive is made")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.scratch) as scratch:
        is_same = measure(Path(scratch), arguments)
    sys.exit(0 if is_same else 1)


if __name__ == "__main__":
    main()
