"""A real service of the small plan, under attack."""

from __future__ import annotations

import subprocess
import sys
import time
import zlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from hostile_uploads.costly_inference import costly
from measured_service import SMALL_BYTES, MemoryWatch, serving
from vistazo.service.small_plan import SETTINGS

SCRIPTS = Path(__file__).parents[2] / "scripts"


def run(script: str, *options: str) -> None:
    command = [sys.executable, SCRIPTS / script, *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.longer
@pytest.mark.timeout(600)
def test_hostile_uploads_are_answered_or_refused_and_cost_little() -> None:
    """Fifteen hundred of them; the script itself sends twenty thousand."""
    run("measure_hostile_uploads.py", "--count", "1500", "--warm-up", "400")


@pytest.mark.longer
@pytest.mark.timeout(600)
@pytest.mark.parametrize("protocol", ["inference", "inference-of-texts"])
def test_hostile_requests_for_inference_are_answered_in_the_words_of_the_protocol(
    protocol: str,
) -> None:
    counts = ("--count", "1200", "--warm-up", "600")
    run("measure_hostile_uploads.py", "--protocol", protocol, *counts)


BOMBS = (
    "as many pixels as fit",
    "a long string",
    "escapes",
    "fewer than the shape says",
    "brackets",
)


@pytest.mark.longer
@pytest.mark.timeout(300)
def test_many_packed_bodies_at_once_fill_no_memory_and_hold_up_nobody() -> None:
    """Twenty kilobytes each, and sixteen megabytes when they are unpacked; twelve callers."""
    packs = [zlib.compress(costly(name)) for name in BOMBS]
    with serving(SETTINGS, SMALL_BYTES) as service, ThreadPoolExecutor(13) as threads:
        url = f"http://127.0.0.1:{service.port}"
        infer, alive = f"{url}/v2/models/pneumonia/infer", f"{url}/health/live"

        def send(caller: int) -> Counter[int]:
            with httpx.Client(headers={"Content-Encoding": "deflate"}, timeout=120) as client:
                sent = (packs[(caller + turn) % len(packs)] for turn in range(5))
                return Counter(client.post(infer, content=pack).status_code for pack in sent)

        with MemoryWatch(service, 0.01) as watch:
            callers = [threads.submit(send, caller) for caller in range(12)]
            longest_s = 0.0
            while not all(caller.done() for caller in callers):
                asked = time.monotonic()
                assert httpx.get(alive, timeout=60).status_code == 200
                longest_s = max(longest_s, time.monotonic() - asked)
                time.sleep(0.05)
        answers = sum((caller.result() for caller in callers), Counter())
        assert answers[429] > 0
        assert set(answers) <= {200, 400, 413, 422, 429}, answers
        assert service.is_up
        assert service.kills() == 0
        assert (service.most_mb() or watch.most_mb) < SMALL_BYTES / 1e6
        assert longest_s < 2
