"""The limit: the same work in one process, without a server, on as many threads as there are.

    BENCHMARK_TASK=FILE python in_process.py PICTURE THREADS WARM_UP_S SECONDS

Prints the answer, pictures a second, their median time and CPU time as JSON.
"""

from __future__ import annotations

import json
import statistics
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "servers"))

from picture_task import OnnxClassifier, PictureTask


def measure(picture: bytes, threads: int, warm_up_s: float, seconds: float) -> dict[str, object]:
    classifier, times_ms = OnnxClassifier(PictureTask.given()), []
    answer = classifier.classify(picture)
    counted_from = time.perf_counter() + warm_up_s
    until = counted_from + seconds

    def work() -> None:
        while (begun := time.perf_counter()) < until:
            classifier.classify(picture)
            ended = time.perf_counter()
            if counted_from <= ended < until:
                times_ms.append(1000 * (ended - begun))

    cpu_begun = time.process_time()
    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    cpu_s = time.process_time() - cpu_begun
    return {
        "answer": answer,
        "per_s": len(times_ms) / seconds,
        "median_ms": statistics.median(times_ms),
        "cpu_ms": 1000 * cpu_s / len(times_ms) * seconds / (warm_up_s + seconds),
    }


if __name__ == "__main__":
    path, threads, warm_up_s, seconds = sys.argv[1:]
    measured = measure(Path(path).read_bytes(), int(threads), float(warm_up_s), float(seconds))
    print(json.dumps(measured))
