"""Measure what it costs to watch answers and to keep them: CPU time of a request, and memory.

    python scripts/measure_records.py [--rates 20,60] [--turns 3]

Answers are given at these rates, as the service tells of them (``Observation``), in turns without
anything and with the drift monitor and records. CPU time is that of the whole process: the writing
thread and its work for the disk belong to it. Bars: 0.3 ms a request and 3 MB for both. Exit
status 1 beyond them. Run it in the environment of the tests, with nothing else to do.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

import numpy as np  # noqa: E402

from builders import brightness_classifier  # noqa: E402
from vistazo.answers.decision import Decision  # noqa: E402
from vistazo.answers.likeness import Likeness  # noqa: E402
from vistazo.answers.reference import Answered, Reference  # noqa: E402
from vistazo.api.observation import Observation  # noqa: E402
from vistazo.classifier import Prediction  # noqa: E402
from vistazo.pictures.appearance import Appearance  # noqa: E402
from vistazo.service import telemetry  # noqa: E402
from vistazo.service.drift.monitor import Monitor  # noqa: E402
from vistazo.service.drift.quantities import quantities_of  # noqa: E402
from vistazo.service.metrics import Metrics  # noqa: E402

_BAR_MS, _BAR_MB = 0.3, 3.0
_LABELS = ("DARK", "BRIGHT")
_ANSWERS = 1_000
_REST_S = 1.5  # so that what waits is written


class Watched:
    """Observes the same answers again and again, for a caller with a key."""

    def __init__(self) -> None:
        classifier = brightness_classifier()
        drawn = np.random.default_rng(15).random((_ANSWERS, 5)).tolist()
        self._answers = [_answer(shares, classifier.identity) for shares in drawn]
        known = [
            Answered(_LABELS.index(each.decision.predicted_class), quantities_of(each))
            for each in self._answers
        ]
        served = brightness_classifier(reference=Reference.of(_LABELS, known))
        served.identity = classifier.identity
        self._metrics, self._count = Metrics(), 0
        self._scope = {"state": {"caller": "key:ward", "caller_name": "ward"}}
        self.monitor = Monitor(lambda: served)

    def answer(self, monitor: object = None, records: object = None) -> None:
        self._count += 1
        answer = self._answers[self._count % _ANSWERS]
        with telemetry.of_request(f"request-{self._count}"):
            told = Observation(self._metrics, None, monitor, records, self._scope)
            told.predicted(answer, _LABELS)

    def cpu_ms(self, rate: float, *watching: object) -> float:
        """Of one answer, at so many a second, for three seconds."""
        count, began_s, spent_s = int(3 * rate), time.monotonic(), time.process_time()
        for number in range(1, count + 1):
            self.answer(*watching)
            time.sleep(max(0.0, began_s + number / rate - time.monotonic()))
        time.sleep(_REST_S)
        return (time.process_time() - spent_s) / count * 1000


def _answer(shares: Sequence[float], model: object) -> Prediction:
    share, brightness, contrast, sharpness, likeness = shares
    decision = Decision((1 - share, share), _LABELS[share > 0.5], max(share, 1 - share), ())
    appearance = Appearance(brightness, contrast, sharpness, int(200 + 100 * share), 300)
    return Prediction(decision, model, Likeness(likeness, True), appearance)  # noqa: FBT003


def _resident_mb() -> float:
    gc.collect()
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rates", default="20,60", help="answers a second")
    parser.add_argument("--turns", type=int, default=3)
    asked = parser.parse_args()
    watched = Watched()
    for _ in range(500):
        watched.answer()
    before_mb = _resident_mb()
    from vistazo.service.records.records import Records  # what it loads counts, too
    from vistazo.service.records.settings import RecordsPolicy

    with tempfile.TemporaryDirectory() as folder:
        records, costs = Records.opened(RecordsPolicy(Path(folder))), []
        for rate in map(float, asked.rates.split(",")):
            turns = [
                (watched.cpu_ms(rate), watched.cpu_ms(rate, watched.monitor, records))
                for _ in range(asked.turns)
            ]
            costs.append(statistics.median(with_both - alone for alone, with_both in turns))
            print(f"{rate:g} a second: {costs[-1]:.3f} ms of CPU more a request")
        memory_mb, lost = _resident_mb() - before_mb, records.lost["answer"]
        records.close()
    print(f"{memory_mb:.1f} MB more; {lost} answers lost")
    return 0 if max(costs) <= _BAR_MS and memory_mb <= _BAR_MB and not lost else 1


if __name__ == "__main__":
    sys.exit(main())
