"""How near ``vistazo predict FOLDER`` comes to what the machine can do with the same pictures.

    python scripts/measure_folder.py [--pictures 600] [--turns 5] [--command]

The limit: each picture decoded, prepared and run through the model in plain threads, as many as
THREADS says, and nothing done with what comes out. The two take turns on a folder made for that,
with the model of the environment. With --command the whole command is measured, with its start:
that takes a folder of thousands. The bar: 0.9 of the limit, by the medians. Exit status 1 below it.
Run it in the environment of the tests.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402

from builders import ramp  # noqa: E402
from vistazo.cli.picture_answers import Wanted, predict_pictures  # noqa: E402
from vistazo.engines.base import Engine  # noqa: E402
from vistazo.loading import load_classifier, open_engine  # noqa: E402
from vistazo.models.card import InputSpec  # noqa: E402
from vistazo.models.store import find_model  # noqa: E402
from vistazo.pictures.reader import DirectReader  # noqa: E402
from vistazo.service.settings import Settings  # noqa: E402

_BAR = 0.9
_SIZES = ((1500, 1100), (1200, 1000), (1000, 800))


def made_pictures(folder: Path, count: int) -> list[Path]:
    """Of some sizes, as JPEG, no two alike."""
    random = np.random.default_rng(0)
    bases = [ramp(*size) + random.normal(0, 4, size[::-1]) for size in _SIZES]
    files = []
    for number in range(count):
        base = np.roll(bases[number % len(bases)], 7 * number, axis=1)
        files.append(folder / f"{number:06}.jpeg")
        Image.fromarray(base.clip(0, 255).astype(np.uint8)).save(files[-1], quality=85)
    return files


class Limit:
    """One engine, and nothing around it."""

    def __init__(self, engine: Engine, spec: InputSpec, settings: Settings) -> None:
        self._engine, self._spec, self._threads = engine, spec, settings.threads
        self._reader = DirectReader(settings.image_limits)

    def __call__(self, files: Sequence[Path]) -> None:
        left, lock = iter(files), threading.Lock()

        def work() -> None:
            while True:
                with lock:
                    file = next(left, None)
                if file is None:
                    return
                pixels = self._reader.prepared(file.read_bytes(), self._spec).pixels
                self._engine.run(pixels[np.newaxis])

        threads = [threading.Thread(target=work) for _ in range(self._threads)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def took(work: Callable[[], object]) -> tuple[float, float]:
    """Wall and CPU seconds, those of children too."""
    before, started_s = os.times(), time.perf_counter()
    work()
    wall_s, after = time.perf_counter() - started_s, os.times()
    return wall_s, sum(after[:4]) - sum(before[:4])


def say(name: str, turns: Sequence[tuple[float, float]], pictures: int) -> float:
    """Print it; pictures a second, by the median turn."""
    rate = pictures / statistics.median(wall_s for wall_s, _ in turns)
    slowest, quickest = (pictures / each(wall_s for wall_s, _ in turns) for each in (max, min))
    cpu_ms = 1000 * statistics.median(cpu_s for _, cpu_s in turns) / pictures
    print(
        f"{name}: {rate:.1f} a second ({slowest:.1f} to {quickest:.1f}), CPU {cpu_ms:.2f} ms each"
    )
    return rate


def predicting(folder: Path, settings: Settings, *, as_command: bool) -> Callable[[], None]:
    output = folder.with_suffix(".csv")

    def command() -> None:
        arguments = ["predict", "--output", str(output), str(folder)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
        subprocess.run([sys.executable, "-m", "vistazo", *arguments], env=environment, check=True)
        output.unlink()

    if as_command:
        return command
    classifier = load_classifier(settings.model_source, DirectReader(settings.image_limits))

    def here() -> None:
        if predict_pictures(classifier, [folder], settings, Wanted(None, output, None, None)):
            sys.exit("not every picture was answered")
        output.unlink()

    return here


def measure(folder: Path, arguments: argparse.Namespace) -> float:
    settings = Settings.from_environment()
    source = settings.model_source
    found = find_model(source.path, source.card, hints=source.hints, cache_dir=source.cache_dir)
    if found.card is None:
        sys.exit("This takes a model with a card.")
    limit = Limit(open_engine(found, source), found.card.input, settings)
    files = made_pictures(folder, arguments.pictures)
    predict = predicting(folder, settings, as_command=arguments.command)
    limit(files[:20])
    turns = [(took(lambda: limit(files)), took(predict)) for _ in range(arguments.turns)]
    limits, predictions = zip(*turns, strict=True)
    count, what = len(files), "the command" if arguments.command else "predict"
    return say(what, predictions, count) / say("the limit", limits, count)


def main() -> None:
    parser = argparse.ArgumentParser(description="vistazo predict FOLDER against the machine.")
    parser.add_argument("--pictures", type=int, default=600)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--command", action="store_true", help="with the start of the command")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "films"
        folder.mkdir()
        share = measure(folder, arguments)
    print(f"{share:.2f} of the limit (bar {_BAR})")
    sys.exit(int(share < _BAR))


if __name__ == "__main__":
    main()
