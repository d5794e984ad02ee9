"""Measure what an X-ray of a hospital costs: a CR of 2,500 x 2,000 pixels of 12 bits.

    python scripts/measure_dicom.py [--requests 9] [--model MODEL]

A real service is sent the same picture in each transfer syntax that can be written here: the first
answer, which loads what decodes it; the median of the next ones, by the clock and in CPU time of
all processes; and the most memory that they hold meanwhile, beyond what they held after a JPEG of
the same size. Each syntax has a service of its own. The bars are of JPEG Lossless: 0.4 s, and
150 MB. Run it in the environment of the tests, on a machine with nothing else to do. Linux.

Exit status: 0, or 1 where a bar is missed.
"""

from __future__ import annotations

import argparse
import http.client
import io
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / folder) for folder in ("src", "tests")]
sys.path.append(str(Path(__file__).resolve().parent / "deploy"))

import numpy as np  # noqa: E402
from pictures import form  # noqa: E402
from PIL import Image  # noqa: E402

from dicom_files import SYNTAXES, dicom_file  # noqa: E402
from measured_service import MeasuredService, serving  # noqa: E402

_ROWS, _COLUMNS, _BITS = 2500, 2000, 12
_BAR_S, _BAR_MB, _BARRED = 0.4, 150.0, "jpeg lossless"
_BOUNDARY = "measured"
_MODEL = Path(__file__).resolve().parents[1] / "artifacts" / "pneumonia" / "pneumonia.keras"
_HEADER = {"WindowCenter": 2048, "WindowWidth": 4096}


@dataclass(frozen=True)
class Cost:
    first_s: float
    median_s: float
    cpu_s: float
    more_mb: float


def radiograph() -> np.ndarray:
    """Soft shapes, and the noise of a detector: what makes compressing hard."""
    y, x = np.mgrid[:_ROWS, :_COLUMNS]
    noise = np.random.default_rng(0).normal(0, 12, (_ROWS, _COLUMNS))
    levels = 2000 + 1500 * np.sin(x / 300) * np.cos(y / 400) + noise
    return np.asarray(levels.clip(0, (1 << _BITS) - 1), np.uint16)


def ask(service: MeasuredService, data: bytes) -> float:
    """Seconds to the answer."""
    kind = {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"}
    body = form(_BOUNDARY, data)
    started = time.perf_counter()
    line = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
    try:
        line.request("POST", "/predict", body, kind)
        answer = line.getresponse()
        text = answer.read()
    finally:
        line.close()
    if answer.status != http.HTTPStatus.OK:
        raise SystemExit(f"the service refused the picture: {text.decode()}")
    return time.perf_counter() - started


def measured(pair: tuple[bytes, bytes], plain: bytes, model: Path, requests: int) -> Cost:
    """Of two in turns: the same again would not be decoded again."""
    settings = {"MODEL_PATH": str(model), "MAX_UPLOAD_BYTES": "32000000"}
    with serving(settings) as service:
        for _ in range(3):
            ask(service, plain)
        held_mb = service.proportional_mb()
        service.forget_peaks()
        resident_mb = sum(service.resident_mb())
        first_s, cpu_s = ask(service, pair[1]), service.cpu_s()
        times = [ask(service, pair[n % 2]) for n in range(requests)]
        cpu_s = (service.cpu_s() - cpu_s) / requests
        more_mb = service.peaks_mb() - resident_mb
        print(f"  {held_mb:.0f} MB held after a JPEG", file=sys.stderr)
        return Cost(first_s, statistics.median(times), cpu_s, more_mb)


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=9)
    parser.add_argument("--model", type=Path, default=_MODEL)
    parser.add_argument("--syntax", action="append", choices=list(SYNTAXES), help="only these")
    asked = parser.parse_args(argv)
    pixels, buffer = radiograph(), io.BytesIO()
    Image.fromarray((pixels >> (_BITS - 8)).astype(np.uint8)).save(buffer, "JPEG", quality=90)
    costs = {}
    print(f"{'':28} {'MB':>6} {'first, s':>9} {'then, s':>9} {'CPU, s':>9} {'more, MB':>9}")
    for name in asked.syntax or SYNTAXES:
        is_deep = name != "jpeg baseline"
        stored = pixels if is_deep else (pixels >> (_BITS - 8)).astype(np.uint8)
        header: dict[str, Any] = dict(_HEADER) if is_deep else {}
        bits = _BITS if is_deep else 8
        header |= {"transfer_syntax": SYNTAXES[name], "bits_stored": bits}
        data = dicom_file(stored, InstanceNumber=1, **header)
        other = dicom_file(stored, InstanceNumber=2, **header)
        cost = costs[name] = measured((data, other), buffer.getvalue(), asked.model, asked.requests)
        figures = (cost.first_s, cost.median_s, cost.cpu_s)
        row = "".join(f"{figure:10.2f}" for figure in figures)
        print(f"{name:28} {len(data) / 1e6:6.1f}{row} {cost.more_mb:9.0f}", flush=True)
    barred = [cost for name, cost in costs.items() if name.startswith(_BARRED)]
    is_kept = all(cost.median_s <= _BAR_S and cost.more_mb <= _BAR_MB for cost in barred)
    print(f"{_BARRED}: {_BAR_S:g} s and {_BAR_MB:g} MB more: {'met' if is_kept else 'NOT MET'}")
    return 0 if is_kept else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
