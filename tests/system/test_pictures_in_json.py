"""JSON by the thousand, and by the megabyte, beside one who is honest: on the small plan."""

from __future__ import annotations

import base64
import contextlib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from builders import encoded, film
from measured_service import SMALL_BYTES, MeasuredService, serving
from raw_callers import many
from vistazo.service.small_plan import SETTINGS

HONEST = {"image": base64.b64encode(encoded(film(300, 300), "JPEG")).decode()}
# What the small plan promises, of the process and its children.
MOST_MB = 200
N_BYTES = 12_000_000
WHOLE = {
    "blanks": b'{"image": "' + b" " * N_BYTES + b'"}',
    "blanks around": b" " * N_BYTES + b'{"image": ""}',
    "escapes": b'{"image": "' + b'\\"' * (N_BYTES // 2) + b'"}',
    "slashes": b'{"image": "' + rb"\/" * (N_BYTES // 2) + b'"}',
    "brackets": b"[" * N_BYTES,
    "strings": b'{"image": [' + b'"",' * (N_BYTES // 3) + b"0]}",
    "zeros": b'{"image": "' + b"A" * N_BYTES + b'"}',
    "a film": b'{"image": "' + base64.b64encode(b"\xff\xd8\xff" * (N_BYTES // 4)) + b'"}',
}


@pytest.fixture(scope="module")
def service() -> Iterator[MeasuredService]:
    with serving(SETTINGS, SMALL_BYTES) as service:
        yield service


def url(service: MeasuredService) -> str:
    return f"http://127.0.0.1:{service.port}"


def honest(service: MeasuredService) -> int:
    return httpx.post(f"{url(service)}/predict", json=HONEST, timeout=30).status_code


@pytest.mark.longer
def test_a_thousand_callers_with_blanks_in_json_keep_nobody_out_and_fill_no_memory(
    service: MeasuredService,
) -> None:
    head = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    begun = head + b'Content-Length: 9000000\r\n\r\n{"image": "'
    with many(url(service), 900, begun, "127.0.0.2") as callers:
        for _ in range(4):
            for caller in callers:
                with contextlib.suppress(OSError):  # has been sent away
                    caller.sendall(b" " * 30_000)
            assert honest(service) == 200
    assert service.kills() == 0
    assert (service.most_mb() or 0) < MOST_MB  # where a memory group can be made


@pytest.mark.longer
def test_megabytes_of_json_at_once_are_refused_one_by_one_and_fill_no_memory(
    service: MeasuredService,
) -> None:
    def send(body: bytes) -> int:
        headers = {"Content-Type": "application/json"}
        return httpx.post(
            f"{url(service)}/predict", content=body, headers=headers, timeout=60
        ).status_code

    with ThreadPoolExecutor(8) as pool:
        told = Counter(pool.map(send, list(WHOLE.values()) * 3))
        assert honest(service) == 200
    assert set(told) <= {400, 413, 415, 422, 429}, told
    assert told[429] < 24
    assert service.kills() == 0
    assert (service.most_mb() or 0) < MOST_MB  # where a memory group can be made
