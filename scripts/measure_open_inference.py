"""What the Open Inference Protocol costs beside /predict: load by tritonclient, unmodified.

    python scripts/measure_open_inference.py [--connections 4] [--seconds 3] [--rounds 3]
    python scripts/measure_open_inference.py --picture film.jpeg --connections 1

A real service of the default model. So many connections ask again and again, each when it has its
answer: by the asyncio client of tritonclient, in an environment of its own that is made the first
time, and for /predict by aiohttp, on which that client stands. The ways take turns, so that a noisy
moment is everybody's, in another order in each round. Figures are medians of the rounds: requests a
second, median and 95th percentile of a request in ms, and the service's CPU time for one, which
says most where something else runs. With the usual options it takes about a minute.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median, quantiles
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
MODEL = "pneumonia"
SIDE = 96  # of its input
WARM_S = 1.0
FORM, RAW = "/predict, form", "/predict, as it is"
BYTES, BASE64, PREPARED = "/v2, binary BYTES", "/v2, base64 in JSON", "/v2, binary FP32"
WAYS = (FORM, RAW, BYTES, BASE64, PREPARED)

Ask = Callable[[], Awaitable[None]]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        epilog=__doc__.partition("\n\n")[2],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--picture", type=Path, help="by default a JPEG of 1500 x 1100")
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=3.0, help="of a turn")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--turn", nargs=3, help=argparse.SUPPRESS)  # in tritonclient's environment
    arguments = parser.parse_args()
    if arguments.turn:
        print(json.dumps(asyncio.run(_turn(arguments, *arguments.turn))))
        return 0
    return _measured(arguments)


def _measured(arguments: argparse.Namespace) -> int:
    sys.path[:0] = [str(ROOT / each) for each in ("src", "tests", "scripts/peers")]
    from films import film
    from peer_environments import interpreter

    from locked_environment import NotInstalledError
    from measured_service import serving

    try:
        python = interpreter("tritonclient", print)
    except NotInstalledError as error:
        print(f"tritonclient cannot be installed: {error}", file=sys.stderr)
        return 1
    if arguments.picture is None:
        arguments.picture = ROOT / ".cache" / "measured.jpeg"
        arguments.picture.parent.mkdir(exist_ok=True)
        arguments.picture.write_bytes(film(0))
    told: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    with serving({}) as service:
        for each in range(arguments.rounds):
            for way in WAYS[each % len(WAYS) :] + WAYS[: each % len(WAYS)]:
                print(f"round {each + 1} of {arguments.rounds}: {way}", file=sys.stderr)
                told[way].append(_turn_of(python, arguments, way, service))
    _report(told)
    return 0


def _turn_of(
    python: Path, arguments: argparse.Namespace, way: str, service: Any
) -> dict[str, float]:
    command = [python, __file__, "--turn", way, str(service.port), str(arguments.picture)]
    command += ["--connections", str(arguments.connections), "--seconds", str(arguments.seconds)]
    before_s = service.cpu_s()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{way} failed:\n{done.stderr}")
    said: dict[str, float] = json.loads(done.stdout)
    return {**said, "cpu_ms": (service.cpu_s() - before_s) * 1000 / said["asked"]}


def _report(told: dict[str, list[dict[str, float]]]) -> None:
    print(f"\n{'':24} requests/s  median ms   p95 ms  CPU ms a request")
    for way, rounds in told.items():
        rate, half, most, cpu = (
            median(each[name] for each in rounds)
            for name in ("per_s", "median_ms", "p95_ms", "cpu_ms")
        )
        print(f"{way:24} {rate:10.1f} {half:10.2f} {most:8.2f} {cpu:12.2f}")
    first = median(each["cpu_ms"] for each in told[FORM])
    for way in (BYTES, BASE64, PREPARED):
        share = median(each["cpu_ms"] for each in told[way]) / first
        print(f"{way}: {share:.2f} of the CPU time of {FORM}")


async def _turn(
    arguments: argparse.Namespace, way: str, port: str, picture: str
) -> dict[str, float]:
    """Warms up, and asks. All that was asked is counted for the CPU time."""
    data = await asyncio.to_thread(Path(picture).read_bytes)
    import aiohttp
    from tritonclient.http import aio

    address = f"127.0.0.1:{port}"
    connections = arguments.connections
    async with (
        aio.InferenceServerClient(address, conn_limit=connections) as triton,
        aiohttp.ClientSession(f"http://{address}") as session,
    ):
        ask = _by_form_or_raw(way, session, data) or _by_triton(way, triton, data)
        warm = await _asked(ask, connections, WARM_S)
        started = time.monotonic()
        took_s = await _asked(ask, connections, arguments.seconds)
        passed_s = time.monotonic() - started
    return {
        "asked": len(warm) + len(took_s),
        "per_s": len(took_s) / passed_s,
        "median_ms": median(took_s) * 1000,
        "p95_ms": quantiles(took_s, n=20)[-1] * 1000,
    }


async def _asked(ask: Ask, connections: int, seconds: float) -> list[float]:
    """How long each took, s."""
    ends, took_s = time.monotonic() + seconds, []

    async def again_and_again() -> None:
        while (began := time.monotonic()) < ends:
            await ask()
            took_s.append(time.monotonic() - began)

    await asyncio.gather(*(again_and_again() for _ in range(connections)))
    return took_s


def _by_form_or_raw(way: str, session: Any, data: bytes) -> Ask | None:
    if way not in (FORM, RAW):
        return None
    import aiohttp

    async def ask() -> None:
        sent: Any = data
        if way == FORM:
            sent = aiohttp.FormData()
            sent.add_field("file", data, filename="film.jpeg", content_type="image/jpeg")
        headers = {"Content-Type": "image/jpeg"} if way == RAW else {}
        async with session.post("/predict", data=sent, headers=headers) as answer:
            assert answer.status == 200, await answer.text()  # noqa: S101
            assert len((await answer.json())["predictions"]) == 2  # noqa: S101

    return ask


def _by_triton(way: str, triton: Any, data: bytes) -> Ask:
    import base64

    import numpy as np
    from tritonclient.http import InferInput

    if way == PREPARED:
        values: Any = np.full((1, SIDE, SIDE, 1), 0.5, np.float32)
        tensor = InferInput("image", list(values.shape), "FP32")
    else:
        content = data if way == BYTES else base64.b64encode(data)
        values = np.array([content], object)
        tensor = InferInput("image", [1], "BYTES")
    tensor.set_data_from_numpy(values, binary_data=way != BASE64)

    async def ask() -> None:
        answer = await triton.infer(MODEL, [tensor])
        assert answer.as_numpy("scores").shape == (1, 2)  # noqa: S101

    return ask


if __name__ == "__main__":
    sys.exit(main())
